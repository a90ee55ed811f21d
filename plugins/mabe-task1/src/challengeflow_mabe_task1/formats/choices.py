"""Of several subjects, people or channels in one file, those that are meant; they are never merged unasked."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from challengeflow import InputError
from challengeflow_mabe_task1.formats.bouts import called


def one_of(path: Path, parameter: str, found: Iterable[str], wanted: Sequence[str] | None) -> list[str]:
    """Those of `found` that are wanted, or the only one there is.

    Raises InputError where there are several and none was chosen, or where none of those chosen is there.
    """
    there = list(dict.fromkeys(found))
    if wanted is None and len(there) <= 1:
        return there
    chosen = [name for name in there if called(name) in map(called, wanted or ())]
    if chosen or not there:
        return chosen
    names = ", ".join(repr(name) for name in there)
    asked = "choose one or more" if wanted is None else f"none is of {', '.join(map(repr, wanted))}: choose others"
    raise InputError(f"{path} has labels of the {parameter} {names}; {asked} in the download parameter {parameter!r}")
