"""The list that the hook `draw` leaves beside its pictures, `pictures.json`: checked when it is written, read by the
report."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import ContractError

PICTURES = {"title": str, "caption": str, "alt": str, "files": list}
CURVE = {"title": str, "caption": str, "x_label": str, "y_label": str, "lines": list}
SUFFIXES = (".png", ".svg")
MOST_BYTES = 1_000_000
"""Of one file. The report of many models holds them all."""


def read(folder: Path) -> list[dict[str, Any]]:
    """The entries, in the order to be shown."""
    entries: list[dict[str, Any]] = json.loads((folder / "pictures.json").read_text())
    return entries


def check(folder: Path, what: str) -> None:
    """Raise ContractError for the first entry that is not as `DrawJob` says, and for a file that no entry shows."""
    try:
        entries = read(folder)
    except FileNotFoundError:
        raise ContractError(f"{what} have no pictures.json; write the list of entries into job.output") from None
    except ValueError as error:
        raise ContractError(f"{what}: pictures.json is not JSON ({error})") from None
    if not isinstance(entries, list):
        raise ContractError(f"{what}: pictures.json holds a {type(entries).__name__} where a list is expected")
    shown = set()
    for place, entry in enumerate(entries):
        for complaint in _complaints(entry, folder):
            raise ContractError(f"{what}: entry {place} of pictures.json {complaint}")
        shown |= set(entry.get("files", ()))
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and str(path.relative_to(folder)) not in shown:
            raise ContractError(f"{what}: no entry of pictures.json shows {path.relative_to(folder)}; list it")


def _complaints(entry: Any, folder: Path) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"is a {type(entry).__name__} where a mapping is expected"
        return
    expected = PICTURES if "files" in entry else CURVE
    if set(entry) - ({"opens_at"} if "files" in entry else set()) != set(expected):
        yield (
            f"has the keys {', '.join(sorted(entry))}; a picture has {', '.join(PICTURES)}, a curve {', '.join(CURVE)}"
        )
        return
    for key, kind in expected.items():
        if not isinstance(entry[key], kind) or not entry[key]:
            yield f"has {entry[key]!r} as {key!r}; give it a {kind.__name__} that is not empty"
            return
    if "files" in entry:
        yield from _files(entry["files"], folder)
        first = entry.get("opens_at", 0)
        if not isinstance(first, int) or not 0 <= first < len(entry["files"]):
            yield f"opens at {first!r}; expected is the place of one of its {len(entry['files'])} files, from 0 on"
    else:
        yield from _lines(entry["lines"])


def _files(files: Sequence[Any], folder: Path) -> Iterator[str]:
    for name in files:
        path = folder / str(name)
        if path.suffix not in SUFFIXES or Path(str(name)).is_absolute() or ".." in Path(str(name)).parts:
            yield f"names the file {name!r}; expected is a name in job.output that ends in {' or '.join(SUFFIXES)}"
        elif not path.is_file():
            yield f"names the file {name!r}, which is not there"
        elif path.stat().st_size > MOST_BYTES:
            yield f"names {name!r} of {path.stat().st_size} bytes; draw it smaller than {MOST_BYTES}"


def _lines(lines: Sequence[Any]) -> Iterator[str]:
    for line in lines:
        if not isinstance(line, dict) or set(line) != {"name", "x", "y"}:
            yield f"has the line {str(line)[:80]}; a line has name, x and y"
        elif len(line["x"]) != len(line["y"]) or not line["x"]:
            yield (
                f"has {len(line['x'])} x and {len(line['y'])} y in the line {line['name']!r}; "
                "expected as many, and some"
            )
        elif not all(isinstance(n, int | float) and math.isfinite(n) for n in (*line["x"], *line["y"])):
            yield f"has something else than finite numbers in the line {line['name']!r}"
