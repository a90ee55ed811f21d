"""The digits plugin, installed into a folder of the test's own, and a way to run the workflow on it."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFIG = """\
challenges:
  digits:
    datasets:
      few: {source: demo}
"""


@dataclass
class Site:
    """A folder with plugins, a config and results, apart from everything installed."""

    folder: Path

    @property
    def plugin(self) -> Path:
        return self.folder / "plugins" / "challengeflow_digits"

    def environment(self, **extra: str) -> dict[str, str]:
        paths = os.pathsep.join([str(self.folder / "plugins"), os.environ.get("PYTHONPATH", "")])
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"PYTHONPATH": paths, "PATH": path, "CHALLENGEFLOW_PLUGINS": "digits"} | extra

    def configure(self, text: str = CONFIG) -> None:
        (self.folder / "config.yaml").write_text(text)

    def challengeflow(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess:
        return self._run([sys.executable, "-m", "challengeflow.cli", *arguments], extra)

    def python(self, program: str) -> subprocess.CompletedProcess:
        return self._run([sys.executable, "-c", program], {})

    def snakemake(self, *arguments: str, cores: int = 2, **extra: str) -> subprocess.CompletedProcess:
        profile = ["--workflow-profile", str(ROOT / "profiles/default")]
        command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", str(cores)]
        return self._run([*command, *profile, *arguments], extra)

    def _run(self, command: list[str], extra: dict[str, str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(**extra), capture_output=True, text=True, timeout=900
        )


def install_plugin(source: Path, plugins: Path, name: str) -> None:
    """Copy a package and describe it as an installed distribution, as pip would."""
    plugins.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, plugins / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    info = plugins / f"{source.name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {source.name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[challengeflow]\n{name} = {source.name}\n")


def make_site(folder: Path) -> Site:
    """An empty site with the digits plugin and a config that runs it."""
    made = Site(folder)
    install_plugin(ROOT / "tests/digits/challengeflow_digits", folder / "plugins", "digits")
    made.configure()
    return made


def planned(site: Site) -> dict[str, int]:
    """Rule -> number of jobs that the next run would do."""
    done = site.snakemake("--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout + done.stderr
    table = text.partition("Job stats:")[2].partition("\n\n")[0]
    found = dict(re.findall(r"^([\w-]+)\s+(\d+)$", table, re.MULTILINE))
    return {rule: int(count) for rule, count in found.items() if rule not in ("total", "all")}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of the test's own."""
    return make_site(tmp_path)
