"""Pretrained weights: what is loaded, what is refused, and that it is said."""

from __future__ import annotations

import math
import re

import msgspec
import pytest
import torch
import torchvision

from segtrial.trainers.torchvision import TorchvisionTrainer, weights
from segtrial.trainers.torchvision.model import build
from segtrial.types.errors import InputError
from segtrial.types.recipe import MaskRcnnRecipe
from tests.trainers.scenes import small_recipe


@pytest.mark.parametrize("name", ["coco", "x/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"])
def test_coco_weights_are_used_with_the_eps_they_were_trained_with(name):
    model = build(MaskRcnnRecipe(weights=name), 2)
    norms = [m for m in model.modules() if isinstance(m, torchvision.ops.FrozenBatchNorm2d)]
    assert {m.eps for m in norms} == {0.0}
    other = build(MaskRcnnRecipe(weights="imagenet"), 2)
    assert {m.eps for m in other.modules() if hasattr(m, "eps")} == {1e-5}


def test_weights_of_another_backbone_are_refused(tmp_path):
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), tmp_path / "r50.pth")
    recipe = small_recipe(backbone="resnet18", weights="r50.pth")
    with pytest.raises(InputError, match="do not fill the recipe's backbone"):
        TorchvisionTrainer().effective(recipe, tmp_path)


def test_local_weights_load_and_say_what_was_loaded(tmp_path):
    recipe = small_recipe(backbone="resnet18", weights="r18.pth")
    source = torchvision.models.resnet18(weights=None).state_dict()
    torch.save(
        {k: v.half() if v.is_floating_point() else v for k, v in source.items()},
        tmp_path / "r18.pth",
    )
    model = build(recipe, 3)
    loaded = weights.load(model, weights.resolve(recipe, tmp_path))
    assert "backbone.body.layer1.0.conv1.weight" in loaded.loaded
    assert set(loaded.skipped) >= {"fc.weight", "fc.bias"}
    assert any(name.startswith("rpn.") for name in loaded.reinitialised)
    value = model.state_dict()["backbone.body.layer1.0.conv1.weight"]
    assert torch.equal(value, source["layer1.0.conv1.weight"].half().float())


def test_weights_by_torchvisions_name_come_from_its_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name = "MobileNet_V3_Small_Weights.IMAGENET1K_V1"
    url = torchvision.models.get_weight(name).url
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    source = torchvision.models.mobilenet_v3_small(weights=None).state_dict()
    torch.save(source, cache / url.rsplit("/", 1)[1])
    recipe = small_recipe(backbone="mobilenet_v3_small", weights="imagenet")
    model = build(recipe, 3)
    loaded = weights.load(model, weights.resolve(recipe, tmp_path))
    assert "backbone.body.0.0.weight" in loaded.loaded
    assert torch.equal(
        model.state_dict()["backbone.body.0.0.weight"], source["features.0.0.weight"]
    )


@pytest.mark.parametrize("old_names", [False, True])
def test_a_detectors_weights_fill_all_but_the_predictors(tmp_path, old_names):
    recipe = MaskRcnnRecipe(backbone="resnet50", weights="coco.pth")
    source = torchvision.models.detection.maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None
    ).state_dict()
    if old_names:
        source = {
            re.sub(r"(fpn\.\w+_blocks\.\d)\.0\.", r"\1.", k)
            .replace("rpn.head.conv.0.0.", "rpn.head.conv.")
            .replace("roi_heads.mask_head.", "roi_heads.mask_head.mask_fcn"): v
            for k, v in source.items()
        }
        source = {
            re.sub(r"mask_fcn(\d)\.0\.", lambda m: f"mask_fcn{int(m[1]) + 1}.", k): v
            for k, v in source.items()
        }
    torch.save(source, tmp_path / "coco.pth")
    model = build(recipe, 90)
    loaded = weights.load(model, tmp_path / "coco.pth")
    assert {name.split(".")[1] for name in loaded.reinitialised if "num_batches" not in name} == {
        "box_predictor",
        "mask_predictor",
    }
    assert "rpn.head.conv.0.0.weight" in loaded.loaded
    assert "roi_heads.mask_head.3.0.weight" in loaded.loaded
    assert "backbone.fpn.inner_blocks.0.0.weight" in loaded.loaded


def test_other_anchors_reinitialise_the_proposal_head(tmp_path):
    source = torchvision.models.detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None
    ).state_dict()
    torch.save(source, tmp_path / "coco.pth")
    recipe = msgspec.convert(
        {"model": "faster_rcnn", "weights": "coco.pth", "anchors": {"ratios": [0.5, 1.0]}},
        type=type(small_recipe(model="faster_rcnn")),
    )
    loaded = weights.load(build(recipe, 90), tmp_path / "coco.pth")
    assert "rpn.head.cls_logits.weight" in loaded.reinitialised


def test_weights_that_are_not_there_or_not_safe_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such weights"):
        weights.resolve(small_recipe(weights="none.pth"), tmp_path)
    with pytest.raises(InputError, match="no weights of this name"):
        weights.resolve(small_recipe(weights="ResNet50_Weights.NO_SUCH"), tmp_path)
    torch.save({"x": math.sqrt}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="cannot be read"):
        weights.state_of(tmp_path / "evil.pth")
    (tmp_path / "junk.pth").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read"):
        weights.state_of(tmp_path / "junk.pth")
