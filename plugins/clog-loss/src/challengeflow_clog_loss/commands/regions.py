"""How well the regions of prepared videos were found: `challengeflow clog-loss-regions PREPARED FOLDER`.

PREPARED is a dataset's prepared shards, results/clog-loss/DATASET/prepared. FOLDER gets `regions.csv`, a row for each
video with its region's figures and what is unusual about it, and contact sheets of the videos that failed
(`failed-01.png`) and of the unusual ones (`unusual-01.png`).
"""

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_clog_loss.answers import answer_sheets
from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.video import region_remarks

COLUMNS = ("status", "found_by", *region_remarks.FIGURES, "remarks")


def main(arguments: list[str]) -> int:
    """Write the report and print how often what was found."""
    parser = argparse.ArgumentParser(prog="challengeflow clog-loss-regions", description=__doc__.partition("\n")[0])
    parser.add_argument("prepared", type=Path, help="results/clog-loss/DATASET/prepared")
    parser.add_argument("folder", type=Path, help="where the report goes")
    options = parser.parse_args(arguments)
    shards = [Arrays(path.parent) for path in sorted(options.prepared.glob("*/index.json"))]
    if not shards:
        raise InputError(f"{options.prepared} holds no prepared shards; name results/clog-loss/DATASET/prepared")
    options.folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Any, ...]] = []
    failed: list[answer_sheets.Cell] = []
    unusual: list[answer_sheets.Cell] = []
    found: Counter[str] = Counter()
    for shard in shards:
        for sample in shard:
            attributes = shard.attributes(sample)
            remarks = region_remarks.remarks(attributes)
            rows.append((sample, *row(attributes)))
            found.update(remarks or [attributes["status"]])
            if remarks or attributes["status"] != "ok":
                text = (sample, answer_sheets.describe(attributes, remarks))
                (unusual if remarks else failed).append(answer_sheets.Cell(shard, sample, text))
    tables.write_table(options.folder / "regions.csv", ("sample", *COLUMNS), rows)
    answer_sheets.write_sheets(options.folder, "failed", failed)
    answer_sheets.write_sheets(options.folder, "unusual", unusual)
    for what, count in found.most_common():
        print(f"{count:>8,}  {what}")
    return 0


def row(attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of COLUMNS for one prepared video; empty where nothing is known."""
    figures = attributes.get("region", {})
    known = ["" if figures.get(name) is None else figures[name] for name in region_remarks.FIGURES]
    return (attributes["status"], attributes.get("found_by", ""), *known, "; ".join(region_remarks.remarks(attributes)))
