"""Floors of the stages of the demo, in CPU seconds over all its jobs: what `speed_table.py` puts beside them.

A floor is the least that a stage must do: decode its videos, read its files, or let the library work that it rests on,
and nothing else. Each takes the folder of a run and is measured in this process, the quicker of two times.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np

LIBRARIES = {  # what the code of a stage imports when it is called
    ("clog-loss", "preprocess"): "av",
    ("clog-loss", "train"): "sklearn.ensemble",
    ("clog-loss", "predict"): "scipy.ndimage, scipy.special",
    ("clog-loss", "draw"): "matplotlib.figure",
    ("mabe-task1", "train"): "sklearn.ensemble",
    ("mabe-task1", "predict"): "sklearn.ensemble",
    ("mabe-task1", "draw"): "matplotlib.figure, sklearn.metrics",
    ("mood", "preprocess"): "nibabel, scipy.ndimage",
    ("mood", "train"): "scipy.ndimage",
    ("mood", "predict"): "scipy.ndimage",
    ("mood", "score"): "nibabel, scipy.ndimage, scipy.optimize",
    ("mood", "draw"): "matplotlib.figure",
}


def cpu_of(command: list[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> float:
    """User and system seconds of a command and of all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@cache
def starts_of(challenge: str, stage: str) -> float:
    """CPU seconds of one start of Python with the stage runner and the libraries of the stage."""
    libraries = LIBRARIES.get((challenge, stage), "numpy")
    command = [sys.executable, "-c", f"import challengeflow.running.run_job, {libraries}"]
    return min(cpu_of(command) for _ in range(2))


def machine() -> str:
    """Processor, cores, memory, system and Python of where this runs."""
    from challengeflow.running import provenance

    known = provenance.machine()
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{known['processor']}, {known['cores']} cores, {known['memory_gib']:.0f} GiB, {known['system']}, "
        f"Python {version}"
    )


def took(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def read(folder: Path, challenge: str, *below: str) -> Callable[[], None]:
    """Reads every byte of the files whose folders are so called."""
    home = folder / "results" / challenge
    files = [path for name in below for place in home.rglob(name) for path in place.rglob("*") if path.is_file()]

    def work() -> None:
        for path in files:
            with open(path, "rb") as file:
                while file.read(1 << 20):
                    pass

    return work


def decode(folder: Path) -> None:
    import av

    for path in sorted((folder / "results/clog-loss").glob("*/raw/*/*.mp4")):
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "NONE"
            for _ in container.decode(video=0):
                pass


def scans(folder: Path) -> None:
    import nibabel

    for path in sorted((folder / "results/mood").glob("*/raw/*/**/*.nii.gz")):
        np.asarray(nibabel.load(path).dataobj)


def trees(fits: int, rows: int, columns: int, classes: int, rounds: int, leaves: int) -> Callable[[], None]:
    """scikit-learn's boosting alone, on random numbers of the sizes of the demo, binned already."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(0)
    numbers, labels = random.integers(0, 63, (rows, columns)).astype(float), random.integers(0, classes, rows)

    def work() -> None:
        with threadpool_limits(1):
            for _ in range(fits):
                HistGradientBoostingClassifier(
                    max_iter=rounds, max_leaf_nodes=leaves, max_bins=63, early_stopping=False
                ).fit(numbers, labels)

    return work


def product(fits: int, scans: int, side: int) -> Callable[[], None]:
    """The product of scans with each other, by BLAS: what a principal component analysis cannot do without."""
    rows = np.random.default_rng(0).random((scans, side**3), np.float32)
    return lambda: [rows @ rows.T for _ in range(fits)]


Floor = Callable[[Path], tuple[str, float]]


def _reading(challenge: str, *below: str) -> Floor:
    return lambda folder: ("read its files", took(read(folder, challenge, *below)))


FLOORS: dict[tuple[str, str], Floor] = {
    ("clog-loss", "preprocess"): lambda folder: ("decode the videos", took(lambda: decode(folder))),
    ("clog-loss", "train"): _reading("clog-loss", "prepared", "gold"),
    ("clog-loss", "predict"): _reading("clog-loss", "prepared"),
    ("mabe-task1", "preprocess"): _reading("mabe-task1", "raw"),
    # 4 parts in each of 3 folds; an eighth of 1161 features
    ("mabe-task1", "train"): lambda folder: ("fit the trees (scikit-learn)", took(trees(12, 12000, 139, 4, 50, 15))),
    ("mabe-task1", "predict"): _reading("mabe-task1", "prepared"),
    ("mood", "preprocess"): lambda folder: ("read the scans (nibabel)", took(lambda: scans(folder))),
    # three channels, five fits of each (four parts and the whole), two folds of two datasets
    ("mood", "train"): lambda folder: ("products of scans (BLAS)", took(product(60, 18, 64))),
    ("mood", "predict"): _reading("mood", "prepared"),
    **{
        (challenge, stage): _reading(challenge, "gold", "predictions")
        for challenge in ("clog-loss", "mabe-task1", "mood")
        for stage in ("score", "draw")
    },
    **{(challenge, "package"): _reading(challenge, "submissions") for challenge in ("clog-loss", "mabe-task1", "mood")},
    **{(challenge, "download"): _reading(challenge, "raw") for challenge in ("clog-loss", "mabe-task1", "mood")},
    **{
        (challenge, "controls"): _reading(challenge, "control-prior", "control-random", "control-perfect")
        for challenge in ("clog-loss", "mabe-task1", "mood")
    },
}
