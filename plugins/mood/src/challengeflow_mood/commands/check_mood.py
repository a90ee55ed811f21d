"""The command `challengeflow check-mood`: whether the organisers' files are all there and sound, before days are spent
on them.

Counts, shapes, types, affines, copies and labels are read from the headers, in zips too, without unpacking them. With
`--values` every voxel is read: NaN, values outside [0, 1], constant scans.
"""

import argparse
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from nibabel.freesurfer.mghformat import MGHImage
from nibabel.spatialimages import HeaderDataError

from challengeflow import InputError, Progress
from challengeflow_mood.data.geometry import usable_affine
from challengeflow_mood.data.images import NIFTI
from challengeflow_mood.data.official_layout import Entry, Layout, find_layout
from challengeflow_mood.data.volumes import memory_needed, read_scan

EXPECTED = {"brain": (800, 256), "abdom": (550, 512)}
"""Dataset -> train scans and voxels a side, as the organisers announce them."""
TOYS = 4
HEAD = 1024  # bytes, more than any header
MGH = b"\0\0\0\1"  # its version


def main(arguments: list[str]) -> int:
    """Run the command; 0 when nothing is wrong, else 1. Raises InputError when no file of the challenge is there."""
    parser = argparse.ArgumentParser(
        prog="challengeflow check-mood", description="Check the organisers' files of MOOD."
    )
    parser.add_argument(
        "folder", type=Path, help="folder with brain/ and abdom/ (or colon/), or with the official zips"
    )
    parser.add_argument("--values", action="store_true", help="read every voxel too (hours for all of it)")
    options = parser.parse_args(arguments)
    layouts = {dataset: find_layout([options.folder], dataset) for dataset in EXPECTED}
    if not any(layout.train or layout.toy for layout in layouts.values()):
        raise InputError(
            f"{options.folder} holds no file of MOOD; expected brain/brain_train/*.nii.gz or brain_train.zip"
        )
    wrong = 0
    for dataset, layout in layouts.items():
        print(f"{dataset}: {len(layout.train)} train scans, {len(layout.toy)} toy cases")
        for complaint in complaints(dataset, layout, values=options.values):
            print(f"  {complaint}")
            wrong += 1
    print("nothing is wrong" if not wrong else f"{wrong} things to look at")
    return min(wrong, 1)


def complaints(dataset: str, layout: Layout, *, values: bool = False) -> Iterator[str]:
    """What is not as the organisers announce it, one sentence each."""
    expected, side = EXPECTED[dataset]
    if len(layout.train) != expected:
        yield f"{len(layout.train)} train scans, expected {expected}; fetch what is missing, or go on with these"
    if len(layout.toy) != TOYS:
        yield f"{len(layout.toy)} toy cases, expected {TOYS}"
    for name in sorted({*layout.toy} - {file.removesuffix(".txt") for file in layout.sample_labels}):
        yield f"toy case {name} has no toy_label/sample/{name}.txt; it will not be scored"
    yield from _copies(layout.train)
    scans = {**layout.train, **{f"toy/{name}": entry for name, entry in layout.toy.items()}}
    yield from _odd_headers(Progress("check-mood")(scans.items(), f"header of {dataset}"), side)
    for name, entry in Progress("check-mood")(scans.items(), f"scan of {dataset}") if values else ():
        yield from _odd_values(name, entry)


def _copies(train: Mapping[str, Entry]) -> Iterator[str]:
    """Scans with the same content: they may not be on both sides of a split, and are put into one group."""
    same: dict[tuple[int, int], list[str]] = defaultdict(list)
    sizes = Counter(entry.size for entry in train.values())
    for name, entry in train.items():
        if sizes[entry.size] > 1:
            same[entry.fingerprint()].append(name)
    for names in same.values():
        if len(names) > 1:
            yield f"{', '.join(names)} hold the same; they share a group"


def _odd_headers(scans: Iterable[tuple[str, Entry]], side: int) -> Iterator[str]:
    """Unreadable headers, shapes other than announced, types and affines other than most scans have."""
    facts = {}
    for name, entry in scans:
        try:
            facts[name] = header_facts(entry)
        except (InputError, OSError, EOFError, ValueError, HeaderDataError) as error:
            yield f"{name} has no header that can be read ({error}); fetch it again"
    for what, at in (("type", 1), ("affine", 2)):
        usual = Counter(fact[at] for fact in facts.values()).most_common(1)
        for name, fact in facts.items():
            if fact[at] != usual[0][0]:
                yield f"{name} has the {what} {fact[at]}, most have {usual[0][0]}"
    for name, (shape, _, _) in facts.items():
        if shape != (side,) * 3:
            yield (
                f"{name} has the shape {shape}, expected {(side,) * 3} (preparing it takes about "
                f"{memory_needed(shape) / 1e9:.1f} GB)"
            )


def header_facts(entry: Entry) -> tuple[tuple[int, ...], str, str]:
    """Shape, stored type and affine (rounded, as text) of a NIfTI or MGH file, from its first bytes."""
    data = entry.head(HEAD)
    if not data:
        raise ValueError("it is empty")
    kind = NIFTI.get(int.from_bytes(data[:4], "little")) or NIFTI.get(int.from_bytes(data[:4], "big"))
    if kind is not None:
        header = kind.header_class(data[: kind.header_class.template_dtype.itemsize], check=False)
        affine = usable_affine(header)
    elif data[:4] == MGH:
        header = MGHImage.header_class.from_fileobj(io.BytesIO(data))
        affine = usable_affine(header, header.get_affine())
    else:
        raise ValueError("it is no NIfTI and no MGH file")
    text = " ".join(f"{value:.4g}" for value in np.round(affine[:3], 3).ravel() + 0.0)
    return tuple(int(n) for n in header.get_data_shape()), str(header.get_data_dtype()), text


def _odd_values(name: str, entry: Entry) -> Iterator[str]:
    try:
        with entry.opened() as path:
            facts = read_scan(path).geometry
    except InputError as reason:
        yield f"{name} {reason}"
        return
    except Exception as error:  # a file may break its reader in any way
        yield f"{name} cannot be read: {type(error).__name__}: {error}"
        return
    if facts["padding"]:
        yield f"{name} has {facts['padding']} voxels that hold no measurement (NaN, infinite, padding); they count as 0"
    if facts["scaling"] != [0.0, 1.0]:
        low, high = facts["scaling"]
        yield f"{name} has values outside [0, 1]; {low:g} to {high:g} become 0 to 1"
