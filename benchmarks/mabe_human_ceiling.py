"""How well one person agrees with another on CalMS21: macro F1 of annotator 2 against 1, by the plugin's metric.

    python benchmarks/mabe_human_ceiling.py FOLDER

FOLDER holds Recording_1/humanAnnotation_1.csv, Recording_1/humanAnnotation_2.csv and so on (one 0/1 column for each
behaviour, one line a frame), as in the folder data/dataset_human_vs_human of github.com/BelloneLab/BANOS.
"""

import sys
from pathlib import Path

import numpy as np

from challengeflow_mabe_task1.formats import frame_tables, labels
from challengeflow_mabe_task1.formats.bouts import Choice
from challengeflow_mabe_task1.scoring.bout_metric import bout_f1, count_bouts
from challengeflow_mabe_task1.scoring.metric import confusion, f1, macro_f1, macro_precision
from challengeflow_mabe_task1.scoring.score import scored_classes

NAMES = ("attack", "investigation", "mount", "other")


def frames(path: Path) -> np.ndarray:
    """Class number of each frame, (T,)."""
    found = frame_tables.read(path, Choice((path.stem,)))
    arrays = labels.to_array(found, NAMES), labels.known_array(found)
    return labels.to_frames(*arrays, labels.about(found), 30.0, 0, 0, len(NAMES))


def main(folder: Path) -> None:
    tables, bouts = [], []
    for recording in sorted(folder.glob("Recording_*")):
        first, second = (frames(recording / f"humanAnnotation_{person}.csv") for person in (1, 2))
        tables.append(confusion(first, second, len(NAMES)))
        bouts.append(count_bouts(first, second, len(NAMES)).counts)
    total, scored = np.sum(tables, axis=0), scored_classes(NAMES, None)
    print(f"{len(tables)} recordings, {total.sum()} frames")
    print(f"macro F1 {macro_f1(total, scored):.4f}, macro precision {macro_precision(total, scored):.4f}")
    for k in scored:
        print(f"  {NAMES[k]:<14} F1 {f1(total)[k]:.4f}  bouts F1 {bout_f1(np.sum(bouts, axis=0))[k]:.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
