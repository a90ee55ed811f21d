"""Packages that are broken on purpose: each is caught with its sentence."""

import zipfile

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.commands import check_package
from challengeflow_mood.docker import archive

SHAPE = (9, 9, 9)


@pytest.mark.usefixtures("bubblewrap")
def test_a_sound_package_passes(package):
    report = package.check()
    assert report.problems == []
    assert [run.cases for run in report.runs] == [2, 2]
    assert [note.split(";")[0] for note in report.notes] == [
        f"run_{task}_brain.sh: all answers are alike, as where a model fails" for task in ("sample", "pixel")
    ]


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
        lambda p: (p.folder / "map.nii.gz").chmod(0o600),
        ["map.nii.gz cannot be read by every user"],
    ),
    "a missing script": (lambda p: p.script().unlink(), ["run_pixel_brain.sh is missing"]),
    "a path of one machine": (
        lambda p: p.say("pixel", "ls /home/me/model > /dev/null || true"),
        ["names /home, a place of one machine"],
    ),
    "a relative path": (
        lambda p: p.script().write_text('#!/bin/sh\nfor scan in "$1"/*; do cp map.nii.gz "$2/${scan##*/}"; done\n'),
        ["names map.nii.gz relative to a working directory it does not set"],
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
        ["has the shape [3, 3, 3]; expected the scan's own, [9, 9, 9]"],
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
        "run_sample_brain.sh was stopped after 0.4 s; expected at most 0.2 s a case" in p for p in report.problems
    )
    assert report.runs[0].seconds < 5


def test_what_is_no_archive(tmp_path):
    (tmp_path / "package.tar").write_text("nothing")
    with pytest.raises(InputError, match="cannot be read as an archive"):
        archive.is_image(tmp_path / "package.tar")
    with pytest.raises(InputError, match="is no file"):
        check_package.main([str(tmp_path / "nowhere.tar")])


def test_toys_that_are_not_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "brain_toy.zip", "w") as empty:
        empty.writestr("readme.txt", "")
    with pytest.raises(InputError, match="holds no toy case of brain"):
        check_package.toy_cases(tmp_path, tmp_path / "toys")
