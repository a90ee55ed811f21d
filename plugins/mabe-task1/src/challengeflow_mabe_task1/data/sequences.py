"""What the sample table and the raw shards say about a sequence, wherever it comes from."""

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
    "pixels_per_cm",
    "resident",
    "intruder",
)
"""Columns of the sample table. None hints at labels; `vocabulary` lists the behaviours, not when they occur."""


def columns(**values: object) -> dict[str, str]:
    """The columns of a sequence as text, in their order; empty where nothing is known."""
    return {name: str(values.get(name, "")) for name in COLUMNS}


def write_track(
    out: Writer, name: str, points: np.ndarray, parts: Sequence[str] | None = None, confidence: np.ndarray | None = None
) -> None:
    """Add a sequence to a raw shard: points (T, 2, 2, P) float32 pixels and, where known, confidence (T, 2, P)."""
    arrays = {"keypoints": points} | ({} if confidence is None else {"confidence": confidence.astype(np.float32)})
    out.add(name, {"status": "ok", "parts": None if parts is None else list(parts)}, **arrays)


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
