"""The results folder of a config: any path of this machine that Snakemake, the shell and the file system agree on."""

import os
from pathlib import Path

from challengeflow.contract.errors import InputError

LONGEST = 2000
"""Bytes of the whole path: what is below it takes some hundred more, and systems end at 4,096."""

LONGEST_NAME = 200
"""Bytes of one folder's name: systems end at 255, and what is half-written has a longer name for a while."""


def check_results(results: str) -> str:
    """The path as everything below writes it: without `~`, `./` and a slash at its end.

    Raises InputError with what to write instead where runs cannot have it.
    """
    path = os.path.normpath(os.path.expanduser(results)) if results else ""
    here, whole = Path.cwd(), Path(path).resolve()
    wrong = None
    if not path:
        wrong = "it is empty"
    elif "://" in results:
        wrong = "it is an address, and results are files of this machine"
    elif set("{}") & set(path):
        wrong = "Snakemake takes what is in braces for a wildcard"
    elif len(os.fsencode(whole)) > LONGEST or any(len(os.fsencode(part)) > LONGEST_NAME for part in whole.parts):
        wrong = f"it is too long (at most {LONGEST} bytes, {LONGEST_NAME} a folder)"
    elif whole == here or whole in here.parents:
        wrong = "that is the folder of the run itself, or one above it"
    elif (
        taken := next((each for each in (whole, *whole.parents) if os.path.lexists(each)), None)
    ) and not taken.is_dir():
        wrong = f"{taken} is there already and is no folder"
    if wrong:
        shown = results if len(results) < 80 else f"{results[:77]}..."
        raise InputError(f"config key results: {shown!r} cannot be used, {wrong}; write another folder, results say")
    return path
