"""What the sample table and the raw shards say about a sequence, wherever it comes from."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from challengeflow.arrays import Writer
from challengeflow_mabe_task1.data.layouts import background

COLUMNS = (
    "file",
    "position",
    "frames",
    "parts",
    "vocabulary",
    "annotator",
    "fps",
    "stated_fps",
    "label_rate",
    "pixels_per_cm",
    "resident",
    "intruder",
    "notes",
    "problem",
)
"""Columns of the sample table. None hints at labels; `vocabulary` lists the behaviours, not when they occur.

file, parts, vocabulary and notes are lists (JSON). stated_fps: frames a second of the video as a file says;
label_rate: of an annotator's frame numbers. problem: why the sequence cannot be read at all.
"""


def columns(**values: object) -> dict[str, str]:
    """The columns of a sequence as text, in their order; empty where nothing is known. Lists become JSON."""
    found = {name: values.get(name, "") for name in COLUMNS}
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)
        for name, value in found.items()
    }


def listed(text: str) -> list[str]:
    """A list that `columns` wrote; empty where nothing is known."""
    return list(json.loads(text)) if text else []


def write_track(
    out: Writer,
    name: str,
    points: np.ndarray,
    parts: Sequence[str] | None = None,
    confidence: np.ndarray | None = None,
    first: int = 0,
) -> None:
    """Add a sequence to a raw shard: points (T, 2, 2, P) float32 pixels and, where known, confidence (T, 2, P).

    first: the frame of the video that row 0 is.
    """
    arrays = {"keypoints": points} | ({} if confidence is None else {"confidence": confidence.astype(np.float32)})
    facts = {"status": "ok", "parts": None if parts is None else list(parts), "first_frame": first}
    out.add(name, facts, **arrays)


def strata(
    counts: Mapping[str, np.ndarray], vocabulary: Sequence[str], annotators: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Sequence id -> tercile of the share of the rarest behaviour that occurs at all ('other' aside), and annotator.

    counts: frames or seconds of each class, (C,) a sequence.
    """
    total = np.sum(list(counts.values()), axis=0)
    behaviours = [k for k in range(len(vocabulary)) if k != background(vocabulary) and total[k] > 0]
    if not behaviours:
        return dict.fromkeys(counts, "none")
    rarest = min(behaviours, key=lambda k: total[k])
    shares = {name: count[rarest] / max(count.sum(), 1e-9) for name, count in counts.items()}
    ranked = sorted(shares, key=lambda name: (shares[name], name))
    terciles = {name: ("low", "middle", "high")[3 * place // len(ranked)] for place, name in enumerate(ranked)}
    if len(set((annotators or {}).values())) < 2 or annotators is None:
        return {name: terciles[name] for name in counts}
    return {name: f"{terciles[name]}-{annotators[name]}" for name in counts}
