"""One's own recordings as samples, with their labels apart, and the tracks of each shard."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from challengeflow import DownloadJob, InputError, Sample
from challengeflow.arrays import Arrays, Writer
from challengeflow.outside.door import Unreadable, read_each
from challengeflow_mabe_task1.data import layouts, parts, recordings_table, sequences
from challengeflow_mabe_task1.data.folder import label_names, survey
from challengeflow_mabe_task1.data.recordings_table import Recording
from challengeflow_mabe_task1.formats import labels, poses
from challengeflow_mabe_task1.formats.bouts import Choice, Labels, called
from challengeflow_mabe_task1.formats.tracks import Poses

SECONDS = 600
"""To read one recording; the longest take a minute."""


@dataclass(frozen=True)
class _Track:
    """What the sample table needs of a track; nothing is known of one that cannot be read."""

    frames: int = 0
    animals: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    fps: float | None = None
    notes: tuple[str, ...] = ()


def index(job: DownloadJob, folder: Path) -> list[Sample]:
    """The recordings as samples; their labels go as bouts into `job.gold`.

    A recording whose labels cannot be used is answered, not trained on, and says why. Raises InputError where nothing
    is left to train on, or recordings.csv is wrong.
    """
    surveyed = survey(folder)
    found = [each for each in surveyed.recordings if each.split in job.splits or job.splits == ("test",)]
    here = {each.id for each in found}
    if rest := [each.id for each in surveyed.recordings if each.id not in here]:
        job.progress.message(f"{len(rest)} recordings are of other splits than {', '.join(job.splits)}: {rest[0]} ...")
    if not found:
        raise InputError(
            f"{folder} holds no recording; put pose files in it (DeepLabCut .csv or .h5, SLEAP .h5 or .slp, .npy), "
            f"or a {recordings_table.NAME} that names them"
        )
    if surveyed.unused:
        names = ", ".join(list(surveyed.unused)[:5])
        job.progress.message(f"{len(surveyed.unused)} files are not used ({names} ...): see what inspect says of them")
    found = [replace(each, split=each.split if each.split in job.splits else "test") for each in found]
    read, sizes = _read(job, folder, found)
    found = [replace(each, notes=(*each.notes, *sizes[each.id].notes)) for each in found]
    found = _ordered(found, sizes, job.parameters["animals"])
    found, gold = _labelled(job, folder, found, read)
    vocabulary = _vocabulary(gold, job.parameters["behaviours"])
    spelled = labels.merged_spellings(list(gold.values()))
    for sentence in spelled:
        job.progress.message(sentence)
    found = [
        replace(each, notes=(*each.notes, *labels.respelled(gold[each.id], vocabulary))) if each.id in gold else each
        for each in found
    ]
    with Writer(job.gold / "labels") as out:
        for name, own in gold.items():
            arrays = {"bouts": labels.to_array(own, vocabulary), "known": labels.known_array(own)}
            out.add(name, labels.about(own), **arrays)
    used = parts.common([sizes[each.id].parts for each in found])
    return [
        Sample(
            each.id,
            each.split,
            each.fact("group") or each.id,
            _columns(each, place if surveyed.table else "", sizes[each.id], used, vocabulary, gold.get(each.id)),
        )
        for place, each in enumerate(found)
    ]


def shard(job: DownloadJob, folder: Path) -> None:
    """Write the two animals of each recording; one that cannot be read is written with the reason why."""
    kept = [job.work / f"track-{place}" for place in range(len(job.samples))]
    items = [(folder, sample, job.parameters, target) for sample, target in zip(job.samples, kept, strict=True)]
    found = read_each(_keep_track, items, workers=job.threads, seconds=SECONDS, memory_mb=job.memory_mb)
    reasons = {
        place: result.reason
        for place, result in job.progress(found, "recording", len(items))
        if isinstance(result, Unreadable)
    }
    with Writer(job.output) as out:
        for place, sample in enumerate(job.samples):
            if place in reasons:  # it goes into tables that should not depend on where the folder lies
                out.add(sample.id, {"status": reasons[place].replace(f"{folder}/", "")})
            else:
                track = Arrays(kept[place])
                out.add(sample.id, track.attributes(sample.id), **track[sample.id])
            shutil.rmtree(kept[place], ignore_errors=True)


def _keep_track(folder: Path, sample: Sample, parameters: Mapping[str, Any], target: Path) -> None:
    found = tracks(folder, sample, parameters)
    with Writer(target) as out:
        names = list(found.parts) or None
        sequences.write_track(out, sample.id, found.points, names, found.confidence, found.first)


def tracks(folder: Path, sample: Sample, parameters: Mapping[str, Any]) -> Poses:
    """The two animals of a recording, its parts by their plain names.

    Raises InputError where its files cannot be read or the animals are not clear.
    """
    if sample.columns["problem"]:
        raise InputError(sample.columns["problem"])
    folder = folder.parent if folder.is_file() else folder
    paths = [folder / name for name in sequences.listed(sample.columns["file"])]
    if paths[0].suffix.lower() in (".npy", ".npz"):
        item = next(layouts.read(paths[0], {sample.id} if paths[0].suffix.lower() == ".npz" else None))
        return Poses(("0", "1"), (), layouts.keypoints(item))  # arrays name no parts
    resident, intruder = sample.columns["resident"], sample.columns["intruder"]
    animals, renamed = parameters["animals"], parameters["rename_parts"]
    if animals is not None and not (resident and intruder):
        resident, intruder = animals
    found = poses.pair(poses.read(paths), resident, intruder, ", ".join(path.name for path in paths))
    return replace(found, parts=tuple(parts.plain_names(found.parts, renamed)))


def in_one_order(animals: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Recording -> its two animals in the order of the first recording that has the same two, where its own is another.

    animals: of recordings whose two animals nobody named.
    """
    first: dict[frozenset[str], tuple[str, ...]] = {}
    orders = {}
    for name, own in animals.items():
        if len(plain := tuple(map(called, own))) == len(set(plain)) == 2:
            order = first.setdefault(frozenset(plain), plain)
            if order != plain:
                orders[name] = tuple(own[::-1])
    return orders


def columns_to_read(recording: Recording) -> dict[str, str]:
    """The columns that `tracks` needs of a recording of which nothing else is known yet."""
    return _columns(recording, "", _Track(), (), (), None)


def made_from(folder: Path, sample: Sample, gold: Path) -> list[Path | str]:
    """What a recording is made from: its pose files, and the labels that were read of it."""
    folder = folder.parent if folder.is_file() else folder
    labels: list[Path | str] = []
    if (gold / "labels").exists() and sample.id in (kept := Arrays(gold / "labels")):
        arrays = kept[sample.id]
        labels = [repr(kept.attributes(sample.id)), *(arrays[name].tobytes().hex() for name in sorted(arrays))]
    return [*(folder / name for name in sequences.listed(sample.columns["file"])), *labels]


def read_labels(folder: Path, each: Recording, parameters: Mapping[str, Any]) -> Labels:
    """The labels of a recording, as the download parameters choose among what its file holds."""
    chosen = [parameters[name] for name in ("subjects", "observers", "channels")]
    return labels.read(folder / each.labels, Choice(label_names(each), each.fact("observation"), *chosen))


def _read(
    job: DownloadJob, folder: Path, found: Sequence[Recording]
) -> tuple[dict[str, Labels | Unreadable], dict[str, _Track]]:
    """Labels of the recordings that gold is kept of, and what the table needs of each track: nothing of one that cannot
    be read, which its shard will report. Files are read in processes of their own, which one may hang or end.
    """
    known = [each for each in found if each.split in job.gold_splits and each.labels]
    items: list[tuple[Any, ...]] = [(read_labels, folder, each, job.parameters) for each in known]
    items += [(_size, folder, each, job.parameters) for each in found]
    done = read_each(_called, items, workers=job.threads, seconds=SECONDS, memory_mb=job.memory_mb)
    results = dict(job.progress(done, "file", len(items)))
    sizes = [results[len(known) + place] for place in range(len(found))]
    return (
        {each.id: results[place] for place, each in enumerate(known)},
        {each.id: _Track() if isinstance(size, Unreadable) else size for each, size in zip(found, sizes, strict=True)},
    )


def _called(read: Callable[..., Any], *arguments: Any) -> Any:
    return read(*arguments)


def _labelled(
    job: DownloadJob, folder: Path, found: Sequence[Recording], read: Mapping[str, Labels | Unreadable]
) -> tuple[list[Recording], dict[str, Labels]]:
    """The recordings, and the labels of those that gold is kept of. One with unusable labels goes to test."""
    gold: dict[str, Labels] = {}
    kept, troubles = [], []
    for each in found:
        if each.split == "train" and not each.labels:
            raise InputError(
                f"recording {each.id!r} is in train without labels; name its label file in {recordings_table.NAME}"
            )
        if isinstance(own := read.get(each.id), Unreadable):
            trouble = own.reason.replace(f"{folder}/", "")
            troubles.append(trouble)
            job.progress.message(f"{each.id} is not trained on: {trouble}")
            facts = {name: value for name, value in each.facts.items() if name != "group"}
            each = replace(each, split="test", facts=facts, notes=(*each.notes, f"not trained on: {trouble}"))
        elif own is not None:
            gold[each.id] = own
            each = replace(each, notes=(*each.notes, *own.notes))
        kept.append(each)
    if troubles and not gold:
        raise InputError(f"no recording has labels that can be used; the first: {troubles[0]}")
    return [each for each in kept if each.split in job.splits], gold


def _ordered(found: Sequence[Recording], sizes: Mapping[str, _Track], wanted: Sequence[str] | None) -> list[Recording]:
    """The recordings with their animals named where a file has them in another order than the first recording."""
    unnamed = [each for each in found if wanted is None and not each.fact("resident")]
    orders = in_one_order({each.id: sizes[each.id].animals for each in unnamed})
    return [
        replace(
            each,
            facts={**each.facts, "resident": orders[each.id][0], "intruder": orders[each.id][1]},
            notes=(*each.notes, other_order(orders[each.id])),
        )
        if each.id in orders
        else each
        for each in found
    ]


def other_order(animals: Sequence[str]) -> str:
    """A sentence on a recording whose file has its animals in another order."""
    first, second = animals
    return f"its file has its animals in another order; as elsewhere {first} is the resident, {second} the intruder"


def _vocabulary(gold: Mapping[str, Labels], behaviours: Sequence[str] | None) -> tuple[str, ...]:
    """The behaviours by class number; of recordings without labels those asked for, if any are."""
    if gold:
        return labels.vocabulary(list(gold.values()), behaviours)
    return (*(name for name in behaviours if name != "other"), "other") if behaviours else ()


def _size(folder: Path, recording: Recording, parameters: Mapping[str, Any]) -> _Track:
    found = tracks(folder, Sample(recording.id, "", "", columns_to_read(recording)), parameters)
    names = found.parts or tuple(parts.unnamed(found.points.shape[3]))
    return _Track(found.points.shape[0], found.animals, names, found.fps, found.notes)


def _columns(
    recording: Recording,
    place: int | str,
    size: _Track,
    used: Sequence[str],
    vocabulary: Sequence[str],
    own: Labels | None,
) -> dict[str, str]:
    stated = (own.fps if own else None) or size.fps
    facts = {name: recording.fact(name) for name in ("annotator", "pixels_per_cm", "resident", "intruder")}
    return sequences.columns(
        file=list(recording.poses),
        position=place,
        frames=size.frames,
        parts=list(used),
        vocabulary=list(vocabulary),
        fps=recording.fact("fps") or stated or "",
        stated_fps=stated or "",
        label_rate=(own.rate if own else None) or "",
        notes=list(recording.notes),
        problem=recording.problem,
        **facts,
    )
