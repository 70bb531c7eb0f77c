"""The torchvision trainer: every knob acts, labels are read back, failures are told."""

from __future__ import annotations

import dataclasses
import io

import msgspec
import numpy as np
import pytest
import torch
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from segtrial.geometry.mini_masks import mini_mask
from segtrial.geometry.outlines import outline_of
from segtrial.geometry.rasterise import mask_counts
from segtrial.geometry.runs import decode_mask
from segtrial.trainers.torchvision import TorchvisionTrainer, training
from segtrial.trainers.torchvision.backbone import build_body, freeze, stages_of
from segtrial.trainers.torchvision.loader import Loader
from segtrial.trainers.torchvision.model import build, trainable_layers
from segtrial.trainers.torchvision.roi_heads import mini_mask_targets
from segtrial.trainers.torchvision.schedule import learning_rate
from segtrial.types.errors import DataError, RunError
from segtrial.types.masks import pack_masks
from segtrial.types.recipe import MaskRcnnRecipe
from tests.trainers.scenes import SMALL, Memory, job_of, scenes, silent, small_recipe


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def fitted(recipe, train, seed=0):
    memory = Memory()
    TorchvisionTrainer().fit(job_of(recipe, train, seed=seed), train, None, memory, silent)
    return memory


def test_the_loader_serves_the_labels_that_the_data_set_holds(data):
    train, _ = data
    memory = Memory()
    served = TorchvisionTrainer().fit(job_of(small_recipe(), train), train, None, memory, silent)
    expected = dict(zip(train.class_names, train.instance_counts().tolist(), strict=True))
    assert served.instances == expected
    assert served.without_area == 0


def test_labels_that_vanish_on_the_way_fail_the_run(data, monkeypatch):
    train, _ = data
    real = Loader._target
    calls = []

    def forgetful(self, image, device):
        calls.append(image)
        target = real(self, image, device)
        lose = len(calls) > train.images and len(target["labels"]) > 1  # from the second epoch on
        return {name: value[1:] for name, value in target.items()} if lose else target

    monkeypatch.setattr(Loader, "_target", forgetful)
    with pytest.raises(RunError, match="different instances"):
        fitted(small_recipe(), train)


def test_the_same_run_gives_the_same_bytes_and_another_seed_others(data):
    train, _ = data
    first, again, other = (fitted(small_recipe(), train, seed) for seed in (0, 0, 1))
    assert first["checkpoint.pt"] == again["checkpoint.pt"]
    assert first["checkpoint.pt"] != other["checkpoint.pt"]


def test_boxes_only_models_predict_without_masks(data):
    train, val = data
    recipe = small_recipe(model="faster_rcnn")
    memory = fitted(recipe, train)
    found = TorchvisionTrainer().predict(job_of(recipe, train), val, memory, silent)
    assert found.masks is None
    assert len(found) > 0


def test_predictions_lie_inside_their_pictures(data):
    train, val = data
    memory = fitted(small_recipe(), train)
    found = TorchvisionTrainer().predict(job_of(small_recipe(), train), val, memory, silent)
    assert len(found) > 0
    assert found.masks is not None
    right = found.box_xywh[:, 0] + found.box_xywh[:, 2]
    assert (found.box_xywh[:, :2] >= 0).all()
    assert (right <= val.width_px[found.image_index] + 1e-9).all()
    mask = decode_mask(found.masks, 0, height=64, width=96)
    assert mask.shape == (64, 96)


def test_pictures_without_objects_train(data):
    train, _ = data
    pair = train.take_images([0, 1])
    full = int(pair.first_rows()[1])  # the second picture loses its objects
    half = pair.take_instances(range(full))
    fitted(small_recipe(batch_size=1), half)


def test_a_loss_that_is_no_number_names_the_pictures(data, monkeypatch):
    train, _ = data
    monkeypatch.setattr(training, "learning_rate", lambda *_: 1e30)
    with pytest.raises(RunError, match=r"train-.*png.*lower learning rate"):
        fitted(small_recipe(optimizer={"lr": 1.0}, epochs=4), train)


def test_a_picture_that_cannot_be_decoded_is_named(data, tmp_path):
    train, _ = data
    for name in train.file_name:
        source = (train.image_root / name).read_bytes()
        (tmp_path / name).write_bytes(source)
    bad = tmp_path / train.file_name[0]
    bad.write_bytes(bad.read_bytes()[:600])
    with pytest.raises(DataError, match=train.file_name[0]):
        fitted(small_recipe(), dataclasses.replace(train, image_root=tmp_path))


@pytest.mark.parametrize("layers", [0, 3, 5])
def test_frozen_stages_do_not_move(data, layers):
    train, _ = data
    recipe = small_recipe(trainable_layers=layers, norm="frozen_batch", epochs=1)
    memory = fitted(recipe, train)
    training.seed_torch(0, "initialise")
    before = build(recipe, len(train.class_names)).state_dict()
    after = torch.load(io.BytesIO(memory["checkpoint.pt"]), weights_only=True)["model"]
    stages = stages_of(build_body(recipe))
    for index, stage in enumerate(stages):
        names = [
            n
            for n in after
            if any(n.startswith(f"backbone.body.{child}.") for child in stage)
            and "weight" in n
            and "bn" not in n
            and "downsample.1" not in n
        ]
        moved = any(not torch.equal(before[n], after[n]) for n in names)
        assert moved == (index >= 5 - layers), stage


def test_three_stages_are_trained_by_default_with_weights_and_all_without():
    assert trainable_layers(MaskRcnnRecipe(weights="imagenet")) == 3
    assert trainable_layers(MaskRcnnRecipe()) == 5


@pytest.mark.parametrize(
    "name", ["resnet_tiny", "resnet18", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large"]
)
def test_every_backbone_gives_five_levels_of_doubling_stride(name):
    recipe = small_recipe(backbone=name)
    model = build(recipe, 3).eval()
    with torch.inference_mode():
        levels = model.backbone(torch.zeros(1, 3, 128, 128))
    assert [tuple(v.shape[2:]) for v in levels.values()] == [(s, s) for s in (32, 16, 8, 4, 2)]
    assert {v.shape[1] for v in levels.values()} == {8}
    assert freeze(model.backbone.body, 4)


@pytest.mark.parametrize("sizes", [[[8], [16]], [[8], [8, 16], [8], [8], [8]], [[]] * 5])
def test_anchor_sizes_that_do_not_fit_the_pyramid_are_refused(sizes):
    with pytest.raises(msgspec.ValidationError, match=r"5 lists of equal length.*anchors"):
        small_recipe(anchors={"sizes": sizes})


def test_batch_statistics_of_frozen_stages_do_not_move(data):
    train, _ = data
    memory = fitted(small_recipe(trainable_layers=3, norm="batch", epochs=1), train)
    after = torch.load(io.BytesIO(memory["checkpoint.pt"]), weights_only=True)["model"]
    assert (after["backbone.body.bn1.running_mean"] == 0).all()
    assert not (after["backbone.body.layer4.0.bn1.running_mean"] == 0).all()


def test_a_proposal_network_that_keeps_nothing_is_told(data):
    train, _ = data
    recipe = small_recipe(rpn=SMALL["rpn"] | {"score_threshold": 1.0}, epochs=1)
    memory = Memory()
    served = TorchvisionTrainer().fit(job_of(recipe, train), train, None, memory, silent)
    assert "kept no proposal in epochs [1]" in served.warnings[0]
    assert (
        not TorchvisionTrainer()
        .fit(job_of(small_recipe(epochs=1), train), train, None, Memory(), silent)
        .warnings
    )


def test_step_schedule_really_steps():
    recipe = small_recipe(
        epochs=6, optimizer={"lr": 0.1}, schedule={"kind": "step", "step_epochs": 2, "gamma": 0.1}
    )
    rates = [learning_rate(recipe, epoch * 10, 10) for epoch in range(6)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_one_cycle_rises_then_falls_to_nothing():
    recipe = small_recipe(
        epochs=10, optimizer={"lr": 1.0}, schedule={"kind": "one_cycle", "warmup": 0.2}
    )
    rates = [learning_rate(recipe, i, 10) for i in range(100)]
    assert rates[0] == pytest.approx(1 / 25)
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) == 20
    assert rates[-1] == pytest.approx(1e-4)


def test_warm_up_rises_in_a_line():
    recipe = small_recipe(
        epochs=1, optimizer={"lr": 1.0}, schedule={"kind": "constant", "warmup": 0.5}
    )
    rates = [learning_rate(recipe, i, 10) for i in range(10)]
    assert np.diff(rates[:5]) == pytest.approx([0.999 / 5] * 4)
    assert rates[5:] == [1.0] * 5


def test_a_mirrored_picture_mirrors_boxes_and_masks(data):
    train, _ = data
    device = torch.device("cpu")
    plain = Loader(train, small_recipe(flip=0.0), 0).batch([0], 0, device)
    mirrored = Loader(train, small_recipe(flip=1.0), 0).batch([0], 0, device)
    assert torch.equal(plain[0].flip(-1), mirrored[0])
    box, back = plain[1][0]["boxes"], mirrored[1][0]["boxes"]
    assert torch.allclose(96 - box[:, 2], back[:, 0])
    assert torch.allclose(box[:, 1], back[:, 1])
    assert torch.equal(plain[1][0]["masks"].flip(-1), mirrored[1][0]["masks"])


def test_each_epoch_serves_each_picture_once_in_another_order(data):
    train, _ = data
    loader = Loader(train, small_recipe(), 0)
    assert sorted(loader.order(0)) == sorted(loader.order(1)) == list(range(train.images))
    assert loader.order(0) != loader.order(1)


def test_small_truth_masks_give_the_targets_of_full_size_masks(data):
    """Targets from 56 × 56 mini-masks against torchvision's own, from masks of the whole picture.

    Differs from torchvision: it samples with `aligned=False`, half a pixel off; so both are
    compared at full-size masks of a large picture, where that shift is small.
    """
    train, _ = data
    differing = total = 0
    generator = torch.Generator().manual_seed(0)
    for row in np.argsort(-train.area_px)[:20]:
        image = train.image_index[row]
        height, width = 64, 96
        outline = outline_of(train, row)
        assert outline is not None
        scaled = [ring * 8 for ring in outline]
        full = decode_mask(
            pack_masks([mask_counts(scaled, height=height * 8, width=width * 8)]),
            0,
            height=height * 8,
            width=width * 8,
        )
        box_xywh = train.box_xywh[row] * 8
        truth = torch.tensor(
            [[box_xywh[0], box_xywh[1], box_xywh[0] + box_xywh[2], box_xywh[1] + box_xywh[3]]]
        ).float()
        side = (truth[:, 2:] - truth[:, :2]).repeat(1, 2)
        roi = truth + (torch.rand(1, 4, generator=generator) - 0.5) * 0.3 * side
        mini = torch.from_numpy(mini_mask(scaled, box_xywh, 56).astype(np.uint8))[None]
        ours = mini_mask_targets(mini, truth, roi, 28) >= 0.5
        theirs = (
            project_masks_on_boxes(
                torch.from_numpy(np.ascontiguousarray(full))[None].float(),
                roi,
                torch.zeros(1, dtype=torch.long),
                28,
            )
            >= 0.5
        )
        differing += int((ours != theirs).sum())
        total += 28 * 28
        assert image >= 0
    assert differing / total < 0.04


def test_the_environment_holds_the_hash_of_the_weights(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"abc")
    found = TorchvisionTrainer().environment(small_recipe(weights="w.pth"), tmp_path)
    assert found["weights"].startswith("ba7816bf")
    assert found["torch"] == torch.__version__


def test_the_time_estimate_is_positive_and_leaves_no_trace(data):
    train, val = data
    recipe = small_recipe()
    seconds = TorchvisionTrainer().estimate_seconds(job_of(recipe, train), train, val)
    assert 0 < seconds < 600
