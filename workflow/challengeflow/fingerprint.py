"""What a stage's result depends on in code: the hook and everything it imports of its plugin.

Sources are parsed, never imported, so this is cheap and sees edits of an editable install. Comments and layout
do not count. A change of the core counts by its version.
"""

import ast
import hashlib
import importlib.util
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from challengeflow.errors import InputError
from challengeflow.plugins import Registry


def stage_fingerprint(registry: Registry, stage: str, challenge: str, model: str | None = None) -> str:
    """Fingerprint of one stage of a challenge (of one model of it, for train and predict); 16 hex digits."""
    function = registry.implementation(stage, challenge, model)
    extra = (registry.models[challenge, model].module,) if model is not None else ()
    return _fingerprint(inspect.unwrap(function), extra)


@lru_cache
def _fingerprint(function: Callable, extra_modules: tuple[str, ...]) -> str:
    package = function.__module__.partition(".")[0]
    source = ast.parse(textwrap.dedent(inspect.getsource(function)))
    waiting = [*_imported(source, function.__module__, package), *extra_modules]
    digest = hashlib.sha256(ast.dump(source).encode())
    seen: dict[str, ast.Module] = {}
    while waiting:
        name = waiting.pop()
        # The package itself (and the module of the hook) holds declarations, which reach a stage as parameters.
        if name in seen or name in (package, function.__module__) or (tree := _parse(name)) is None:
            continue
        seen[name] = tree
        waiting += _imported(tree, name, package)
    for name in sorted(seen):
        digest.update(name.encode() + ast.dump(seen[name]).encode())
    return digest.hexdigest()[:16]


def _imported(tree: ast.AST, module: str, package: str) -> Iterator[str]:
    """Names of modules of `package` that `tree`, a part of `module`, may import at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] == package)


@lru_cache
def _parse(module: str) -> ast.Module | None:
    """The syntax tree of a module, or None where there is no module of that name (an imported function, say)."""
    package, _, _ = module.partition(".")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], *module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            try:
                return ast.parse(candidate.read_text())
            except SyntaxError as error:
                raise InputError(f"{candidate}, line {error.lineno}, is not valid Python: {error.msg}") from None
    return None
