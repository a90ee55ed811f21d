"""Write requirements/*.txt: every package that an installation takes, as constraints.txt pins it, by its files' hashes.

    pip install -c constraints.txt -e ".[workflow,slurm,dev,heads]" -e plugins/...    # once, to know what needs what
    python envs/hashes.py

`demo.txt` is what `make demo` takes, `test.txt` what the tests take. The sources that pip is set to are asked for the
hashes of the files of each pinned version, for all systems; `pip install --require-hashes` then takes these files and
no others. PyTorch is its build for CPUs: the one for GPUs needs a dozen packages of gigabytes more, which nothing here
pins.
"""

import hashlib
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from unearth import Link, PackageFinder

ROOT = Path(__file__).parent.parent
PROJECTS = ("challengeflow", "challengeflow-clog-loss", "challengeflow-mabe-task1", "challengeflow-mood")
WANTED = {"demo": ("workflow",), "test": ("workflow", "slurm", "dev")}
HEAD = "# Written by envs/hashes.py: the pins of constraints.txt that an installation takes, by their files' hashes.\n"


def normal(name: str) -> str:
    """A distribution's name without spelling variants (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Normal name -> version, as constraints.txt has them."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {normal(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def closure(extras: Iterable[str]) -> list[str]:
    """Normal names of all that the projects require, and what these require, as installed here."""
    waiting, seen = [(name, tuple(extras)) for name in PROJECTS], set()
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        name, wanted = each
        for line in importlib.metadata.requires(name) or []:
            required = Requirement(line)
            if any(required.marker is None or required.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                waiting.append((normal(required.name), tuple(sorted(required.extras))))
    return sorted({name for name, _ in seen} - set(PROJECTS))


def hashed(finder: PackageFinder, name: str, version: str) -> str:
    """The lines of one package: its pin and the hashes of all its files."""
    found = list(finder.find_matches(f"{name}=={version}"))
    if not found:
        sys.exit(f"the index has no file of {name} {version}; mend constraints.txt")
    best = found[0].version  # 2.13.0+cpu before 2.13.0
    digests = {digest_of(package.link) for package in found if package.version == best}
    return " \\\n".join([f"{name}=={best}", *(f"    --hash=sha256:{digest}" for digest in sorted(digests))]) + "\n"


def digest_of(link: Link) -> str:
    """The SHA-256 that the source states; of a file on this machine, its own."""
    if link.hashes and "sha256" in link.hashes:
        return link.hashes["sha256"]
    with open(link.file_path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings(name: str) -> list[str]:
    """The values that pip is set to, by a file or the environment."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = re.findall(rf"^\S+\.{name}='(.*)'$", listed, re.MULTILINE)
    return [value for values in found for value in values.split()]


def main() -> None:
    finder = PackageFinder(
        index_urls=[*(settings("index-url") or ["https://pypi.org/simple"]), *settings("extra-index-url")],
        find_links=settings("find-links"),
        ignore_compatibility=True,
    )
    versions, lines = pins(), {}
    for file, extras in WANTED.items():
        names = closure(extras)
        if missing := [name for name in names if name not in versions]:
            sys.exit(f"constraints.txt lacks {', '.join(missing)}")
        for name in names:
            lines[name] = lines.get(name) or hashed(finder, name, versions[name])
        (ROOT / "requirements" / f"{file}.txt").write_text(HEAD + "".join(lines[name] for name in names))


if __name__ == "__main__":
    main()
