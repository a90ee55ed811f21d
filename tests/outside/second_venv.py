"""A package made by `challengeflow new`, installed by pip into a virtual environment of its own."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT

COMMANDS = {"challengeflow": "challengeflow.cli", "snakemake": "snakemake", "pip": "pip", "pytest": "pytest"}
# The last two make pytest print each reason once more, in its summary.
NOT_PASSED_ON = ("PYTHONPATH", "CHALLENGEFLOW_PLUGINS", "CI", "BUILD_NUMBER")
# Python takes compiled code for current by second and size of the source: a file broken and mended within one second
# would stay broken.
UNCOMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_QUIET": "1"}


@dataclass(frozen=True)
class Outside:
    """A folder with the virtual environment `venv` and the packages that `challengeflow new` wrote."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv/bin/python"

    @property
    def site(self) -> Path:
        (found,) = (self.folder / "venv/lib").glob("python*/site-packages")
        return found

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Run a command with the environment's own commands first on the path, and no other plugin forced on it."""
        path = os.pathsep.join([str(self.python.parent), os.environ["PATH"]])
        kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
        environment = kept | OFFLINE | UNCOMPILED | {"PATH": path, "CLONE": str(ROOT)}
        return subprocess.run(
            command, cwd=cwd or self.folder, env=environment, capture_output=True, text=True, timeout=300
        )

    def challengeflow(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        return self.run("challengeflow", *arguments, cwd=cwd)

    def snakemake(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
        profile = ["--workflow-profile", str(ROOT / "profiles/default")]
        return self.run("snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2", *profile, *arguments, cwd=cwd)

    def pytest(self, package: Path, *arguments: str) -> subprocess.CompletedProcess:
        return self.run("pytest", "-q", *arguments, cwd=package)

    def new(self, kind: str, name: str, *arguments: str) -> Path:
        """Write a package and install it."""
        made = self.challengeflow("new", kind, name, *arguments)
        assert made.returncode == 0, made.stderr
        package = self.folder / made.stdout.split()[0]
        installed = self.run(
            "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", str(package)
        )
        assert installed.returncode == 0, installed.stderr
        return package

    @contextmanager
    def broken(self, file: str, old: str, new: str) -> Iterator[None]:
        """Replace something in an installed file for a while."""
        path = self.site / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1))
        try:
            yield
        finally:
            path.write_text(text)


def make_outside(folder: Path) -> Outside:
    """Make the virtual environment.

    It works offline: it sees the packages of the one that runs the tests, editable ones included, through a .pth file,
    so pip has nothing to fetch; and the commands, which pip would write, are written here.
    """
    made = Outside(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (made.site / "first.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    for command, module in COMMANDS.items():
        script = folder / "venv/bin" / command
        script.write_text(f'#!/bin/sh\nexec "{made.python}" -m {module} "$@"\n')
        script.chmod(0o755)
    return made
