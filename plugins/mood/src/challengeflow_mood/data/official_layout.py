"""The organisers' files: base/{brain|abdom}/{brain_train|abdom_train, toy, toy_label/{sample,pixel}}, folders or zips.

`colon` is accepted for abdom, and `train` below the dataset's folder for brain_train and abdom_train.

Everything is addressed as an `Entry`: a file, or a member of a zip, which is read without unpacking the rest.
"""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from challengeflow import InputError
from challengeflow.outside import archives
from challengeflow_mood.data.images import ENDINGS, NATIVE

GROUPS = "groups.csv"
LARGEST_TEXT = 64 << 20
REASON = ".reason"
"""Ending of a text that stands for a scan that could not be unpacked."""

ALIASES = {"brain": ("brain",), "abdom": ("abdom", "colon")}


@dataclass(frozen=True)
class Entry:
    """One file: `member` is its name inside the zip `path`, or empty for a file of its own. slices: the files of a
    DICOM series, which are one scan.
    """

    path: Path
    member: str = ""
    size: int = 0
    crc: int = 0
    slices: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return PurePosixPath(self.member).name if self.member else self.path.name

    def fingerprint(self) -> tuple[int, int]:
        """Equal for equal content: the size, and the CRC-32 of a zip's member or of the middle 1 MiB of a file."""
        if self.member:
            return self.size, self.crc
        with open(self.path, "rb") as file:
            file.seek(max(0, self.size // 2 - (1 << 19)))
            return self.size, zlib.crc32(file.read(1 << 20))

    def provide(self, target: Path) -> None:
        """Put the file at `target`: a link to a file of its own, the unpacked content of a member, a folder of
        slices.
        """
        if len(self.slices) > 1:
            target.mkdir()
            for path in self.slices:
                (target / path.name).symlink_to(path.resolve())
            return
        if not self.member:
            target.symlink_to(self.path.resolve())
            return
        with archives.found(self.path, self.member) as part:
            part.copy(target)

    def head(self, size: int) -> bytes:
        """The first `size` bytes, uncompressed; of a member too, without unpacking the rest."""
        with ExitStack() as stack:
            if self.member:
                file = stack.enter_context(stack.enter_context(archives.found(self.path, self.member)).open())
            else:
                file = stack.enter_context(open(self.path, "rb"))
            begin = file.read(size)
            if begin[:2] != b"\x1f\x8b":
                return begin
            try:
                return zlib.decompressobj(wbits=31).decompress(begin, size)
            except zlib.error as error:
                raise OSError(f"its packing is damaged: {error}") from None

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """The file for reading: its own path, or a temporary copy of a member or folder of slices."""
        if not self.member and len(self.slices) < 2:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            self.provide(Path(folder) / self.name)
            yield Path(folder) / self.name

    def text(self) -> str:
        """What a small text says."""
        with archives.told(self.path, "a text"):
            if self.member:
                with archives.found(self.path, self.member) as part:
                    return part.read(LARGEST_TEXT).decode()
            return self.path.read_text()


@dataclass(frozen=True)
class Layout:
    """What was found: train scans, toy scans and labels, each by file name, sorted.

    groups: `groups.csv` beside the train scans, where there is one: which scans are of the same person.
    """

    train: dict[str, Entry]
    toy: dict[str, Entry]
    sample_labels: dict[str, Entry]
    pixel_labels: dict[str, Entry]
    groups: Entry | None = None


def find_layout(roots: list[Path], dataset: str) -> Layout:
    """Find the official files of `dataset` under `roots` (base folders, dataset folders, folders of zips, zips).

    Raises InputError for a path that does not exist and for a zip that cannot be read.
    """
    found: dict[str, dict[str, Entry]] = {"train": {}, "toy": {}, "sample": {}, "pixel": {}, "groups": {}}
    for root in roots:
        if not root.exists():
            raise InputError(f"{root} does not exist; give the folder that holds {dataset}/ or the organisers' zips")
        for place, entry in _walk(root, dataset):
            part = _part(place, dataset)
            if part:
                found[part].setdefault(entry.name, entry)
    train, toy, sample, pixel = (dict(sorted(found[part].items())) for part in ("train", "toy", "sample", "pixel"))
    return Layout(train, toy, sample, pixel, found["groups"].get(GROUPS))


def is_scan(name: str) -> bool:
    """Whether a file name is one of the organisers' scans'; macOS companions (`._x.nii.gz`) are none."""
    return name.lower().endswith(NATIVE) and not PurePosixPath(name).name.startswith(".")


def stem(name: str) -> str:
    """The name without the ending of a scan."""
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _walk(root: Path, dataset: str) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """All files below `root` with the folders and zips they lie in, as words."""
    base = (root.name,)
    for path in [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file()):
        words = base if path == root else base + path.relative_to(root).parts
        if path.suffix == ".zip":
            if _speaks_of(words[1:], dataset):
                with archives.opened(path) as parts:
                    members = [part for part in parts if part.kind == "file"]
                for member in sorted(members, key=lambda part: part.name):
                    place = (*words[:-1], path.stem, *member.path.parts)
                    yield place, Entry(path, member.name, member.size, member.crc)
        else:
            yield words, Entry(path, size=path.stat().st_size)


def _speaks_of(words: tuple[str, ...], dataset: str) -> bool:
    """Whether a place belongs to this dataset: it names it, or names no dataset at all."""
    named = {d for word in words for d, names in ALIASES.items() if word.split("_")[0].split(".")[0] in names}
    return not named or dataset in named


def _part(words: tuple[str, ...], dataset: str) -> str | None:
    folders, name = words[:-1], words[-1]
    if name.startswith(".") or not _speaks_of(folders[1:], dataset):
        return None
    if len(folders) > 1 and folders[-2] == "toy_label" and folders[-1] in ("sample", "pixel"):
        wanted = name.endswith(".txt") if folders[-1] == "sample" else is_scan(name)
        return folders[-1] if wanted else None
    names = ALIASES.get(dataset, (dataset,))
    in_train = bool(folders) and folders[-1] in {f"{alias}_train" for alias in names}
    in_train |= len(folders) > 1 and folders[-1] == "train" and folders[-2] in names
    if in_train and name == GROUPS:
        return "groups"
    if not is_scan(name):
        return None
    if folders and folders[-1] == "toy":
        return "toy"
    return "train" if in_train else None
