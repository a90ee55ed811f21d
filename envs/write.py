"""Write the conda env files from the pyproject files and constraints.txt: `python envs/write.py`.

One env for the core, one for each plugin, one more for each extra of a plugin (envs/PLUGIN-EXTRA.yaml). Versions are
those of constraints.txt; a package that it lacks is an error.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
ON_CONDA = {"isal": "python-isal", "torch": "pytorch"}  # where conda-forge has another name
HEAD = """\
# Written by envs/write.py: exact versions, as in constraints.txt. The stages run the challengeflow command \
inside this env,
# so it brings itself. Not released yet? docs/environments.md says how to build the packages that pip is to find.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.11
  - pip
"""


def normal(name: str) -> str:
    """A distribution's name without spelling variants (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def env_files() -> dict[str, str]:
    """Name -> content of every env file."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    versions = {normal(name): version for name, _, version in (line.partition("==") for line in lines)}
    core = _project(ROOT)
    files = {"core": _env([core], (), versions)}
    for folder in sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")):
        plugin = _project(folder)
        files[folder.name] = _env([core, plugin], (), versions)
        for extra, packages in plugin.get("optional-dependencies", {}).items():
            files[f"{folder.name}-{extra}"] = _env([core, plugin], packages, versions)
    return files


def _project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def _env(projects: list[dict], extra: list[str] | tuple[()], versions: dict[str, str]) -> str:
    own = [project["name"] for project in projects]
    wanted = [_name(each) for project in projects for each in project["dependencies"]] + [_name(each) for each in extra]
    wanted = [name for name in dict.fromkeys(wanted) if name not in own]
    lines = [f"  - {ON_CONDA.get(name, name)}={versions[normal(name)]}" for name in wanted]
    from_pip = [f"      - {project['name']}=={project['version']}" for project in projects]
    return HEAD + "\n".join([*lines, "  - pip:", *from_pip]) + "\n"


def _name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0]


if __name__ == "__main__":
    for name, text in env_files().items():
        (ROOT / "envs" / f"{name}.yaml").write_text(text)
