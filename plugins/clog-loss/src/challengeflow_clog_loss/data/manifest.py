"""The list of a shard's fetched videos: size and checksum of each, or why it is not there."""

import csv
from collections.abc import Iterable
from pathlib import Path

FILE = "manifest.csv"
COLUMNS = ("sample", "filename", "bytes", "sha256", "problem")


def write(folder: Path, rows: Iterable[tuple[str, str, int | str, str, str]]) -> None:
    """Write the list beside the videos: values in the order of COLUMNS, empty where nothing is known."""
    with open(folder / FILE, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def read(folder: Path) -> dict[str, dict[str, str]]:
    """Sample id -> row; empty for videos that were not fetched."""
    if not (folder / FILE).exists():
        return {}
    with open(folder / FILE, newline="") as file:
        return {row["sample"]: row for row in csv.DictReader(file)}
