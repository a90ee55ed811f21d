"""Discovery: broken plugins are isolated, clashes and typos are errors, one owner and every wrapper is called."""

import json
import types

import pytest
from conftest import install_plugin

from challengeflow import Challenge, Dataset, InputError, Metric, Source, hookimpl
from challengeflow.planning.plugins import Registry


def challenge(name):
    return Challenge(
        name=name,
        title=name,
        url="",
        metric=Metric(name="m", description="", chance="0"),
        datasets=(Dataset(name="d", summary="", sources={"demo": Source()}),),
        submissions=(),
        licence="",
        citation="",
    )


def plugin(name, **functions):
    made = types.ModuleType(str(name))
    made.challenges = hookimpl(lambda: [challenge(name)] if name else [])
    vars(made).update(functions)
    return made


def test_two_plugins_with_one_name_are_an_error_naming_both():
    with pytest.raises(InputError, match=r"'a' is claimed by two plugins, 'one' \(x 1\) and 'two' \(y 2\)"):
        Registry([("one", plugin("a"), "x 1"), ("two", plugin("a"), "y 2")])


def test_a_misspelt_hook_is_an_error():
    @hookimpl
    def preproces(job):
        pass

    with pytest.raises(InputError, match="preproces"):
        Registry([("one", plugin("a", preproces=preproces), "x 1")])


@pytest.mark.parametrize("name", ["gold", "submissions", "Clog", "fold-1", "a.b"])
def test_a_name_that_cannot_be_a_path_is_an_error(name):
    with pytest.raises(InputError, match=name):
        Registry([("one", plugin(name), "x 1")])


def test_a_stage_is_called_on_its_owner_and_in_every_wrapper():
    calls = []

    def stage(label):
        @hookimpl
        def score(job):
            calls.append(label)

        return score

    @hookimpl(wrapper=True)
    def score(job):
        calls.append("before")
        result = yield
        calls.append("after")
        return result

    found = Registry(
        [
            ("one", plugin("a", score=stage("a")), ""),
            ("two", plugin("b", score=stage("b")), ""),
            ("log", plugin(None, score=score), ""),
        ]
    )
    found.call("score", types.SimpleNamespace(challenge="a"))
    assert calls == ["before", "a", "after"]


def test_drawing_is_optional_and_a_wrapper_is_no_drawing():
    @hookimpl
    def draw(job):
        pass

    @hookimpl(wrapper=True)
    def wrapped(job):
        return (yield)

    found = Registry(
        [("one", plugin("a", draw=draw), ""), ("two", plugin("b"), ""), ("log", plugin(None, draw=wrapped), "")]
    )
    assert found.draws("a") and not found.draws("b")


def test_a_plugin_that_cannot_be_imported_is_reported_and_the_rest_works(site):
    broken = site.folder / "source" / "challengeflow_broken"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("import no_such_module\n")
    install_plugin(broken, site.folder / "plugins", "broken")
    done = site.challengeflow("plugins", "--json", CHALLENGEFLOW_PLUGINS="digits,broken")
    shown = json.loads(done.stdout)
    assert [p["name"] for p in shown["plugins"]] == ["digits"]
    assert shown["broken"] == [{"name": "broken", "reason": "ModuleNotFoundError: No module named 'no_such_module'"}]
    strict = site.challengeflow("plugins", CHALLENGEFLOW_PLUGINS="digits,broken", CHALLENGEFLOW_STRICT_PLUGINS="1")
    assert strict.returncode == 1 and "plugin 'broken' cannot be loaded" in strict.stderr
