"""How a model over time learns: loss and inner score by epoch, of every fold and part, drawn from a run.

    python benchmarks/mabe_learning_curve.py RESULTS DATASET MODEL PICTURE.png
    python benchmarks/mabe_learning_curve.py results-rats task1 temporal-conv docs/images/mabe-temporal-conv-curve.png

RESULTS, DATASET and MODEL are names of a run; the curves are the `curve.csv` of each fold's model. The inner score is
the mean F1 of the behaviours on groups held out inside the training folds; a dot marks the weights that were kept.
"""

import csv
import sys
from itertools import groupby
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def curves(folder: Path) -> list[list[dict[str, float]]]:
    """The rows of each part of each fold, in order of epochs."""
    found = []
    for path in sorted(folder.glob("fold-*/curve.csv")):
        with open(path, newline="") as file:
            rows = [
                {key: float(row[key]) if row[key] else None for key in ("part", "epoch", "loss", "score")}
                for row in csv.DictReader(file)
                if row["stage"] == "training"
            ]
        found += [list(own) for _, own in groupby(rows, key=lambda row: row["part"])]
    return found


def main(results: Path, dataset: str, model: str, picture: Path) -> None:
    found = curves(results / "mabe-task1" / dataset / model)
    if not found:
        sys.exit(f"there is no curve.csv under {results}/mabe-task1/{dataset}/{model}/fold-*; run the workflow first")
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for rows in found:
        epochs = [row["epoch"] + 1 for row in rows]
        axes[0].plot(epochs, [row["loss"] for row in rows], color="tab:blue", alpha=0.5, linewidth=1)
        scores = [row["score"] for row in rows]
        if None not in scores:
            best = scores.index(max(scores))
            axes[1].plot(epochs, scores, color="tab:orange", alpha=0.5, linewidth=1)
            axes[1].plot(epochs[best], scores[best], "o", color="tab:orange", markersize=4)
    for axis, label in zip(axes, ("training loss", "mean F1 on inner groups"), strict=True):
        axis.set(xlabel="epoch", ylabel=label)
        axis.grid(alpha=0.3)
    figure.suptitle(f"{model} on {dataset}: {len(found)} networks (folds x parts)", fontsize=10)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
