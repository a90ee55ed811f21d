"""Plain csv labels: a line a bout, a line a frame with the behaviour's name, or a 0/1 column for each behaviour.

The first is what this plugin writes as bouts.csv, so that corrected answers can be learnt from; the last is how
DeepEthogram and BANOS keep labels.
"""

from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats.bouts import Bout, Labels, runs

NAMES = ("behaviour", "behavior", "label")


def read(path: Path, recording: str) -> Labels:
    """The labels of a recording. Raises InputError that lists the three forms where the columns fit none."""
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} is not a readable csv ({str(error).splitlines()[0]}); save it as csv again") from None
    if "sequence" in table:
        table = table[table["sequence"].astype(str) == recording]
    name = next((column for column in NAMES if column in table), None)
    for unit, start, stop in (("frames", "start_frame", "stop_frame"), ("seconds", "start_s", "stop_s")):
        if name and {start, stop} <= set(table):
            rows = zip(table[name].astype(str), table[start], table[stop], strict=True)
            return Labels(tuple(Bout(behaviour, float(a), float(b)) for behaviour, a, b in rows), unit)
    if name and set(table) <= {name, "frame", "sequence"}:
        values = table[name].fillna("").astype(str).to_numpy()
        return _by_frame(values)
    behaviours = [
        column for column in map(str, table) if column not in ("frame", "sequence") and not column.startswith("Unnamed")
    ]
    if behaviours and table[behaviours].isin([0, 1]).all(axis=None):
        hits = table[behaviours].to_numpy(int)
        return _by_frame(np.where(hits.any(axis=1), np.array(behaviours, object)[hits.argmax(axis=1)], "other"))
    raise InputError(
        f"{path} has the columns {', '.join(map(str, table))}; expected behaviour with start_frame and stop_frame (or "
        "start_s and stop_s), behaviour in a line for each frame, or a column of 0 and 1 for each behaviour"
    )


def _by_frame(names: np.ndarray) -> Labels:
    """A line a frame; an empty name means that nothing was seen, and frames after the last line carry no label."""
    found = tuple(Bout(str(name), start, stop) for name, start, stop in runs(names) if name)
    return Labels(found, "frames", (0, len(names)))
