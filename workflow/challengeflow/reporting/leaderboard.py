"""The leaderboard: every score of a run in one table, for programs (csv) and for people (html)."""

import csv
import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from challengeflow.contract.direction import direction_of, sign
from challengeflow.planning.layout import leaderboard as path_of
from challengeflow.reporting.axis import axis
from challengeflow.running.atomic import atomic
from challengeflow.running.provenance import SUFFIX

COLUMNS = (
    *("challenge", "dataset", "data", "model", "kind", "metric", "direction", "split"),
    *("score", "low", "high", "failed"),
)
Generated = Collection[Sequence[str]]
"""Challenge and dataset of each demo."""


def write(results: str, files: Iterable[str], generated: Generated = ()) -> None:
    """Write leaderboard.csv and leaderboard.html into `results` from scores.json files and submission folders."""
    paths = [Path(file) for file in files]
    scores = [json.loads(path.read_text()) for path in paths if path.suffix == ".json"]
    submissions = [_submission(folder, results) for folder in paths if folder.is_dir()]
    rows = sorted(_rows(scores, generated), key=_place)
    further = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    with atomic(Path(path_of(results, "csv")), Path(path_of(results, "html"))) as (table, page):
        with open(table, "w", newline="") as file:
            writer = csv.DictWriter(file, [*COLUMNS, *further], lineterminator="\n", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row | row["metrics"] for row in rows)
        page.write_text(_page(rows, scores, submissions))


def summary(files: Iterable[str], generated: Generated = (), most: int = 30) -> str:
    """The models of scores.json files as lines for a terminal, the best of each split first, without controls."""
    scores = [json.loads(Path(file).read_text()) for file in files]
    rows = [row for row in sorted(_rows(scores, generated), key=_place) if row["kind"] != "control"]
    names = [f"{row['challenge']}/{row['dataset']} {row['split']}" for row in rows]
    width, own = (max(map(len, texts), default=0) for texts in (names, [row["model"] for row in rows]))
    lines = [
        f"{name:<{width}}  {row['model']:<{own}}  {row['metric']} {float(row['score']):.3f} "
        f"[{float(row['low']):.3f}, {float(row['high']):.3f}]{'  (generated data)' if row['data'] else ''}"
        for name, row in zip(names, rows, strict=True)
    ]
    return "\n".join(lines[:most] + ([f"and {len(lines) - most} more"] if len(lines) > most else []))


def noted_demos(files: Iterable[str]) -> list[tuple[str, str]]:
    """Challenge and dataset of those scores.json files whose samples are a demo's, as the note of their table says."""
    found = []
    for folder in {Path(file).parents[1] for file in files}:
        note = Path(f"{folder}/index{SUFFIX}")
        config = json.loads(note.read_text())["config"] if note.is_file() else {}
        if config.get("datasets", {}).get(folder.name, {}).get("source") == "demo":
            found.append((folder.parent.name, folder.name))
    return found


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Where a row belongs: the best of each split first, its controls last."""
    gain = -sign(row["direction"]) * row["score"]
    return row["challenge"], row["dataset"], row["split"], row["kind"] == "control", gain


def _rows(scores: Sequence[dict[str, Any]], generated: Generated) -> list[dict[str, Any]]:
    demos = {tuple(each) for each in generated}
    return [
        {name: entry[name] for name in ("challenge", "dataset", "model", "kind", "metric")}
        | {"split": split, "score": result["score"], "low": result["interval"][0], "high": result["interval"][1]}
        | {"data": "generated" if (entry["challenge"], entry["dataset"]) in demos else ""}
        | {"failed": len(entry["failed"]), "direction": direction_of(entry), "metrics": result.get("metrics", {})}
        for entry in scores
        for split, result in entry["splits"].items()
    ]


def _submission(folder: Path, results: str) -> dict[str, Any]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    shown = [
        {"name": str(p.relative_to(folder)), "href": str(p.relative_to(results)), "bytes": p.stat().st_size}
        for p in files
    ]
    return {"challenge": folder.parts[-4], "submission": folder.parts[-2], "name": folder.name, "files": shown}


def _page(
    rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]], submissions: Sequence[dict[str, Any]]
) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda value: f"{value:.3f}" if isinstance(value, float) else str(value)
    boards: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        boards.setdefault((row["challenge"], row["dataset"]), []).append(row)
    about = {(entry["challenge"], entry["dataset"]): entry for entry in scores}
    axes = {
        key: axis(
            (end for row in of for end in (row["low"], row["score"], row["high"])),
            about[key]["best"],
            of[0]["direction"],
        )
        for key, of in boards.items()
    }
    details = {(e["challenge"], e["dataset"], e["model"]): e for e in scores}
    return environment.get_template("leaderboard.html.j2").render(
        boards=boards, axes=axes, about=about, details=details, submissions=submissions
    )
