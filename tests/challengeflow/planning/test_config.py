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
    DIGITS + "preprocess: {scale: x}}}": "'x' is not a number",
    DIGITS + "models: {logistik: {}}}}": "no model 'logistik'; did you mean 'logistic'?",
    DIGITS + "models: {logistic: {parameters: {steps: 1}}}}}": "unknown key 'steps'",
    DIGITS + "models: {logistic: {}, both: {members: [logistic, x]}}}}": "no trained variant 'x'",
    DIGITS + "submissions: {csv: {a: {few: control-perfect}}}}}": "no packable model",
    "challenges: [": "is not valid YAML",
    "seed: 1": "the key 'challenges' is missing",
    "seed: 1\nchallenges: {}\nseed: 2": "line 3: the key 'seed' is in line 1 too; keep one of them",
    "seed: 010\nchallenges: {}": "line 1: YAML takes 010 for another number",
    DIGITS + "models: {1: {}}}}": "YAML does not take the key 1 for text",
    DIGITS + "max_failed: .nan}}": "max_failed: nan is no number",
    "challenges: {digits: {datasets: {few: {source: demo, shards: {trian: 2}}}}}": "no split 'trian'; did you mean",
    "challenges: {digits: {datasets: {few: {source: demo, folds: 1000000000}}}}": "is greater than the maximum of 1000",
    DIGITS + "models: {control-perfect: {}}}}": "this is the name of a control",
    "challenges: {digits: {datasets: {few: {source: demo}, a: {source: ., trained_on: a}}}}": "is not another dataset",
    "results: 'a{b}'\nchallenges: {digits: {datasets: {few: {source: demo}}}}": "takes what is in braces",
}
SEVERAL = """\
results: /
challenges:
  digits:
    datasets:
      few: {source: demo, folds: 1, shrads: {train: 1}}
    preprocess: {scale: wide}
    models:
      logistik: {}
      both: {members: [logistik, x]}
    submissions: {csv: {a: {fwe: logistik}}}
"""


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


def test_all_that_is_wrong_is_told_at_once(site):
    site.configure(SEVERAL)
    told = site.challengeflow("validate").stderr.splitlines()
    expected = (
        "folder of the run",
        "folds: 1 is",
        "'shrads'; did you mean",
        "'wide' is not",
        "'logistik'; did",
        "'x'; known",
        "'fwe'; did",
    )
    assert all(line.startswith("challengeflow: config key ") for line in told)
    for part in expected:
        assert sum(part in line for line in told) == 1, (part, told)
    assert len(told) == len(expected)


def test_a_dataset_without_a_source_hides_nothing(site):
    entry = "datasets: {few: {source: true}}, models: {logistik: {}}, submissions: {csv: {a: {fwe: logistic}}}"
    site.configure(f"challenges: {{digits: {{{entry}}}}}")
    told = site.challengeflow("validate").stderr.splitlines()
    assert [line.split(":")[1].removeprefix(" config key challenges.digits.") for line in told] == [
        "datasets.few.source",
        "models.logistik",
        "submissions.csv.a",
        "submissions.csv.a.fwe",
    ]


def test_a_credential_is_refused_and_shown_nowhere(site):
    site.configure("challenges: {digits: {datasets: {few: {source: 'https://me:s3cr3t@example.org'}}}}")
    for done in (site.challengeflow("validate"), site.snakemake("--dry-run")):
        assert done.returncode == 1 and "a credential is written here" in done.stdout + done.stderr
        assert "s3cr3t" not in done.stdout + done.stderr
    assert not any(
        "s3cr3t" in path.read_text(errors="replace") for path in site.folder.rglob(".snakemake/**/*") if path.is_file()
    )


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
    site.configure(DIGITS + "preprocess: {scael: 3}}}")
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
