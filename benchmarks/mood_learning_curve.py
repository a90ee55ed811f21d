"""How a network of mood learns: loss and inner score by step, drawn from the models of runs of the workflow.

    python benchmarks/mood_learning_curve.py MODEL PICTURE.png FOLDER [FOLDER ...]
    python benchmarks/mood_learning_curve.py unet3d docs/images/mood-unet3d-curve.png \\
        results-mood-heads/*/mood/brain/unet3d/fold-all

FOLDERs are trained models, each with its `curve.csv`. The inner score is the mean of the average precisions over voxels
and over cases, on groups and kinds of anomaly that were held out inside the training data, if any were; a dot marks the
weights that were kept.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def curve(folder: Path) -> list[dict[str, float]]:
    """The rows of one model's learning curve."""
    with open(folder / "curve.csv", newline="") as file:
        return [{key: float(value) if value else None for key, value in row.items()} for row in csv.DictReader(file)]


def main(model: str, picture: Path, folders: Sequence[Path]) -> None:
    found = [curve(folder) for folder in folders]
    scored = all(row["score"] is not None for rows in found for row in rows)
    labels = ("training loss", "mean AP on inner groups, other kinds")[: 1 + scored]
    figure, axes = plt.subplots(1, len(labels), figsize=(4.5 * len(labels), 3.2), layout="constrained", squeeze=False)
    axes = axes[0]
    for rows in found:
        steps, scores = [row["step"] for row in rows], [row["score"] for row in rows]
        axes[0].plot(steps, [row["loss"] for row in rows], color="tab:blue", alpha=0.6, marker=".")
        if scored:
            best = scores.index(max(scores))
            axes[1].plot(steps, scores, color="tab:orange", alpha=0.6, linewidth=1)
            axes[1].plot(steps[best], scores[best], "o", color="tab:orange", markersize=5)
    for axis, label in zip(axes, labels, strict=True):
        axis.set(xlabel="step", ylabel=label)
        axis.grid(alpha=0.3)
    figure.suptitle(f"{model}: {len(found)} training{'s' if len(found) > 1 else ''}", fontsize=10)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]), [Path(folder) for folder in sys.argv[3:]])
