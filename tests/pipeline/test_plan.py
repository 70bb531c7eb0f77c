"""The one-difference rule, run ids and what a plan says."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from segtrial.pipeline.context import Context
from segtrial.pipeline.differences import differences
from segtrial.pipeline.load import load_data
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.trial_file import parse_trial
from segtrial.types.errors import ConfoundedError, InputError, TrialError
from segtrial.types.plan import Plan
from segtrial.types.recipe import MaskRcnnRecipe
from tests.pipeline.trials import ORACLE


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def context_of(text: str, runs) -> Context:
    trial = parse_trial(text, where="t.toml")
    return Context(
        name="t", trial=trial, trial_text=text, root=runs, folder=runs / "t", command="test"
    )


def plan_of(text: str, runs) -> Plan:
    return make_plan(context_of(text, runs))


def arm(name: str, change: str, more: str = "") -> str:
    return f'\n[[arm]]\nname = "{name}"\nchange = {{ {change} }}\n{more}\n'


def test_counts_before_and_after_add_up(runs):
    planned = plan_of(ORACLE, runs).arms[1]
    before, after = planned.counts_before, planned.counts_after
    moved = round(before["car"] * 0.5)
    assert after["car"] == before["car"] - moved
    assert after["person"] == before["person"] + moved
    assert sum(after.values()) == sum(before.values())


def test_a_recipe_change_lists_its_one_difference(runs):
    planned = plan_of(ORACLE + arm("hits", "recipe = { hit = 0.9 }"), runs).arms[2]
    assert [(d.key, d.control, d.arm, d.declared) for d in planned.differences] == [
        ("hit", 0.75, 0.9, True)
    ]


def test_two_differences_are_refused_and_listed(runs):
    with pytest.raises(ConfoundedError) as caught:
        plan_of(ORACLE + arm("two", "recipe = { hit = 0.9, confusion = 0.2 }"), runs)
    assert "hit: 0.75 → 0.9" in caught.value.got
    assert "confusion: 0.03 → 0.2" in caught.value.got


def test_labels_and_recipe_at_once_are_refused(runs):
    both = 'swap = { host = "car", target = "bridge" }, recipe = { hit = 0.9 }'
    with pytest.raises(ConfoundedError, match="training labels"):
        plan_of(ORACLE + arm("both", both), runs)


def test_two_differences_pass_with_a_reason(runs):
    text = arm("two", "recipe = { hit = 0.9, confusion = 0.2 }", 'confounded = "as published"')
    assert plan_of(ORACLE + text, runs).arms[2].confounded == "as published"


def test_a_recipe_change_that_changes_nothing_is_refused(runs):
    with pytest.raises(TrialError, match="leaves the recipe as it is"):
        plan_of(ORACLE + arm("same", "recipe = { hit = 0.75 }"), runs)


def test_an_unknown_recipe_key_in_a_change_is_refused(runs):
    with pytest.raises(TrialError, match="hitt"):
        plan_of(ORACLE + arm("typo", "recipe = { hitt = 0.9 }"), runs)


def test_a_control_of_a_control_carries_its_change(runs):
    text = ORACLE + arm("more", "recipe = { hit = 0.9 }", 'control = "car2person"')
    planned = plan_of(text, runs)
    assert planned.arms[2].counts_after == planned.arms[1].counts_after
    assert planned.arms[2].control == "car2person"


def test_another_number_of_anchors_loses_the_pretrained_proposal_head():
    base = MaskRcnnRecipe(weights="coco")
    change = {"anchors": {"ratios": [0.5, 1.0]}}
    arm_recipe = msgspec.structs.replace(
        base, anchors=msgspec.structs.replace(base.anchors, ratios=(0.5, 1.0))
    )
    keys = [d.key for d in differences(base, arm_recipe, change)]
    assert keys == ["anchors.ratios", "weights of the proposal head"]


def test_run_ids_differ_by_arm_and_seed_and_stay_the_same(runs):
    one, two = plan_of(ORACLE, runs), plan_of(ORACLE, runs)
    assert len({run.run_id for run in one.runs}) == len(one.runs) == 6
    assert one == two


def test_adding_an_arm_or_a_seed_keeps_the_other_ids(runs):
    before = {(r.arm, r.seed): r.run_id for r in plan_of(ORACLE, runs).runs}
    text = ORACLE.replace("[0, 1, 2]", "[0, 1, 2, 7]") + arm("hits", "recipe = { hit = 0.9 }")
    after = {(r.arm, r.seed): r.run_id for r in plan_of(text, runs).runs}
    assert before.items() <= after.items()


def test_a_recipe_change_of_the_trial_changes_every_id(runs):
    before = {r.run_id for r in plan_of(ORACLE, runs).runs}
    after = {r.run_id for r in plan_of(ORACLE.replace("0.02", "0.03"), runs).runs}
    assert not before & after


def test_each_seed_draws_other_instances(runs):
    hashes = {r.labels_sha256 for r in plan_of(ORACLE, runs).runs if r.arm == "car2person"}
    assert len(hashes) == 3
    fixed = ORACLE.replace("ratio = 0.5", 'ratio = 0.5, draw = "fixed"')
    hashes = {r.labels_sha256 for r in plan_of(fixed, runs).runs if r.arm == "car2person"}
    assert len(hashes) == 1


def test_an_unknown_class_names_the_nearest(runs):
    with pytest.raises(TrialError) as caught:
        plan_of(ORACLE.replace('host = "car"', 'host = "cra"'), runs)
    assert 'did you mean "car"?' in caught.value.next_step


def test_host_and_target_must_differ(runs):
    with pytest.raises(TrialError, match="same class"):
        plan_of(ORACLE.replace('target = "person"', 'target = "car"'), runs)


def test_masks_as_primary_need_a_model_with_masks(runs):
    text = ORACLE.replace('model = "oracle"', 'model = "oracle"\nmasks = false')
    assert plan_of(text, runs).primary == "box AP"
    with pytest.raises(TrialError, match="primary metric"):
        plan_of('primary = "mask AP"\n' + text, runs)


def test_arms_share_images_and_validation_set(runs):
    context = context_of(ORACLE.replace("[recipe]", "select = { train = 20 }\n[recipe]"), runs)
    loaded = load_data(context.trial, root=context.root, generated=context.generated)
    assert loaded.train.images == 20
    assert make_plan(context, loaded).train_images == 20


def test_data_both_read_and_generated_are_refused(runs):
    with pytest.raises(InputError, match="not both"):
        plan_of(ORACLE.replace("[recipe]", 'train = "a.json"\n[recipe]'), runs)


def test_a_context_is_handed_to_other_processes(runs):
    context = context_of(ORACLE, runs)
    import pickle  # our own object, there and back

    assert pickle.loads(pickle.dumps(context)) == context
    assert dataclasses.is_dataclass(context)


def test_an_arm_with_other_weights_keeps_the_other_ids(runs, tmp_path):
    import torch
    import torchvision

    from tests.pipeline.trials import TINY

    torch.save(torchvision.models.resnet18(weights=None).state_dict(), runs / "w.pth")
    before = {(r.arm, r.seed): r.run_id for r in plan_of(TINY, runs).runs}
    more = arm("weights", 'recipe = { weights = "w.pth" }')
    after = plan_of(TINY + more, runs)
    assert before.items() <= {(r.arm, r.seed): r.run_id for r in after.runs}.items()
    assert "weights (weights)" in after.environment
