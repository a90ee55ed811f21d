"""The scores of every frame, for statistics of one's own: a csv for each recording, or one parquet of all."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow.arrays import Predictions
from challengeflow_mabe_task1.answers.answered import Answered, file_names


def write(folder: Path, sequences: Sequence[Answered], forms: Sequence[str]) -> None:
    """Write scores/NAME.csv or scores.parquet: the video's frame and second, the answer, a score for each behaviour.

    forms: of csv and parquet those wanted. Raises InputError where parquet is wanted and pyarrow is not there.
    """
    readable = [one for one in sequences if one.attributes["status"] == "ok"]
    if "csv" in forms and readable:
        (folder / "scores").mkdir()
        names = file_names(one.id for one in sequences)
        for one in readable:
            _write_csv(folder / "scores" / f"{names[one.id]}.csv", one)
    if "parquet" in forms and readable:
        _write_parquet(folder / "scores.parquet", readable)


def _columns(one: Answered) -> dict[str, np.ndarray]:
    """Name -> (T,) of each column."""
    names, frames = np.array(one.attributes["vocabulary"]), one.first + np.arange(one.frames)
    scores = Predictions(one.shard.predictions)[one.id].astype(np.float32)
    found = {"frame": frames, "seconds": np.round(frames / one.fps, 4), "answer": names[one.labels]}
    return found | {f"score {name}": scores[:, k] for k, name in enumerate(names)}


def _write_csv(path: Path, one: Answered) -> None:
    columns = _columns(one)
    texts = [
        [f"{value:.4f}" for value in column] if column.dtype.kind == "f" else column.tolist()
        for column in columns.values()
    ]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))


def _write_parquet(path: Path, sequences: Sequence[Answered]) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise InputError(
            "the package parameter 'frame_scores' asks for parquet, which pyarrow writes; run: pip install "
            "'challengeflow-mabe-task1[parquet]', or ask for csv alone"
        ) from None
    writer = None
    try:
        for one in sequences:
            columns = {"sequence": [one.id] * one.frames} | _columns(one)
            table = pa.table(columns)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
