"""Text tables as people's programs leave them: Excel's mark at the start, ; or tabs, decimal commas, old encodings."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from challengeflow import InputError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt")
HEAD = 1 << 16
"""Bytes from which the style of a table is told."""

_DECIMAL_COMMA = re.compile(r"(^|[;\t])-?\d+,\d+($|[;\t])")


@dataclass(frozen=True)
class Style:
    """How a table is written: encoding, what separates its columns, and the decimal sign."""

    encoding: str
    separator: str
    decimal: str


def style(path: Path) -> Style:
    """The style of a table, from its first lines. Raises InputError for a file that is no text."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    encoding = _encoding(path, head)
    lines = [line for line in head.decode(encoding, "replace").splitlines() if line.strip()]
    first = lines[0] if lines else ""
    separator = max(",;\t", key=first.count)  # the comma where there is none
    comma = separator != "," and any(_DECIMAL_COMMA.search(line) for line in lines[1:])
    return Style(encoding, separator, "," if comma else ".")


def read_text(path: Path) -> str:
    """A small text file as text, without Excel's mark. Raises InputError for a file that is no text."""
    with open(path, "rb") as file:
        raw = file.read()
    return raw.decode(_encoding(path, raw), "replace")


def rows(path: Path, most: int | None = None) -> Iterator[list[str]]:
    """The first `most` rows of a table (all of them by default) as cells without blanks around them."""
    found = style(path)
    with open(path, newline="", encoding=found.encoding, errors="replace") as file:
        lines = (line.replace("\0", "") for line in file)
        try:
            for number, cells in enumerate(csv.reader(lines, delimiter=found.separator)):
                if most is not None and number >= most:
                    return
                yield [cell.strip() for cell in cells]
        except csv.Error as error:
            raise InputError(f"{path} is not a readable table ({error}); save it as csv again") from None


def read_table(path: Path, skip: int = 0) -> "pd.DataFrame":
    """A table as text, its column names in row `skip`. Raises InputError where it is none."""
    import pandas as pd

    found = style(path)
    try:
        table = pd.read_csv(
            path,
            sep=found.separator,
            encoding=found.encoding,
            encoding_errors="replace",
            skiprows=skip,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            index_col=False,
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} is not a readable csv ({reason}); save it as csv again") from None
    table.columns = [str(name).strip() for name in table.columns]
    return table.apply(lambda column: column.str.strip()) if len(table.columns) else table


def number(path: Path, text: str, what: str) -> float:
    """A number as people write it, a decimal comma allowed. Raises InputError that names the file and `what`."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path} has {text.strip()!r} where a number is expected ({what.strip()}); mend it")
    return value


def _encoding(path: Path, raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in raw[:1000]:
        raise InputError(f"{path} is no text file; save it as csv again")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 4:  # not just the head's end, which may cut a letter in two
            return "latin-1"
    return "utf-8-sig"
