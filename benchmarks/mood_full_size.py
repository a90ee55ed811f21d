"""Full-size cases of MOOD end to end: time and memory of the workflow, of the image's scripts, and of the scorer.

    python benchmarks/mood_full_size.py FOLDER [--model pca-residual] [--sizes 256 512]

Trains the model on the demo, then for each size makes one float32 head of that many voxels a side and measures, each in
processes of its own: the workflow on it (`snakemake`: download, preprocess, predict, both tasks' answers), each script
of the submission's archive, and `mood-score` of its map. CPU seconds are those of all processes, so they mean the same
on a busy machine; the peak is that of the largest process. Cases and models that are in FOLDER are used again. A
network is trained for one step.
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import yaml

ROOT = Path(__file__).parent.parent
SPACING = 180.0  # mm a side
NETWORKS = ("unet3d", "timm-slices")
SHORT = {"steps": 1, "check_every": 1, "inner": 0, "cases": 4}  # an answer takes the same, however long it learnt
BINARIES = Path(sys.executable).parent


def make_case(path: Path, size: int) -> None:
    """A head phantom of 64^3, enlarged, with fine noise; background 0; .nii.gz at level 1, as nibabel writes it."""
    from challengeflow_mood.demo.phantoms import phantom

    random = np.random.default_rng(size)
    small = phantom("brain", 64, random)
    times = size // 64
    image = np.empty((size,) * 3, np.float32, order="F")
    for z in range(size):
        plane = small[:, :, z // times].repeat(times, 0).repeat(times, 1)
        image[:, :, z] = np.where(plane > 0, plane + 0.02 * random.standard_normal(plane.shape, np.float32), 0).clip(
            0, 1
        )
    volume = nib.Nifti1Image(image, np.diag([SPACING / size] * 3 + [1.0]))
    with gzip.GzipFile(path, "wb", compresslevel=1, mtime=0) as file:
        volume.to_stream(file)
    label = path.parent.parent / f"label-{size}"
    label.mkdir(exist_ok=True)
    mask = np.zeros((size,) * 3, np.uint8, order="F")
    mask[size // 3 : size // 2, size // 3 : size // 2, size // 3 : size // 2] = 1
    nib.save(nib.Nifti1Image(mask, volume.affine), label / path.name)


def measured(words: list, folder: Path, **environment: str) -> tuple[float, float, float]:
    """Run a command; wall seconds, CPU seconds of it and all it started, and MiB of its largest process."""
    path = os.pathsep.join([str(BINARIES), os.environ["PATH"]])
    started = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], cwd=folder, env=os.environ | {"PATH": path} | environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{words} failed")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def config(folder: Path, model: str, sizes: list[int]) -> Path:
    """The demo's datasets, on which the model is trained, and a folder of one case for each size."""
    own = {f"head-{size}": {"source": str(folder / f"case-{size}"), "trained_on": "brain"} for size in sizes}
    demo = {"source": "demo", "folds": 2}
    challenge = {
        "controls": False,
        "datasets": {"brain": demo, "abdom": demo} | own,
        "models": {model: {"parameters": SHORT} if model in NETWORKS else {}},
        "download": {"demo_train": 16, "demo_toy": 4},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"results": str(folder / "results"), "challenges": {"mood": challenge}}))
    return path


def snakemake(folder: Path, settings: Path, *targets: str) -> tuple[float, float, float]:
    words = [sys.executable, "-m", "snakemake", *targets, "--snakefile", ROOT / "Snakefile", "--directory", folder]
    words += ["--configfile", settings, "--cores", "2", "--quiet", "all"]
    return measured(words, folder)


def report(what: str, size: int, figures: tuple[float, float, float]) -> None:
    wall, cpu, peak = figures
    print(f"| {what} | {size}^3 | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True)


def main(folder: Path, model: str, sizes: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        case = folder / f"case-{size}" / f"head_{size}.nii.gz"
        if not case.exists():
            case.parent.mkdir(exist_ok=True)
            subprocess.run([sys.executable, __file__, folder, "--make", str(case), "--sizes", str(size)], check=True)
    settings = config(folder, model, sizes)
    submissions = folder / "results/mood/submissions"
    snakemake(folder, settings, str(submissions / "docker" / model))
    context = folder / "context"
    context.mkdir(exist_ok=True)
    subprocess.run(["tar", "xf", submissions / "docker" / model / f"mood-{model}.tar", "-C", context], check=True)
    print("| what | size | wall s | CPU s | peak MiB |\n|---|---|---|---|---|")
    for size in sizes:
        made = submissions / "maps" / f"head-{size}-{model}"
        predictions = folder / "results/mood/brain" / model / "predictions" / f"head-{size}"
        for before in (made, predictions, folder / f"results/mood/head-{size}"):
            shutil.rmtree(before, ignore_errors=True)
        report(f"{model}: workflow, both tasks", size, snakemake(folder, settings, str(made)))
        for task in ("sample", "pixel"):
            outputs = folder / f"answers-{size}-{task}"
            outputs.mkdir(exist_ok=True)
            words = [context / f"run_{task}_brain.sh", folder / f"case-{size}", outputs]
            report(f"{model}: run_{task}_brain.sh", size, measured(words, folder, OMP_NUM_THREADS="2"))
        words = ["challengeflow", "mood-score", "pixel", folder / f"answers-{size}-pixel", folder / f"label-{size}"]
        report("mood-score, pixel", size, measured(words, folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="pca-residual")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make_case(options.make, options.sizes[0])
    else:
        main(options.folder.resolve(), options.model, options.sizes)
