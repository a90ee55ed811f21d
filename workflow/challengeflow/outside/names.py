"""Names of files from outside, as text that every table, terminal and page holds, and the way back."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

LONGEST = 180
"""Bytes of a name; what is longer is shortened to something of its own, since endings are added to it."""


def spelled(name: str) -> str:
    """A file name with all that cannot be printed, or is no UTF-8, as `%` and two hexadecimal digits a byte; and so the
    first character where a spreadsheet would take the name for a formula, or a command for an option.

    Ordinary names stay as they are; `meant` gives the name back.
    """
    return "".join(
        char
        if char.isprintable()
        and not (at == 0 and char in "=+-@")
        and not (char == "%" and re.match("[0-9A-Fa-f]{2}", name[at + 1 :]))
        else _digits(char)
        for at, char in enumerate(name)
    )


def meant(text: str) -> str:
    """The file name that `spelled` made `text` of."""
    return os.fsdecode(re.sub(rb"%([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text)))


def short(text: str) -> str:
    """A text of at most `LONGEST` bytes: itself, or its beginning and end with a hash of all of it between them."""
    if len(text.encode()) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text.encode()[:120].decode(errors='ignore')}~{digest}~{text.encode()[-30:].decode(errors='ignore')}"


def ids(files: Iterable[Path], stem: Callable[[str], str] = lambda name: Path(name).stem) -> dict[str, Path]:
    """Sample id -> file, in the given order: the name without its ending, or all of it where that alone tells files
    apart."""
    files = list(files)
    count = Counter(stem(file.name) for file in files)
    return {short(spelled(stem(file.name) if count[stem(file.name)] == 1 else file.name)): file for file in files}


def _digits(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(char))
