"""Absolute paths in what a run noted, as paths that say nothing of the machine and mean something on another."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

HERE = "data"
"""The folder that stands for wherever data, weights and the like were."""


def places(values: Iterable[Any], results: Path) -> dict[str, str]:
    """Absolute path -> what stands for it: `results` for that folder, else a name of its own in `data/`.

    values: JSON with paths in it, as keys or as values. The folder of the run and the home directory count as well.
    """
    found = {str(results): "results"}
    taken: set[str] = set()
    for path in sorted({path for value in values for path in _absolute(value)} - {*found}):
        if PurePosixPath(path).is_relative_to(results):
            continue
        name = PurePosixPath(path).name
        free = (f"{HERE}/{name}{f'-{number}' if number else ''}" for number in range(len(taken) + 1))
        found[path] = next(each for each in free if each not in taken)
        taken.add(found[path])
    machine = {str(Path.cwd()): ".", str(results.parent): ".", os.path.expanduser("~"): "~"}
    return {path: place for path, place in machine.items() if len(path) > 1} | found


def moved(value: Any, places: Mapping[str, str]) -> Any:
    """JSON with those paths replaced in all its keys and texts, the longest first."""
    if isinstance(value, Mapping):
        return {moved(key, places): moved(each, places) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [moved(each, places) for each in value]
    if isinstance(value, str):
        for path in sorted(places, key=len, reverse=True):
            value = value.replace(path, places[path])
    return value


def moved_text(text: str, places: Mapping[str, str]) -> str:
    """The same for the text of a JSON file, byte for byte as it is where it holds none of them."""
    escaped = {json.dumps(path)[1:-1]: json.dumps(place)[1:-1] for path, place in places.items()}
    changed: str = moved(text, escaped)
    return changed


def _absolute(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _absolute(key)
            yield from _absolute(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _absolute(each)
    elif isinstance(value, str) and value.startswith("/") and len(value) > 1:
        yield value
