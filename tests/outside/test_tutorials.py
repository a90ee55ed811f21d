"""The tutorials, as written: each block of code is put into the file it names, each block of commands is run.

A block names its file after the language (```python FILE); a block of `sh` is run where the files are.
"""

import re
from pathlib import Path

import pytest
from conftest import ROOT
from outside.second_venv import make_outside

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def venv(tmp_path_factory):
    return make_outside(tmp_path_factory.mktemp("tutorials"))


def blocks(page: str) -> list[tuple[str, str, str]]:
    """(language, file, content) of each block of a page in docs/."""
    return BLOCK.findall((ROOT / "docs" / page).read_text())


def follow(venv, page: str, folder: Path) -> list[str]:
    """Do what a page says, in `folder`; returns what each block of commands printed."""
    said = []
    for language, file, content in blocks(page):
        if file:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        elif language == "sh":
            done = venv.run("bash", "-e", "-c", content, cwd=folder)
            assert done.returncode == 0, f"{content}\n{done.stdout}\n{done.stderr}"
            said.append(done.stdout)
    return said


@pytest.mark.parametrize("page", ["tutorial-challenge.md", "tutorial-model.md"])
def test_a_plugin_takes_less_than_60_lines(page):
    code = [content for _, file, content in blocks(page) if file.startswith("challengeflow_")]
    lines = [line for content in code for line in content.splitlines() if line.strip()]
    assert 0 < len(lines) < 60 and max(map(len, lines)) <= 120


def test_the_challenge(venv, tmp_path):
    _, with_model, tested = follow(venv, "tutorial-challenge.md", tmp_path)
    assert re.search(r"^sample,digit\n0040,\d\n0041,\d$", with_model, re.MULTILINE)
    assert " passed" in tested and "failed" not in tested


def test_the_model(venv, tmp_path):
    _, tested = follow(venv, "tutorial-model.md", tmp_path)
    assert (tmp_path / "results/mood/brain/voxel-range/scores.json").exists()
    assert " passed" in tested and "failed" not in tested


def test_the_csv_tracker(venv, tmp_path):
    (tracked,) = follow(venv, "wrappers.md", tmp_path)
    lines = [line.split(",") for line in tracked.splitlines() if line.endswith((",done", ",failed"))]
    assert [(line[0], line[1], line[2], line[5]) for line in lines] == [
        *[("download", "mood", "brain", "done")] * 4,
        ("preprocess", "mood", "brain", "done"),
    ]
    for path in tmp_path.glob("mlflow/*/__init__.py"):
        compile(path.read_text(), path, "exec")
