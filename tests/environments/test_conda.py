"""The env files, and Snakemake's way of using them; conda itself is stood in for by the program beside this file."""

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from wheels import build_wheels

from challengeflow import __version__
from challengeflow.planning.plugins import registry

ENVS = sorted((ROOT / "envs").glob("*.yaml"))
PLUGINS = {path.parent.name: path for path in ROOT.glob("plugins/*/pyproject.toml")}
# A job of each plugin that needs its heavy packages, small enough for a test.
CONFIG = """\
challenges:
  clog-loss:
    datasets: {nano: {source: demo, folds: 2, shards: {train: 1, test: 1}}}
    download: {demo_videos: 24}
  mabe-task1:
    datasets: {task1: {source: demo, folds: 2}}
  mood:
    datasets: {brain: {source: demo, folds: 2}}
    download: {demo_train: 12, demo_toy: 4, demo_size: 32}
"""
TARGETS = [
    "results/clog-loss/nano/prepared/train-f0-000",
    "results/mabe-task1/task1/prepared/train-f0-000",
    "results/mood/brain/pca-residual/fold-0",
]


def packages(env: Path) -> dict[str, str]:
    """The conda packages of an env file, with their versions."""
    dependencies = yaml.safe_load(env.read_text())["dependencies"]
    return dict(each.split("=") for each in dependencies if isinstance(each, str) and "=" in each)


def test_env_files_are_those_of_pyproject_and_constraints():
    spec = importlib.util.spec_from_file_location("write", ROOT / "envs/write.py")
    write = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(write)
    here = {env.stem: env.read_text() for env in ENVS}
    assert here == write.env_files(), "run: python envs/write.py"
    assert all(f"      - challengeflow=={__version__}\n" in text for text in here.values())


def test_every_env_that_a_plugin_names_is_there():
    found = registry()
    named = {each.env for each in (*found.challenges.values(), *found.models.values()) if each.env}
    assert {name for name in named if not Path(name).is_absolute()} <= {env.stem for env in ENVS}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> Path:
    """Our own packages as they would be released."""
    folder = tmp_path_factory.mktemp("released") / "wheels"
    build_wheels(folder, *(str(path.relative_to(ROOT).parent) for path in PLUGINS.values()))
    return folder


@pytest.fixture
def conda(tmp_path: Path, wheels: Path):
    """Run snakemake with the conda profile; the stand-in is the only conda on the path."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin/conda"
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("conda")} "$@"\n')
    stand_in.chmod(0o755)
    # The command of the environment that tests run in is out of reach.
    path = os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"])
    environment = os.environ | {
        "PATH": path,
        "CONDA_STAND_IN": str(tmp_path / "stand-in"),
        "PIP_FIND_LINKS": str(wheels),
    }

    def snakemake(*arguments: str) -> subprocess.CompletedProcess:
        profiles = ["--profile", str(ROOT / "profiles/conda"), "--workflow-profile", str(ROOT / "profiles/default")]
        command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2", *profiles]
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    return snakemake


def test_every_plugin_runs_in_its_own_env(conda, tmp_path: Path):
    done = conda(*TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((tmp_path / target).is_dir() for target in TARGETS)
    made = {path.with_suffix("").name: path for path in (tmp_path / ".snakemake/conda").glob("*.yaml")}
    # What is installed from a wheel is whole: its schema too.
    command = next((tmp_path / ".snakemake/conda").glob("*/bin/challengeflow"))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("challenges: {}\n")
    checked = subprocess.run([command, "validate", "--config", wrong], capture_output=True, text=True)
    assert checked.returncode == 1 and "challenges" in checked.stderr and "Traceback" not in checked.stderr
    # Each env is its file's: the plugin is there, its neighbours and what only they need are not.
    found = {
        frozenset(
            p.name
            for p in (tmp_path / ".snakemake/conda" / name).glob("lib/*/site-packages/challengeflow_*")
            if p.is_dir() and "dist-info" not in p.name
        )
        for name in made
    }
    assert found == {frozenset({f"challengeflow_{name.replace('-', '_')}"}) for name in PLUGINS}


def test_an_env_of_another_version_is_refused(conda, tmp_path: Path):
    first = TARGETS[2].replace("pca-residual/fold-0", "index/samples.csv")
    assert conda("--conda-create-envs-only", first).returncode == 0
    (init,) = (tmp_path / ".snakemake/conda").glob("*/lib/*/site-packages/challengeflow/__init__.py")
    init.write_text(init.read_text().replace(__version__, "0.0.9.dev"))
    done = conda(first)
    assert done.returncode != 0
    sentence = (
        r"this environment \(\S+\) has challengeflow 0.0.9.dev, the workflow is run by {}; install challengeflow=="
    )
    assert re.search(sentence.format(re.escape(__version__)), done.stdout + done.stderr)


def test_an_env_without_the_command_says_so(conda, tmp_path: Path):
    first = TARGETS[2].replace("pca-residual/fold-0", "index/samples.csv")
    assert conda("--conda-create-envs-only", first).returncode == 0
    next((tmp_path / ".snakemake/conda").glob("*/bin/challengeflow")).unlink()
    done = conda(first)
    assert done.returncode != 0
    assert "this job's environment has no command challengeflow; its env file must list" in done.stdout + done.stderr


def test_versions_here_are_those_of_the_env_files():
    """What the stand-in links is what the env files name, so the runs above prove those versions."""
    for env in ENVS:
        for name, version in packages(env).items():
            if name not in ("python", "pytorch"):
                assert importlib.metadata.version(name.removeprefix("python-")) == version, f"{env.name}: {name}"
