"""What a module needs to run without the workflow: the files of our packages that it imports, and the libraries.

Sources are parsed, never imported. A module's packages go along, with all that their `__init__`s import: Python loads
them first.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from challengeflow import InputError
from challengeflow.imports import followed, imported, module_file, parsed


def carried(modules: Iterable[str]) -> tuple[dict[str, Path], list[str]]:
    """Files and libraries that `modules` need: place below a source folder -> file, and distribution names, sorted.

    Followed are the packages that the modules are of, and challengeflow; all else but the standard library is a
    library. Raises InputError for a module that is not installed.
    """
    found = set(modules)
    for name in sorted(found):
        if module_file(name) is None:
            raise InputError(f"the module {name} is not installed here; install the plugin that brings it")
    own = {name.partition(".")[0] for name in found} | {"challengeflow"}
    needed: set[str] = set()
    while found != needed:
        needed = found
        found = set(followed({package for name in needed for package in _with_packages(name)}, own))
    used = {name.partition(".")[0] for module in needed for name in imported(parsed(module), module)}
    files = dict(sorted(_place(name) for name in needed))
    return files, _distributions(used - own - sys.stdlib_module_names)


def pinned(names: Iterable[str]) -> list[str]:
    """`name==version` of distributions and all that they require, as installed here, sorted; no local version
    labels.
    """
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue  # required on other systems alone
        for line in importlib.metadata.requires(name) or []:
            if not re.search(r"extra\s*==", line):
                waiting.append(re.split(r"[^\w.-]", line, maxsplit=1)[0])
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def licences(requirements: Iterable[str]) -> list[tuple[str, str, str]]:
    """(distribution, version, licence as its metadata states it) of each pinned requirement."""
    rows = []
    for line in requirements:
        name, _, version = line.partition("==")
        facts = importlib.metadata.metadata(name)
        classified = [c.rpartition(" :: ")[2] for c in facts.get_all("Classifier") or [] if c.startswith("License ::")]
        expression, text = ((facts.get_all(key) or [""])[0] for key in ("License-Expression", "License"))
        stated = expression or ", ".join(classified) or text.split("\n")[0]
        rows.append((name, version, stated or "see the distribution"))
    return rows


def _with_packages(module: str) -> Iterator[str]:
    """A module and the packages that it lies in."""
    words = module.split(".")
    yield from (".".join(words[:depth]) for depth in range(1, len(words) + 1))


def _place(module: str) -> tuple[str, Path]:
    """Where a module lies below a source folder, and its file."""
    file = module_file(module)
    assert file is not None, module  # followed are those that are there
    inner = "/__init__.py" if file.name == "__init__.py" else ".py"
    return module.replace(".", "/") + inner, file


def _distributions(packages: set[str]) -> list[str]:
    known = importlib.metadata.packages_distributions()
    return sorted({_normal(name) for package in packages for name in known.get(package, [])})


def _normal(name: str) -> str:
    """A distribution's name without spelling variants (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
