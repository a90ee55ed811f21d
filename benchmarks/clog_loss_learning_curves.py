"""How the Clog Loss networks of a run learnt: the learning curves of all their folds in one table.

python benchmarks/clog_loss_learning_curves.py RESULTS DATASET TABLE
python benchmarks/clog_loss_learning_curves.py results-clog-loss-demo nano curves.csv
"""

import csv
import sys
from pathlib import Path


def main(home: Path, table: Path) -> None:
    """Write model, fold, stage, epoch, loss on training batches and AUC on inner projects."""
    with open(table, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "fold", "stage", "epoch", "loss", "inner_auc"])
        for path in sorted(home.glob("*/fold-*/curve.csv")):
            with open(path, newline="") as curve:
                for row in csv.DictReader(curve):
                    auc = f"{float(row['score']):.4f}" if row["score"] else ""
                    names = [path.parent.parent.name, path.parent.name.removeprefix("fold-")]
                    writer.writerow([*names, row["stage"], row["epoch"], f"{float(row['loss']):.4f}", auc])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]) / "clog-loss" / sys.argv[2], Path(sys.argv[3]))
