"""What a module needs to run without the workflow: the files of our packages that it imports, and the libraries.

Sources are parsed, never imported. A package's `__init__` counts with what it imports when it is loaded; inside its
functions (a plugin's hooks) lies what other stages need.
"""

import ast
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from challengeflow import InputError


def carried(modules: Iterable[str]) -> tuple[dict[str, Path], list[str]]:
    """Files and libraries that `modules` need: place below a source folder -> file, and distribution names, sorted.

    Followed are the packages that the modules are of, and challengeflow; all else but the standard library is a library.
    Raises InputError for a module that is not installed.
    """
    waiting = list(modules)
    own = {name.partition(".")[0] for name in waiting} | {"challengeflow"}
    files: dict[str, Path] = {}
    seen: set[str] = set()
    libraries: set[str] = set()
    for name in waiting:
        if _place(name) is None:
            raise InputError(f"the module {name} is not installed here; install the plugin that brings it")
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.partition(".")[0] not in own:
            libraries.add(name.partition(".")[0])
            continue
        found = _place(name)
        if found is None:  # not a module: a function or class imported from one
            continue
        place, file = found
        files[place] = file
        waiting += [name.rpartition(".")[0]] if "." in name else []
        waiting += _imported(ast.parse(file.read_text()), name, file.name == "__init__.py")
    return dict(sorted(files.items())), _distributions(libraries - sys.stdlib_module_names)


def pinned(names: Iterable[str]) -> list[str]:
    """`name==version` of distributions and all that they require, as installed here, sorted; no local version labels."""
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
                waiting.append(re.match(r"[\w.-]+", line)[0])
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def licences(requirements: Iterable[str]) -> list[tuple[str, str, str]]:
    """(distribution, version, licence as its metadata states it) of each pinned requirement."""
    rows = []
    for line in requirements:
        name, _, version = line.partition("==")
        facts = importlib.metadata.metadata(name)
        classified = [c.rpartition(" :: ")[2] for c in facts.get_all("Classifier") or [] if c.startswith("License ::")]
        stated = facts.get("License-Expression") or ", ".join(classified) or (facts.get("License") or "").split("\n")[0]
        rows.append((name, version, stated or "see the distribution"))
    return rows


def _place(module: str) -> tuple[str, Path] | None:
    """Where a module lies below a source folder, and its file; None where there is no module of that name."""
    package, *inner = module.split(".")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    if not spec.submodule_search_locations:
        return None if inner else (f"{package}.py", Path(spec.origin))
    folder = Path(spec.submodule_search_locations[0])
    for tail in ("/".join([*inner, "__init__.py"]), "/".join(inner) + ".py"):
        if (folder / tail).is_file():
            return f"{package}/{tail}", folder / tail
    return None


def _imported(tree: ast.Module, module: str, is_package: bool) -> Iterator[str]:
    """Names that a module may import; those that turn out to be functions or classes are sorted out later."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in tree.body if is_package else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _distributions(packages: set[str]) -> list[str]:
    known = importlib.metadata.packages_distributions()
    return sorted({_normal(name) for package in packages for name in known.get(package, [])})


def _normal(name: str) -> str:
    """A distribution's name without spelling variants (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
