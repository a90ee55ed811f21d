"""From a plugin's sample table to folds and shards: deterministic, groups kept whole, strata shared alike."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.contract.samples import COLUMNS, Sample, read_samples
from challengeflow.planning.plan import ShardName


def assign_folds(
    samples: Sequence[Sample], strata: Mapping[str, str], folds: int, known: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Group -> fold, so that each stratum is spread evenly and no group is cut.

    Greedy: groups in order of size (then of a hash of their name) go where they least unbalance the strata. Groups
    in `known` (the folds of a dataset that this one contains) stay where they are. Raises InputError for fewer
    groups than folds.
    """
    content: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in samples:
        content[sample.group][strata.get(sample.id, "")] += 1
    if len(content) < folds:
        raise InputError(
            f"{folds} folds need at least {folds} groups of train samples and there are {len(content)}; "
            "lower folds in the config"
        )
    totals: Counter[str] = sum(content.values(), Counter())
    filled: list[Counter[str]] = [Counter() for _ in range(folds)]
    fold_of = {group: fold for group, fold in (known or {}).items() if group in content}
    for group, fold in fold_of.items():
        filled[fold] += content[group]

    def imbalance(fold: int, group: str) -> float:
        return sum((2 * filled[fold][s] + n) * n / totals[s] ** 2 for s, n in content[group].items())

    waiting = [group for group in content if group not in fold_of]
    for group in sorted(waiting, key=lambda g: (-content[g].total(), hashlib.sha256(g.encode()).digest())):
        fold = min(range(folds), key=lambda f: (imbalance(f, group), filled[f].total(), f))
        fold_of[group] = fold
        filled[fold] += content[group]
    return fold_of


def write_index(
    folder: Path, made: Path, shards: Sequence[ShardName], folds: int, split_sizes: Mapping[str, int], base: Path | None
) -> None:
    """Complete an index: samples.csv with fold and shard of every sample, and one table for each own shard.

    made: folder with the plugin's samples.csv and strata.csv; base: samples.csv of the dataset that this one
    contains, whose samples keep their fold and shard. Samples of splits that are not in `split_sizes` (number
    of shards by split) are left out.
    """
    dataset = shards[0].dataset
    samples = [sample for sample in read_samples(made / "samples.csv") if sample.split in split_sizes]
    for split in split_sizes:
        if not any(sample.split == split for sample in samples):
            raise InputError(
                f"{dataset}: the {split} split has no samples; check the source, or name the splits it has in the config"
            )
    inherited = _read_index(base) if base else {}
    with open(made / "strata.csv", newline="") as file:
        strata = {row["sample"]: row["stratum"] for row in csv.DictReader(file)}
    train = [sample for sample in samples if sample.split == "train"]
    known = {row["group"]: int(row["fold"]) for row in inherited.values() if row["fold"] != ""}
    fold_of = assign_folds(train, strata, folds, known) if train else {}
    own = [sample for sample in samples if sample.id not in inherited]
    shard_of = _assign_shards(own, fold_of, shards)
    rows = [_row(sample, fold_of, shard_of, inherited, base) for sample in samples]
    extra = list(samples[0].columns)
    _write(folder / "samples.csv", [*COLUMNS, "fold", "shard", *extra], rows)
    (folder / "shards").mkdir()
    by_shard: dict[str, list[Sample]] = {shard.own: [] for shard in shards}
    for sample in own:
        by_shard[shard_of[sample.id]].append(sample)
    for name, members in by_shard.items():
        lines = ([s.id, s.split, s.group, *s.columns.values()] for s in members)
        _write(folder / "shards" / f"{name}.csv", [*COLUMNS, *extra], lines)


def _assign_shards(
    samples: Sequence[Sample], fold_of: Mapping[str, int], shards: Sequence[ShardName]
) -> dict[str, str]:
    """Sample -> own shard: equal runs of each split (and fold), in table order."""
    parts: dict[tuple, list[str]] = defaultdict(list)
    for shard in shards:
        parts[shard.split, shard.fold].append(shard.own)
    members: dict[tuple, list[str]] = defaultdict(list)
    for sample in samples:
        members[sample.split, fold_of[sample.group] if sample.split == "train" else None].append(sample.id)
    return {
        sample: parts[key][position * len(parts[key]) // len(ids)]
        for key, ids in members.items()
        for position, sample in enumerate(ids)
    }


def _row(sample: Sample, fold_of: Mapping, shard_of: Mapping, inherited: Mapping, base: Path | None) -> list[str]:
    if sample.id in inherited:
        shard = inherited[sample.id]["shard"]
        home = base.parent.parent.name
        shard = shard if "." in shard else f"{home}.{shard}"
    else:
        shard = shard_of[sample.id]
    fold = fold_of[sample.group] if sample.split == "train" else ""
    return [sample.id, sample.split, sample.group, fold, shard, *sample.columns.values()]


def _read_index(path: Path) -> dict[str, dict[str, str]]:
    with open(path, newline="") as file:
        return {row["sample"]: row for row in csv.DictReader(file)}


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
