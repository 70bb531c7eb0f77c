"""The one-difference rule, run ids and what a plan says."""

from __future__ import annotations

import dataclasses

import pytest

from segtrial.pipeline.amendment import amend, analysis_of
from segtrial.pipeline.context import Context
from segtrial.pipeline.load import arm_labels, load_data
from segtrial.pipeline.plan import make_plan
from segtrial.pipeline.trial_file import parse_trial
from segtrial.types.errors import ConfoundedError, InputError, TrialError
from segtrial.types.plan import Plan
from tests.pipeline.trials import ORACLE, TINY


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


@pytest.fixture(scope="module")
def detector_weights(runs):
    """A local file with a detector's weights, for the tiny recipe's backbone."""
    import torch

    from segtrial.trainers.torchvision.model import build
    from tests.trainers.scenes import small_recipe

    torch.save(build(small_recipe(), 3).state_dict(), runs / "detector.pth")
    return TINY.replace(
        'backbone     = "resnet_tiny"', 'backbone = "resnet_tiny"\nweights = "detector.pth"'
    )


def test_another_number_of_anchors_loses_the_pretrained_proposal_head(detector_weights, runs):
    change = arm("ratios", "recipe = { anchors = { ratios = [0.5, 1.0] } }")
    with pytest.raises(ConfoundedError, match="proposal head weights: pretrained → partly"):
        plan_of(detector_weights + change, runs)


def test_other_widths_lose_the_pretrained_heads(detector_weights, runs):
    change = arm("wide", "recipe = { roi = { box_head_channels = 32 } }")
    with pytest.raises(ConfoundedError, match="box head weights"):
        plan_of(detector_weights + change, runs)


def test_other_weights_are_one_difference_when_norm_and_layers_are_stated(detector_weights, runs):
    fixed = 'norm = "frozen_batch"\ntrainable_layers = 5\nfpn_channels = 8'
    text = TINY.replace("fpn_channels = 8", fixed)
    change = arm("pretrained", 'recipe = { weights = "detector.pth" }')
    planned = plan_of(text + change, runs).arms[2]
    assert [d.key for d in planned.differences] == ["weights"]


def test_weights_that_also_freeze_are_refused_and_say_what_follows(detector_weights, runs):
    with pytest.raises(ConfoundedError) as caught:
        plan_of(TINY + arm("pretrained", 'recipe = { weights = "detector.pth" }'), runs)
    assert "norm: batch → frozen_batch" in caught.value.got
    assert "trainable_layers: 5 → 3" in caught.value.got


@pytest.mark.parametrize(
    "change",
    [
        "optimizer = { momentum = 0.5 }",
        "schedule = { step_epochs = 7 }",
        "roi = { mini_mask_px = 9 }",
    ],
)
def test_a_key_that_the_model_does_not_read_changes_nothing(runs, change):
    text = (
        TINY.replace('model        = "mask_rcnn"', 'model = "faster_rcnn"')
        .replace("optimizer    = { lr", 'optimizer = { kind = "adamw", lr')
        .replace("epochs       = 3", 'epochs = 3\nschedule = { kind = "constant" }')
    )
    with pytest.raises(TrialError, match="leaves the recipe as it is"):
        plan_of(text + arm("unread", f"recipe = {{ {change} }}"), runs)


def test_a_choice_of_optimizer_is_one_difference(runs):
    text = TINY + arm("adamw", 'recipe = { optimizer = { kind = "adamw" } }')
    assert [d.key for d in plan_of(text, runs).arms[2].differences] == ["optimizer.kind"]


def test_a_swap_that_moves_nothing_is_refused(runs):
    with pytest.raises(TrialError, match="moves no label"):
        plan_of(ORACLE.replace("ratio = 0.5", "ratio = 0.0"), runs)


def test_counts_are_right_where_the_control_stands_later(runs):
    early = arm("early", 'swap = { host = "person", target = "car" }', 'control = "car2person"')
    text = ORACLE.replace(
        '[[arm]]\nname   = "car2person"', early + '[[arm]]\nname   = "car2person"'
    )
    planned = {a.name: a for a in plan_of(text, runs).arms}
    assert planned["early"].counts_before == planned["car2person"].counts_after
    assert planned["early"].counts_after["person"] < planned["early"].counts_before["person"]


def test_a_chain_of_swaps_keeps_one_ledger_against_the_clean_labels(runs):
    more = arm("more", 'swap = { host = "building", target = "bridge" }', 'control = "car2person"')
    context = context_of(ORACLE + more, runs)
    loaded = load_data(context.trial, root=context.root, generated=context.generated)
    _, edits = arm_labels(context.trial, context.trial.arms[2], 0, loaded.train)
    assert {(e.before, e.after) for e in edits.rows} == {("car", "person"), ("building", "bridge")}


def test_an_analysis_changed_after_runs_needs_a_reason(runs):
    before = analysis_of(plan_of(ORACLE, runs))
    plan = plan_of('primary = "box AP50"\nmargin = 0.2\n' + ORACLE, runs)
    with pytest.raises(TrialError, match=r"primary: mask AP → box AP50; margin: 0\.01 → 0\.2"):
        amend(plan, before, None)
    noted, kept = amend(plan, before, "the masks were drawn by hand")
    assert "primary: mask AP → box AP50 (the masks were drawn by hand)" in noted.notes[-2]
    again, _ = amend(plan, kept, None)
    assert again.notes == noted.notes


def test_seeds_left_out_after_runs_need_a_reason_and_added_ones_a_note(runs):
    before = analysis_of(plan_of(ORACLE, runs))
    with pytest.raises(TrialError, match=r"seeds \[2\] are left out"):
        amend(plan_of(ORACLE.replace("[0, 1, 2]", "[0, 1]"), runs), before, None)
    more, _ = amend(plan_of(ORACLE.replace("[0, 1, 2]", "[0, 1, 2, 7]"), runs), before, None)
    assert more.notes == ("after runs were made: seeds [7] were added",)


def test_an_arm_that_leaves_and_comes_back_is_remembered(runs):
    hits = arm("hits", "recipe = { hit = 0.9 }")
    first = analysis_of(plan_of(ORACLE + hits, runs))
    with pytest.raises(TrialError, match="arm hits is left out"):
        amend(plan_of(ORACLE, runs), first, None)
    _, kept = amend(plan_of(ORACLE, runs), first, "one arm is enough")
    named = arm("hits", "recipe = { hit = 0.9 }", 'classes = ["car"]')
    with pytest.raises(TrialError, match="hits: named classes none → car"):
        amend(plan_of(ORACLE + named, runs), kept, None)


def test_values_that_come_with_a_choice_count_when_the_change_sets_them(runs):
    base = TINY.replace("epochs       = 3", 'epochs = 3\nschedule = { kind = "one_cycle" }')
    change = arm("step", 'recipe = { schedule = { kind = "step", gamma = 0.5 } }')
    with pytest.raises(ConfoundedError, match=r"schedule\.gamma: 0\.1 → 0\.5"):
        plan_of(base + change, runs)
    plain = arm("step", 'recipe = { schedule = { kind = "step", gamma = 0.1 } }')
    assert [d.key for d in plan_of(base + plain, runs).arms[2].differences] == ["schedule.kind"]


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


def test_an_arm_with_other_weights_keeps_the_other_ids(detector_weights, runs):
    before = {(r.arm, r.seed): r.run_id for r in plan_of(TINY, runs).runs}
    more = arm("weights", 'recipe = { weights = "detector.pth" }', 'confounded = "for the test"')
    after = plan_of(TINY + more, runs)
    assert before.items() <= {(r.arm, r.seed): r.run_id for r in after.runs}.items()
    assert "weights (weights)" in after.environment
