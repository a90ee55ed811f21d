"""Which training videos a dataset has: those of nano, micro, tier 1 and full, and the sets that were won with.

Where a rule takes some of many, it takes those with the smallest hash of their file name: always the same ones, and
more of them is a superset.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from heapq import nsmallest
from typing import Any

from challengeflow_clog_loss.data.tables import TrainRow, TrainTable

Rule = Callable[[TrainTable], list[int]]


def chosen(table: TrainTable, dataset: str, parameters: Mapping[str, Any]) -> list[int]:
    """Rows of the table (from 0, in its order) that are training videos of a dataset.

    Of the dataset `selected` they follow the parameters selection, per_project and hard_negatives.
    """
    if dataset != "selected":
        return sorted(RULES.get(dataset, RULES["full"])(table))
    rows = set(RULES[parameters["selection"]](table))
    if parameters["per_project"]:
        rows |= set(_more_of_each_project(table, rows, parameters["per_project"]))
    if parameters["hard_negatives"]:
        rows |= set(_hard_negatives(table))
    return sorted(rows)


def _where(condition: Callable[[TrainRow, int], bool]) -> Rule:
    """All rows whose metadata and label (1: stalled) fulfil a condition."""

    def rule(table: TrainTable) -> list[int]:
        pairs = zip(table.rows, table.stalled, strict=True)
        return [place for place, (row, stalled) in enumerate(pairs) if condition(row, stalled)]

    return rule


def _some(table: TrainTable, places: Iterable[int], count: int) -> list[int]:
    """`count` of the rows, by the hash of their file names."""
    return nsmallest(count, places, key=lambda place: hashlib.sha256(table.rows[place].filename.encode()).digest())


def _hard_negatives(table: TrainTable) -> list[int]:
    """Flowing by an expert's word while the crowd said stalled."""
    return _where(lambda row, stalled: row.tier1 == "True" and not stalled and float(row.crowd_score) >= 0.5)(table)


def _more_of_each_project(table: TrainTable, but: set[int], count: int) -> list[int]:
    """Up to `count` flowing tier-1 videos of each project, besides those of `but`."""
    projects = defaultdict(list)
    for place in _where(lambda row, stalled: row.tier1 == "True" and not stalled)(table):
        if place not in but:
            projects[table.rows[place].project_id].append(place)
    return [place for pool in projects.values() for place in _some(table, pool, count)]


def _zfturbo(table: TrainTable) -> list[int]:
    """First place: all stalled videos and 49,603 flowing ones; which of them is not known."""
    flowing = _where(lambda row, stalled: not stalled)(table)
    return _where(lambda row, stalled: bool(stalled))(table) + _some(table, flowing, 49_603)


def _lauraonac(table: TrainTable) -> list[int]:
    """Third place: micro and up to 500 more flowing tier-1 videos of each project."""
    micro = RULES["micro"](table)
    return [*micro, *_more_of_each_project(table, set(micro), 500)]


def _az_ka(table: TrainTable) -> list[int]:
    """MATLAB bonus prize: stalled with a crowd score of 0.6 or more; nine times as many flowing with 0.3 or less."""
    stalled = _where(lambda row, stalled: bool(stalled) and float(row.crowd_score) >= 0.6)(table)
    flowing = _where(lambda row, stalled: not stalled and float(row.crowd_score) <= 0.3)(table)
    return stalled + _some(table, flowing, 9 * len(stalled))


def _kbrodt(row: TrainRow, stalled: int) -> bool:
    """Second place: tier 1, and the stalled videos of the rest with a crowd score above 0.6."""
    return row.tier1 == "True" or (bool(stalled) and float(row.crowd_score) > 0.6)


RULES: dict[str, Rule] = {
    "nano": _where(lambda row, stalled: row.nano == "True"),
    "micro": _where(lambda row, stalled: row.micro == "True"),
    "tier1": _where(lambda row, stalled: row.tier1 == "True"),
    "full": _where(lambda row, stalled: True),
    "zfturbo": _zfturbo,
    "kbrodt": _where(_kbrodt),
    "lauraonac": _lauraonac,
    "az-ka": _az_ka,
}
