"""Tables that people open: no text in them is a formula to a spreadsheet."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

FORMULA = tuple("=+-@\t\r")
"""What a text begins with that a spreadsheet takes for a formula, and runs."""


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file for people: comma, LF, quoted where needed, each text harmless to a spreadsheet."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([harmless(cell) for cell in row] for row in rows)


def harmless(cell: object) -> object:
    """A cell as it is, or a text that a spreadsheet would run with an apostrophe before it; numbers stay numbers.

    A carriage return, which Python's csv module writes as the end of a line, is a space.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r", " ")
    if not cell.startswith(FORMULA):
        return text
    try:
        float(cell)
    except ValueError:
        return f"'{text}"
    return cell
