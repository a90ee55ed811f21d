"""requirements/*.txt: every package that the projects name, at its pin, by the hashes of its files."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MEND = "run `python envs/hashes.py`"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^\s\\+]+)", text, re.MULTILINE)  # without the label of a build, as in 2.13.0+cpu
    return {normal(name): version for name, version in found}


@pytest.mark.parametrize(("file", "extras"), [("demo", ("workflow",)), ("test", ("workflow", "slurm", "dev"))])
def test_all_that_is_installed_is_there_by_its_hashes(file, extras):
    text = (ROOT / f"requirements/{file}.txt").read_text()
    found, pinned = pins(text), pins((ROOT / "constraints.txt").read_text())
    assert {name: pinned.get(name) for name in found} == found, MEND
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*core["dependencies"], *(line for extra in extras for line in core["optional-dependencies"][extra])]
    for plugin in ROOT.glob("plugins/*/pyproject.toml"):
        wanted += tomllib.loads(plugin.read_text())["project"]["dependencies"]
    names = {normal(re.match(r"[\w.-]+", line)[0]) for line in wanted} - {"challengeflow"}
    assert names <= set(found), MEND
    for block in re.split(r"\n(?=\S)", text.strip())[1:]:
        first, *hashes = block.split(" \\\n")
        assert "==" in first and hashes, block
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}\n?", line) for line in hashes), block
