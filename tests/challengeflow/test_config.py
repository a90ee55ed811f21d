"""Bad configs: one sentence that names the key, what was expected and the nearest known name."""

from dataclasses import replace

import digits.challengeflow_digits
import pytest

from challengeflow.planning.config import resolve
from challengeflow.planning.plugins import Registry

GOOD = "challenges: {digits: {datasets: {few: {source: demo}}}}"
DIGITS = "challenges: {digits: {datasets: {few: {source: demo}}, "
BAD = {
    "challenges: {digts: {datasets: {few: {source: demo}}}}": "no such challenge 'digts'; did you mean 'digits'?",
    "challenges: {digits: {dataset: {few: {source: demo}}}}": "unknown key 'dataset'; did you mean 'datasets'?",
    "challenges: {digits: {datasets: {fwe: {source: demo}}}}": "declares no dataset 'fwe'",
    "challenges: {digits: {datasets: {few: {source: /no/such}}}}": "there is no '/no/such'",
    "challenges: {digits: {datasets: {few: {source: official}}}}": "few has no source 'official'; known: demo",
    "challenges: {digits: {datasets: {few: {source: demo, folds: 1}}}}": "few.folds: 1 is less than the minimum of 2",
    DIGITS + "preprocess: {scael: 3}}}": "unknown key 'scael'; did you mean 'scale'?",
    DIGITS + "preprocess: {scale: x}}}": "'x' is not of type number",
    DIGITS + "models: {logistik: {}}}}": "no model 'logistik'; did you mean 'logistic'?",
    DIGITS + "models: {logistic: {parameters: {steps: 1}}}}}": "unknown key 'steps'",
    DIGITS + "models: {logistic: {}, both: {members: [logistic, x]}}}}": "no trained variant 'x'",
    DIGITS + "submissions: {csv: {a: {few: control-perfect}}}}}": "no packable model",
    "challenges: [": "is not valid YAML",
    "seed: 1": "the key 'challenges' is missing",
}


def test_a_good_config_is_sound(site):
    site.configure(GOOD)
    done = site.challengeflow("validate")
    assert done.returncode == 0 and "config.yaml is sound" in done.stdout


@pytest.mark.parametrize("text", BAD)
def test_a_bad_config_is_one_sentence(site, text):
    site.configure(text)
    done = site.challengeflow("validate")
    assert done.returncode == 1
    assert BAD[text] in done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def test_a_config_without_models_runs_those_that_ask_for_little(site, monkeypatch):
    config = {"challenges": {"digits": {"datasets": {"few": {"source": "demo"}}, "controls": False}}}
    found = Registry([("digits", digits.challengeflow_digits, "challengeflow-digits 0.1.0")])
    assert list(resolve(config, found).challenges["digits"].models) == ["logistic"]
    heavy = replace(found.models["digits", "logistic"], by_default=False)
    monkeypatch.setitem(found.models, ("digits", "logistic"), heavy)
    assert list(resolve(config, found).challenges["digits"].models) == []
    config["challenges"]["digits"]["models"] = {"logistic": {}}
    assert list(resolve(config, found).challenges["digits"].models) == ["logistic"]


def test_the_workflow_says_the_same(site):
    site.configure("challenges: {digits: {datasets: {few: {source: demo}}, preprocess: {scael: 3}}}")
    done = site.snakemake("--dry-run")
    assert done.returncode != 0
    assert "unknown key 'scael'; did you mean 'scale'?" in done.stdout + done.stderr


def test_a_missing_input_and_a_wrong_name_are_one_sentence(site):
    for arguments, expected in {
        ("score", "digits/few", "logistic"): "needs",
        ("score", "digits/fwe", "logistic"): "no dataset 'fwe' in this config; did you mean 'few'?",
        ("score", "digits/few", "logistc"): "did you mean 'logistic'?",
        ("preprocess", "digits/few", "train-f9-000"): "has no shard 'train-f9-000'",
        ("train", "digits/few", "logistic", "x"): "has no fold 'x'; it has 0, 1, 2, all",
        ("describe", "digitz"): "did you mean 'digits'?",
    }.items():
        done = site.challengeflow(*arguments)
        assert done.returncode == 1, arguments
        assert expected in done.stderr and "Traceback" not in done.stderr
