"""The submission archive: carries what it needs, is the same each time, runs alone, and answers as the workflow does.

And packages that are broken on purpose: each is caught with its sentence.
"""

import csv
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow import InputError, Member
from challengeflow_mood.commands import check_package, mood_image
from challengeflow_mood.docker import archive, build_context, machine_python, prove_archive, sandbox
from challengeflow_mood.docker.declared_models import declared_model
from challengeflow_mood.docker.package_trial import Toys
from challengeflow_mood.docker.script_lint import SCRIPTS, lint


def bubblewrap_works() -> bool:
    return (
        shutil.which("bwrap") is not None
        and subprocess.run(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True).returncode
        == 0
    )


needs_bubblewrap = pytest.mark.skipif(not bubblewrap_works(), reason="bubblewrap cannot start here")


@pytest.fixture(scope="module")
def answers(mood_brain, mood_abdom):
    return {
        run.dataset: run.answers([shard for shard in run.scored if shard.split == "test"], run.models)
        for run in (mood_brain, mood_abdom)
    }


@pytest.fixture(scope="module")
def submission(mood_brain, answers):
    return mood_brain.package("docker", answers, "docker")


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


@needs_bubblewrap
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


@needs_bubblewrap
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


@pytest.mark.parametrize("model", [model.name for model in plugin.models()])
def test_every_declared_model_can_be_carried(tmp_path, answers, model):
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.bin").write_bytes(b"weights")
    member = Member(model, {"some": 1}, (weights,))
    both = {dataset: replace(own, members=(*own.members, member)) for dataset, own in answers.items()}
    build_context.write_context(both, tmp_path / "context")
    carried = {path.relative_to(tmp_path / "context").as_posix() for path in (tmp_path / "context").rglob("*")}
    assert "models/abdom/member-1/model-0/model.bin" in carried
    assert declared_model(model).module.replace(".", "/") + ".py" in {name.removeprefix("src/") for name in carried}
    requirements = (tmp_path / "context/requirements.txt").read_text()
    assert f"\n{NEEDED[model]}==" in f"\n{requirements}"
    assert ("torch==" in requirements) == ("Dockerfile.cuda" in carried) == (model in ("unet3d", "timm-slices"))
    assert "+cpu" not in requirements


def test_a_dataset_without_a_model_is_an_error(mood_brain, answers):
    with pytest.raises(InputError, match="needs a model for abdom too"):
        mood_brain.package("docker", {"brain": answers["brain"]}, "docker-half")


# -- packages broken on purpose --------------------------------------------------------------------------------------------

SOUND = """#!/bin/sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for scan in "$1"/*; do
    name=$(basename "$scan")
    {answer}
done
"""
ANSWERS = {"sample": 'echo 0.5 > "$2/$name.txt"', "pixel": 'cp "$here/map.nii.gz" "$2/$name"'}
SHAPE = (9, 9, 9)


def save(path, values, affine=None):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), path)


@pytest.fixture
def context(tmp_path):
    """A package that needs no Python: every map is the same, every score one half."""
    folder = tmp_path / "context"
    folder.mkdir()
    for task in build_context.TASKS:
        for dataset in build_context.DATASETS:
            script = folder / f"run_{task}_{dataset}.sh"
            script.write_text(SOUND.format(answer=ANSWERS[task]))
            script.chmod(0o755)
    save(folder / "map.nii.gz", np.full(SHAPE, 0.25, np.float32))
    (folder / "requirements.txt").write_text("")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


@pytest.fixture
def toys(tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in range(2):
        save(scans / f"toy_{number}.nii.gz", np.random.default_rng(number).random(SHAPE).astype(np.float32))
    return {"brain": Toys(scans, {})}


def check(context, toys, folder, limit=600.0):
    archive.write_tar(context, folder / "package.tar")
    with tarfile.open(folder / "package.tar", "a") as tar:  # the modes as they are, which write_tar would mend
        for path in sorted(context.iterdir()):
            tar.add(path, path.name)
    work = folder / "work"
    work.mkdir()
    return check_package.check(folder / "package.tar", toys, work, wanted="bwrap", limit=limit)


def say(context, task, line):
    """Put a line before the loop of a script of the brain."""
    script = context / f"run_{task}_brain.sh"
    script.write_text(script.read_text().replace("set -eu\n", f"set -eu\n{line}\n"))


def script(context, task="pixel"):
    return context / f"run_{task}_brain.sh"


@needs_bubblewrap
def test_a_sound_package_passes(context, toys, tmp_path):
    report = check(context, toys, tmp_path)
    assert report.problems == []
    assert [run.cases for run in report.runs] == [2, 2]
    assert [note.split(";")[0] for note in report.notes] == [
        f"run_{task}_brain.sh: all answers are alike, as where a model fails" for task in ("sample", "pixel")
    ]


BROKEN = {
    "writes to /tmp": (
        lambda c: say(c, "pixel", "echo x > /tmp/scratch"),
        ["names /tmp, where nothing can be written", "writes outside the output folder"],
    ),
    "needs the network": (
        lambda c: say(c, "sample", "python3 -c 'import urllib.request as u; u.urlopen(\"http://example.org\")'"),
        ["run_sample_brain.sh ended with status 1: it needs the network, and there is none"],
    ),
    "bash alone": (
        lambda c: say(c, "pixel", "if [[ -n $1 ]]; then source /workspace/setup; fi"),
        ["uses [[, which sh does not know", "uses source, which sh does not know"],
    ),
    "a shebang of bash": (
        lambda c: script(c).write_text(script(c).read_text().replace("#!/bin/sh", "#!/usr/bin/env bash")),
        ["begins with '#!/usr/bin/env bash'"],
    ),
    "no shebang": (
        lambda c: script(c).write_text(script(c).read_text().partition("\n")[2]),
        ["has no shebang"],
    ),
    "Windows line ends": (
        lambda c: script(c).write_bytes(script(c).read_bytes().replace(b"\n", b"\r\n")),
        ["has Windows line ends (CRLF)", "run_pixel_brain.sh ended with status"],
    ),
    "not executable": (lambda c: script(c).chmod(0o644), ["is not executable by everyone", "Permission denied"]),
    "a file for its owner alone": (
        lambda c: (c / "map.nii.gz").chmod(0o600),
        ["map.nii.gz cannot be read by every user"],
    ),
    "a missing script": (lambda c: script(c).unlink(), ["run_pixel_brain.sh is missing"]),
    "a path of one machine": (
        lambda c: say(c, "pixel", "ls /home/me/model > /dev/null || true"),
        ["names /home, a place of one machine"],
    ),
    "a relative path": (
        lambda c: script(c).write_text('#!/bin/sh\nfor scan in "$1"/*; do cp map.nii.gz "$2/${scan##*/}"; done\n'),
        ["names map.nii.gz relative to a working directory it does not set"],
    ),
    "NaN": (
        lambda c: save(c / "map.nii.gz", np.where(np.indices(SHAPE)[0] == 1, np.nan, 0.5).astype(np.float32)),
        ["toy_0.nii.gz holds values from nan to nan", "toy_1.nii.gz holds values"],
    ),
    "out of range": (
        lambda c: save(c / "map.nii.gz", np.full(SHAPE, 3, np.float32)),
        ["holds values from 3.0 to 3.0; expected finite ones from 0 to 1"],
    ),
    "another shape": (
        lambda c: save(c / "map.nii.gz", np.zeros((3, 3, 3), np.float32)),
        ["has the shape [3, 3, 3]; expected the scan's own, [9, 9, 9]"],
    ),
    "another data type": (
        lambda c: save(c / "map.nii.gz", np.ones(SHAPE, np.uint8)),
        ["is stored as uint8; expected float32, or scores are quantised"],
    ),
    "another affine": (
        lambda c: save(c / "map.nii.gz", np.zeros(SHAPE, np.float32), 2 * np.eye(4)),
        ["has another affine than its scan"],
    ),
    "a score that is no number": (
        lambda c: script(c, "sample").write_text(SOUND.format(answer='echo "tensor(0.9)" > "$2/$name.txt"')),
        ["'tensor(0.9)'; expected one number from 0 to 1"],
    ),
    "a case without an answer": (
        lambda c: script(c, "sample").write_text(SOUND.format(answer='echo 0.5 > "$2/toy_0.nii.gz.txt"')),
        ["toy_1.nii.gz.txt is missing; expected one score for toy_1.nii.gz"],
    ),
    "a library that is not brought": (
        lambda c: say(c, "sample", "python3 -c 'import torch'"),
        ["it needs a library that the package does not bring", "No module named 'torch'"],
    ),
}


@needs_bubblewrap
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_caught_with_its_sentence(context, toys, tmp_path, name):
    breaking, sentences = BROKEN[name]
    breaking(context)
    problems = check(context, toys, tmp_path).problems
    for sentence in sentences:
        assert any(sentence in problem for problem in problems), problems


@needs_bubblewrap
def test_a_slow_case_is_stopped(context, toys, tmp_path):
    say(context, "sample", "sleep 30")
    report = check(context, toys, tmp_path, limit=0.2)
    assert any(
        "run_sample_brain.sh was stopped after 0.4 s; expected at most 0.2 s a case" in p for p in report.problems
    )
    assert report.runs[0].seconds < 5


ENGINE = """#!/bin/sh
echo "$*" >> "{folder}/calls"
case "$1" in
    run) ;;
    build) cat > "{folder}/built.tar"; exit 0;;
    info) exit {info};;
    *) exit 0;;
esac
for word in "$@"; do
    case "$word" in
        *:/mnt/data:ro) inputs=${{word%:/mnt/data:ro}};;
        *:/mnt/pred) outputs=${{word%:/mnt/pred}};;
        /workspace/*) script=$word;;
    esac
done
[ -n "${{script:-}}" ] || exit 0
exec "{context}${{script#/workspace}}" "$inputs" "$outputs"
"""


@pytest.fixture
def engine(tmp_path, monkeypatch, context):
    """Makes a stand-in for docker or podman, which notes how it is called and runs scripts where they lie."""

    def make(name, info=0):
        binaries = tmp_path / "bin"
        binaries.mkdir(exist_ok=True)
        (binaries / name).write_text(ENGINE.format(folder=tmp_path, context=context, info=info))
        (binaries / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
        return tmp_path / "calls"

    return make


@pytest.mark.parametrize("tool", ["docker", "podman"])
def test_an_engine_is_called_as_the_organisers_call_it(engine, context, toys, tmp_path, tool):
    calls = engine(tool)
    archive.write_tar(context, tmp_path / "package.tar")
    work = tmp_path / "work"
    work.mkdir()
    report = check_package.check(tmp_path / "package.tar", toys, work, wanted=tool)
    assert report.problems == []
    assert report.sandbox == tool
    assert (tmp_path / "built.tar").read_bytes() == (tmp_path / "package.tar").read_bytes()
    run = next(
        line for line in calls.read_text().splitlines() if line.endswith("run_pixel_brain.sh /mnt/data /mnt/pred")
    )
    assert "--network none --read-only --user 61234:61234" in run
    assert ("--read-only-tmpfs=false" in run) == (tool == "podman")  # podman alone has a writable /tmp otherwise


def test_an_image_is_loaded_and_a_slow_container_killed(engine, context, toys, tmp_path):
    calls = engine("docker")
    root = tmp_path / "root.tar"
    with tarfile.open(root, "w") as tar:
        for path in sorted(context.iterdir()):
            tar.add(path, f"workspace/{path.name}")
    mood_image.write_layers(tmp_path / "image.tar", [root], "mine:1")
    say(context, "sample", "sleep 30")
    work = tmp_path / "work"
    work.mkdir()
    report = check_package.check(tmp_path / "image.tar", toys, work, wanted="docker", limit=0.2)
    assert any("was stopped after 0.4 s" in problem for problem in report.problems)
    lines = calls.read_text().splitlines()
    assert any(line.startswith("load --input") for line in lines)
    label = next(line for line in lines if "run_sample_brain.sh" in line).split("--name ")[1].split()[0]
    assert f"kill {label}" in lines


@needs_bubblewrap
def test_what_does_not_work_is_passed_over_with_its_reason(engine, context, tmp_path):
    engine("docker", info=1)
    engine("podman", info=1)
    archive.write_tar(context, tmp_path / "package.tar")
    said = []
    box = sandbox.open_sandbox(tmp_path / "package.tar", context, None, said.append)
    assert box.name == "bubblewrap"
    assert [line.split(":")[0] for line in said] == ["docker", "podman"]
    assert "is not ready" in said[0]


@needs_bubblewrap
def test_inside_nothing_of_this_machine_is_in_sight(context, toys, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("x")
    hidden = [str(outside), "/etc/passwd", *machine_python.own_places()]
    looks = "\n".join(f'if [ -e "{place}" ]; then echo "seen: {place}" >&2; exit 3; fi' for place in hidden)
    say(context, "sample", looks + "\npython3 -c 'import challengeflow' 2> /dev/null && exit 4")
    report = check(context, toys, tmp_path)
    assert not [problem for problem in report.problems if "status" in problem], report.problems
    assert len(hidden) == 5


@needs_bubblewrap
@pytest.mark.parametrize("boxed", [True, False])
def test_the_choice_of_numeric_kernels_alone_is_as_outside(monkeypatch, context, tmp_path, boxed):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")  # another one answers in other last digits
    monkeypatch.setenv("SECRET", "seen")
    archive.write_tar(context, tmp_path / "package.tar")
    opened = sandbox.open_sandbox(tmp_path / "package.tar", context, "bwrap", print)
    box = opened if boxed else sandbox.Unboxed(context)
    out = tmp_path / "out"
    out.mkdir()
    done = sandbox.run(box, ["/bin/sh", "-c", 'echo "$OPENBLAS_CORETYPE$SECRET"'], out, out, os.getuid(), 60)
    assert done.output == "Haswell\n", done.errors


@needs_bubblewrap
def test_a_leaky_sandbox_is_noticed(monkeypatch, context, toys, tmp_path):
    monkeypatch.setattr(machine_python, "SYSTEM", ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/tmp"))
    problems = check(context, toys, tmp_path).problems
    assert any("the sandbox does not hold" in problem and "sentinel" in problem for problem in problems)


def test_a_tool_that_is_not_there(context, tmp_path, monkeypatch):
    archive.write_tar(context, tmp_path / "package.tar")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="docker: not installed; podman: not installed; bwrap: not installed"):
        sandbox.open_sandbox(tmp_path / "package.tar", context, None, lambda text: None)


def test_libraries_that_this_machine_has_not(context, tmp_path):
    for line, sentence in (("nosuchthing==1.0\n", "this machine has not"), ("numpy==0.1\n", "asks for numpy 0.1")):
        (context / "requirements.txt").write_text(line)
        with pytest.raises(InputError, match=sentence):
            machine_python.binds(context / "requirements.txt", tmp_path)


def test_what_is_no_archive(tmp_path):
    (tmp_path / "package.tar").write_text("nothing")
    with pytest.raises(InputError, match="is no tar file"):
        archive.is_image(tmp_path / "package.tar")
    with pytest.raises(InputError, match="is no file"):
        check_package.main([str(tmp_path / "nowhere.tar")])


def test_toys_that_are_not_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "brain_toy.zip", "w") as empty:
        empty.writestr("readme.txt", "")
    with pytest.raises(InputError, match="holds no toy case of brain"):
        check_package.toy_cases(tmp_path, tmp_path / "toys")


def test_our_own_scripts_have_nothing_to_lint(submission, tmp_path):
    archive.unpack(submission / "mood-made.tar", tmp_path)
    assert list(lint(tmp_path)) == []
