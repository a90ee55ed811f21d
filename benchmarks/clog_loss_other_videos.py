"""A training set from the second generator, the tests' own (other optics, speeds, codec, code), as a folder of data.

    python benchmarks/clog_loss_other_videos.py FOLDER VIDEOS
    python benchmarks/clog_loss_other_videos.py data/clog-loss-other 612

Half of the videos are stalled. FOLDER can be a `source` in the config, as in examples/clog-loss-other.yaml.
"""

import sys
from pathlib import Path

import numpy as np

from challengeflow_clog_loss.data import tables

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "plugins/clog-loss/tests/helpers"))

PROJECTS = "ACDEFGHIJKLM"


def main(folder: Path, count: int) -> None:
    """Write videos into train/ and the two training tables; the second generator knows no projects: they alternate."""
    from clog_loss_other_optics import write_other_video

    (folder / "train").mkdir(parents=True, exist_ok=True)
    rows, labels = [], []
    for number in range(count):
        name = f"{100_000 + number}.mp4"
        random = np.random.default_rng([9, number // 2])
        stalled = bool(random.random() < 0.5) ^ bool(number % 2)
        path = folder / "train" / name
        frames = write_other_video(path, number, stalled)
        rows.append(
            (name, f"other/{name}", PROJECTS[number // 2 % 12], frames, 0.9 if stalled else 0.1, True, True, True)
        )
        labels.append((name, int(stalled)))
        if number % 50 == 49:
            print(f"{number + 1} of {count} videos", flush=True)
    tables.write_table(folder / "train_metadata.csv", tables.TRAIN_COLUMNS, rows)
    tables.write_table(folder / "train_labels.csv", tables.LABEL_COLUMNS, labels)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]))
