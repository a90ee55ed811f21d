"""Write docs/reference.md from the docstrings of the contract: `python docs/reference.py`."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import challengeflow
from challengeflow import answers, arrays, fetch, networks, pickles, scoring, testing
from challengeflow.contract import declare, errors, hookspecs, samples
from challengeflow.planning.plugins import registry
from challengeflow.reporting.show import prepared_lines

PAGE = Path(__file__).with_suffix(".md")
DECLARING = (
    *("Challenge", "Dataset", "Source", "Metric", "Submission", "Model", "Resources"),
    *("Prediction", "Gold", "PreparedArray"),
)
JOBS = (
    "InspectJob",
    "Job",
    "DownloadJob",
    "PreprocessJob",
    "TrainJob",
    "PredictJob",
    "ScoreJob",
    "DrawJob",
    "PackageJob",
)
PARTS = ("Inspected", "Sample", "Shard", "Answers", "Member")
SHIPPED = ("clog-loss", "mabe-task1", "mood")
TOOLS = (
    samples.write_samples,
    arrays.Writer,
    arrays.Arrays,
    arrays.Predictions,
    arrays.write_scores,
    answers.merge,
    scoring.write_json,
    scoring.bootstrap,
    scoring.bootstrap_interval,
    scoring.cross_fit,
    fetch.fetch,
    declare.integer,
    declare.number,
    declare.boolean,
    networks.prepare,
    networks.precision,
    networks.Training,
    networks.weights,
    networks.put_weights,
    networks.save_checkpoint,
    pickles.load_npy,
    errors.InputError,
    testing.ChallengeContract,
    testing.ModelContract,
)


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield (
        "Every hook, every dataclass and every function a plugin uses. "
        "Written by `docs/reference.py` from the docstrings; edit those."
    )
    yield ""
    yield "- [Hooks](#hooks): what a plugin implements"
    yield "- [Declarations](#declarations): what it declares"
    yield "- [Jobs](#jobs): what a stage is given"
    yield "- [Prepared arrays](#prepared-arrays): what a model for a shipped challenge starts from"
    yield "- [Tools](#tools): what stages and tests use"
    yield ""
    yield "## Hooks"
    yield ""
    yield from _text(hookspecs)
    for name, function in vars(hookspecs).items():
        if hasattr(function, "challengeflow_spec"):
            yield f"### {name}"
            yield ""
            yield from _code(f"{name}{inspect.signature(function)}")
            yield from _text(function)
    for title, names in (("Declarations", DECLARING), ("Jobs", (*JOBS, *PARTS))):
        yield f"## {title}"
        yield ""
        if title == "Declarations":
            yield "All of `from challengeflow import ...`, frozen, with keyword arguments alone."
            yield ""
        for name in names:
            yield from _dataclass(getattr(challengeflow, name))
    yield from _prepared()
    yield "## Tools"
    yield ""
    for tool in TOOLS:
        yield from _tool(tool)


def _prepared() -> Iterator[str]:
    """What a model for a shipped challenge finds."""
    yield "## Prepared arrays"
    yield ""
    yield "What a model finds of each sample in `Arrays(shard.prepared)`, beside the attributes `status` and `shape`."
    yield "`challengeflow describe CHALLENGE` says it of any challenge."
    yield ""
    for name in SHIPPED:
        yield f"### {name}"
        yield ""
        yield from (f"- {line}" for line in prepared_lines(registry().challenge(name)))
        yield ""


def _dataclass(kind: type) -> Iterator[str]:
    yield f"### {kind.__name__}"
    yield ""
    base = kind.__mro__[1]
    yield from _text(kind)
    if base is not object:
        yield f"Also has what [{base.__name__}](#{base.__name__.lower()}) has."
        yield ""
    inherited = {field.name for field in dataclasses.fields(base)} if dataclasses.is_dataclass(base) else set()
    yield "| field | type | default |"
    yield "|---|---|---|"
    for field in dataclasses.fields(kind):
        if field.name not in inherited:
            yield f"| `{field.name}` | `{_annotation(field.type)}` | {_default(field)} |".replace(
                " | None", " \\| None"
            )
    yield ""


def _tool(tool: Any) -> Iterator[str]:
    yield f"### {tool.__module__}.{tool.__name__}".replace("testing.contracts", "testing")
    yield ""
    if inspect.isfunction(tool):
        yield from _code(f"{tool.__name__}{inspect.signature(tool)}")
    yield from _text(tool)
    if inspect.isclass(tool):
        yield from _methods(tool)


def _methods(kind: type) -> Iterator[str]:
    """The public methods, those of the base classes first; of a contract, its checks."""
    methods = [
        (name, member)
        for base in reversed(kind.__mro__)
        for name, member in vars(base).items()
        if inspect.isfunction(member) and name[0] != "_" and base.__module__.startswith("challengeflow")
    ]
    for name, method in methods:
        parameters = list(inspect.signature(method).parameters.values())[1:]
        signature = str(inspect.signature(method).replace(parameters=parameters))
        summary = (inspect.getdoc(method) or "").replace("\n", " ")
        shown = name if name.startswith("test_") else f"{name}{_plain(signature)}"
        yield f"- `{shown}`" + (f": {summary}" if summary else "")
    if methods:
        yield ""


def _annotation(kind: Any) -> str:
    plain = isinstance(kind, type) and not hasattr(kind, "__args__")
    text = _plain(kind.__name__ if plain else str(kind))
    return text.replace("Mapping[str, Mapping[str, Any]]", "Schema")


def _plain(text: str) -> str:
    """Without the modules that names come from."""
    return re.sub(r"~|\b(challengeflow\.\w+|collections\.abc|typing|pathlib|numpy)\.", "", text)


def _default(field: dataclasses.Field) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()!r}`"
    return ""


def _code(text: str) -> Iterator[str]:
    yield "```python"
    yield _plain(text)
    yield "```"
    yield ""


def _text(thing: Any) -> Iterator[str]:
    """The docstring; lines that explain one name (`splits: ...`) as a list."""
    for line in inspect.getdoc(thing).splitlines():
        yield re.sub(r'^(\w+(?: "\w+")?): ', r"- `\1`: ", line)
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
