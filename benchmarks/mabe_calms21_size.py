"""Features and the whole CPU pipeline at the size of CalMS21: 70 + 19 sequences, 769,845 frames, 7 parts, 2 mice.

    python benchmarks/mabe_calms21_size.py FOLDER

Generates the data into FOLDER (AIcrowd's layout, the demo's simulator), then measures in processes of their own
1. the features of all sequences as pose-boosting makes them: CPU seconds and peak memory;
2. `snakemake --cores 2` with pose-boosting, from files to submission: wall and CPU minutes, peak memory of a job.
What has been made in FOLDER before is used again; remove FOLDER/results to measure the pipeline anew.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
TRAIN, TRAIN_FRAMES = 70, 507_738
TEST, TEST_FRAMES = 19, 262_107
FPS = 30.0
WINDOWS = (0.5, 2, 6, 20, 60)

CONFIG = """\
results: {folder}/results
challenges:
  mabe-task1:
    controls: false
    datasets:
      task1: {{source: {folder}/data, folds: 5}}
    models:
      pose-boosting: {{}}
"""


def generate(folder: Path) -> None:
    """Write train.npy and test.npy."""
    from challengeflow_mabe_task1.demo.behaviour_states import VOCABULARY, annotate, draw_bouts
    from challengeflow_mabe_task1.demo.motion import film, move

    def sequences(split: str, count: int, total: int) -> dict:
        found = {}
        for number, frames in enumerate(np.diff(np.linspace(0, total, count + 1).astype(int)).tolist()):
            random = np.random.default_rng([len(split), number])
            bouts = draw_bouts(frames, FPS, random)
            points = film(move(bouts, frames, FPS, random), bouts, random)
            found[f"{split}-{number:03d}"] = {"keypoints": points, "annotations": annotate(bouts, frames, random)}
        return found

    folder.mkdir(parents=True)
    test = sequences("test", TEST, TEST_FRAMES)
    for sequence in test.values():
        del sequence["annotations"]
    train = {"vocabulary": list(VOCABULARY), "sequences": sequences("train", TRAIN, TRAIN_FRAMES)}
    np.save(folder / "test.npy", {"sequences": test}, allow_pickle=True)
    np.save(folder / "train.npy", train, allow_pickle=True)


def features(folder: Path) -> None:
    """Make the features of all sequences, one at a time, and print what it took."""
    from challengeflow_mabe_task1.data import layouts
    from challengeflow_mabe_task1.features.pose_recipe import Recipe, feature_blocks, feature_names

    recipe = Recipe(("a", "b"), layouts.MARS_PARTS, (6, 3), windows=WINDOWS)
    tracks = [folder / "tracks" / name for name in sorted(os.listdir(folder / "tracks"))]
    started, frames = time.process_time(), 0
    for path in tracks:
        for _, made in feature_blocks(recipe, np.load(path), {"fps": FPS}):
            frames += len(made)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"features: {frames} frames x {len(feature_names(recipe))} in {seconds:.0f} CPU s, peak memory {peak:.0f} MiB"
    )


def unpack(folder: Path) -> None:
    """Write each track as a file of its own, so that only one is in memory when features are made."""
    from challengeflow_mabe_task1.data import layouts

    (folder / "tracks").mkdir()
    for name in ("train.npy", "test.npy"):
        for item in layouts.read(folder / "data" / name):
            np.save(folder / "tracks" / f"{item.id}.npy", layouts.keypoints(item))


def pipeline(folder: Path) -> None:
    """Run the workflow with pose-boosting and print what it took."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder=folder))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "mabe-task1",
        "--snakefile",
        ROOT / "Snakefile",
        "--directory",
        folder,
        "--configfile",
        config,
    ]
    started = time.monotonic()
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    subprocess.run([*command, "--cores", "2", "--quiet", "all"], check=True, env=environment)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes, cpu = (time.monotonic() - started) / 60, (used.ru_utime + used.ru_stime) / 60
    print(
        f"pipeline: {minutes:.1f} minutes on 2 cores, {cpu:.1f} CPU minutes, "
        f"peak memory of a job {used.ru_maxrss / 1024:.0f} MiB"
    )


def main(folder: Path) -> None:
    steps = {"generate": folder / "data", "unpack": folder / "tracks", "features": None, "pipeline": None}
    for step, made in steps.items():
        if made is None or not made.exists():
            subprocess.run([sys.executable, __file__, folder, step], check=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    place = Path(sys.argv[1]).resolve()
    if len(sys.argv) == 2:
        main(place)
    elif sys.argv[2] == "generate":
        generate(place / "data")
    else:
        {"unpack": unpack, "features": features, "pipeline": pipeline}[sys.argv[2]](place)
