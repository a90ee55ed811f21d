"""Tracked poses of any tracker: read by what the file is, and the two of its animals that count."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.outside.sizes import check_h5
from challengeflow_mabe_task1.formats import deeplabcut, jabs, mars, simba, sleap, text
from challengeflow_mabe_task1.formats.bouts import called
from challengeflow_mabe_task1.formats.tracks import Poses

SUFFIXES = (".csv", ".tsv", ".h5", ".hdf5", ".slp", ".json")


def read(paths: Sequence[Path]) -> Poses:
    """The poses of one file, or of several that hold one animal each. Raises InputError for a file that is none."""
    found = [_read_one(path) for path in paths]
    return found[0] if len(found) == 1 else _together(paths, found)


def pair(poses: Poses, resident: str, intruder: str, where: str) -> Poses:
    """The two animals that count, the resident first; empty names: the two there are, in the file's order.

    Animals that are never seen do not count. Where a tracker knows one animal alone, its parts may carry the names:
    resident_nose, or nose_resident; parts that only one of the two has are left out. Raises InputError that lists the
    animals where the choice is not clear.
    """
    names = resident, intruder
    if not (resident and intruder):
        seen = [place for place in range(len(poses.animals)) if np.isfinite(poses.points[:, place]).any()]
        chosen = seen if len(poses.animals) > 2 else list(range(len(poses.animals)))
        if len(chosen) == 2:
            return _of(poses, chosen)
        if len(poses.animals) == 1:
            raise InputError(f"{where} has 1 animal ({poses.animals[0]}), two are needed; {_how_to_name_two(poses)}")
        raise InputError(
            f"{where} has {len(poses.animals)} animals ({', '.join(poses.animals)}); name two of them as resident and "
            "intruder in recordings.csv, or in the download parameter 'animals'"
        )
    places = [[place for place, own in enumerate(poses.animals) if called(own) == called(name)] for name in names]
    if all(len(own) == 1 for own in places) and places[0] != places[1]:
        return _of(poses, [place for (place,) in places])
    own = [_parts_of(poses, animal) for animal in names]
    parts = [part for part in own[0] if part in own[1]]
    if len(poses.animals) == 1 and parts and resident != intruder:
        columns = [[places[part] for part in parts] for places in own]
        points = np.stack([poses.points[:, 0][:, :, places] for places in columns], axis=1)
        scores = poses.confidence
        confidence = None if scores is None else np.stack([scores[:, 0][:, places] for places in columns], axis=1)
        return replace(poses, animals=(resident, intruder), parts=tuple(parts), points=points, confidence=confidence)
    raise InputError(
        f"{where} has no two animals {resident!r} and {intruder!r}; it has {', '.join(poses.animals)} with the parts "
        f"{', '.join(poses.parts)}"
    )


def open_h5(path: Path) -> Any:
    """An HDF5 file, open for reading. Raises InputError where h5py is not installed or the file is damaged."""
    try:
        import h5py
    except ModuleNotFoundError:
        raise InputError(
            f"{path} needs h5py to be read; run: pip install 'challengeflow-mabe-task1[h5]', or export it as csv"
        ) from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path} is not a readable HDF5 file ({error}); export it again") from None


def _read_one(path: Path) -> Poses:
    if not path.is_file():
        raise InputError(f"{path} does not exist; mend its name, or recordings.csv")
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        poses = _read_table(path)
    elif suffix == ".slp":
        poses = sleap.read_project(path)
    elif suffix == ".json":
        poses = mars.read(path)
    elif suffix in (".h5", ".hdf5"):
        poses = _read_h5(path)
    else:
        raise InputError(f"{path} is no pose file; expected one of {', '.join(SUFFIXES)}, .npy or .npz")
    return replace(poses, points=np.where(np.isfinite(poses.points), poses.points, np.float32(np.nan)))


def _read_table(path: Path) -> Poses:
    columns = next(iter(text.rows(path, 1)), [])
    if set(sleap.CSV_COLUMNS) <= set(columns):
        return sleap.read_csv(path)
    return deeplabcut.read_csv(path) if simba.header_line(path) is None else simba.read(path)


def _read_h5(path: Path) -> Poses:
    with open_h5(path) as file:
        check_h5(file)
        if "poseest" in file:
            return jabs.read(file, path)
        if "tracks" in file and "node_names" in file:
            return sleap.read(file, path)
        if "tracks" in file and getattr(file["tracks"], "shape", (0,))[-1] == 3:
            raise InputError(f"{path} holds tracks in three dimensions; give those of one camera")
        return deeplabcut.read_h5(file, path)


def _of(poses: Poses, animals: Sequence[int]) -> Poses:
    confidence = None if poses.confidence is None else poses.confidence[:, animals]
    names = tuple(poses.animals[place] for place in animals)
    return replace(poses, animals=names, points=poses.points[:, animals], confidence=confidence)


def _parts_of(poses: Poses, animal: str) -> dict[str, int]:
    """Parts that carry the animal's name: name without it -> place."""
    found = {}
    for place, part in enumerate(poses.parts):
        if part.startswith(f"{animal}_"):
            found[part.removeprefix(f"{animal}_")] = place
        elif part.endswith(f"_{animal}"):
            found[part.removesuffix(f"_{animal}")] = place
    return found


def _how_to_name_two(poses: Poses) -> str:
    """What to do about a single track: its parts may carry two names, or the other animal has a file of its own."""
    words = [set(part.split("_")[:1]) | set(part.split("_")[-1:]) for part in poses.parts if "_" in part]
    names = sorted({name for own in words for name in own if 2 * len(_parts_of(poses, name)) == len(poses.parts)})
    if len(names) == 2:
        return (
            f"its parts look like those of {names[0]} and {names[1]}: name these as resident and intruder in "
            "recordings.csv, or in the download parameter 'animals'"
        )
    return "name the files of both in recordings.csv as the poses of one recording (black.csv|white.csv)"


def _together(paths: Sequence[Path], found: Sequence[Poses]) -> Poses:
    """One recording of files of one animal each, with the parts that all of them have, frame by frame."""
    parts = [part for part in found[0].parts if all(part in poses.parts for poses in found)]
    for path, poses in zip(paths, found, strict=True):
        if len(poses.animals) != 1 or not parts:
            raise InputError(
                f"{path} has the animals {', '.join(poses.animals)} and the parts {', '.join(poses.parts)}; "
                "several files make one recording where each holds one animal with the same parts "
                f"({', '.join(found[0].parts)})"
            )
    first = min(poses.first for poses in found)
    frames = max(poses.first + len(poses.points) for poses in found) - first
    points = np.full((frames, len(found), 2, len(parts)), np.nan, np.float32)
    confidence = np.full((frames, len(found), len(parts)), np.nan, np.float32)
    for animal, poses in enumerate(found):
        own = slice(poses.first - first, poses.first - first + len(poses.points))
        places = [poses.parts.index(part) for part in parts]
        points[own, animal] = poses.points[:, 0][:, :, places]
        if poses.confidence is not None:
            confidence[own, animal] = poses.confidence[:, 0][:, places]
    all_sure = all(poses.confidence is not None for poses in found)
    names = tuple(path.stem for path in paths)
    return Poses(names, tuple(parts), points, confidence if all_sure else None, first)
