"""The sample table, from the competition's CSV files or from a folder of one's own videos.

Labels, crowd_score and tier1 go into the gold; project_id is the group of a training video and nothing else.
"""

from pathlib import Path

from challengeflow import DownloadJob, InputError, Sample, write_samples
from challengeflow.outside.names import ids, spelled
from challengeflow_clog_loss.data import selection, tables


def from_tables(job: DownloadJob, folder: Path) -> None:
    """List the videos of `job.dataset` after the tables in `folder`, with labels wherever a split has gold."""
    samples, strata, gold = [], {}, []
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
    write_samples(job.output, samples, strata)
    if gold:
        tables.write_table(job.gold / "labels.csv", ("sample", "stalled", "crowd_score", "tier1"), gold)


def from_folder(job: DownloadJob, folder: Path) -> None:
    """List the mp4 files of a folder (or one file) as unlabelled test videos, by name; their frames are not known."""
    files = [folder] if folder.is_file() else sorted(path for path in folder.glob("*") if path.suffix.lower() == ".mp4")
    if not files:
        raise InputError(f"{folder} holds no mp4 file; name a folder of videos in the config")
    samples = [
        Sample(
            name, "test", name, {"filename": spelled(path.name), "num_frames": "", "url": "", "position": str(place)}
        )
        for place, (name, path) in enumerate(ids(files).items())
    ]
    write_samples(job.output, samples)


def _test_labels(folder: Path) -> dict[str, int]:
    """The demo's hidden labels; the competition never published its own."""
    path = tables.find_table(folder, "test_labels.csv")
    if path is None:
        raise InputError(f"{folder} has no test_labels.csv; declare no gold for the test split")
    return {filename: int(stalled) for _, (filename, stalled) in tables.read_rows(path, tables.LABEL_COLUMNS)}


def _stem(filename: str) -> str:
    return filename.removesuffix(".mp4")
