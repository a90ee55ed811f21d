"""What a file in a lab's folder is: poses, labels, both, a video, or why it is not used; from its first lines."""

import itertools
import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from challengeflow import InputError
from challengeflow_mabe_task1.formats import bento, boris, deeplabcut, frame_tables, simba, sleap, text

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".mpg", ".mpeg", ".wmv", ".seq", ".m4v")
REASONS = {
    ".pickle": "a pickle of a tracker, which is never opened; its tracks are in the csv or h5 beside it",
    ".pkl": "a pickle, which is never opened; export tracks as csv or h5",
    ".xlsx": "an Excel workbook; save its sheet as csv",
    ".xls": "an Excel workbook; save its sheet as csv",
    ".mat": "a Matlab file; export tracks as csv or h5, labels as .annot or csv",
    ".zip": "an archive; unpack it",
    ".gz": "an archive; unpack it",
}


ANSWERS = (("sequence", "status"), ("rank", "sequence"), ("behaviour", "train"))
"""How tables of answers begin that say nothing of single bouts."""


@dataclass(frozen=True)
class Kind:
    """`program` says what wrote it, or in words why the file is not used."""

    program: str
    poses: bool = False
    labels: bool = False
    video: bool = False

    @property
    def used(self) -> bool:
        return self.poses or self.labels or self.video


def kind(path: Path) -> Kind:
    """What a file is, from its name and its first lines."""
    suffix = path.suffix.lower()
    if path.name.startswith("._"):
        return Kind("a shadow file that macOS leaves on other disks; delete it")
    if path.name.startswith(("~$", ".")):
        return Kind("a hidden file")
    if not path.exists():
        return Kind("a link to a file that is not there")
    if path.stem.endswith("_skeleton") and re.search("DLC|DeepCut", path.stem):
        return Kind("DeepLabCut's bones, which are no track")
    if path.stat().st_size == 0:
        return Kind("empty")
    if suffix in VIDEOS:
        return Kind("video", video=True)
    by_suffix = {
        ".slp": Kind("SLEAP project", poses=True),
        ".npy": Kind("array", poses=True),
        ".npz": Kind("arrays", poses=True),
        ".h5": Kind("HDF5 tracks", poses=True),
        ".hdf5": Kind("HDF5 tracks", poses=True),
        ".annot": Kind("Bento", labels=True),
        ".boris": Kind("BORIS project", labels=True),
    }
    if suffix in by_suffix:
        return by_suffix[suffix]
    if suffix == ".json":
        return _json(path)
    if suffix in text.SUFFIXES:
        try:
            return _table(path)
        except InputError as error:
            return Kind(str(error).replace(f"{path} is ", "", 1))
        except OSError as error:
            return Kind(f"it cannot be read ({error.strerror})")
    return Kind(REASONS.get(suffix, f"neither poses nor labels ({suffix or 'no ending'})"))


def _json(path: Path) -> Kind:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b'"keypoints"') >= 0:  # in some versions after megabytes of boxes
            return Kind("MARS", poses=True)
    return Kind("JSON without MARS's keypoints")


def _table(path: Path) -> Kind:
    first, *others = [*text.rows(path, 4), [""]]
    if first[0].lower() == deeplabcut.LEVELS[0]:
        hand = any("labeled-data" in cells[0] for cells in others if cells)
        return Kind(deeplabcut.HAND_LABELLED) if hand else Kind("DeepLabCut", poses=True)
    if tuple(first[:2]) in ANSWERS:
        return Kind("a table of answers without single bouts; bouts.csv and answers.boris have them")
    if set(sleap.CSV_COLUMNS) <= set(first):
        return Kind("SLEAP csv", poses=True)
    if (header := simba.header_line(path)) is not None:
        behaviours = simba.behaviours(text.read_table(path)) if header == 0 else []
        return Kind("SimBA", poses=True, labels=bool(behaviours))
    if path.suffix.lower() == ".txt" and bento.is_caltech(path):
        return Kind("Caltech annotator", labels=True)
    if boris.header_line(path) is not None:
        return Kind("BORIS", labels=True)
    if frame_tables.looks_like(first, itertools.islice(text.rows(path), 1, None)):
        return Kind("table of labels", labels=True)
    if path.suffix.lower() == ".txt":
        return Kind("a text, no labels of Bento")
    return Kind(f"a table without poses or labels (its columns: {', '.join(first)[:80]})")
