"""What a module imports, from its source alone: nothing is imported or run to find out.

Two things need it: fingerprints (which code a result depends on) and plugins that carry their own code elsewhere (which
files must go along).
"""

import ast
import importlib.util
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path

from challengeflow.contract.errors import InputError


@cache
def module_file(module: str) -> Path | None:
    """The source of a module, or of a package its `__init__.py`; None where there is no such module."""
    package, *inner = module.split(".")
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    if not spec.submodule_search_locations:
        return None if inner or not spec.origin.endswith(".py") else Path(spec.origin)
    place = Path(spec.submodule_search_locations[0], *inner)
    for candidate in (place / "__init__.py", place.with_suffix(".py") if inner else place / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def parsed(module: str) -> ast.Module:
    """The syntax tree of a module. Raises InputError where it is not valid Python, or not there."""
    file = module_file(module)
    if file is None:
        raise InputError(f"there is no module {module}; install the plugin that brings it")
    try:
        return ast.parse(file.read_text())
    except SyntaxError as error:
        raise InputError(f"{file}, line {error.lineno}, is not valid Python: {error.msg}") from None


def imported(tree: ast.AST, module: str) -> Iterator[str]:
    """The modules that `tree`, a part of `module`, imports at any depth, but for those of type checkers alone.

    A name that a package's `__init__` only hands on (`from package import name`) leads to the module that defines it.
    """
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module)
            yield from (_source(base, alias.name) for alias in node.names)


def followed(modules: Iterable[str], packages: Collection[str]) -> list[str]:
    """`modules` and all that they import, directly or not, of the top-level `packages`; sorted."""
    waiting, seen = list(modules), set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] not in packages or module_file(name) is None:
            continue
        seen.add(name)
        waiting += imported_by(name)
    return sorted(seen)


@cache
def imported_by(module: str) -> tuple[str, ...]:
    """What the whole of a module imports; see `imported`."""
    return tuple(imported(parsed(module), module))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what stands below `if TYPE_CHECKING:`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_of_type_checkers(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _is_of_type_checkers(test: ast.expr) -> bool:
    """Whether it is `TYPE_CHECKING`, or `typing.TYPE_CHECKING`."""
    if isinstance(test, ast.Attribute):
        return test.attr == "TYPE_CHECKING" and isinstance(test.value, ast.Name) and test.value.id == "typing"
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """The module that a `from ... import` names, without leading dots: one dot is the package that `module` lies in."""
    if not node.level:
        return node.module or ""
    package = module.split(".")
    file = module_file(module)
    up = node.level - 1 if file is not None and file.name == "__init__.py" else node.level
    return ".".join([*package[: len(package) - up], *([node.module] if node.module else [])])


def _source(package: str, name: str) -> str:
    """The module that `from package import name` gets `name` from."""
    seen = set()
    while (package, name) not in seen:
        seen.add((package, name))
        if module_file(inside := f"{package}.{name}") is not None:
            return inside
        file = module_file(package)
        if file is None or file.name != "__init__.py":
            return package
        for node in parsed(package).body:
            if isinstance(node, ast.ImportFrom):
                given = next((alias.name for alias in node.names if name == (alias.asname or alias.name)), None)
                if given is not None:
                    package, name = _absolute(node, package), given
                    break
    return package
