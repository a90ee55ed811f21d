"""Published results on the 19 test sequences of CalMS21, to stand beside a score. None of them was measured here."""

from typing import Any

OFFICIAL_TEST = {"sequences": 19, "frames": 262_107}
"""What identifies the official test set, the only data these results are about."""

PUBLISHED = (
    ("1D-CNN baseline of the organisers, 5 seeds", 0.793, "github.com/dreamyang-liu/mab-e-opt-transport, results"),
    (
        "201 features and XGBoost, smoothed, class thresholds, 20 runs",
        0.840,
        "github.com/pnuehrenberg/vassi, examples/CALMS21",
    ),
)
"""System, macro F1, source."""

HUMAN_CEILING = 0.826
"""Macro F1 of one annotator against another on ten other CalMS21 recordings (BANOS, human vs human), by
`benchmarks/mabe_human_ceiling.py` with this plugin's own metric."""


def references(sequences: int, frames: int) -> list[dict[str, Any]]:
    """The published results, where a scored set is the official test set by its numbers; none for any other."""
    if {"sequences": sequences, "frames": frames} != OFFICIAL_TEST:
        return []
    rows = [
        *PUBLISHED,
        (
            "a second person, on ten other recordings",
            HUMAN_CEILING,
            "github.com/BelloneLab/BANOS, labels; computed here",
        ),
    ]
    return [{"system": name, "score": value, "source": source, "measured_here": False} for name, value, source in rows]
