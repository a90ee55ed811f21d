"""Names that samples may have: none is run, none leaves its table, page or folder, and each is told from all others."""

import csv
import random
from pathlib import Path

from challengeflow import InputError, Sample, write_samples
from challengeflow.contract.samples import read_samples
from challengeflow.outside.names import ids, meant
from challengeflow.tables import write_table

COUNT, SECONDS = 100, 60
SEEDS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-rf",
    "@SUM(A1:A9)",
    "$(touch ran)",
    "`touch ran`",
    "; touch ran #",
    "a b",
    "a'b\"c",
    "<script>alert(1)</script>",
    "{{7*7}}{% raw %}",
    "{wildcard}",
    "%(name)s%n%s",
    "a,b\tc",
    "\x1b[31mred",
    "line\nbreak",
    "carriage\rreturn",
    "\u202egpj.exe",
    "con",
    "..",
    "...",
    "~root",
    "*",
    "?",
    "a\\b",
    "\udcff\udcfe",
    "é",
    "e\u0301",
    "\U0001f9e0" * 40,
    "x" * 250,
    "%2e%2e%2f",
    "%",
    "NULL",
    "nan",
    "1e9",
    "TRUE",
    "#REF!",
    "'quoted'",
    '"',
    "\u2028",
)
ENDINGS = (".mp4", ".npy", ".MP4", "")


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    files = []
    for name in [*draw.sample(SEEDS, 6), "".join(draw.choices("ab=+-@%./\\ '\"<&{}\x07\n\u202e\udc80é", k=9))]:
        path = folder / "data" / (name.replace("/", "_").strip("\0") + draw.choice(ENDINGS))
        path.parent.mkdir(exist_ok=True)
        if path.name in ("..", ".", "") or path.exists():
            continue
        try:
            path.write_bytes(b"1")
        except OSError:  # a name that no file has
            continue
        files.append(path)
    found = ids(sorted(files))
    return _about_ids(found, files) or _about_tables(found, folder) or _about_page(found)


def _about_ids(found: dict[str, Path], files: list[Path]) -> str | None:
    if set(found.values()) != set(files):
        return f"{len(files)} files, {len(found)} ids: {list(found)}"
    for name, path in found.items():
        if not name.isprintable() or len(name.encode()) > 200 or name[:1] in ("=", "+", "-", "@"):
            return f"{path.name!r} is called {name!r}"
        if "~" not in name and meant(name) not in (path.stem, path.name):
            return f"{name!r} does not come back as {path.name!r}"
    return None


def _about_tables(found: dict[str, Path], folder: Path) -> str | None:
    samples = [Sample(name, "test", name, {"file": str(place)}) for place, name in enumerate(found)]
    try:
        write_samples(folder, samples)
    except InputError as error:
        return f"ids are refused: {error}"
    if [sample.id for sample in read_samples(folder / "samples.csv")] != list(found):
        return f"the sample table reads back otherwise: {list(found)}"
    rows = [(name, path.stem.encode(errors="replace").decode()) for name, path in found.items()]
    write_table(folder / "people.csv", ("name", "file"), rows)
    with open(folder / "people.csv", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    formulas = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and not _number(cell)]
    return f"a spreadsheet runs {formulas}" if formulas or len(cells) != 2 + 2 * len(found) else None


def _about_page(found: dict[str, Path]) -> str | None:
    """Names in the leaderboard's page are text."""
    from challengeflow.reporting.leaderboard import _page

    entry = {
        "challenge": "c",
        "dataset": "d",
        "model": "m",
        "kind": "trained",
        "metric": "x",
        "chance": "0",
        "best": 1.0,
    }
    entry |= {"splits": {"train": {"score": 0.5, "interval": [0.4, 0.6]}}, "failed": {name: name for name in found}}
    page = _page([], [entry], [{"challenge": "c", "submission": "s", "name": "n", "files": []}])
    return "markup of a name is markup" if "<script>alert" in page else None


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
