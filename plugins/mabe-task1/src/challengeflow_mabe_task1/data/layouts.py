"""The file layouts of the challenge's three tasks: AIcrowd train and test, CalMS21 json and npy, and plain arrays.

All of them give `Item`s, one a sequence, unchecked: what is wrong with one sequence is found when it is prepared,
and does not keep the others from being read.
"""

import json
import mmap
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.outside import npz
from challengeflow.outside.archives import told
from challengeflow.outside.names import spelled
from challengeflow.pickles import load_npy

MARS_PARTS = ("nose", "left ear", "right ear", "neck", "left hip", "right hip", "tail base")
"""Names of the body parts of CalMS21, in file order."""

NAMES = {
    "train": ("train.npy", *(f"calms21_task{task}_train.{kind}" for task in (1, 2, 3) for kind in ("npy", "json"))),
    "test": (
        "test.npy",
        "test-release.npy",
        *(f"calms21_task{task}_test.{kind}" for task in (1, 2, 3) for kind in ("npy", "json")),
    ),
    "unlabelled": ("unlabelled.npy", "unlabelled.npz"),
}
"""File names of the organisers by split; sequences that nobody labelled or asks about have names of our own."""
SAMPLE_SUBMISSION_NAMES = ("sample_submission.npy", "sample-submission.npy")
OFFICIAL_FOLDERS = ("task1_classic_classification", "task2_annotation_style_transfer", "task3_new_behaviors")

ANNOTATOR = "annotator-id"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


@dataclass(frozen=True)
class Item:
    """A sequence as its file has it. `vocabulary`: behaviours by class number, None where the file names none;
    `scores`: the tracker's confidence."""

    id: str
    keypoints: Any
    annotations: Any = None
    vocabulary: tuple[str, ...] | None = None
    annotator: int = 0
    scores: Any = None


def find(folder: Path, split: str) -> Path | None:
    """The organisers' file of a split in `folder`, or in a folder that an official archive unpacks to."""
    return _first(folder, NAMES[split])


def sample_submission(folder: Path) -> Path | None:
    """The organisers' sample submission in `folder`, if there is one."""
    return _first(folder, SAMPLE_SUBMISSION_NAMES) if folder.is_dir() else None


def read_submission(path: Path, behaviour: str | None = None) -> dict[str, Any]:
    """Sequence id -> class numbers of a submission; of one behaviour where it has several (task 3)."""
    value = load_npy(path)
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a {type(value).__name__}; expected a dictionary sequence -> class numbers")
    if value and all(isinstance(entry, dict) for entry in value.values()):
        value = value[_chosen(path, list(value), behaviour)]
    return {str(name): labels for name, labels in value.items()}


def read(path: Path, wanted: Collection[str] | None = None, behaviour: str | None = None) -> Iterator[Item]:
    """Yield the sequences of a file (only those in `wanted`, if given); InputError for a file in no known layout.

    Layouts: {"vocabulary": [...], "sequences": {id: {...}}} and {id: {...}} (AIcrowd), {"annotator-id_0": {id: {...}}}
    (CalMS21), each of them once more below the names of behaviours (task 3: `behaviour` says which), an array of
    keypoints (T, 2, 2, P), or a .npz file of such arrays.
    """
    with told(path, "tracked sequences"):
        yield from _read(path, wanted, behaviour)


def _read(path: Path, wanted: Collection[str] | None, behaviour: str | None) -> Iterator[Item]:
    if path.suffix == ".json":
        yield from _read_json(path, wanted, behaviour)
        return
    if path.suffix == ".npz":
        found = _read_npz(path)
    else:
        value = load_npy(path)
        is_track = isinstance(value, np.ndarray)
        found = iter([Item(path.stem, value)]) if is_track else _read_dictionary(path, value, behaviour)
    yield from (item for item in found if wanted is None or item.id in wanted)


def keypoints(item: Item) -> np.ndarray:
    """The keypoints of a sequence as float32 (T, 2, 2, P), NaN where not finite; InputError for another shape."""
    try:
        array = np.asarray(item.keypoints, dtype=np.float32)
    except (TypeError, ValueError):
        raise InputError(f"keypoints of {item.id} are not an array of numbers (frame, animal, xy, part)") from None
    if array.ndim != 4 or array.shape[1:3] != (2, 2) or array.shape[3] < 2:
        hint = "; the last two axes are exchanged" if array.ndim == 4 and array.shape[3] == 2 else ""
        raise InputError(
            f"keypoints of {item.id} have the shape {array.shape}, not (frames, 2 animals, x and y, parts){hint}"
        )
    return np.where(np.isfinite(array), array, np.float32(np.nan))


def confidence(item: Item) -> np.ndarray | None:
    """The tracker's confidence as float32 (T, 2, P), or None where the file has none in that shape."""
    points = np.shape(item.keypoints)
    if item.scores is None or np.shape(item.scores) != (*points[:2], points[3]):
        return None
    return np.asarray(item.scores, dtype=np.float32)


def annotations(item: Item, classes: int) -> np.ndarray:
    """The class number of each frame as int16 (T,), -1 where there is none; InputError outside the vocabulary."""
    try:
        labels = np.asarray(item.annotations, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise InputError(f"annotations of {item.id} are not one class number a frame") from None
    labels = np.where(np.isfinite(labels), labels, -1)
    wrong = np.flatnonzero((labels != np.round(labels)) | (labels < -1) | (labels >= classes))
    if len(wrong):
        raise InputError(
            f"annotations of {item.id} have {labels[wrong[0]]:g} at frame {wrong[0]}; expected class numbers "
            f"0 to {classes - 1} (or -1 for a frame without label): check the vocabulary"
        )
    return labels.astype(np.int16)


def tracks_of(path: Path) -> list[str]:
    """Names of the arrays of a .npz that may be tracks: of decimal numbers, or of whole ones with four axes."""
    headers = npz.headers(path)
    return [
        name
        for name, (shape, dtype) in headers.items()
        if dtype.kind == "f" or (dtype.kind in "iu" and len(shape) == 4)
    ]


def background(vocabulary: Collection[str]) -> int:
    """The number of the class that means 'none of the behaviours': 'other', or the last one where none is called so."""
    vocabulary = list(vocabulary)
    return vocabulary.index("other") if "other" in vocabulary else len(vocabulary) - 1


def _read_dictionary(path: Path, value: Any, behaviour: str | None) -> Iterator[Item]:
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a {type(value).__name__}; expected a dictionary of sequences")
    if _is_by_behaviour(value):
        value = value[_chosen(path, list(value), behaviour)]
    if "sequences" in value:
        groups, names = [value["sequences"]], value.get("vocabulary")
    elif all(_is_sequence(entry) for entry in value.values()):
        groups, names = [value], None
    else:
        groups, names = list(value.values()), None
    if not all(isinstance(group, dict) and all(map(_is_sequence, group.values())) for group in groups):
        raise InputError(
            f"{path} is in no known layout; expected 'sequences', sequence ids, or 'annotator-id_0' at the top, "
            "and a dictionary with 'keypoints' for each sequence"
        )
    for group in groups:
        for name, entry in group.items():
            yield _item(path, name, entry, names)


def _is_by_behaviour(value: dict) -> bool:
    """Whether a dictionary has the layout of task 3: a whole file, or a group of sequences, for each behaviour."""
    if not value or "sequences" in value or not all(isinstance(entry, dict) for entry in value.values()):
        return False
    if all("sequences" in entry for entry in value.values()):
        return True
    nested = all(entry and all(map(_is_sequence, entry.values())) for entry in value.values())
    return nested and not any(str(name).startswith(ANNOTATOR) for name in value)


def _chosen(path: Path, behaviours: list, behaviour: str | None) -> str:
    if behaviour is None and len(behaviours) == 1:
        return behaviours[0]
    if behaviour is None or behaviour not in behaviours:
        raise InputError(
            f"{path} has sequences for the behaviours {', '.join(map(str, behaviours))}; choose one of them in the "
            f"download parameter 'behaviours' (it names {behaviour or 'none'})"
        )
    return behaviour


def _is_sequence(entry: Any) -> bool:
    return isinstance(entry, dict) and "keypoints" in entry


def _item(path: Path, name: Any, entry: dict, names: Any) -> Item:
    metadata = entry.get("metadata") or {}
    vocabulary = _vocabulary(path, names if names is not None else metadata.get("vocab"))
    annotator = entry.get("annotator_id", metadata.get("annotator-id", 0))
    return Item(
        str(name), entry["keypoints"], entry.get("annotations"), vocabulary, int(annotator), entry.get("scores")
    )


def _vocabulary(path: Path, names: Any) -> tuple[str, ...] | None:
    """Behaviours by number, from a list or from a dictionary name -> number."""
    if names is None:
        return None
    if isinstance(names, dict):
        ordered = sorted(names, key=lambda name: int(names[name]))
        if [int(names[name]) for name in ordered] != list(range(len(ordered))):
            raise InputError(f"the vocabulary of {path} numbers its behaviours {names}; expected 0, 1, 2, ...")
        names = ordered
    vocabulary = tuple(str(name) for name in names)
    if len(vocabulary) < 2 or len(set(vocabulary)) < len(vocabulary):
        raise InputError(f"the vocabulary of {path} is {list(vocabulary)}; expected two or more different behaviours")
    return vocabulary


def _read_npz(path: Path) -> Iterator[Item]:
    names = tracks_of(path)
    if not names:
        raise InputError(f"{path} has no array that may be a track; expected (frames, 2 animals, x and y, parts)")
    for name, array in npz.arrays(path):
        if name in names:
            yield Item(spelled(path.stem if names == ["keypoints"] else f"{path.stem}/{name}"), array)


def _read_json(path: Path, wanted: Collection[str] | None, behaviour: str | None) -> Iterator[Item]:
    """Yield the sequences of a CalMS21 json file, parsing one at a time: the whole would take several GB."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        depth, group, name, start, found = 0, "", "", 0, False
        for token in _TOKEN.finditer(text):
            kind = text[token.start()]
            if kind == ord("{"):
                depth += 1
                if depth == 3:
                    start = token.start()
            elif kind == ord("}"):
                if depth == 3 and (wanted is None or name in wanted) and _in_group(group, behaviour):
                    yield _item(path, name, _parse(path, name, text[start : token.end()]), None)
                found, depth = found or depth == 3, depth - 1
            elif depth == 1:
                others, group = group, json.loads(token.group())
                if others and behaviour is None and not group.startswith(ANNOTATOR):
                    _chosen(path, [others, group], None)
            elif depth == 2:
                name = json.loads(token.group())
        if depth != 0 or not found:
            raise InputError(
                f"{path} is cut off or not in the layout of CalMS21 "
                '({"annotator-id_0": {sequence: {...}}}); download it again'
            )


def _in_group(group: str, behaviour: str | None) -> bool:
    """Whether the sequences of a group of a json file are asked for: those of all annotators, or of one behaviour."""
    return behaviour is None or group == behaviour or group.startswith(ANNOTATOR)


def _parse(path: Path, name: str, text: bytes) -> dict:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged at sequence {name} ({error}); download it again") from None
    if not _is_sequence(entry):
        raise InputError(f"sequence {name} of {path} has no 'keypoints'; download the file again")
    return entry


def _first(folder: Path, names: Collection[str]) -> Path | None:
    places = [folder, *(folder / name for name in OFFICIAL_FOLDERS)]
    return next((place / name for place in places for name in names if (place / name).is_file()), None)
