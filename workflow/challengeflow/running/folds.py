"""From a plugin's sample table to folds and shards: deterministic, groups kept whole, strata shared alike."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from challengeflow.contract.errors import ContractError, InputError
from challengeflow.contract.samples import COLUMNS, FOLD_COLUMNS, Sample, fold_cells, read_samples
from challengeflow.planning.own_data import Place, known_places, placed, stamps_of, touched, write_stamps
from challengeflow.planning.plan import ShardName
from challengeflow.planning.settings import DatasetSettings


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
    totals = Counter(strata.get(sample.id, "") for sample in samples)
    filled: list[Counter[str]] = [Counter() for _ in range(folds)]
    fold_of = {group: fold for group, fold in (known or {}).items() if group in content}
    for group, fold in fold_of.items():
        filled[fold].update(content[group])
    sizes = [each.total() for each in filled]

    def imbalance(fold: int, group: str) -> float:
        return sum((2 * filled[fold][s] + n) * n / totals[s] ** 2 for s, n in content[group].items())

    waiting = [group for group in content if group not in fold_of]
    for group in sorted(waiting, key=lambda g: (-content[g].total(), hashlib.sha256(g.encode()).digest())):
        fold = min(range(folds), key=lambda f: (imbalance(f, group), sizes[f], f))
        fold_of[group] = fold
        filled[fold].update(content[group])
        sizes[fold] += content[group].total()
    return fold_of


def own_folds(samples: Sequence[Sample], folds: int) -> dict[str, int | None]:
    """Sample -> fold, as the sample table says it.

    Raises ContractError where a fold has nothing to hold out or to train on.
    """
    for sample in samples:
        for fold in (*sample.unseen, *([] if sample.fold is None else [sample.fold])):
            if not 0 <= fold < folds:
                raise ContractError(
                    f"sample {sample.id!r} names the fold {fold}; the dataset has folds 0 to {folds - 1}"
                )
    for fold in range(folds):
        if not any(sample.fold == fold for sample in samples):
            raise ContractError(f"no train sample is in fold {fold}; put some into each, or lower folds in the config")
        if all(sample.fold == fold or fold in sample.unseen for sample in samples):
            raise ContractError(f"the training of fold {fold} may see no sample; leave it some")
    return {sample.id: sample.fold for sample in samples}


def write_index(
    folder: Path,
    made: Path,
    shards: Sequence[ShardName],
    entry: DatasetSettings,
    base: Path | None,
    before: Path | None = None,
    files: str = "",
) -> None:
    """Complete an index: samples.csv with fold and shard of every sample, and one table for each own shard.

    made: folder with the plugin's samples.csv and strata.csv; base: samples.csv of the dataset that this one contains,
    whose samples keep their fold and shard. Samples of splits that the dataset does not have are left out.
    before: of own data, the index that was there, whose samples keep theirs too; files: the listing of the source.
    """
    dataset = shards[0].dataset
    samples = [sample for sample in read_samples(made / "samples.csv") if sample.split in entry.splits]
    for split in entry.splits:
        if not any(sample.split == split for sample in samples):
            raise InputError(
                f"{dataset}: the {split} split has no samples; check the source, or name the splits it has in the "
                "config"
            )
    inherited = _inherited(base) if base else {}
    known = known_places(before, [shard.own for shard in shards])
    own = [sample for sample in samples if sample.id not in inherited]
    stamps = stamps_of(own, made, files) if entry.is_own else {}
    home = {shard.own: shard.fold for shard in shards}
    settled = {place.group: fold for place in known.values() if (fold := home[place.shard]) is not None}
    fold_of = _folds(samples, made / "strata.csv", inherited, entry, settled)
    shard_of = _assign_shards(own, fold_of, shards, known, touched(known, stamps))
    shard_of |= {sample: row["shard"] for sample, row in inherited.items()}
    rows = [_row(sample, fold_of, shard_of[sample.id]) for sample in samples]
    extra = list(samples[0].columns)
    _write(folder / "samples.csv", [*COLUMNS, "fold", "shard", *extra], rows)
    (folder / "shards").mkdir()
    by_shard: dict[str, list[Sample]] = {shard.own: [] for shard in shards}
    for sample in own:
        by_shard[shard_of[sample.id]].append(sample)
    declared = FOLD_COLUMNS if entry.own_folds else ()
    for name, members in by_shard.items():
        lines = ([s.id, s.split, s.group, *(fold_cells(s) if declared else ()), *s.columns.values()] for s in members)
        _write(folder / "shards" / f"{name}.csv", [*COLUMNS, *declared, *extra], lines)
    if entry.is_own:
        write_stamps(folder, by_shard, stamps, before)


def _folds(
    samples: Sequence[Sample],
    strata_file: Path,
    inherited: Mapping[str, Mapping[str, str]],
    entry: DatasetSettings,
    settled: Mapping[str, int],
) -> dict[str, int | None]:
    """Train sample -> its fold. settled: group -> the fold that it had before."""
    train = [sample for sample in samples if entry.splits[sample.split] == "train"]
    if entry.own_folds:
        fold_of = own_folds(train, entry.folds) if train else {}
        for sample in (sample for sample in train if sample.id in inherited):
            if inherited[sample.id]["fold"] != fold_cells(sample)[0]:
                raise ContractError(
                    f"sample {sample.id!r} is in another fold than in the dataset that this one contains"
                )
        return fold_of
    if any(sample.fold is not None or sample.unseen for sample in train):
        raise ContractError("the sample table says folds, which Dataset.own_folds does not; declare own_folds=True")
    with open(strata_file, newline="") as file:
        strata = {row["sample"]: row["stratum"] for row in csv.DictReader(file)}
    known = {row["group"]: int(row["fold"]) for row in inherited.values() if row["fold"] != ""}
    by_group = assign_folds(train, strata, entry.folds, {**settled, **known}) if train else {}
    if settled and len(set(by_group.values())) < entry.folds:  # all groups of a fold are gone
        by_group = assign_folds(train, strata, entry.folds, known) if train else {}
    return {sample.id: by_group[sample.group] for sample in train}


def _assign_shards(
    samples: Sequence[Sample],
    fold_of: Mapping[str, int | None],
    shards: Sequence[ShardName],
    known: Mapping[str, Place],
    again: set[str],
) -> dict[str, str]:
    """Sample -> own shard, split by split (and fold by fold); again: shards that are made again anyway."""
    parts: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for shard in shards:
        parts[shard.split, shard.fold].append(shard.own)
    members: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for sample in samples:
        members[sample.split, fold_of.get(sample.id)].append(sample.id)
    found: dict[str, str] = {}
    for key, ids in members.items():
        found |= placed(ids, parts[key], known, again)
    return found


def _row(sample: Sample, fold_of: Mapping[str, int | None], shard: str) -> list[object]:
    fold = fold_of.get(sample.id)
    return [sample.id, sample.split, sample.group, "" if fold is None else fold, shard, *sample.columns.values()]


def _inherited(base: Path) -> dict[str, dict[str, str]]:
    """Sample -> its row in the table of the dataset that is contained.

    The shard with the name of the dataset that it lies in.
    """
    with open(base, newline="") as file:
        rows = {row["sample"]: row for row in csv.DictReader(file)}
    for row in rows.values():
        if "." not in row["shard"]:
            row["shard"] = f"{base.parent.parent.name}.{row['shard']}"
    return rows


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
