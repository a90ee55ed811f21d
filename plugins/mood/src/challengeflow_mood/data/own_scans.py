"""Every scan under a folder of one's own, of whatever format, and what there is no scan."""

from collections.abc import Iterator
from pathlib import Path

from challengeflow import InputError
from challengeflow.outside.names import short, spelled
from challengeflow_mood.data.images import ENDINGS, is_dicom
from challengeflow_mood.data.official_layout import Entry, stem

BESIDE = (".hdr", ".raw", ".zraw", ".raw.gz", ".bvec", ".bval", ".json")
"""Endings of what lies beside a scan: headers and values that its own file names."""


def find_scans(root: Path) -> tuple[dict[str, Entry], list[str]]:
    """Every scan under `root`, or the one file: its path with `/` as `__` -> Entry, sorted; and the names of other
    files.

    The DICOM files of a folder are one scan for each series, of the folder's name and, where there are several, a
    number. A link that leads nowhere counts as a scan, which is missing. Raises InputError where there is none.
    """
    if not root.exists():
        raise InputError(f"{root} does not exist; give a folder of scans, or one scan")
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file() or _leads_nowhere(p))
    base = root.parent if root.is_file() else root
    scans: dict[str, Entry] = {}
    slices: dict[Path, list[Path]] = {}
    others = []
    for path in files:
        place = path.relative_to(base)
        if place.name.startswith(".") or "toy_label" in place.parts:
            continue
        if is_dicom(path):
            slices.setdefault(path.parent, []).append(path)
        elif place.name.lower().endswith(ENDINGS):
            _add(scans, _name(place), Entry(path, size=0 if _leads_nowhere(path) else path.stat().st_size))
        elif not place.name.lower().endswith(BESIDE):
            others.append(place.as_posix())
    for folder, own in slices.items():
        parts = _parted(own)
        for name, entry in _series(folder.relative_to(base), parts, root):
            _add(scans, name, entry)
        images = {path for part in parts for path in part}
        others += [path.relative_to(base).as_posix() for path in own if path not in images]
    if not scans:
        raise InputError(f"{root} holds no scan; expected files that end in {', '.join(ENDINGS)}, or DICOM files")
    return dict(sorted(scans.items())), others


def _leads_nowhere(path: Path) -> bool:
    """Whether a path is a link to what is not there, as git-annex leaves for each scan that was not fetched."""
    return path.is_symlink() and not path.exists() and path.name.lower().endswith(ENDINGS)


def _add(scans: dict[str, Entry], name: str, entry: Entry) -> None:
    """Add a scan under its name, or, where another has that already, with a number."""
    free, number = name, 1
    while free in scans:
        number += 1
        free = f"{stem(name)}-{number}{name[len(stem(name)) :]}"
    scans[free] = entry


def _series(folder: Path, parts: list[tuple[Path, ...]], root: Path) -> Iterator[tuple[str, Entry]]:
    for number, part in enumerate(parts, 1):
        name = _name(folder) if folder.parts else short(spelled(root.resolve().name))
        if len(part) == 1:
            name = _name(folder / part[0].name)
        elif len(parts) > 1:
            name = f"{name}__series-{number}"
        yield name, Entry(part[0], size=sum(path.stat().st_size for path in part), slices=part)


def _parted(files: list[Path]) -> list[tuple[Path, ...]]:
    """The files of each series; all together where nothing is installed that could tell."""
    try:
        from challengeflow_mood.data.dicom_series import series
    except ImportError:
        return [tuple(files)]
    return series(files)


def _name(place: Path) -> str:
    return short(spelled(place.as_posix().replace("/", "__")))


def belonging(entry: Entry) -> list[Path]:
    """The files of one scan: itself, its slices, and what lies beside it under its name."""
    if entry.slices:
        return list(entry.slices)
    scan = entry.path.with_name(stem(entry.path.name))
    endings = sorted({spelling for ending in BESIDE for spelling in (ending, ending.upper())})
    return [entry.path, *(path for ending in endings if (path := Path(f"{scan}{ending}")).is_file())]
