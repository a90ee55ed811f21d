"""Discovery: broken plugins are isolated, clashes and typos are errors, one owner and every wrapper is called."""

import json
import shutil
import types
from dataclasses import replace

import pytest
from conftest import install_plugin

from challengeflow import CONTRACT, Challenge, Dataset, InputError, Metric, Model, Source, hookimpl
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


def test_a_plugin_for_another_contract_is_told_so():
    later = plugin("a")
    later.challenges = hookimpl(lambda: [replace(challenge("a"), contract=CONTRACT + 1)])
    with pytest.raises(InputError, match=rf"x 1 was written for contract {CONTRACT + 1} of challengeflow, and this is"):
        Registry([("one", later, "x 1")])
    assert Registry([("one", plugin("a"), "x 1")]).challenges["a"].contract == CONTRACT


def test_a_model_for_a_challenge_that_there_is_not_is_named():
    model = Model(name="fast", challenge="aa", summary="", module="json")
    found = Registry([("one", plugin("a"), "x 1"), ("two", plugin(None, models=hookimpl(lambda: [model])), "y 2")])
    (said,) = found.strays()
    assert (
        said == "model 'fast' of the plugin 'two' is for the challenge 'aa', which no plugin brings; did you mean 'a'?"
    )


def test_rules_that_are_missing_stop_that_challenge_alone(site):
    """The others run to their end; its own jobs say which file is missing, and `validate` says it before."""
    other = site.folder / "source" / "challengeflow_other"
    shutil.copytree(site.plugin, other)
    declared = other / "__init__.py"
    text = declared.read_text().replace('name="digits"', 'name="other"').replace('"digits-count"', '"other-count"')
    declared.write_text(text.replace('challenge="digits"', 'challenge="other"').replace("extra.smk", "gone.smk"))
    install_plugin(other, site.folder / "plugins", "other")
    site.configure(
        "challenges:\n  digits: {datasets: {few: {source: demo}}}\n  other: {datasets: {few: {source: demo}}}\n"
    )
    both = {"CHALLENGEFLOW_PLUGINS": "digits,other"}
    done = site.challengeflow("validate", **both)
    assert (
        done.returncode == 1 and "plugin 'other': its rules" in done.stderr and "gone.smk are not there" in done.stderr
    )
    targets = [f"results/{name}/few/index/samples.csv" for name in ("digits", "other")]
    done = site.snakemake("--keep-going", *targets, **both)
    assert done.returncode != 0 and "gone.smk are not there" in done.stdout + done.stderr
    assert (site.folder / targets[0]).exists() and not (site.folder / targets[1]).exists()


def test_one_that_claims_a_name_already_taken_is_set_aside_alone(site):
    second = site.folder / "source" / "challengeflow_second"
    second.mkdir(parents=True)
    (second / "__init__.py").write_text(
        "from challengeflow import Model, hookimpl\n\n\n@hookimpl\ndef models():\n"
        '    return [Model(name="logistic", challenge="digits", summary="", module="json")]\n'
    )
    install_plugin(second, site.folder / "plugins", "second")
    shown = json.loads(site.challengeflow("plugins", "--json", CHALLENGEFLOW_PLUGINS="digits,second").stdout)
    assert [p["name"] for p in shown["plugins"]] == ["digits"] and shown["plugins"][0]["models"] == ["digits/logistic"]
    (broken,) = shown["broken"]
    assert broken["name"] == "second" and "is claimed by two plugins, 'digits'" in broken["reason"]


def test_with_a_plugin_uninstalled_its_package_is_named(site):
    """By what looks at results: they say themselves what made them."""
    folder = site.folder / "results/digits/few/logistic"
    folder.mkdir(parents=True)
    (folder / "scores.json.provenance.json").write_text('{"plugin": "challengeflow-of-somebody 2.1"}')
    for verb in ("status", "report", "cite"):
        done = site.challengeflow(verb, CHALLENGEFLOW_PLUGINS="")
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        assert "no such challenge 'digits'" in done.stderr
        assert "its results were made by challengeflow-of-somebody 2.1, which is not installed" in done.stderr


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
