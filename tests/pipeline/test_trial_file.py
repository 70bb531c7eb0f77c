"""Bad trial files end in one block that says what, where, expected, got and what to do."""

from __future__ import annotations

from typing import get_args

import pytest

from segtrial.pipeline.trial_file import parse_trial, read_trial
from segtrial.types.dataset import LabelFormat
from segtrial.types.errors import TrialError
from segtrial.types.trial import FormatName
from tests.pipeline.trials import ORACLE


def error_of(text: str) -> TrialError:
    with pytest.raises(TrialError) as caught:
        parse_trial(text, where="t.toml")
    return caught.value


def test_a_good_file_becomes_a_trial():
    trial = parse_trial(ORACLE, where="t.toml")
    assert [arm.name for arm in trial.arms] == ["base", "car2person"]
    assert trial.seeds == (0, 1, 2)


def test_toml_syntax_names_the_line():
    error = error_of(ORACLE.replace("seeds    = [0, 1, 2]", "seeds = [0, 1"))
    assert "TOML" in error.what
    assert "t.toml:" in error.where


def test_an_unknown_key_names_line_and_the_nearest_key():
    error = error_of(ORACLE.replace("hit_seed_sd", "hit_sed_sd"))
    assert '"hit_sed_sd"' in error.what
    assert error.where == "t.toml:11 (recipe)"
    assert "hit_seed_sd" in error.next_step


def test_a_key_that_the_model_does_not_use_is_refused():
    error = error_of(ORACLE.replace('model = "oracle"', 'model = "oracle"\nepochs = 3'))
    assert '"epochs"' in error.what


@pytest.mark.parametrize("ratio", ["1.5", "-0.1", '"half"'])
def test_a_ratio_outside_0_to_1_says_what_it_may_be(ratio):
    error = error_of(ORACLE.replace("ratio = 0.5", f"ratio = {ratio}"))
    assert "ratio" in error.where
    assert ratio in error.got


def test_a_comment_is_not_taken_for_the_key():
    error = error_of("# ratio = 40 %\n" + ORACLE.replace("ratio = 0.5", "ratio = 1.5"))
    assert "ratio = 1.5" in error.got


def test_two_arms_of_one_name_are_refused():
    error = error_of(ORACLE.replace('"car2person"', '"base"'))
    assert "Two arms" in error.what


def test_an_arm_name_cannot_leave_its_folder():
    error = error_of(ORACLE.replace('"car2person"', '"../x"'))
    assert "name" in error.where


def test_a_missing_recipe_is_said():
    text = ORACLE.replace("[recipe]", "").replace('model = "oracle"', "")
    assert "missing" in error_of(text.replace("hit_seed_sd = 0.02", "")).what


def test_an_unknown_control_suggests_the_nearest():
    error = error_of(ORACLE + 'control = "bse"\n')
    assert 'did you mean "base"?' in error.next_step


def test_controls_in_a_circle_are_refused():
    more = '\n[[arm]]\nname = "x"\ncontrol = "car2person"\nchange = { recipe = { hit = 0.5 } }\n'
    error = error_of(ORACLE + 'control = "x"\n' + more)
    assert "circle" in error.what


def test_an_arm_without_change_is_refused():
    assert "changes nothing" in error_of(ORACLE + '\n[[arm]]\nname = "x"\n').what


def test_a_seed_twice_is_refused():
    assert "seed" in error_of(ORACLE.replace("[0, 1, 2]", "[0, 1, 1]")).what.lower()


def test_no_such_file_is_said(tmp_path):
    with pytest.raises(TrialError, match="no such file"):
        read_trial(tmp_path / "none.toml")


def test_a_binary_file_is_no_trial(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrialError):
        read_trial(path)


def test_every_label_format_can_be_stated() -> None:
    assert set(get_args(FormatName)) == {"auto", *LabelFormat}
