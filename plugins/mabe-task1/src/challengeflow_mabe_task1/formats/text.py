"""Text tables as people's programs leave them: Excel's mark at the start, ; or tabs, decimal commas, old encodings."""

import csv
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from challengeflow import InputError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt")
HEAD = 1 << 16
"""Bytes from which the style of a table is told."""

_DECIMAL_COMMA = re.compile(r"(^|[;\t])-?\d+,\d+($|[;\t])")
_CLOCK = re.compile(r"(-?)(\d+):(\d\d):(\d\d([.,]\d+)?)")


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
    separator = max(",;\t", key=re.sub('"[^"]*"', "", first).count)  # the comma where there is none
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
    """A table as text, its column names in row `skip`, without empty lines at its end and empty columns without a name.

    Raises InputError where it is none, or where lines have more cells than there are columns.
    """
    import pandas as pd

    found = style(path)
    alone = len(next(iter(rows(path, 1)), [])) == 1  # in a table of one column an empty line is an empty cell
    try:
        with warnings.catch_warnings(record=True) as longer:
            warnings.simplefilter("always", pd.errors.ParserWarning)
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
                skip_blank_lines=not alone,
            ).fillna("")
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} is not a readable csv ({reason}); save it as csv again") from None
    if longer and any(any(cells[len(table.columns) :]) for cells in rows(path)):
        raise InputError(f"{path} has lines with more cells than there are columns; is a comma its decimal sign?")
    table.columns = [str(name).strip() for name in table.columns]
    table = table.apply(lambda column: column.str.strip()) if len(table.columns) else table
    nameless = [name.startswith("Unnamed: ") and bool((table[name] == "").all()) for name in table.columns]
    filled = np.flatnonzero((table != "").any(axis=1))
    return table.loc[: filled.max(initial=-1), [not each for each in nameless]]


def is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?", text.strip()) is not None


def numbers(path: Path, table: "pd.DataFrame", columns: Sequence[str]) -> np.ndarray:
    """Columns of a table of text as float32 (N, columns), NaN in empty cells; InputError where a cell is no number."""
    cells = table[list(columns)]
    if style(path).decimal == ",":
        cells = cells.apply(lambda column: column.str.replace(",", "."))
    try:
        return cells.replace("", "nan").to_numpy(str).astype(np.float32)
    except ValueError as error:
        raise InputError(f"{path} has points that are not all numbers ({error}); export it again") from None


def flags(column: "pd.Series") -> np.ndarray | None:
    """A column of 0 and 1 as float64 (N,): -1 where nobody looked, NaN in empty cells; None for another column."""
    import pandas as pd

    cells = column.str.lower().str.replace(",", ".").replace({"true": "1", "false": "0", "nan": "", "na": ""})
    found = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    sound = np.isin(found, (-1, 0, 1)) | (cells == "").to_numpy()
    return found if sound.all() else None


def seconds(path: Path, text: str, what: str) -> float:
    """A time as seconds or as h:mm:ss. Raises InputError that names the file and `what`."""
    clock = _CLOCK.fullmatch(text.strip())
    if not clock:
        return number(path, text, what)
    sign, hours, minutes, rest = clock.groups()[:4]
    return (-1 if sign else 1) * (3600 * int(hours) + 60 * int(minutes) + float(rest.replace(",", ".")))


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
