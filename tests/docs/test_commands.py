"""The commands of the README and the pages, as written, as far as they go without a cluster, a conda or hours of work.

`challengeflow` commands run; `snakemake` commands run as dry-runs; of the others it is checked that what they name is
there. The pages that can be followed from beginning to end are, in tests/outside/test_tutorials.py.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "docs/cluster.md",
    ROOT / "docs/environments.md",
    ROOT / "docs/models.md",
    ROOT / "docs/report.md",
    ROOT / "docs/results.md",
    ROOT / "docs/running.md",
    *sorted(ROOT.glob("plugins/*/README.md")),
]
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# Not ours to check: the system's own, and programs that are not here.
FOREIGN = {"source", "apt-get", "podman", "apptainer", "python3", "aicrowd/bin/aicrowd", "qsub", "snakedeploy"}


def commands() -> list[tuple[str, str]]:
    """(page, command line) of every command."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            lines = block.replace("\\\n", " ").splitlines()
            lines = [line.split(" #")[0].strip() for line in lines if not line.startswith("#")]
            found += [
                (str(page.relative_to(ROOT)), part.strip()) for line in lines if line for part in line.split("&&")
            ]
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The repository as a user has it, with data where the examples expect it, and stand-ins for conda and
    apptainer."""
    folder = tmp_path_factory.mktemp("clone")
    for path in ROOT.iterdir():
        if path.name not in ("data", "results", ".snakemake", ".git"):
            (folder / path.name).symlink_to(path)
    for example in (ROOT / "examples").glob("*.yaml"):
        for challenge in yaml.safe_load(example.read_text())["challenges"].values():
            for dataset in challenge["datasets"].values():
                if dataset["source"] not in ("demo", "official"):
                    (folder / dataset["source"]).mkdir(parents=True, exist_ok=True)
    for _, command in commands():
        if command.startswith("challengeflow new"):  # later commands use what it makes
            run(shlex.split(command), folder)
    return folder


def run(words: list[str], clone: Path, statuses: tuple[int, ...] = (0,)) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "tests/environments"), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "CONDA_STAND_IN": str(clone / "stand-in"), "APPTAINER_CALLS": os.devnull}
    done = subprocess.run(words, cwd=clone, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode in statuses and "Traceback" not in done.stderr, done.stdout + done.stderr


def check_pip(words: list[str], clone: Path) -> None:
    """Every local project and every extra that a pip command names is there."""
    for word in words:
        path, _, extra = word.partition("[")
        if (clone / path / "pyproject.toml").exists():
            project = tomllib.loads((clone / path / "pyproject.toml").read_text())["project"]
            extras = set(filter(None, extra.rstrip("]").split(",")))
            assert extras <= set(project.get("optional-dependencies", {})), word
        elif word.startswith("$DIST"):
            assert word in ("$DIST", "$DIST/constraints.txt"), word
        elif word.startswith(("./", "plugins/", "-c")) or word.endswith(".txt"):
            assert word == "-c" or (clone / word).exists(), word


@pytest.mark.parametrize(("page", "command"), commands())
def test_command(clone: Path, tmp_path: Path, page: str, command: str):
    words = shlex.split(command.replace("CLONE/", f"{clone}/").replace("my-config.yaml", "config.yaml"))
    while "=" in words[0]:  # variables set for one command
        words = words[1:]
    if words[0] == "tests/slurm/with-slurm":
        assert os.access(ROOT / words[0], os.X_OK)
        words = words[1:]
    match words:
        case ["snakemake", "--report", *_]:  # of what has been run: tests/workflow/test_invariants.py makes one
            run(["snakemake", "--dry-run", "--quiet", "all"], clone)
        case ["snakemake", *_]:
            run([*words, "--dry-run", "--quiet", "all"], clone)
        case ["challengeflow", ("compare" | "export" | "verify" | "answer") as verb, *_]:  # of what has been run
            run(["challengeflow", verb, "--help"], clone)
        case ["challengeflow", "model", verb, *_]:
            run(["challengeflow", "model", verb, "--help"], clone)
        case ["challengeflow", "run", *_]:
            dry = [word for word in words if word != "--dry-run"]
            run([*dry[:2], "--dry-run", *dry[2:]], clone)
        case ["challengeflow", ("inspect" | "validate"), *_]:  # the folders of data are empty here, and they say so
            run(words, clone, (0, 1))
        case ["challengeflow", "init", *_]:
            run(words, tmp_path)
        case ["challengeflow", "status", "--watch"]:
            run(words[:2], clone)
        case ["challengeflow", "new", kind, name, *_]:
            (made,) = clone.glob(f"challengeflow-*{name}/pyproject.toml")
            assert name in made.read_text(), kind
        case ["challengeflow", *_]:
            run(words, clone)
        case ["make", target]:
            run(["make", "--dry-run", target], clone)
        case ["python", file] | [("tests/slurm/demo" | "envs/pin") as file]:
            assert (ROOT / file).is_file()
        case [pip, ("install" | "wheel"), *rest] if pip.endswith("pip"):
            check_pip(rest, clone)
        case ["pytest", folder]:  # what `challengeflow new` has made before; tests/outside runs its tests
            assert (clone / folder / "tests").is_dir()
        case _:
            assert words[0] in FOREIGN, f"{page} has a command that no test knows: {command}"
