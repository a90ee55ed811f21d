"""What a change of the code makes again: the stages that import what was changed, and nothing else."""

import shutil

import pytest
from conftest import ROOT, Site, make_site, planned

CORE = "clone/workflow/challengeflow"
CONFIG = """\
challenges:
  digits:
    datasets:
      few: {source: demo, folds: 2, shards: {train: 1, test: 1}}
    models:
      one: {model: logistic, parameters: {iterations: 2}}
      two: {model: logistic, parameters: {iterations: 3}}
      both: {members: [one, two]}
"""


class Copied(Site):
    """A site with a core of its own, for a test to change."""

    def environment(self, **extra: str) -> dict[str, str]:
        found = super().environment(**extra)
        return found | {"PYTHONPATH": f"{self.folder / 'clone/workflow'}:{found['PYTHONPATH']}"}

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Copied:
    site = Copied(make_site(tmp_path_factory.mktemp("reruns")).folder)
    for part in ("workflow", "envs"):
        shutil.copytree(ROOT / part, site.folder / "clone" / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", site.folder / "clone")
    site.configure(CONFIG)
    done = site.snakemake("--quiet")
    assert done.returncode == 0, done.stderr
    return site


CHANGES = {
    "nothing": (None, None, None, set()),
    "a comment of the core": ("arrays.py", "ALIGNMENT = 64", "ALIGNMENT = 64  # bytes", set()),
    "a docstring of the core": (
        "scoring.py",
        '"""Write `value` as readable JSON',
        '"""Write a value as readable JSON',
        set(),
    ),
    "scoring": (
        "scoring.py",
        "def interval(values: Sequence[float], level: float = 0.95)",
        "def interval(values: Sequence[float], level: float = 0.9)",
        {"score", "draw", "package", "leaderboard", "report"},
    ),
    "the ensemble": (
        "running/ensemble.py",
        "for member in predictions], weights)",
        "for member in predictions])",
        {"ensemble", "score", "draw", "package", "leaderboard", "report"},
    ),
    "the command that shows": ("launching/validate.py", "is sound", "is quite sound", set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_core_makes_again_what_imports_it(finished, change):
    path, old, new, expected = CHANGES[change]
    if path:
        finished.edit(f"{CORE}/{path}", old, new)
    try:
        assert set(planned(finished)) == expected
    finally:
        if path:
            finished.edit(f"{CORE}/{path}", new, old)


def test_a_change_of_the_arrays_makes_all_again_but_downloads(finished):
    finished.edit(f"{CORE}/arrays.py", "ALIGNMENT = 64", "ALIGNMENT = 128")
    try:
        again = set(planned(finished))
    finally:
        finished.edit(f"{CORE}/arrays.py", "ALIGNMENT = 128", "ALIGNMENT = 64")
    # Raw shards are removed once they are prepared, so what is prepared again is fetched again.
    assert {"preprocess", "train", "predict", "ensemble", "control", "score"} <= again and "index" not in again
