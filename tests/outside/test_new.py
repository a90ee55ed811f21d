"""A package made by `challengeflow new` works as it is; broken in many ways, it says so in one sentence each time."""

import json
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DECLARED = "challengeflow_shapes/__init__.py"
CONFIG = """\
keep_raw: true
challenges:
  shapes:
    controls: false
    datasets: {signals: {source: demo, folds: 2}}
"""


@pytest.fixture(scope="module")
def shapes(outside):
    return outside.new("challenge", "shapes")


@pytest.fixture(scope="module")
def finished(outside, shapes):
    """The folder of a finished run, with its config."""
    (shapes / "config.yaml").write_text(CONFIG)
    done = outside.snakemake("shapes", cwd=shapes)
    assert done.returncode == 0, done.stdout + done.stderr
    return shapes


def test_it_is_installed_listed_and_runs_to_a_submission(outside, finished):
    listed = json.loads(outside.challengeflow("plugins", "--json").stdout)["plugins"]
    mine = next(plugin for plugin in listed if plugin["name"] == "shapes")
    assert mine["distribution"] == "challengeflow-shapes 0.1.0"
    assert (mine["challenges"], mine["models"]) == (["shapes"], ["shapes/baseline"])
    lines = (finished / "results/shapes/submissions/csv/signals-baseline/submission.csv").read_text().splitlines()
    assert lines[0] == "sample,event" and len(lines) == 31


def test_it_passes_its_own_tests_and_ruff(outside, shapes):
    done = outside.pytest(shapes)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout and "skipped" not in done.stdout
    for check in (["check", "--select", "E,F,I,B,UP,SIM,C4,RUF"], ["format", "--check"]):
        ruff = subprocess.run([sys.executable, "-m", "ruff", *check, str(shapes)], capture_output=True, text=True)
        assert ruff.returncode == 0, ruff.stdout


def test_a_new_model_passes_its_own_tests_too(outside, shapes):
    package = outside.new("model", "level", "--challenge", "shapes")
    done = outside.pytest(package)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout and "skipped" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["challenge", "gold"], "challenge 'gold' is a word of the result paths"),
        (["challenge", "Big Cells"], "challenge 'Big Cells' is not a usable name"),
        (["challenge", "mood"], "there is a challenge 'mood' already, of the plugin 'mood'"),
        (["challenge", "shapes2", "--into", "."], ". is there already; name another folder with --into"),
        (["model", "mine", "--challenge", "mod"], "no such challenge 'mod'; did you mean 'mood'?"),
        (["model", "pca-residual", "--challenge", "mood"], "mood has a model 'pca-residual' already"),
        (["model", "ensemble", "--challenge", "mood"], "'ensemble' is what the workflow calls a model of its own"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(site, arguments, sentence):
    done = site.challengeflow("new", *arguments, CHALLENGEFLOW_PLUGINS="digits,mood")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert sentence in done.stderr


# What is broken in which file, and what `challengeflow validate` says of it. Each leaves the other plugins working.
DECLARATIONS = {
    "an import that fails": (
        (DECLARED, "from pathlib import Path", "import no_such_module"),
        "no such challenge 'shapes'; known: clog-loss, digits, mabe-task1, mood; plugin 'shapes' is left out: "
        "ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "a name that is a path word": (
        (DECLARED, 'name="shapes"', 'name="gold"'),
        "plugin 'shapes' is left out: challenge 'gold' is a word of the result paths",
    ),
    "a dataset named like a path word": (
        (DECLARED, 'name="signals"', 'name="index"'),
        "plugin 'shapes' is left out: dataset 'index' is a word of the result paths",
    ),
    "a missing hook": (
        (DECLARED, '        "score": "challengeflow_shapes.evaluate",\n', ""),
        "plugin 'shapes' does not implement the stage 'score', which 'shapes' needs; "
        "name its module in Challenge(stages=",
    ),
    "a module that is not there": (
        (DECLARED, "shapes.evaluate", "shapes.evaluat"),
        "plugin 'shapes' names the module challengeflow_shapes.evaluat for the stage 'score', which is not there",
    ),
    "a misspelt hook": (
        (DECLARED, "def models(", "def model("),
        "plugin 'shapes' has a hook that is not in the contract: unknown hook 'model'",
    ),
    "an argument that is not in the contract": (
        (DECLARED, "def models()", "def models(jobs)"),
        "plugin 'shapes' has a hook that is not in the contract",
    ),
    "an unknown field": (
        (DECLARED, "licence=", "license="),
        "plugin 'shapes' is left out: TypeError: Challenge.__init__() got an unexpected keyword argument 'license'",
    ),
    "a default that breaks its schema": (
        (DECLARED, '"default": 100', '"default": 5'),
        "plugin 'shapes', parameters of preprocess: the default of 'length' breaks its own schema: "
        "5 is less than the minimum of 10",
    ),
    "a name that another plugin claims": (
        (DECLARED, 'name="shapes"', 'name="digits"'),
        "challenge 'digits' is claimed by two plugins, 'digits' (challengeflow_digits 1.0) and 'shapes' "
        "(challengeflow-shapes 0.1.0); uninstall one of them or rename it",
    ),
}


@pytest.mark.parametrize("fault", DECLARATIONS)
def test_a_broken_declaration_is_one_sentence(outside, shapes, tmp_path, fault):
    change, sentence = DECLARATIONS[fault]
    (tmp_path / "config.yaml").write_text(CONFIG)
    with outside.broken(*change):
        said = outside.challengeflow("validate", cwd=tmp_path)
        others = outside.challengeflow("describe", "mood")
    assert said.returncode == 1 and sentence in said.stderr
    assert said.stderr.count("\n") == 1, said.stderr
    assert others.returncode == 0, others.stderr


BUG = ("challengeflow_shapes/prepare.py", "    if not np.isfinite", "    1 // 0\n    if not np.isfinite")
# What is broken, the stage that is run again on a finished run, and what the command says of it.
PREDICT = ("predict", "shapes/signals", "baseline", "test-000")
STAGES = {
    "an output that is not written": (
        ("challengeflow_shapes/prepare.py", "    with Writer", "    return\n    with Writer"),
        ("preprocess", "shapes/signals", "test-000"),
        "plugin 'shapes': preprocess of signals/test-000 wrote no arrays; write them into job.prepared",
    ),
    "a model that is not written": (
        ("challengeflow_shapes/baseline.py", "    np.save(", "    print("),
        ("train", "shapes/signals", "baseline", "0"),
        "plugin 'shapes': train of signals/baseline/0 wrote nothing; its result belongs into the folder job.output",
    ),
    "a sample that is dropped": (
        ("challengeflow_shapes/baseline.py", "in prepared:", "in list(prepared)[1:]:"),
        PREDICT,
        "plugin 'shapes': predictions of signals/baseline/signals/test-000: the samples are not those of the shard: "
        "'signal-10' is missing; give every sample of the shard, in its order",
    ),
    "scores that are no shares": (
        ("challengeflow_shapes/baseline.py", "np.float32(probability)", "np.float32(probability + 1)"),
        PREDICT,
        "plugin 'shapes': predictions of signals/baseline/signals/test-000: 'signal-10' has scores "
        "outside 0 to 1 or NaN",
    ),
    "a bug": (
        BUG,
        ("preprocess", "shapes/signals", "test-000"),
        "plugin 'shapes' failed in its hook 'preprocess' at sample 'signal-10' (prepare.py, line 33): "
        "ZeroDivisionError: ",
    ),
    "a decision that is not written": (
        ("challengeflow_shapes/evaluate.py", "    write_json(job.decision", "    print(job.decision"),
        ("score", "shapes/signals", "baseline"),
        "plugin 'shapes': decisions of signals/baseline are not there; write a mapping into job.decision",
    ),
}


@pytest.mark.parametrize("fault", STAGES)
def test_a_broken_stage_is_one_sentence(outside, finished, tmp_path, fault):
    change, stage, sentence = STAGES[fault]
    shutil.copytree(finished / "results", tmp_path / "results")
    (tmp_path / "config.yaml").write_text(CONFIG)
    with outside.broken(*change):
        said = outside.challengeflow(*stage, cwd=tmp_path)
        again = outside.challengeflow(*stage, "--traceback", cwd=tmp_path)
    lines = said.stderr.splitlines()
    assert said.returncode == 1 and lines[-1].startswith(f"challengeflow: {sentence}")
    assert "Traceback" not in said.stderr and "Traceback" in again.stderr
    if "the traceback is in " in lines[-1]:
        assert "Traceback" in Path(lines[-1].rpartition("the traceback is in ")[2]).read_text()


def test_a_bug_in_one_challenge_lets_the_others_finish(outside, shapes, tmp_path):
    digits = "  digits: {datasets: {few: {source: demo}}}\n"
    (tmp_path / "config.yaml").write_text(CONFIG + digits)
    with outside.broken(*BUG):
        done = outside.snakemake("shapes", "results/digits/few/prepared/test-000", cwd=tmp_path)
    assert done.returncode != 0
    assert "plugin 'shapes' failed in its hook 'preprocess' at sample 'signal-" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (tmp_path / "results/digits/few/prepared/test-000/index.json").exists()


BASELINE = "challengeflow_shapes/baseline.py"
LEAKS = {
    "test_declaring_imports_nothing_heavy": (
        (DECLARED, "from pathlib import Path", "import numpy\nfrom pathlib import Path"),
        "plugin 'shapes', hook 'challenges': declaring imports numpy; import inside the stages that need it",
    ),
    "test_prepared_data_hold_no_label": (
        (
            "challengeflow_shapes/prepare.py",
            '"shape": []}, values=values)',
            '"shape": []}, values=values + len([*job.index_gold.iterdir()]))',
        ),
        "plugin 'shapes', hook 'preprocess': preprocess signals train-f0-000 prepares other arrays without gold",
    ),
    "test_training_repeats_and_never_sees_the_held_out_fold": (
        (
            BASELINE,
            "weights = np.zeros(x.shape[1])",
            "weights = np.zeros(x.shape[1]) + sum("
            "path.read_bytes()[0] for path in job.shards[0].gold.parent.glob('train-*/data.bin'))",
        ),
        "hook 'train': train signals baseline 0 gives other bytes when the gold of the held-out fold is other",
    ),
    "test_prediction_repeats_and_needs_no_gold": (
        (
            BASELINE,
            "prepared = Arrays(job.shard.prepared)\n\n",
            "prepared = Arrays(job.shard.prepared)\n"
            "    Predictions(job.shard.prepared.parent.parent / 'gold' / job.shard.name)\n\n",
        ),
        "hook 'predict': predict signals baseline signals train-f0-000 is not the same when all gold is deleted",
    ),
}


def test_the_kit_names_what_the_core_cannot_see(outside, shapes):
    with ExitStack() as stack:
        for change, _ in LEAKS.values():
            stack.enter_context(outside.broken(*change))
        said = outside.pytest(shapes, "tests/test_contract.py").stdout
    for test, (_, sentence) in LEAKS.items():
        assert f"FAILED tests/test_contract.py::TestShapes::{test}" in said, said
        assert sentence in said, said
    assert said.count("FAILED") == len(LEAKS), said
    assert "Error: " not in said.replace("FileNotFoundError: ", "")


def test_the_kit_names_an_answer_that_changes(outside, shapes):
    change = (BASELINE, "weights = np.zeros(", "weights = np.random.default_rng().normal(size=")
    with outside.broken(*change):
        said = outside.pytest(shapes, "tests/test_contract.py", "-k", "training_repeats or killed_training").stdout
    assert (
        said.count("hook 'train': train signals baseline 0 gives other bytes the second time; draw from job.seed") == 2
    ), said
