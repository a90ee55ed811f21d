"""Sound files of every kind that a loader reads, each with bytes changed, cut off or put in.

Behind the door whatever a reader does is a reason; the other loaders must say themselves, in one sentence, what is
wrong.
"""

import csv
import gzip
import io
import itertools
import json
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.arrays import Arrays, write_scores
from challengeflow.outside.door import Unreadable, read_each

COUNT, SECONDS = 1500, 20
MEMORY_MB = 1500


def attacks(numbers: Sequence[int], seed: int, folder: Path) -> Iterator[tuple[int, str | None]]:
    sound = {name: made for name, (make, _, _) in LOADERS.items() for made in [make(folder / name)]}
    names, items = itertools.cycle(LOADERS), []
    for number, name in zip(numbers, names, strict=False):
        draw = random.Random(f"{seed} mutated {number}")
        target = folder / f"{number}" / sound[name].name
        target.parent.mkdir()
        target.write_bytes(_mutated(sound[name].read_bytes(), draw))
        items.append((name, target))
    for place, result in read_each(read, items, workers=2, seconds=SECONDS, memory_mb=MEMORY_MB):
        name, path = items[place]
        yield numbers[place], _verdict(name, result)
        path.unlink()


def read(name: str, path: Path) -> str:
    """Read a file by the loader of that name; in words what came of it, where it is not behind the door."""
    _, loader, behind_door = LOADERS[name]
    if behind_door:
        loader(path)
        return "read"
    try:
        loader(path)
    except InputError as error:
        return "told" if "\n" not in str(error) else f"more than one line: {error}"
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return "read"


def _verdict(name: str, result: str | Unreadable) -> str | None:
    behind_door = LOADERS[name][2]
    if isinstance(result, Unreadable):
        if not behind_door:
            return f"{name}: {result.reason}"
        return (
            None
            if result.reason.isprintable() and len(result.reason) < 1000
            else f"{name}: its reason is {result.reason!r}"
        )
    return None if result in ("read", "told") else f"{name}: {result}"


def _mutated(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    head = draw.choice([len(changed), min(len(changed), 400), min(len(changed), 4000)])
    for _ in range(draw.choice([1, 1, 2, 5, 30])):
        if len(changed) < 16:
            break
        at = draw.randrange(min(head, len(changed) - 8))
        match draw.randrange(5):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at : at + 4] = draw.choice(
                    [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"1e30", b"NaN,", b'"\r\n;']
                )
            case 2:
                changed[at:at] = draw.randbytes(draw.choice([1, 50]))
            case 3:
                del changed[at : at + draw.choice([1, 9, 200])]
            case 4:
                changed[at] = draw.randrange(256)
    return bytes(changed[: draw.randrange(1, len(changed) + 1)] if draw.random() < 0.1 and changed else changed)


# -- what makes a sound file, and what reads it ---------------------------------------------------------------------


def _folder(name: str) -> Callable[[Callable[[Path], None]], Callable[[Path], Path]]:
    """A maker of the file of that name, in a new folder."""

    def made(write: Callable[[Path], None]) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            folder.mkdir()
            write(folder / name)
            return folder / name

        return make

    return made


@_folder("1.mp4")
def _video(path: Path) -> None:
    from challengeflow_clog_loss.data.download import make_video

    make_video(path.parent, 1, "1", "p1", False, 20)


def _read_video(path: Path) -> None:
    from challengeflow_clog_loss.data.preprocess import prepare

    prepare(path, None, 8, path.with_suffix(".npz"))


@_folder("train_metadata.csv.gz")
def _table(path: Path) -> None:
    from challengeflow_clog_loss.demo import metadata

    metadata.write_tables(path.parent, 1, 8)
    plain = path.with_suffix("")
    path.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    plain.unlink()


def _read_table(path: Path) -> None:
    from challengeflow_clog_loss.data import tables

    tables.read_train(path.parent)


def _scan(ending: str) -> Callable[[Path], Path]:
    @_folder(f"scan{ending}")
    def write(path: Path) -> None:
        import nibabel as nib

        values = np.random.default_rng(0).random((20, 22, 24), np.float32)
        nib.save((nib.MGHImage if ending == ".mgz" else nib.Nifti1Image)(values, np.diag([2.0, 2, 2, 1])), path)

    return write


def _read_scan(path: Path) -> None:
    from challengeflow_mood.data.volumes import read_scan

    read_scan(path)


@_folder("brain_toy.zip")
def _zip(path: Path) -> None:
    scan = _scan(".nii.gz")(path.parent / "scan").read_bytes()
    with zipfile.ZipFile(path, "w") as made:
        for number in range(3):
            made.writestr(f"toy/toy_{number}.nii.gz", scan)


def _read_zip(path: Path) -> None:
    from challengeflow_mood.data.official_layout import find_layout

    for name, entry in find_layout([path], "brain").toy.items():
        entry.provide(path.parent / name)


def _points() -> np.ndarray:
    return np.random.default_rng(0).random((30, 2, 2, 7), np.float32) * 500


@_folder("mouseDLC_resnet.csv")
def _deeplabcut(path: Path) -> None:
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        columns = [
            (animal, f"part{part}", axis) for animal in "ab" for part in range(3) for axis in ("x", "y", "likelihood")
        ]
        rows.writerow(["scorer", *["DLC"] * len(columns)])
        for level, name in enumerate(("individuals", "bodyparts", "coords")):
            rows.writerow([name, *(column[level] for column in columns)])
        rows.writerows([frame, *range(frame, frame + len(columns))] for frame in range(20))


@_folder("mouse.analysis.h5")
def _sleap(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file["tracks"] = _points().transpose(1, 2, 3, 0)
        file["node_names"] = [f"part{part}".encode() for part in range(7)]
        file["track_names"] = [b"a", b"b"]


def _read_poses(path: Path) -> None:
    from challengeflow_mabe_task1.formats import poses

    poses.read([path])


def _array(ending: str) -> Callable[[Path], Path]:
    @_folder(f"mouse{ending}")
    def write(path: Path) -> None:
        np.save(path, _points()) if ending == ".npy" else np.savez_compressed(path, mouse=_points())

    return write


@_folder("train.npy")
def _pickled(path: Path) -> None:
    box = np.empty((), object)
    box[()] = {"vocabulary": ["x", "y"], "sequences": {"a": {"keypoints": _points(), "annotations": [0] * 30}}}
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    path.write_bytes(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + pickle.dumps(box, 4))


@_folder("calms21_task1_train.json")
def _json(path: Path) -> None:
    sequence = {"keypoints": _points()[:5].tolist(), "annotations": [0] * 5, "metadata": {"vocab": {"x": 0, "y": 1}}}
    path.write_text(json.dumps({"annotator-id_0": {"a": sequence, "b": sequence}}))


def _read_sequences(path: Path) -> None:
    from challengeflow_mabe_task1.data import layouts

    for item in layouts.read(path):
        layouts.keypoints(item)


@_folder("scores.bin")
def _shard(path: Path) -> None:
    write_scores(path.parent / "shard", [(f"s{number}", np.ones(9, np.float32)) for number in range(5)])
    path.write_bytes((path.parent / "shard/index.json").read_bytes())


def _read_shard(path: Path) -> None:
    write_scores(path.parent / "shard", [(f"s{number}", np.ones(9, np.float32)) for number in range(5)])
    (path.parent / "shard/index.json").write_bytes(path.read_bytes())
    shard = Arrays(path.parent / "shard")
    for sample in shard:
        dict(shard[sample])


def _text(name: str, text: str) -> Callable[[Path], Path]:
    @_folder(name)
    def write(path: Path) -> None:
        path.write_text(text)

    return write


BORIS = "Observation id,Behavior,Behavior type,Time\nmouse,sniff,START,1.5\nmouse,sniff,STOP,2.5\n"
BORIS += "mouse,rear,START,3\nmouse,rear,STOP,4\n"
ANNOT = io.StringIO()
ANNOT.write(
    "Bento annotation file\nMovie file(s): m\n\nStimulus name: \nAnnotation start frame: 1\nAnnotation stop frame: 30\n"
)
ANNOT.write(
    "Annotation framerate: 30\n\nList of channels:\nCh1\n\nList of annotations:\nsniff\n\nCh1----------\n>sniff\n"
)
ANNOT.write("Start\tStop\tDuration\n3\t9\t6\n\n")


def _read_labels(path: Path) -> None:
    from challengeflow_mabe_task1.formats import labels
    from challengeflow_mabe_task1.formats.bouts import Choice

    labels.read(path, Choice(("mouse",)))


LOADERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any], bool]] = {
    "video": (_video, _read_video, True),
    "table": (_table, _read_table, False),
    "nii": (_scan(".nii"), _read_scan, True),
    "nii.gz": (_scan(".nii.gz"), _read_scan, True),
    "mgz": (_scan(".mgz"), _read_scan, True),
    "zip": (_zip, _read_zip, False),
    "deeplabcut": (_deeplabcut, _read_poses, True),
    "sleap": (_sleap, _read_poses, True),
    "npy": (_array(".npy"), _read_sequences, True),
    "npz": (_array(".npz"), _read_sequences, True),
    "pickled": (_pickled, _read_sequences, False),
    "json": (_json, _read_sequences, False),
    "boris": (_text("mouse_boris.csv", BORIS), _read_labels, True),
    "bento": (_text("mouse.annot", ANNOT.getvalue()), _read_labels, True),
    "shard": (_shard, _read_shard, False),
}
