"""A folder of one's own recordings: which files belong together, and which are not used and why.

With `recordings.csv` it alone decides. Without it names do: NAME.csv or NAMEDLC_....h5 are the poses of recording
NAME, and NAME.annot, NAME_labels.csv or NAME_scored_by_anna.csv its labels. A recording with labels is in train, one
without in test.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from challengeflow import InputError
from challengeflow.outside.door import reason_of
from challengeflow.outside.names import spelled
from challengeflow_mabe_task1.data import layouts, recordings_table
from challengeflow_mabe_task1.data.recordings_table import Recording
from challengeflow_mabe_task1.formats import kinds, labels
from challengeflow_mabe_task1.formats.bouts import called
from challengeflow_mabe_task1.formats.kinds import Kind

_TRACKER = re.compile(
    r"(DLC_|DLC[A-Z]|DeepCut_|\.analysis|\.predictions|_pose_est_v\d+|_pose_(top|front)_v\d).*$", re.IGNORECASE
)
_PROJECT = re.compile(r"^.+\.\d{3}_(?=.+\.analysis$)")
"""What SLEAP puts before the video's name when it exports: the project and the number of the video."""
_LABEL = re.compile(r"[._-](annot(ation)?s?|labels?|boris|bouts|targets|predictions)$", re.IGNORECASE)
_VIDEO = re.compile(rf"({'|'.join(map(re.escape, kinds.VIDEOS))})$", re.IGNORECASE)

EXACT, INSIDE, BEGINNING = 0, 1, 2
"""How a label file is known to be of a recording: by its whole name, by what it says, by how its name begins."""


@dataclass(frozen=True)
class Survey:
    """What a folder holds. unused: file -> why not used; programs: file -> what wrote it; videos: recording -> file.

    table: the name of its recordings.csv; empty where it has none.
    """

    recordings: tuple[Recording, ...]
    unused: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, str] = field(default_factory=dict)
    videos: Mapping[str, str] = field(default_factory=dict)
    table: str = ""


def survey(folder: Path) -> Survey:
    """The recordings of a folder in order of their names, or of recordings.csv; reads no poses.

    Raises InputError for a recordings.csv with a wrong line.
    """
    if folder.is_file():
        kind = _kind(folder)
        names = _names(folder, kind) or [_name(folder)]
        return Survey(
            tuple(Recording(name, (folder.name,), split="test") for name in names), {}, {folder.name: kind.program}
        )
    table = recordings_table.find(folder)
    paths = sorted(path for path in folder.iterdir() if path != table)
    files = {path: _kind(path) for path in paths if not path.is_dir()}
    unused = {path.name: kind.program for path, kind in files.items() if not kind.used}
    unused |= {
        f"{path.name}/": "a folder; only files directly in the folder are read" for path in paths if path.is_dir()
    }
    if table is not None:
        there, alike = {path.name for path in files}, {called(path.name): path.name for path in files}
        found = tuple(_with_files(one, there, alike) for one in recordings_table.read(table))
        named = {name for one in found for name in (*one.poses, one.labels)}
        rest = [path.name for path, kind in files.items() if path.name not in named and kind.used and not kind.video]
        unused |= dict.fromkeys(rest, f"{table.name} does not name it")
    else:
        found = _by_names(files, unused)
    videos = _videos(files, found, unused)
    programs = {path.name: kind.program for path, kind in files.items() if kind.used}
    return Survey(found, unused, programs, videos, table.name if table else "")


def _with_files(one: Recording, there: Set[str], alike: Mapping[str, str]) -> Recording:
    """A recording with its files' names as the folder has them: capitals and accents may differ."""

    def name(said: str) -> str:
        return said if said in there else alike.get(called(said), said)

    whole = "|".join(one.poses)  # a file's own name may have a bar
    poses = (whole,) if whole in there else tuple(map(name, one.poses))
    return replace(one, poses=poses, labels=name(one.labels) if one.labels else "")


def _kind(path: Path) -> Kind:
    try:
        return kinds.kind(path)
    except Exception as error:  # a file from outside breaks what looks at it in any way
        return Kind(reason_of(error))


def label_names(recording: Recording) -> tuple[str, ...]:
    """What a recording may be called inside a label file: its id, and the names of its pose files."""
    return tuple(dict.fromkeys([recording.id, *(_name(Path(file)) for file in recording.poses)]))


def _by_names(files: Mapping[Path, Kind], unused: dict[str, str]) -> tuple[Recording, ...]:
    own_poses: dict[str, list[str]] = {}
    for path, kind in files.items():
        for name in _names(path, kind):
            own_poses.setdefault(name, []).append(path.name)
    chosen = {name: _one_of_same(own, unused) for name, own in own_poses.items()}
    own_labels, beside = _labels(files, list(chosen), unused)
    programs = {path.name: kind.program for path, kind in files.items()}
    found = []
    for name, poses in chosen.items():
        labelled, notes, problem = own_labels.get(name, []), [], ""
        if len(poses) > 1:
            problem = f"{' and '.join(poses)} are all poses of it; name one in {recordings_table.NAME}"
        if len(labelled) > 1:
            notes.append(
                f"not trained on: it has the labels {' and '.join(labelled)}; choose one in {recordings_table.NAME}"
            )
        label = labelled[0] if len(labelled) == 1 else ""
        if len(labelled) == 1 and name in beside:
            notes.append(f"{' and '.join(beside[name])} has labels of it too; {label} goes first")
        if label and called(_stem(Path(label))) != called(name) and programs[label] != "SimBA":
            notes.append(f"{label} was taken as its labels; if that is wrong, say so in {recordings_table.NAME}")
        found.append(
            Recording(name, tuple(poses), label, "train" if label else "test", notes=tuple(notes), problem=problem)
        )
    return tuple(found)


def _one_of_same(own: list[str], unused: dict[str, str]) -> list[str]:
    """The pose files of one name without those that say the same again: an h5 beside its csv, raw beside filtered."""
    stems = {Path(name).stem for name in own if Path(name).suffix.lower() == ".csv"}
    rest = [name for name in own if Path(name).suffix.lower() not in (".h5", ".hdf5") or Path(name).stem not in stems]
    if any(".analysis." in name for name in rest):  # SLEAP's export of the project
        rest = [name for name in rest if not name.lower().endswith(".slp")]
    filtered = [name for name in rest if Path(name).stem.endswith("_filtered")]
    raw = [Path(name).stem for name in rest if name not in filtered]
    if len(filtered) == 1 and set(raw) <= {Path(filtered[0]).stem.removesuffix("_filtered")}:
        rest = filtered
    for name in own:
        if name not in rest:
            unused[name] = f"the same tracks as {rest[0]}"
    return rest


def _labels(
    files: Mapping[Path, Kind], names: Sequence[str], unused: dict[str, str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Recording -> its label files: those known the surest way; and recording -> others that are used elsewhere.

    Those of no recording, or of none for which they are the surest, are unused.
    """
    claims: dict[str, list[tuple[int, str]]] = {}
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(called(name), []).append(name)
    for path, kind in files.items():
        claimed = _claims(path, kind, alike) if kind.labels else {}
        if kind.labels and not claimed:
            inside = ", ".join(sorted(labels.names_inside(path))[:4])
            about = f"; inside it names {inside}" if inside else ""
            unused[path.name] = f"labels of no recording here: no poses are called {_stem(path)!r}{about}"
        for name, how in claimed.items():
            claims.setdefault(name, []).append((how, path.name))
    found = {}
    for name, own in claims.items():
        surest = min(how for how, _ in own)
        found[name] = [file for how, file in own if how == surest]
        for how, file in own:
            if how > surest and len(own) > 1:
                unused.setdefault(file, f"{name} has its labels in {found[name][0]}")
    taken = {file for own in found.values() for file in own}
    for file in taken:
        unused.pop(file, None)
    beside = {
        name: [file for _, file in own if file in taken and file not in found[name]] for name, own in claims.items()
    }
    return found, {name: own for name, own in beside.items() if own}


def _claims(path: Path, kind: Kind, alike: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Recordings that a label file is of, and how that is known; alike: recordings by what they are called."""
    if kind.poses:  # poses and labels in one table
        return dict.fromkeys(_names(path, kind), EXACT)
    stem = called(spelled(_stem(path)))
    if stem in alike:
        return {alike[stem][0]: EXACT}
    inside = {called(spelled(name)) for name in labels.names_inside(path)}
    if said := [name for one in sorted(inside & alike.keys()) for name in alike[one]]:
        return dict.fromkeys(said, INSIDE)
    ends = (end for end in range(len(stem) - 1, 0, -1) if not stem[end].isalnum())
    begins = next((stem[:end] for end in ends if stem[:end] in alike), None)
    return {alike[begins][0]: BEGINNING} if begins else {}


def _videos(files: Mapping[Path, Kind], found: Sequence[Recording], unused: dict[str, str]) -> dict[str, str]:
    """Recording -> its video. Videos of no recording are unused."""
    names = {called(name): one.id for one in found for name in reversed(label_names(one))}
    videos: dict[str, str] = {}
    for path, kind in files.items():
        if not kind.video:
            continue
        name = names.get(called(path.stem))
        if name is None:
            unused[path.name] = f"a video without poses: none are called {path.stem!r}"
        elif videos.setdefault(name, path.name) != path.name:
            unused[path.name] = f"{videos[name]} is taken as the video of {name}"
    return videos


def _names(path: Path, kind: Kind) -> list[str]:
    """Ids of the recordings in a pose file: one, but for an .npz with an array each; none for another file."""
    if not kind.poses:
        return []
    if path.suffix.lower() == ".npz":
        try:
            names = layouts.tracks_of(path)
        except InputError:  # reading it will say so
            return [spelled(path.stem)]
        alone = names in ([], ["keypoints"])
        return [spelled(path.stem)] if alone else [spelled(f"{path.stem}/{name}") for name in names]
    return [spelled(_name(path))]


def _name(path: Path) -> str:
    """The recording's name in that of a pose file, without what trackers add."""
    stem = _VIDEO.sub("", _TRACKER.sub("", _PROJECT.sub("", path.stem)))
    return stem.strip(" ._-") or path.stem


def _stem(path: Path) -> str:
    """The name in that of a label file."""
    return _VIDEO.sub("", _LABEL.sub("", path.stem))
