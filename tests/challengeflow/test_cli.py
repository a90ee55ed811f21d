"""Commands of plugins: run, listed, told in one sentence, and never two of one name."""

import types
from dataclasses import replace

import pytest
from digits.challengeflow_digits import challenges

from challengeflow import InputError, hookimpl
from challengeflow.planning.plugins import Registry

(DIGITS,) = challenges()


def plugin(name, **commands):
    made = types.ModuleType(name)
    made.challenges = hookimpl(lambda: [replace(DIGITS, name=name, commands=commands)])
    return made


def test_a_command_of_a_plugin_runs(site):
    (site.folder / "submission.csv").write_text("sample,even\n0,1\n1,0\n2,1\n")
    done = site.challengeflow("digits-count", "submission.csv")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    wrong = site.challengeflow("digits-count")
    assert (wrong.returncode, wrong.stderr) == (1, "challengeflow: digits-count needs the path of a submission.csv\n")
    unknown = site.challengeflow("digit-count")
    assert unknown.returncode == 1 and "no such command 'digit-count'; did you mean 'digits-count'?" in unknown.stderr
    assert "digits-count        of digits" in site.challengeflow("--help").stdout


def test_two_commands_of_one_name_are_an_error_naming_both():
    with pytest.raises(InputError, match=r"command 'look' is claimed by two plugins, 'one' \(x 1\) and 'two' \(y 2\)"):
        Registry([("one", plugin("one", look="a"), "x 1"), ("two", plugin("two", look="b"), "y 2")])
    with pytest.raises(
        InputError, match=r"command 'score' is claimed by two, challengeflow itself and the plugin 'one'"
    ):
        Registry([("one", plugin("one", score="a"), "x 1")])
