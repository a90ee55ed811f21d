"""Tracked poses of any tracker: which file it is, and which two of its animals count."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import deeplabcut, sleap
from challengeflow_mabe_task1.formats.tracks import Poses

SUFFIXES = (".csv", ".h5", ".hdf5")


def is_poses(path: Path) -> bool:
    """Whether a file looks like poses: any .h5, or a .csv with DeepLabCut's header."""
    if path.suffix in (".h5", ".hdf5"):
        return True
    return path.suffix == ".csv" and deeplabcut.is_csv(path)


def read(paths: Sequence[Path]) -> Poses:
    """The poses of one file, or of several that hold one animal each. Raises InputError for a file that is none."""
    found = [_read_one(path) for path in paths]
    return found[0] if len(found) == 1 else _together(paths, found)


def pair(poses: Poses, resident: str, intruder: str, where: str) -> Poses:
    """The two animals that count, the resident first; empty names: the two there are, in the file's order.

    Where a tracker knows one animal alone, its parts may carry the names: resident_nose, or nose_resident.
    Raises InputError that lists the animals where the choice is not clear.
    """
    if not (resident and intruder):
        if len(poses.animals) == 2:
            return poses
        raise InputError(
            f"{where} has {len(poses.animals)} animals ({', '.join(poses.animals)}); name two of them as resident and "
            "intruder in recordings.csv, or in the download parameter 'animals'"
        )
    if resident in poses.animals and intruder in poses.animals and resident != intruder:
        chosen = [poses.animals.index(resident), poses.animals.index(intruder)]
        confidence = None if poses.confidence is None else poses.confidence[:, chosen]
        return Poses((resident, intruder), poses.parts, poses.points[:, chosen], confidence)
    own = [_parts_of(poses, animal) for animal in (resident, intruder)]
    if len(poses.animals) == 1 and own[0] and list(own[0]) == list(own[1]):
        columns = [list(parts.values()) for parts in own]
        points = np.stack([poses.points[:, 0][:, :, places] for places in columns], axis=1)
        scores = poses.confidence
        confidence = None if scores is None else np.stack([scores[:, 0][:, places] for places in columns], axis=1)
        return Poses((resident, intruder), tuple(own[0]), points, confidence)
    raise InputError(
        f"{where} has no two animals {resident!r} and {intruder!r}; it has {', '.join(poses.animals)} with the parts "
        f"{', '.join(poses.parts)}"
    )


def _read_one(path: Path) -> Poses:
    if not path.is_file():
        raise InputError(f"{path} does not exist; mend its name, or recordings.csv")
    if path.suffix == ".csv":
        return deeplabcut.read_csv(path)
    if path.suffix not in (".h5", ".hdf5"):
        raise InputError(f"{path} is no pose file; expected one of {', '.join(SUFFIXES)}, .npy or .npz")
    with open_h5(path) as file:
        return sleap.read(file, path) if "tracks" in file and "node_names" in file else deeplabcut.read_h5(file, path)


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


def _parts_of(poses: Poses, animal: str) -> dict[str, int]:
    """Parts that carry the animal's name: name without it -> place."""
    found = {}
    for place, part in enumerate(poses.parts):
        if part.startswith(f"{animal}_"):
            found[part.removeprefix(f"{animal}_")] = place
        elif part.endswith(f"_{animal}"):
            found[part.removesuffix(f"_{animal}")] = place
    return found


def _together(paths: Sequence[Path], found: Sequence[Poses]) -> Poses:
    for path, poses in zip(paths, found, strict=True):
        if len(poses.animals) != 1 or poses.parts != found[0].parts:
            raise InputError(
                f"{path} has the animals {', '.join(poses.animals)} and the parts {', '.join(poses.parts)}; "
                "several files make one recording where each holds one animal with the same parts "
                f"({', '.join(found[0].parts)})"
            )
    frames = max(len(poses.points) for poses in found)

    def stacked(arrays: Sequence[np.ndarray]) -> np.ndarray:
        result = np.full((frames, len(arrays), *arrays[0].shape[2:]), np.nan, np.float32)
        for animal, array in enumerate(arrays):
            result[: len(array), animal] = array[:, 0]
        return result

    scores = [poses.confidence for poses in found if poses.confidence is not None]
    confidence = stacked(scores) if len(scores) == len(found) else None
    return Poses(
        tuple(path.stem for path in paths), found[0].parts, stacked([poses.points for poses in found]), confidence
    )
