"""SLEAP's tracks: the analysis export (HDF5 or csv) and projects or predictions themselves (.slp).

Arrays of the HDF5 export are (track, xy, node, frame), Matlab's order, unless they say otherwise. Projects are read by
sleap-io.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.tracks import Poses, on_end

ORDER = ("frame", "track", "xy", "node")
CSV_COLUMNS = ("track", "frame_idx", "instance.score")


def read(file: Any, path: Path) -> Poses:
    """The tracks of an open analysis file. Raises InputError where names and arrays do not fit."""
    points = _ordered(file["tracks"], ("track", "xy", "node", "frame"), ORDER).astype(np.float32)
    parts = tuple(name.decode() for name in file["node_names"][:])
    names = [name.decode() for name in file["track_names"][:]] if "track_names" in file else []
    animals = tuple(names or [f"track_{number}" for number in range(points.shape[1])])
    if points.shape[1:] != (len(animals), 2, len(parts)):
        raise InputError(
            f"{path} has tracks of the shape {points.shape} for {len(animals)} animals and {len(parts)} parts; export "
            "'Analysis HDF5' from SLEAP again"
        )
    confidence = None
    if "point_scores" in file:
        scores = _ordered(file["point_scores"], ("track", "node", "frame"), ("frame", "track", "node"))
        confidence = scores.astype(np.float32)
    return Poses(animals, parts, points, confidence)


def read_csv(path: Path) -> Poses:
    """The tracks of an analysis csv: a line for each animal in each frame."""
    table = text.read_table(path)
    parts = [str(name)[:-2] for name in table.columns if str(name).endswith(".x")]
    missing = [name for part in parts for name in (f"{part}.y", f"{part}.score") if name not in table]
    if not parts or missing:
        raise InputError(f"{path} has no column {missing[0] if missing else 'NODE.x'}; export it from SLEAP again")
    tracked = table["track"] != ""
    notes = _left_out(int((~tracked).sum())) if tracked.any() else ()
    table = table[tracked] if tracked.any() else table
    numbers = [float(text.number(path, cell, "frame_idx")) for cell in table["frame_idx"]]
    frames, rows = np.unique(np.array(numbers, np.float64), return_inverse=True)
    animals = sorted(set(table["track"]))
    owner = table["track"].map({name: place for place, name in enumerate(animals)}).to_numpy(int)
    _check_alone(path, frames, rows * len(animals) + owner, animals)
    values = np.full((len(frames), len(animals), 3, len(parts)), np.nan, np.float32)
    for place, part in enumerate(parts):
        values[rows, owner, :, place] = text.numbers(path, table, [f"{part}.{axis}" for axis in ("x", "y", "score")])
    first, (values,) = on_end(path, frames, [values])
    names = tuple(name or f"track_{place}" for place, name in enumerate(animals))
    return Poses(names, tuple(parts), values[:, :, :2], values[:, :, 2], first, notes=notes)


def read_project(path: Path) -> Poses:
    """The tracks of a .slp file of one video. Raises InputError where sleap-io is not there or the file is damaged."""
    try:
        import sleap_io
    except ModuleNotFoundError:
        raise InputError(
            f"{path} needs sleap-io to be read; run: pip install 'challengeflow-mabe-task1[sleap]', or export "
            "'Analysis HDF5' from SLEAP"
        ) from None
    try:
        labels = sleap_io.load_slp(str(path), open_videos=False)
        labelled = {frame.frame_idx: frame for frame in labels.labeled_frames}
        names = list(labels.skeletons[0].node_names) if labels.skeletons else []
        videos = {id(frame.video) for frame in labels.labeled_frames}
    except Exception as error:  # whatever a damaged project makes of the reader
        raise InputError(f"{path} is not a readable project of SLEAP ({_one_line(error)}); save it again") from None
    if not labelled or not names:
        raise InputError(f"{path} has no frame with an animal; run SLEAP's inference on the video first")
    if len(videos) > 1:
        raise InputError(f"{path} holds {len(videos)} videos; export each from SLEAP as 'Analysis HDF5'")
    frames = np.array(sorted(labelled))
    seen = [(row, one) for row, number in enumerate(frames) for one in labelled[number].instances]
    fit = [(row, one) for row, one in seen if list(one.skeleton.node_names) == names]
    tracks = {id(track): place for place, track in enumerate(labels.tracks)}
    used = [(row, one) for row, one in fit if one.track is not None] or fit
    animals = [track.name for track in labels.tracks] if used and used[0][1].track is not None else ["animal"]
    values = np.full((len(frames), len(animals), 3, len(names)), np.nan, np.float32)
    by_hand = [not hasattr(one, "score") for _, one in used]
    for hand in (False, True):  # what a person corrected goes over predictions
        own = [
            (row, tracks.get(id(one.track), 0), one)
            for (row, one), its in zip(used, by_hand, strict=True)
            if its == hand
        ]
        _check_alone(path, frames, np.array([row * len(animals) + place for row, place, _ in own], int), animals)
        for row, place, one in own:
            values[row, place] = _points(one)
    first, (values,) = on_end(path, frames, [values])
    notes = _left_out(len(seen) - len(used))
    return Poses(tuple(animals), tuple(names), values[:, :, :2], values[:, :, 2], first, notes=notes)


def _check_alone(path: Path, frames: np.ndarray, cells: np.ndarray, animals: Sequence[str]) -> None:
    """Refuse tracks that have two animals in one frame; cells: frame and track of each animal as one number."""
    places, counts = np.unique(cells, return_counts=True)
    if counts.max(initial=1) > 1:
        row, track = divmod(int(places[counts.argmax()]), len(animals))
        named = f"in the track {animals[track]!r}" if animals[track] not in ("", "animal") else "without a track"
        raise InputError(f"{path} has several animals {named} in frame {frames[row]:g}; track them in SLEAP first")


def _left_out(count: int) -> tuple[str, ...]:
    return (f"{count} times an animal without a track, or of another skeleton, was left out",) if count else ()


def _points(instance: Any) -> np.ndarray:
    """x, y and score of an instance's nodes, (3, P); what a person placed is sure."""
    points = instance.numpy()
    scores = instance.points["score"] if "score" in (instance.points.dtype.names or ()) else np.ones(len(points))
    return np.concatenate([points[:, :2].T, np.asarray(scores, np.float32)[None]])


def _ordered(data: Any, usual: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    stated = tuple(json.loads(data.attrs["dims"])) if "dims" in data.attrs else usual
    order = stated if sorted(stated) == sorted(wanted) else usual
    return np.transpose(data[:], [order.index(name) for name in wanted])


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
