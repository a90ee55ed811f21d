"""The download stage: find the organisers' files (or one's own), table them, and provide a shard of them."""

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from challengeflow import DownloadJob, InputError, Sample, write_samples
from challengeflow_mood.data.official_layout import REASON, Entry, Layout, find_layout, stem
from challengeflow_mood.data.own_scans import belonging, find_scans

NAMED = 5  # of the files that are no scans


def download(job: DownloadJob) -> None:
    """Make one part: the archive `train` or `toy` (not of a folder of one's own), the index, or a shard."""
    if job.part == "archive" and job.source == "official":
        from challengeflow_mood.data import synapse

        synapse.fetch(job)
    elif job.part == "archive":
        from challengeflow_mood.demo import archives

        archives.write_archive(job)
    elif job.part == "index":
        _index(job)
    else:
        _provide(job)


def _find(job: DownloadJob) -> Layout:
    """The scans of the dataset; for a folder of one's own, every scan in it is a test case."""
    roots = sorted(job.archives.values()) or [Path(job.source)]
    layout = find_layout(roots, job.dataset)
    if job.splits == ("test",) and not layout.toy:
        scans, others = find_scans(Path(job.source))
        if others and job.part == "index":
            named = ", ".join(others[:NAMED]) + (", ..." if len(others) > NAMED else "")
            job.progress.message(f"{job.source} holds {len(others)} files that are no scans: {named}")
        return Layout({}, scans, {}, {})
    return layout


def _index(job: DownloadJob) -> None:
    layout = _find(job)
    train = by_id(layout.train)
    if not train and {"train", "proxy"} & set(job.splits):
        raise InputError(
            f"{job.source} holds no train scan of {job.dataset!r}; expected {job.dataset}/{job.dataset}_train/*.nii.gz "
            f"or {job.dataset}_train.zip there"
        )
    groups = _groups({name: layout.train[file] for name, file in train.items()})
    if layout.groups is not None:
        groups |= _groups_told(layout.groups, train)
    held_out = _held_out(set(groups.values()), job.parameters["proxy_share"]) if "proxy" in job.splits else set()
    samples = []
    for name, file in train.items():
        if groups[name] not in held_out:
            samples.append(Sample(name, "train", groups[name], {"file": file}))
        else:  # one stays healthy, the other gets an anomaly; which is which is gold
            samples += [Sample(f"{name}-{x}", "proxy", groups[name], {"file": file}) for x in "ab"]
    samples += [Sample(name, "test", f"test-{name}", {"file": file}) for name, file in by_id(layout.toy).items()]
    order = {split: at for at, split in enumerate(("train", "proxy", "test"))}
    kept = [sample for sample in samples if sample.split in job.splits]
    plan = _proxy_plan([sample.id for sample in kept if sample.split == "proxy"])
    made_from = _made_from(kept, layout, plan) if job.source not in ("demo", "official") else None
    write_samples(job.output, sorted(kept, key=lambda sample: order[sample.split]), made_from=made_from)
    _write_proxy_plan(job.gold / "proxy.csv", plan)
    if "test" in job.gold_splits:
        for kind, labels in (("sample", layout.sample_labels), ("pixel", layout.pixel_labels)):
            folder = job.gold / "toy_label" / kind
            folder.mkdir(parents=True, exist_ok=True)
            for name, entry in labels.items():
                entry.provide(folder / name)


def _made_from(samples: list[Sample], layout: Layout, plan: Mapping[str, int]) -> dict[str, list[Path | str]]:
    """What each sample is made from: its files, its labels, the anomaly it gets."""
    found: dict[str, list[Path | str]] = {}
    for sample in samples:
        file = sample.columns["file"]
        if sample.split == "test":
            labels = [each[name] for each, name in _labels_of(layout, file)]
            entries = [layout.toy[file], *labels]
        else:
            entries = [layout.train[file]]
        files = [path for entry in entries for path in belonging(entry)]
        crc = [f"{entry.member} {entry.size} {entry.crc}" for entry in entries if entry.member]
        found[sample.id] = [*(crc or files), str(plan.get(sample.id, ""))]
    return found


def _labels_of(layout: Layout, file: str) -> list[tuple[dict[str, Entry], str]]:
    """Where the labels of a toy case are, those that are there."""
    places = [(layout.sample_labels, f"{file}.txt"), (layout.pixel_labels, file)]
    return [(labels, name) for labels, name in places if name in labels]


def _proxy_plan(samples: list[str]) -> dict[str, int]:
    """Which proxy samples get an anomaly (gold): one of `NAME-a` and `NAME-b`, by a hash; a number stands for its kind.

    A number and not a kind, since the kinds are the preparation's, which takes them in turn.
    """
    names = sorted({sample[:-2] for sample in samples}, key=_hash)
    return {f"{name}-{'ab'[int(_hash(name), 16) % 2]}": number for number, name in enumerate(names)}


def _write_proxy_plan(path: Path, plan: Mapping[str, int]) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "number"])
        writer.writerows(plan.items())


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def by_id(files: Mapping[str, Entry]) -> dict[str, str]:
    """Sample id -> file name: the name without its ending, or all of it where two files differ in the ending alone."""
    stems = Counter(stem(file) for file in files)
    return {stem(file) if stems[stem(file)] == 1 else file: file for file in files}


def _groups(train: dict[str, Entry]) -> dict[str, str]:
    """Scan -> group: itself, or the first of the scans with the same content, which must not be parted."""
    same_size: dict[int, list[str]] = defaultdict(list)
    for name, entry in train.items():
        same_size[entry.size].append(name)
    groups = {}
    first: dict[tuple[int, int], str] = {}
    for names in same_size.values():
        for name in names:
            groups[name] = name if len(names) == 1 else first.setdefault(train[name].fingerprint(), name)
    return groups


def _groups_told(table: Entry, train: Mapping[str, str]) -> dict[str, str]:
    """Scan -> group, as `groups.csv` (columns file and group) says: scans of one person must not be parted."""
    rows = list(csv.DictReader(io.StringIO(table.text())))
    if any(None in (row.get("file"), row.get("group")) for row in rows):
        raise InputError(f"{table.path} needs the columns 'file' and 'group': one row for each train scan")
    told = {row["file"]: row["group"] for row in rows}
    missing = [file for file in train.values() if file not in told]
    if missing:
        raise InputError(f"{table.path} has no row for the train scan {missing[0]}; add one, or remove the table")
    return {name: told[file] for name, file in train.items()}


def _held_out(groups: set[str], share: float) -> set[str]:
    """The groups of the proxy split: the `share` whose names hash lowest, at least one, never all."""
    ranked = sorted(groups, key=_hash)
    return set(ranked[: min(len(ranked) - 1, max(1, round(share * len(ranked))))])


def _provide(job: DownloadJob) -> None:
    """Put the scans of the shard into the output folder, each once; a scan that has gone is left out."""
    layout = _find(job)
    for sample in job.progress(job.samples, "scan"):
        name = sample.columns["file"]
        entry = (layout.toy if sample.split == "test" else layout.train).get(name)
        if entry is not None and not (job.output / name).exists():
            try:
                entry.provide(job.output / name)
            except InputError as reason:  # of its own: the scan is answered like any that cannot be read
                job.progress.message(f"{sample.id} is left out: {reason}")
                (job.output / name).unlink(missing_ok=True)
                (job.output / f"{name}{REASON}").write_text(str(reason))
