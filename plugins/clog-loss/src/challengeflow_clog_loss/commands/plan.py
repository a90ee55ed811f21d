"""What a choice of videos would cost, before any of them is fetched: `challengeflow clog-loss-plan METADATA`."""

import argparse
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from challengeflow import InputError
from challengeflow_clog_loss.data import estimates, selection, tables

HEADER = ("", "videos", "stalled", "frames", "raw GB", "fetch min", "prepare min", "prepared GB")


class Cost(NamedTuple):
    """Videos, how many of them are stalled (None: not known) and their frames."""

    videos: int
    stalled: int | None
    frames: int

    @property
    def raw(self) -> int:
        return self.frames * estimates.BYTES_A_FRAME

    @property
    def prepared(self) -> int:
        return self.videos * estimates.PREPARED_BYTES_A_VIDEO


def main(arguments: list[str]) -> int:
    """Print a line a dataset, or the plan of one choice; InputError where the disk is too small for that."""
    options = _parser().parse_args(arguments)
    folder = Path(options.metadata)
    table, tests = tables.read_train(folder), tables.read_test(folder)
    wanted = vars(options)
    if options.selection is None:
        costs = {
            name: train_cost(table, selection.chosen(table, "selected", wanted | {"selection": name}))
            for name in selection.RULES
        }
    else:
        rows = set(selection.chosen(table, "selected", wanted))
        have = set(selection.RULES[options.have](table)) if options.have else set()
        costs = {f"{options.selection}, train": train_cost(table, sorted(rows - have))}
    costs["test"] = Cost(len(tests), None, sum(row.num_frames for row in tests))
    _print(costs, options)
    if options.selection is not None:
        _check_disk([cost for name, cost in costs.items() if name != "test" or not options.have], options)
    return 0


def train_cost(table: tables.TrainTable, rows: Sequence[int]) -> Cost:
    """The cost of some training videos, by their rows."""
    return Cost(len(rows), sum(table.stalled[row] for row in rows), sum(table.rows[row].num_frames for row in rows))


def _print(costs: Mapping[str, Cost], options: argparse.Namespace) -> None:
    lines = [HEADER]
    for name, cost in costs.items():
        fetch = cost.raw / (options.mb_per_second * 1e6) / 60
        prepare = cost.frames * estimates.PREPARE_SECONDS_A_FRAME / options.cores / 60
        stalled = "?" if cost.stalled is None else f"{cost.stalled:,}"
        numbers = (f"{cost.videos:,}", stalled, f"{cost.frames:,}", f"{cost.raw / 1e9:,.1f}")
        lines.append((name, *numbers, f"{fetch:,.0f}", f"{prepare:,.0f}", f"{cost.prepared / 1e9:,.1f}"))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *rest in lines:
        print(
            "  ".join(
                [first.ljust(widths[0]), *(each.rjust(width) for each, width in zip(rest, widths[1:], strict=True))]
            )
        )
    print(
        f"Raw sizes are {estimates.BYTES_A_FRAME // 1000} kB a frame, times those of {options.mb_per_second:g} MB/s "
        f"and {options.cores} cores."
    )


def _check_disk(costs: Sequence[Cost], options: argparse.Namespace) -> None:
    """The prepared videos, and the raw ones that are on disk at once, must fit."""
    raw = sum(cost.raw for cost in costs) * options.raw_share
    needed = raw + sum(cost.prepared for cost in costs)
    free = shutil.disk_usage(options.disk).free
    told = f"{estimates.gigabytes(needed)} of disk ({estimates.gigabytes(raw)} of raw videos at once)"
    if needed > free:
        raise InputError(
            f"this needs {told}, and {options.disk} has {estimates.gigabytes(free)} left; make room, choose fewer "
            "videos, or bound the raw ones by raw_shards in the config and give their share as --raw-share"
        )
    print(f"Needs {told}; {options.disk} has {estimates.gigabytes(free)} left.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="challengeflow clog-loss-plan", description=__doc__)
    parser.add_argument("metadata", help="folder with the competition's CSV files")
    parser.add_argument(
        "--selection", choices=list(selection.RULES), help="plan this choice; all are listed without it"
    )
    parser.add_argument("--per-project", type=int, default=0, metavar="N", help="up to N more flowing videos a project")
    parser.add_argument("--hard-negatives", action="store_true", help="and those that fooled the crowd")
    parser.add_argument("--have", choices=list(selection.RULES), help="a dataset that is prepared already")
    parser.add_argument(
        "--mb-per-second",
        type=float,
        default=estimates.MB_A_SECOND,
        metavar="MB",
        help=f"what the network gives ({estimates.MB_A_SECOND})",
    )
    parser.add_argument("--cores", type=int, default=2, help="cores to prepare on (2)")
    parser.add_argument("--disk", default=".", metavar="FOLDER", help="where the results go (here)")
    parser.add_argument(
        "--raw-share",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="raw videos on disk at once: raw_shards / shards (1)",
    )
    return parser
