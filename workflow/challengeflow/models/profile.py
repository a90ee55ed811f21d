"""What the samples were like that models were trained on, and which new ones are unlike all of them.

Of the attributes that `preprocess` notes of a sample (frames, rate, spacing, parts): of numbers the least and the most,
of few different texts all. What tells samples apart, a file's name say, is left out: a package names none.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.arrays import Arrays

MOST_TEXTS = 5
EACH = 4
"""Samples for each different text: with fewer, it would tell them apart."""

LONGEST = 200
"""Characters of a text; longer ones, a file's header say, are data."""

APART = ("status", "shape")  # what the core itself asks for


def profile(folders: Iterable[Path]) -> dict[str, Any]:
    """Of the samples in prepared shards that could be read: `samples`, their number; `numbers`, attribute -> least and
    most; `texts`, attribute -> what it may be."""
    numbers: dict[str, list[float]] = {}
    texts: dict[str, set[str]] = defaultdict(set)
    samples = 0
    for attributes in _attributes(folders):
        samples += 1
        for name, value in _flat(attributes):
            if isinstance(value, str):
                texts[name].add(value)
            else:
                least, most = numbers.get(name, (value, value))
                numbers[name] = [min(least, value), max(most, value)]
    kept = {name: sorted(found) for name, found in texts.items() if len(found) <= min(MOST_TEXTS, samples // EACH)}
    return {"samples": samples, "numbers": dict(sorted(numbers.items())), "texts": dict(sorted(kept.items()))}


def unlike(trained: Mapping[str, Any], folders: Iterable[Path], meanings: Mapping[str, str]) -> list[str]:
    """How samples in prepared shards differ from all that models were trained on, a sentence each, what most have
    first; trained: what `profile` gave; meanings: of the attributes.

    A number differs where it is outside by more than the width of what was seen (a tenth, where all were alike).
    """
    odd: dict[str, list[Any]] = defaultdict(list)
    samples = 0
    for attributes in _attributes(folders):
        samples += 1
        for name, value in _flat(attributes):
            if _is_unlike(trained, name, value):
                odd[name].append(value)
    ordered = sorted(odd.items(), key=lambda each: -len(each[1]))
    return [_told(name, found, samples, trained, meanings) for name, found in ordered]


def _is_unlike(trained: Mapping[str, Any], name: str, value: Any) -> bool:
    seen, texts = trained["numbers"].get(name), trained["texts"].get(name)
    if isinstance(value, str) or seen is None:
        return texts is not None and str(value) not in texts
    least, most = seen
    width = most - least or abs(most) / 10
    return bool(width) and not least - width <= value <= most + width  # all 0 tells nothing


def _told(name: str, found: list[Any], samples: int, trained: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    seen = [*trained["texts"].get(name, [])]
    if name in trained["numbers"]:
        least, most = trained["numbers"][name]
        seen.append(f"{least:g}" if least == most else f"{least:g} to {most:g}")
    meaning = meanings.get(name.partition(".")[0])
    values = list(dict.fromkeys(each if isinstance(each, str) else f"{each:g}" for each in found))
    shown = ", ".join(values[:3]) + (", ..." if len(values) > 3 else "")
    what = f"{name} ({meaning})" if meaning else name
    return f"{len(found)} of {samples} samples have {what} {shown}; the models were trained on {' or '.join(seen)}"


def _attributes(folders: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for folder in folders:
        arrays = Arrays(folder)
        yield from (arrays.attributes(sample) for sample in arrays.ok())


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every number of attributes, also in lists and mappings, by its place there; texts, truth values, null and lists
    of texts as one text each."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if name or key not in APART:
                yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and value and not all(isinstance(each, str) for each in value):
        for place, each in enumerate(value):
            yield from _flat(each, f"{name}.{place}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            yield name, value
    elif len(text := value if isinstance(value, str) else json.dumps(value)) <= LONGEST and text.isprintable():
        yield name, text
