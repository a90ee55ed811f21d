"""Fingerprints of a stage's code: its module and everything it imports, of its plugin and of the core, module by
module.

Sources are parsed, never imported, so this is cheap and sees edits of an editable install. Comments, layout and
docstrings do not count. Of the core count what plugins import (`arrays`, `scoring`, `networks`, the contract) and the
module that works for the stage: the code around it, which locks, checks, renames and notes, writes no answer. Of other
libraries nothing counts: a new version of one reruns nothing, and `challengeflow status` names the results that another
version made.
"""

import ast
import hashlib
import inspect
from collections.abc import Iterable
from functools import lru_cache

from challengeflow.contract.names import MODEL_STAGES
from challengeflow.imports import followed, imported, module_file, parsed
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.planning.plugins import Registry

CORE = "challengeflow"
OF_THE_CORE = {"ensemble": f"{CORE}.running.ensemble", "control": f"{CORE}.running.controls"}
"""The kinds of variants that the core answers itself, by the module that does."""

PACKAGES = f"{CORE}.models.package_file"
"""What takes models out of a package."""

GIVEN = f"{CORE}.running.given"
"""What a stage is given: seeds, shards, members."""


def stage_fingerprint(registry: Registry, stage: str, challenge: str, model: str | None = None) -> str:
    """Fingerprint of one stage of a challenge (of one model of it, for train and predict); 16 hex digits."""
    hook = registry.hook_of(stage, challenge, model)
    package = registry.package_of(registry.owner_of(stage, challenge, model))
    declared = registry.stage_module(stage, challenge, model)
    if hook is not None:
        function = inspect.unwrap(hook)
        also = (declared,) if declared and stage in MODEL_STAGES else ()
        return _of_hook(function.__module__, function.__qualname__, package, also)
    return _of_modules((declared or "",), package)


def job_fingerprint(registry: Registry, job: PlannedJob) -> str | None:
    """Fingerprint of the code that a job depends on.

    None of a download, which its source and checksums alone decide.
    """
    if job.hook == "download":
        return None
    if job.package:
        return _of_modules((PACKAGES,), CORE)
    if job.built_in:
        declared = registry.challenges[job.challenge]
        own = (declared.prediction.merge, declared.gold.perfect if declared.gold else None)
        modules = (OF_THE_CORE[job.kind or "control"], *(name for name in own if name))
        return _of_modules(modules, CORE, repr((declared.prediction, declared.gold)))
    return stage_fingerprint(registry, job.hook, job.challenge, job.model)


@lru_cache
def _of_modules(modules: tuple[str, ...], package: str, text: str = "") -> str:
    return _digest(text, _counted(modules, package))


@lru_cache
def _of_hook(module: str, name: str, package: str, also: tuple[str, ...]) -> str:
    """Of a hook in the module of a plugin's declarations: the function and what it uses of its module, not the
    whole."""
    if module_file(module) is None:  # a plugin made in a test, a notebook
        return _digest(name, _counted(also, package))
    part = _used(parsed(module), name.partition(".")[0])
    return _digest(_bare(part), _counted((*imported(part, module), *also), package) - {module})


def _counted(modules: Iterable[str], package: str) -> set[str]:
    """What counts of all that `modules` import, and what a stage is given."""
    start = [name for name in modules if module_file(name) is not None]
    packages = {CORE, package, *(name.partition(".")[0] for name in start)}
    return {*followed(start, packages), GIVEN}


def _digest(text: str, modules: Iterable[str]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(modules):
        digest.update(f"{name}\0{_dumped(name)}\0".encode())
    return digest.hexdigest()[:16]


@lru_cache
def _dumped(module: str) -> str:
    return _bare(parsed(module))


def _bare(tree: ast.Module) -> str:
    """The tree written out without docstrings. Others share it, so they are put back."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    whole = [(node, node.body) for node in ast.walk(tree) if isinstance(node, kinds)]
    for node, body in whole:
        node.body = [each for each in body if not _is_text(each)]
    try:
        return ast.dump(tree)
    finally:
        for node, body in whole:
            node.body = body


def _is_text(node: ast.AST) -> bool:
    """A docstring, or the text below a constant that stands for one."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _used(tree: ast.Module, name: str) -> ast.Module:
    """The statements of a module that define `name` and what it uses of the module, in their order."""
    waiting, taken = {name}, set()
    while waiting:
        wanted = waiting.pop()
        for place, node in enumerate(tree.body):
            if place not in taken and wanted in _defined(node):
                taken.add(place)
                waiting |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return ast.Module([tree.body[place] for place in sorted(taken)], [])


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
