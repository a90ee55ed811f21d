"""The wheels of this repository, built offline as `make wheels` builds them."""

import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".snakemake", "__pycache__", "build", "dist", "*.egg-info")


def left_out(folder: str, names: list[str]) -> set[str]:
    """What is no source: of the root also the results of runs, for elsewhere a module may have that name."""
    results = {name for name in names if name.startswith("results")} if Path(folder) == ROOT else set()
    return {*LEFT_OUT(folder, names), *results}


def build_wheels(folder: Path, *projects: str) -> None:
    """Build the core and `projects` (plugins/mood, say) into `folder`, from a copy: a build leaves its traces beside
    the source."""
    source = folder.with_name(f"{folder.name}-source")
    shutil.copytree(ROOT, source, ignore=left_out, symlinks=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    sources = [str(source), *(str(source / project) for project in projects)]
    subprocess.run([*pip, "--wheel-dir", str(folder), *sources], check=True, timeout=300)
