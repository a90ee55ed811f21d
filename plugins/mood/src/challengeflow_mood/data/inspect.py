"""What is understood of a folder before anything runs: every scan, from its header, and every file that is not used."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib

from challengeflow import NOT_OPENED, InputError, Inspected, InspectJob
from challengeflow.outside.door import Unreadable, read_each
from challengeflow_mood.data.download import by_id
from challengeflow_mood.data.images import ENDINGS, open_scan
from challengeflow_mood.data.official_layout import ALIASES, Entry, Layout, find_layout
from challengeflow_mood.data.own_scans import BESIDE, belonging, find_scans
from challengeflow_mood.data.volumes import check_form

SECONDS = 300
"""To read one header; a member of a zip is unpacked for it."""


def inspect(job: InspectJob) -> list[Inspected]:
    """The organisers' files where they are there, else every scan of the folder; then all files that are not used."""
    layouts = {name: find_layout([job.source], name) for name in ([job.dataset] if job.dataset else ALIASES)}
    rows: list[Inspected] = []
    if job.splits == ("test",) and not any(layout.toy for layout in layouts.values()):
        layouts = {}
    for name, layout in layouts.items():
        rows += _organisers(job, name, layout)
    if not rows:
        rows += _own(job)
    wanting = {"train", "proxy"} & set(job.splits) and not any(layout.train for layout in layouts.values())
    if wanting:
        expected = f"{job.dataset}/{job.dataset}_train/*.nii.gz or {job.dataset}_train.zip"
        rows.insert(0, Inspected(status=f"it holds no train scan of {job.dataset!r}; expected is {expected}"))
    return rows + list(_others(job.source, {name for row in rows for name in row.files}))


def _organisers(job: InspectJob, dataset: str, layout: Layout) -> Iterator[Inspected]:
    """Train scans and toy cases with their labels."""
    labels = {name.removesuffix(".txt"): entry for name, entry in layout.sample_labels.items()}
    for split, scans in (("train or proxy", layout.train), ("test", layout.toy)):
        ids = by_id(scans)
        for sample, (status, facts) in zip(ids, _looked(job, [scans[file] for file in ids.values()]), strict=True):
            file = ids[sample]
            beside = [found[file] for found in (labels, layout.pixel_labels) if split == "test" and file in found]
            files = tuple(dict.fromkeys(_below(entry.path, job.source) for entry in (scans[file], *beside)))
            unscored = split == "test" and file not in labels
            notes = (f"it is not scored: toy_label/sample/{file}.txt is missing",) if unscored else ()
            understood = {"dataset": dataset, "split": split} | facts
            yield Inspected(sample=sample, files=files, status=status, understood=understood, notes=notes)
    if layout.groups is not None:
        says = {"says": "which train scans are of one person"}
        yield Inspected(files=(_below(layout.groups.path, job.source),), understood=says)


def _own(job: InspectJob) -> Iterator[Inspected]:
    try:
        scans, _ = find_scans(job.source)
    except InputError as reason:
        yield Inspected(status=str(reason))
        return
    ids = by_id(scans)
    for sample, (status, facts) in zip(ids, _looked(job, [scans[file] for file in ids.values()]), strict=True):
        paths = belonging(scans[ids[sample]])
        files = tuple(_below(path, job.source) for path in paths)
        yield Inspected(sample=sample, files=files, status=status, understood=facts)


def _looked(job: InspectJob, entries: list[Entry]) -> list[tuple[str, dict[str, str]]]:
    """Of each scan its status and what its header says."""
    items = [(entry,) for entry in entries[: job.most]]
    found = dict(
        job.progress(
            read_each(look, items, workers=job.threads, seconds=SECONDS, memory_mb=job.memory_mb), "header", len(items)
        )
    )
    looked = [found.get(place, (NOT_OPENED, {})) for place in range(len(entries))]
    return [(one.reason, {}) if isinstance(one, Unreadable) else one for one in looked]


def look(entry: Entry) -> tuple[str, dict[str, Any]]:
    """What the header of a scan says, and why the scan cannot be used, where that tells it; reads no voxel."""
    with entry.opened() as path:
        opened = open_scan(path)
    facts = {
        "voxels": " x ".join(map(str, opened.shape)),
        "mm": " x ".join(f"{size:.3g}" for size in nib.affines.voxel_sizes(opened.affine)),
        "axes to": "".join(str(code) for code in nib.aff2axcodes(opened.affine)),
        "type": str(opened.dtype),
    } | ({"slices": f"{len(entry.slices)} DICOM files"} if len(entry.slices) > 1 else {})
    try:
        check_form(opened.shape)
    except InputError as reason:
        return str(reason), facts
    return "ok", facts


def _others(source: Path, used: set[str]) -> Iterator[Inspected]:
    """Why each other file is not used."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else []
    for path in files:
        if (name := _below(path, source)) not in used:
            yield Inspected(files=(name,), status=f"not used: {_why(path, source)}")


def _why(path: Path, source: Path) -> str:
    place = path.relative_to(source)
    name = path.name.lower()
    if name.startswith("."):
        return "a shadow file that macOS leaves on other disks" if name.startswith("._") else "a hidden file"
    if "toy_label" in place.parts:
        return "a label of no toy case that is here"
    if name.endswith(ENDINGS) or name.endswith(".zip"):
        return (
            "a scan in another place than brain/brain_train, brain/toy (abdom alike), where others of this folder are"
        )
    if name.endswith(BESIDE):
        return "it lies beside no scan of its name"
    return "no image by its name or its first bytes"


def _below(path: Path, source: Path) -> str:
    return path.name if path == source else path.relative_to(source).as_posix()
