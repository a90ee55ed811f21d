"""The submission archive: carries what it needs, is the same each time, runs alone, answers as the workflow does."""

import csv
import json
import shutil
import tarfile
import zipfile
from dataclasses import replace

import pytest

import challengeflow_mood as plugin
from challengeflow import InputError, Member
from challengeflow_mood.commands import check_package
from challengeflow_mood.docker import archive, build_context, prove_archive
from challengeflow_mood.docker.script_lint import SCRIPTS, lint


@pytest.fixture(scope="module")
def checked(tmp_path_factory, submission, mood_brain, mood_abdom):
    """check-package on the real toy cases of both datasets: its folder and its findings."""
    folder = tmp_path_factory.mktemp("checked")
    data = folder / "data"
    data.mkdir()
    for run in (mood_brain, mood_abdom):
        (data / f"{run.dataset}_toy.zip").symlink_to(run.root / "archives" / "toy" / f"{run.dataset}_toy.zip")
    words = [submission / "mood-made.tar", "--data", data, "--with", "bwrap", "--keep", folder / "answers"]
    status = check_package.main([str(word) for word in [*words, "--report", folder / "report.json"]])
    return folder, status, json.loads((folder / "report.json").read_text())


def names(package):
    with tarfile.open(package) as tar:
        return tar.getnames()


def test_the_archive_carries_what_predicts_and_nothing_else(submission):
    carried = names(submission / "mood-made.tar")
    assert set(SCRIPTS) < set(carried)
    assert "src/challengeflow_mood/models/pca_residual.py" in carried
    assert "src/challengeflow/arrays.py" in carried
    assert not [name for name in carried if "submission" in name or "tests" in name or name.endswith(".pyc")]
    with tarfile.open(submission / "mood-made.tar") as tar:
        requirements = tar.extractfile("requirements.txt").read().decode().splitlines()
        licences = tar.extractfile("licences.csv").read().decode().splitlines()
        dockerfile = tar.extractfile("Dockerfile").read().decode()
    assert {line.partition("==")[0] for line in requirements} >= {"numpy", "scipy", "nibabel", "isal"}
    assert not [line for line in requirements if line.startswith(("torch", "scikit-learn", "+"))]
    assert len(licences) == len(requirements) + 1
    assert "Dockerfile.cuda" not in carried
    assert "FROM python:3." in dockerfile


def test_the_kit_is_filled_from_the_run(submission):
    readme = (submission / "README.md").read_text()
    assert "docker push docker.synapse.org/SYN/mood-made" in readme
    assert "check-package mood-made.tar" in readme
    abstract = (submission / "abstract.md").read_text()
    assert "pca-residual (" in abstract
    assert "brain, proxy (8 cases): average precision 0." in abstract
    assert "[ ] Trained on the challenge's data alone: no, abdom and brain" in (submission / "checklist.md").read_text()


@pytest.mark.usefixtures("bubblewrap")
def test_both_tasks_and_datasets_pass_as_the_organisers_run_them(checked):
    _, status, report = checked
    assert status == 0
    assert report["problems"] == report["notes"] == []
    assert report["sandbox"] == "bubblewrap"
    assert [run["script"] for run in report["runs"]] == [
        f"run_{task}_{dataset}.sh" for dataset in ("brain", "abdom") for task in ("sample", "pixel")
    ]
    for run in report["runs"]:
        assert run["cases"] == 5
        assert run["peak_mb"] > 20
        assert run["projected"] >= 100 * run["seconds_a_case"]
        assert 0 < run["average_precision"] <= 1


@pytest.mark.usefixtures("bubblewrap")
def test_the_answers_are_the_workflows_own(checked, mood_brain, answers):
    folder, _, report = checked
    maps = mood_brain.package("maps", {"brain": answers["brain"]}, "maps-of-package-test")
    rows = {row["case"]: row["score"] for row in csv.DictReader((maps / "scores.csv").read_text().splitlines())}
    own = sorted((maps / "maps").iterdir())
    assert len(own) == len(rows) == 5
    for path in own:
        assert (folder / "answers/brain/pixel" / path.name).read_bytes() == path.read_bytes()
        text = (folder / "answers/brain/sample" / f"{path.name}.txt").read_text()
        assert text == rows[path.name.removesuffix(".nii.gz")] + "\n"
    official = {run["script"]: run["average_precision"] for run in report["runs"]}
    detail = mood_brain.scores["test"]["detail"]
    assert official["run_pixel_brain.sh"] == detail["pixel_ap"]
    assert official["run_sample_brain.sh"] == detail["sample_ap"]


def test_the_submission_is_the_same_each_time_also_without_a_sandbox(
    monkeypatch, capsys, mood_brain, answers, submission
):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    bare = mood_brain.package("docker", answers, "docker-bare")
    assert "no bubblewrap: the scripts run on the bare machine" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in bare.iterdir()} == {p.name: p.read_bytes() for p in submission.iterdir()}


def test_an_answer_unlike_the_workflows_is_an_error(tmp_path, submission):
    archive.unpack(submission / "mood-made.tar", tmp_path / "package")
    inputs, answered = tmp_path / "in", tmp_path / "answers/brain/sample"
    inputs.mkdir()
    (inputs / prove_archive.CORRUPT).write_bytes(b"nothing")
    answered.mkdir(parents=True)
    (answered / f"{prove_archive.CORRUPT}.txt").write_text("0.5\n")
    with pytest.raises(InputError, match=r"run_sample_brain\.sh answers zz_corrupt\.nii\.gz\.txt otherwise"):
        prove_archive.compare("brain", inputs, tmp_path / "package/models/brain", tmp_path)


def test_a_model_that_cannot_answer_is_an_error(tmp_path, submission, mood_brain):
    archive.unpack(submission / "mood-made.tar", tmp_path / "package")
    for path in (tmp_path / "package/models/brain").rglob("grey_mean.npy"):
        path.unlink()
    inputs = tmp_path / "in"
    inputs.mkdir()
    with zipfile.ZipFile(mood_brain.root / "archives/toy/brain_toy.zip") as toys:
        for name in ("toy_0.nii.gz", "toy_1.nii.gz"):
            (inputs / name).write_bytes(toys.read(f"toy/{name}"))
    with pytest.raises(InputError, match="the model of brain cannot answer test cases here"):
        prove_archive.compare("brain", inputs, tmp_path / "package/models/brain", tmp_path)


NEEDED = {"pca-residual": "scipy", "residual-boosting": "scikit-learn", "unet3d": "torch", "timm-slices": "timm"}


@pytest.mark.parametrize("model", plugin.models(), ids=lambda model: model.name)
def test_every_declared_model_can_be_carried(tmp_path, answers, model):
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.bin").write_bytes(b"weights")
    member = Member(model.name, {"some": 1}, (weights,), module=model.module, summary=model.summary)
    both = {dataset: replace(own, members=(*own.members, member)) for dataset, own in answers.items()}
    build_context.write_context(both, tmp_path / "context")
    carried = {path.relative_to(tmp_path / "context").as_posix() for path in (tmp_path / "context").rglob("*")}
    assert "models/abdom/member-1/model-0/model.bin" in carried
    assert f"src/{model.module.replace('.', '/')}.py" in carried
    requirements = (tmp_path / "context/requirements.txt").read_text()
    assert f"\n{NEEDED[model.name]}==" in f"\n{requirements}"
    assert ("torch==" in requirements) == ("Dockerfile.cuda" in carried) == (model.name in ("unet3d", "timm-slices"))
    assert "+cpu" not in requirements


def test_a_dataset_without_a_model_is_an_error(mood_brain, answers):
    with pytest.raises(InputError, match="needs a model for abdom too"):
        mood_brain.package("docker", {"brain": answers["brain"]}, "docker-half")


def test_our_own_scripts_have_nothing_to_lint(submission, tmp_path):
    archive.unpack(submission / "mood-made.tar", tmp_path)
    assert list(lint(tmp_path)) == []
