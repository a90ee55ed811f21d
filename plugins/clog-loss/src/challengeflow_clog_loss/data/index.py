"""The sample table, from the competition's CSV files, a lab's own labels or a folder of videos.

Labels, crowd_score and tier1 go into the gold; project_id is the group of a training video and nothing else.
"""

from collections import Counter
from pathlib import Path

from challengeflow import DownloadJob, InputError, Sample, write_samples
from challengeflow.outside.names import ids, meant, spelled
from challengeflow_clog_loss.data import own_labels, selection, tables

VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".mts")
FOLDERS = ("train", "test", "", "nano", "micro", "full", "nano_vessels/nano", "micro_vessels/micro")
STACKS = (".tif", ".tiff")
Gold = tuple[str, int, str, str]
"""Sample, stalled, crowd_score, tier1."""


def of_folder(job: DownloadJob, folder: Path) -> None:
    """By the competition's tables where they are, else by a lab's table of labels, else by the videos alone."""
    known = (tables.find_table(folder, name) for name in ("labels.csv", "train_labels.csv"))
    labels = next((path for path in known if path is not None), None)
    if folder.is_dir() and any(folder.glob("*_metadata.csv*")):
        from_tables(job, folder)
    elif labels is not None:
        from_labels(job, folder, labels)
    elif "train" in job.splits:
        raise InputError(
            f"{folder} has no labels to train on: put a labels.csv with the columns filename,stalled (and project_id, "
            "if known) there, or the competition's tables, or set splits: [test] for this dataset"
        )
    else:
        from_folder(job, folder)


def from_tables(job: DownloadJob, folder: Path) -> None:
    """List the videos of `job.dataset` after the tables in `folder`, with labels wherever a split has gold."""
    samples: list[Sample] = []
    strata: dict[str, str] = {}
    gold: list[Gold] = []
    if "train" in job.splits:
        table = tables.read_train(folder)
        for place in selection.chosen(table, job.dataset, job.parameters):
            row, stalled = table.rows[place], table.stalled[place]
            sample = _stem(row.filename)
            columns = {"filename": row.filename, "num_frames": str(row.num_frames), "url": row.url, "position": ""}
            samples.append(Sample(sample, "train", row.project_id, columns))
            strata[sample] = str(stalled)
            if "train" in job.gold_splits:
                gold.append((sample, stalled, row.crowd_score, row.tier1))
    if "test" in job.splits:
        labels = _test_labels(folder) if "test" in job.gold_splits else {}
        for position, test in enumerate(tables.read_test(folder)):
            sample = _stem(test.filename)
            columns = {"filename": test.filename, "num_frames": str(test.num_frames), "url": test.url}
            samples.append(Sample(sample, "test", sample, columns | {"position": str(position)}))
            if test.filename in labels:
                gold.append((sample, labels[test.filename], "", ""))
    _write(job, samples, strata, gold)


def from_labels(job: DownloadJob, folder: Path, labels: Path) -> None:
    """List a lab's own videos: those of its table of labels to train on, all others of the folder as test videos.

    Videos are grouped by the table's column `project_id` where it has one; else each is a group of its own.
    """
    samples: list[Sample] = []
    strata: dict[str, str] = {}
    gold: list[Gold] = []
    rows = {label.filename: label for label in own_labels.read(labels, _names(folder))}
    projects = {label.project for label in rows.values()}
    others = _videos(job, folder, folder / "test") if "test" in job.splits else []
    for name, path in ids([*map(Path, rows), *(path for path in others if path.name not in rows)]).items():
        label = rows.get(path.name)
        if label is None:  # of no project, though one may have its name
            samples.append(Sample(name, "test", f"{name} (video)" if name in projects else name, _columns(path)))
            continue
        samples.append(Sample(name, "train", label.project or name, _columns(path)))
        strata[name] = str(label.stalled)
        if "train" in job.gold_splits:
            gold.append((name, label.stalled, "", ""))
    _write(job, samples, strata, gold)


def from_folder(job: DownloadJob, folder: Path) -> None:
    """List the videos of a folder (or one file) as unlabelled test videos, by name; their frames are not known."""
    files = [folder] if folder.is_file() else _videos(job, folder)
    if not files:
        raise InputError(f"{folder} holds no video ({', '.join(VIDEOS)}); name a folder of videos in the config")
    _write(job, [Sample(name, "test", name, _columns(path)) for name, path in ids(files).items()], {}, [])


def _write(job: DownloadJob, samples: list[Sample], strata: dict[str, str], gold: list[Gold]) -> None:
    """The sample table and the labels; of own data with what each sample is made from: its video and its label."""
    made_from: dict[str, list[Path | str]] | None = None
    if job.source not in ("demo", "official"):
        labels = {row[0]: repr(row[1:]) for row in gold}
        root = Path(job.source)
        made_from = {one.id: [find(root, one) or "missing", labels.get(one.id, "")] for one in samples}
    write_samples(job.output, samples, strata, made_from)
    if gold:
        tables.write_table(job.gold / "labels.csv", ("sample", "stalled", "crowd_score", "tier1"), gold)


def _videos(job: DownloadJob, *folders: Path) -> list[Path]:
    """Videos of the folders by name, and tif stacks, which preprocess refuses; what is neither is told."""
    files = sorted(path for folder in folders for path in folder.glob("*") if not (path.is_dir() or _hidden(path)))
    videos = [path for path in files if path.suffix.lower() in VIDEOS + STACKS]
    if twice := next((name for name, count in Counter(path.name for path in videos).items() if count > 1), None):
        raise InputError(f"{spelled(twice)} is both in {folders[0]} and in {folders[1]}; keep one, or rename it")
    others = [path.name for path in files if path.suffix.lower() not in (*VIDEOS, *STACKS, ".csv", ".gz")]
    if others:
        job.progress.message(
            f"{len(others)} files are no videos by their names and are left out, as {spelled(others[0])}"
        )
    return videos


def _names(folder: Path) -> list[str]:
    """Names of the files wherever `find` looks for a video."""
    return [path.name for place in FOLDERS for path in (folder / place).glob("*") if not _hidden(path)]


def _hidden(path: Path) -> bool:
    """Files that systems put beside others: `._a.mp4` of macOS looks like a video and is none."""
    return path.name.startswith(".")


def _columns(path: Path) -> dict[str, str]:
    return {"filename": spelled(path.name), "num_frames": "", "url": "", "position": ""}


def _test_labels(folder: Path) -> dict[str, int]:
    """The demo's hidden labels; the competition never published its own."""
    path = tables.find_table(folder, "test_labels.csv")
    if path is None:
        raise InputError(f"{folder} has no test_labels.csv; declare no gold for the test split")
    return {filename: int(stalled) for _, (filename, stalled) in tables.read_rows(path, tables.LABEL_COLUMNS)}


def _stem(filename: str) -> str:
    return filename.removesuffix(".mp4")


def find(root: Path, sample: Sample) -> Path | None:
    """Where the video of a sample is; None where it is nowhere, which preprocess reports."""
    if root.is_file():
        return root
    filename = meant(sample.columns["filename"])
    candidates = (root / folder / filename for folder in (sample.split, *FOLDERS))
    return next((path for path in candidates if path.is_file()), None)
