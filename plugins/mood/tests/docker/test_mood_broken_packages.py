"""Packages that are broken on purpose: each is caught with its sentence."""

import tarfile
import zipfile

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.commands import check_package
from challengeflow_mood.docker import archive
from challengeflow_mood.docker.trial_toys import toy_cases

SHAPE = (12, 15, 10)
READ = "def answer(path, number): scan = nib.load(path).get_fdata(); "
IN_SCRIPT = """import pathlib, sys
import nibabel as nib
source = [[0]]
shape=(1, 1)
for path in pathlib.Path(sys.argv[1]).iterdir():
    (pathlib.Path(sys.argv[2]) / f"{path.name}.txt").write_text(str(nib.load(path).get_fdata().mean()))
"""
SOUND = {
    "as it is": lambda p: None,
    "another base": lambda p: p.dockerfile("FROM python:3.12-slim\nCOPY . /workspace\nWORKDIR /workspace\n"),
    "two stages": lambda p: p.dockerfile(
        'FROM gcc AS made\nENTRYPOINT ["cc"]\nFROM scratch\nWORKDIR /workspace\n'
        + "COPY --from=made /x ./x\nCOPY run_* ./\n"
    ),
    "a here-document, comments and continued lines": lambda p: p.dockerfile(
        "# syntax=docker/dockerfile:1\nARG BASE=scratch\nFROM $BASE\nRUN <<EOF\necho COPY\nEOF\n"
        'RUN echo a \\\n    # why\n    b\nCOPY [".", "/workspace/"]\n'
    ),
    "an entrypoint that is taken away": lambda p: p.dockerfile('FROM x\nADD . /workspace\nENTRYPOINT []\nCMD ["sh"]\n'),
    "places named by values": lambda p: p.dockerfile(
        "ARG BASE=x\nFROM $BASE\nARG SIDE=space\nENV APP=/work${SIDE}\nCOPY --chown=1000 . $APP\n"
    ),
    "tabs, small letters and a mark of the byte order": lambda p: p.dockerfile("\ufefffrom\tx\ncopy\t.\t/workspace\n"),
    "scripts of a folder, and a model in its own": lambda p: p.dockerfile(
        "FROM x\nCOPY scripts/ /workspace/\nCOPY model /model\n", scripts="scripts", model="cat /model/weights\n"
    ),
    "what a command copies": lambda p: p.dockerfile("FROM x\nCOPY . /app\nRUN cp -r /app /workspace\n"),
    "files left out that are not needed": lambda p: (
        (p.folder / ".dockerignore").write_text("*\n!run_*\n"),
        (p.folder / "notes.md").write_text(""),
    ),
    "a shebang with a space": lambda p: p.shebang("#! /bin/sh -e"),
    "a shebang by env": lambda p: p.shebang("#!/usr/bin/env sh"),
    "Python in the script": lambda p: (
        p.python("sample", ""),
        p.script("sample").write_text("#!/bin/sh\npython3 - \"$@\" <<'END'\n" + IN_SCRIPT + "END\n"),
    ),
    "awk and arithmetic": lambda p: p.answer(
        "sample", 'i=$(( ${i:-0} + 1 )); cksum < "$scan" | awk \'{print "0." $1}\' > "$2/$name.txt"'
    ),
    "a map of few values": lambda p: p.python("pixel", READ + "return np.round(scan * 3) / 3"),
    "a map that is low inside": lambda p: p.python("pixel", READ + "return 1 - scan"),
    "a map of nothing but the anomaly": lambda p: p.python("pixel", READ + "return np.where(scan > 0.99, 1, 0)"),
    "a score in whole numbers": lambda p: p.python("sample", READ + "return int(scan.sum()) % 2"),
    "seeded randomness": lambda p: p.python(
        "pixel", READ + "return np.random.default_rng(1).random(scan.shape) * scan"
    ),
}


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize("name", SOUND)
def test_a_sound_package_passes(package, name):
    SOUND[name](package)
    report = package.check()
    assert report.problems == []
    assert [run.cases for run in report.runs] == [3, 3]


BROKEN = {
    "writes to /tmp": (
        lambda p: p.say("pixel", "echo x > /tmp/scratch"),
        ["names /tmp, where nothing can be written", "writes outside the output folder"],
    ),
    "needs the network": (
        lambda p: p.say("sample", "python3 -c 'import urllib.request as u; u.urlopen(\"http://example.org\")'"),
        ["run_sample_brain.sh ended with status 1: it needs the network, and there is none"],
    ),
    "bash alone": (
        lambda p: p.say("pixel", "if [[ -n $1 ]]; then source /workspace/setup; fi"),
        ["uses [[, which sh does not know", "uses source, which sh does not know"],
    ),
    "a shebang of bash": (
        lambda p: p.script().write_text(p.script().read_text().replace("#!/bin/sh", "#!/usr/bin/env bash")),
        ["begins with '#!/usr/bin/env bash'"],
    ),
    "no shebang": (
        lambda p: p.script().write_text(p.script().read_text().partition("\n")[2]),
        ["has no shebang"],
    ),
    "Windows line ends": (
        lambda p: p.script().write_bytes(p.script().read_bytes().replace(b"\n", b"\r\n")),
        ["has Windows line ends (CRLF)", "run_pixel_brain.sh ended with status"],
    ),
    "not executable": (lambda p: p.script().chmod(0o644), ["is not executable by everyone", "Permission denied"]),
    "a file for its owner alone": (
        lambda p: (p.folder / "requirements.txt").chmod(0o600),
        ["requirements.txt cannot be read by every user"],
    ),
    "a missing script": (lambda p: p.script().unlink(), ["run_pixel_brain.sh is missing"]),
    "a path of one machine": (
        lambda p: p.say("pixel", "ls /home/me/model > /dev/null || true"),
        ["names /home, a place of one machine"],
    ),
    "a relative path": (
        lambda p: p.script().write_text('#!/bin/sh\nfor scan in "$1"/*; do cp Dockerfile "$2/${scan##*/}"; done\n'),
        ["names Dockerfile relative to a working directory it does not set"],
    ),
    "NaN": (
        lambda p: p.save_map(np.where(np.indices(SHAPE)[0] == 1, np.nan, 0.5).astype(np.float32)),
        ["toy_0.nii.gz holds values from nan to nan", "toy_1.nii.gz holds values"],
    ),
    "out of range": (
        lambda p: p.save_map(np.full(SHAPE, 3, np.float32)),
        ["holds values from 3.0 to 3.0; expected finite ones from 0 to 1"],
    ),
    "another shape": (
        lambda p: p.save_map(np.zeros((3, 3, 3), np.float32)),
        ["has the shape [3, 3, 3]; expected the scan's own, [12, 15, 10]"],
    ),
    "another data type": (
        lambda p: p.save_map(np.ones(SHAPE, np.uint8)),
        ["is stored as uint8; expected float32, or scores are quantised"],
    ),
    "another affine": (
        lambda p: p.save_map(np.zeros(SHAPE, np.float32), 2 * np.eye(4)),
        ["has another affine than its scan"],
    ),
    "a score that is no number": (
        lambda p: p.answer("sample", 'echo "tensor(0.9)" > "$2/$name.txt"'),
        ["'tensor(0.9)'; expected one number from 0 to 1"],
    ),
    "a case without an answer": (
        lambda p: p.answer("sample", 'echo 0.5 > "$2/toy_0.nii.gz.txt"'),
        ["toy_1.nii.gz.txt is missing; expected one score for toy_1.nii.gz"],
    ),
    "no Dockerfile": (lambda p: (p.folder / "Dockerfile").unlink(), ["there is no Dockerfile"]),
    "a Dockerfile that is none": (
        lambda p: p.dockerfile("\x00\x01 nonsense\n"),
        ["the Dockerfile has a line that is no instruction"],
    ),
    "a Dockerfile without FROM": (
        lambda p: p.dockerfile("COPY . /workspace\n"),
        ["the Dockerfile does not begin with FROM"],
    ),
    "a Dockerfile without COPY": (
        lambda p: p.dockerfile("FROM scratch\nWORKDIR /workspace\n"),
        ["the Dockerfile copies no run_sample_brain.sh to /workspace"],
    ),
    "a Dockerfile that copies to another place": (
        lambda p: p.dockerfile("FROM scratch\nCOPY . /app\n"),
        ["the Dockerfile copies no run_sample_brain.sh to /workspace"],
    ),
    "a Dockerfile that copies the requirements alone": (
        lambda p: p.dockerfile("FROM scratch\nCOPY requirements.txt /workspace\n"),
        ["the Dockerfile copies no run_sample_brain.sh to /workspace"],
    ),
    "a source that is not there": (
        lambda p: p.dockerfile('FROM x\nCOPY . /workspace\nCOPY ["weights", "/workspace/weights"]\n'),
        ["the Dockerfile copies 'weights', which is not in the build context"],
    ),
    "a copy without a target": (
        lambda p: p.dockerfile("FROM x\nCOPY .\n"),
        ["the Dockerfile does not say what 'COPY .' is to take, and where to"],
    ),
    "scripts that .dockerignore leaves out": (
        lambda p: (p.folder / ".dockerignore").write_text("**/*.sh\n"),
        ["the Dockerfile copies no run_sample_brain.sh to /workspace"],
    ),
    "a model that .dockerignore leaves out": (
        lambda p: (
            p.say("sample", "cat /workspace/model/weights"),
            (p.folder / "model").mkdir(),
            (p.folder / "model" / "weights").write_text(""),
            (p.folder / ".dockerignore").write_text("# large\nmodel\n"),
        ),
        ["it needs a program or file that is not there", "model/weights"],
    ),
    "a model that is not copied": (
        lambda p: (
            p.say("sample", "cat /workspace/weights"),
            (p.folder / "weights").write_text(""),
            p.dockerfile("FROM x\nCOPY run_* requirements.txt /workspace/\n"),
        ),
        ["it needs a program or file that is not there", "weights"],
    ),
    "modes that nobody may run": (
        lambda p: p.dockerfile("FROM x\nCOPY --chmod=644 . /workspace\n"),
        ["run_sample_brain.sh is not executable by everyone"],
    ),
    "a map that is gzipped by its name alone": (
        lambda p: p.answer("pixel", 'gunzip -c "$scan" > "$2/$name"'),
        ["cannot be read (", "expected one for this scan"],
    ),
    "one map for all": (
        lambda p: p.python("pixel", READ + "return np.random.default_rng(1).random(scan.shape)"),
        ["run_pixel_brain.sh: all answers are alike"],
    ),
    "scores by the folder's lowest and highest": (
        lambda p: p.python(
            "sample",
            "sums = [nib.load(path).get_fdata().sum() for path in inputs.iterdir()]\nlow, high = min(sums), max(sums)\n"
            + READ
            + "return (scan.sum() - low) / max(high - low, 1)",
        ),
        ["run without the other scans beside it, it answers"],
    ),
    "an entrypoint": (
        lambda p: p.dockerfile("FROM scratch\nCOPY . /workspace\nENTRYPOINT python3 main.py\n"),
        ["the Dockerfile has the ENTRYPOINT python3 main.py"],
    ),
    "an entrypoint of an earlier stage": (
        lambda p: p.dockerfile('FROM x AS y\nENTRYPOINT ["sh"]\nFROM y\nCOPY . /workspace\n'),
        ['the Dockerfile has the ENTRYPOINT ["sh"]'],
    ),
    "a module of the working directory": (
        lambda p: ((p.folder / "own.py").write_text("x = 1"), p.say("sample", "python3 -c 'import own'")),
        ["it needs a library that the package does not bring", "No module named 'own'"],
    ),
    "scores that float16 does not tell apart": (
        lambda p: p.python("pixel", READ + "return scan * 1e-9"),
        ["which the scorer's float16 does not tell apart"],
    ),
    "flipped maps": (
        lambda p: p.python("pixel", READ + "return scan[::-1]"),
        ["its maps would fit their scans better flipped along x"],
    ),
    "maps flipped along two axes": (
        lambda p: p.python("pixel", READ + "return scan[:, ::-1, ::-1]"),
        ["its maps would fit their scans better flipped along y, z"],
    ),
    "transposed maps": (
        lambda p: p.python("pixel", READ + "return scan.T"),
        ["has the shape [10, 15, 12]; expected the scan's own, [12, 15, 10]"],
    ),
    "scores from the names": (
        lambda p: p.python("sample", "def answer(path, number): return len(path.name + str(number)) * number % 7 / 10"),
        ["run under other names, it answers"],
    ),
    "a script that knows toys alone": (
        lambda p: p.python("sample", "def answer(path, number): return 1 / (1 + int(path.name.split('toy_')[1][0]))"),
        ["run under other names, it fails", "IndexError"],
    ),
    "a script that knows small scans alone": (
        lambda p: p.python("pixel", READ + "assert scan.size < 2000; return scan"),
        ["with a scan of full size ended with status 1", "AssertionError"],
    ),
    "constant scores": (
        lambda p: p.python("sample", "def answer(path, number): return 0.5"),
        ["run_sample_brain.sh: all answers are alike"],
    ),
    "constant maps": (
        lambda p: p.python("pixel", READ + "return 0 * scan + 0.25"),
        ["run_pixel_brain.sh: all answers are alike"],
    ),
    "random scores": (
        lambda p: p.python("sample", "def answer(path, number): return random.random()"),
        ["run once more, it answers", "fix the seeds"],
    ),
    "random maps": (
        lambda p: p.python("pixel", READ + "return np.random.random(scan.shape)"),
        ["run once more, it answers"],
    ),
    "answers that depend on the scans beside": (
        lambda p: p.python("sample", READ + "return (int(scan.sum()) % 50 + len(os.listdir(inputs))) / 100"),
        ["run without the other scans beside it, it answers"],
    ),
    "answers that depend on the user": (
        lambda p: p.python("sample", READ + "return (int(scan.sum()) % 50 + (os.getuid() > 0)) / 100"),
        ["run as another user, it answers"],
    ),
    "nothing for a user that is not its own": (
        lambda p: p.say("sample", "[ $(id -u) -ne 0 ] || exit 3"),
        ["run as another user, it fails"],
    ),
    "a library that is not brought": (
        lambda p: p.say("sample", "python3 -c 'import torch'"),
        ["it needs a library that the package does not bring", "No module named 'torch'"],
    ),
}


@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_caught_with_its_sentence(package, name):
    breaking, sentences = BROKEN[name]
    breaking(package)
    problems = package.check().problems
    for sentence in sentences:
        assert any(sentence in problem for problem in problems), problems


@pytest.mark.usefixtures("bubblewrap")
def test_a_slow_case_is_stopped(package):
    package.say("sample", "sleep 30")
    report = package.check(limit=0.2)
    assert any(
        "run_sample_brain.sh was stopped after 0.6 s; expected at most 0.2 s a case" in p for p in report.problems
    )
    assert report.runs[0].seconds < 5


def test_what_is_no_archive(tmp_path):
    (tmp_path / "package.tar").write_text("nothing")
    with pytest.raises(InputError, match="cannot be read as an archive"):
        archive.is_image(tmp_path / "package.tar")
    with pytest.raises(InputError, match="is no file"):
        check_package.main([str(tmp_path / "nowhere.tar")])


def test_a_package_in_a_folder_of_its_own(package, tmp_path):
    with tarfile.open(tmp_path / "package.tar", "w") as tar:
        tar.add(package.folder, "mine")
    (tmp_path / "work").mkdir()
    with pytest.raises(
        InputError, match=r"holds none of run_sample_brain.sh, .*; pack what is in its folder mine, and"
    ):
        check_package.check(tmp_path / "package.tar", package.toys, tmp_path / "work")


def test_toys_that_are_not_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "brain_toy.zip", "w") as empty:
        empty.writestr("readme.txt", "")
    with pytest.raises(InputError, match="holds no toy case of brain"):
        toy_cases(tmp_path, tmp_path / "toys")
