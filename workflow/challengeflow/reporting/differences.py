"""What two pieces of JSON say differently, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

NOT_THERE = "not there"


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """`key.key: old -> new` of everything that differs."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            inside = f"{where}.{key}" if where else key
            yield from differences(before.get(key, NOT_THERE), after.get(key, NOT_THERE), inside)
    elif before != after:
        yield f"{where}: {before} -> {after}"
