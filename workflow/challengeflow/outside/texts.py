"""Small texts from outside, whatever program and language they were written with."""

import codecs
from pathlib import Path

from challengeflow.contract.errors import InputError

LARGEST = 256 << 20
"""Bytes of a text that is read as a whole."""

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text(path: Path) -> str:
    """The text of a file: in UTF-8, in UTF-16 where it begins with its mark, else as Windows writes it in Western Europe.

    Raises InputError where it is missing, too large, or no text.
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise InputError(f"{path} has {size} bytes; a table has at most {LARGEST}, so split it")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the path of a text file") from None
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InputError(f"{path} is not a text file: it has a byte 0 in it; export it again")
    return text
