"""Which Clog Loss model sees the blood move in vessels of which shape? Tables by shape and generator.

    python benchmarks/clog_loss_by_shape.py [--cores 2]

Runs examples/clog-loss-demo.yaml (the demo's generator) and, after making its videos, examples/clog-loss-other.yaml
(the second one), 612 videos each, half of them stalled; then the models of the demo answer the videos of the second
one, too. What is there already is not made again. Printed are AUC and MCC at 4.6 % of every model out of fold, and of
the demo's on the other videos, of all videos and of each shape, with intervals, and gains in pairs, drawn by whole
projects.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from clog_loss_paired_bootstrap import draws, figures, videos_of

from challengeflow.arrays import Predictions
from challengeflow_clog_loss.demo import synthesis
from challengeflow_clog_loss.scoring.scored_videos import Videos

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "plugins/clog-loss/tests/helpers"))

MODELS = ("metadata-only", "roi-features", "kymograph-net", "both")
VIDEOS = 612
ALL, OF_THE_DEMO = "all", " of the demo"
OTHER = "data/clog-loss-other"
ANSWERED = "results-clog-loss-demo/clog-loss/nano/{model}/predictions/other/test-000"


def run(cores: int) -> None:
    """Both workflows, and the demo's models on the other videos, as far as they have not been run."""
    if not (ROOT / OTHER / "train_labels.csv").exists():
        maker = ROOT / "benchmarks/clog_loss_other_videos.py"
        subprocess.run([sys.executable, str(maker), OTHER, str(VIDEOS)], check=True, cwd=ROOT)
    answered = {"clog-loss": {"datasets": {"other": {"source": f"{OTHER}/train", "trained_on": "nano"}}}}
    answers = [ANSWERED.format(model=model) for model in MODELS[1:]]
    _snakemake("demo", cores, "clog-loss")
    _snakemake("other", cores, "clog-loss")
    _snakemake("demo", cores, *answers, "--config", f"challenges={json.dumps(answered)}")


def _snakemake(name: str, cores: int, *more: str) -> None:
    command = [sys.executable, "-m", "snakemake", "--configfile", f"examples/clog-loss-{name}.yaml"]
    subprocess.run([*command, "--cores", str(cores), *more], check=True, cwd=ROOT, stdout=sys.stderr)


def shapes(videos: Videos, generator: str) -> np.ndarray:
    """How the outlined vessel of each video lies."""
    from clog_loss_other_optics import shape_of

    names = [sample.id for sample in videos.samples]
    if generator == "demo":
        return np.array([synthesis.shape_of(0, name) for name in names])
    return np.array([shape_of(int(name) - 100_000) for name in names])


def tables(generator: str) -> Iterator[str]:
    """Lines of the tables of one generator."""
    scored = _scored(generator)
    models = list(scored)
    first = scored[models[0]]
    lies = shapes(first, generator)
    count, stalled = len(first.samples), int(first.stalled.sum())
    projects = len(set(first.groups))
    yield f"{count} videos of the generator `{generator}`, {stalled} of them stalled, in {projects} projects."
    resamples = draws(first, "projects")
    values = {model: figures(videos) for model, videos in scored.items()}
    for name in values[models[0]]:
        yield ""
        yield f"| {name} | videos | " + " | ".join(models) + " |"
        yield "|---" * (len(models) + 2) + "|"
        for shape in (ALL, *sorted(set(lies))):
            own = np.ones(count, bool) if shape == ALL else lies == shape
            cells = [_cell(values[model][name], own, resamples) for model in models]
            yield f"| {shape} | {int(own.sum())} | " + " | ".join(cells) + " |"
        yield from ("", f"| gain in {name} | |", "|---|---|")
        for place, better in enumerate(models[1:], 1):
            own = better.removesuffix(OF_THE_DEMO)  # the same model, that has seen other videos of this generator
            base = models[place - 1] if own == better else own
            gain = [values[better][name](drawn) - values[base][name](drawn) for drawn in resamples]
            low, high = np.quantile(gain, [0.025, 0.975])
            sure = "" if low > 0 or high < 0 else ": may be chance"
            yield f"| {better} - {base} | {np.mean(gain):+.3f} [{low:+.3f}, {high:+.3f}]{sure} |"


def _scored(generator: str) -> dict[str, Videos]:
    """The videos of a generator with the out-of-fold predictions of each model; of the second one, also with those of
    the demo's models, which have seen none of them."""
    home = ROOT / f"results-clog-loss-{generator}" / "clog-loss" / "nano"
    scored = {f"`{model}`": videos_of(home, model) for model in MODELS}
    if generator == "other":
        first = scored[f"`{MODELS[0]}`"]
        for model in MODELS[1:]:
            answers = Predictions(ROOT / ANSWERED.format(model=model))
            chance = np.array([float(answers[sample.id].reshape(-1)[0]) for sample in first.samples])
            scored[f"`{model}`{OF_THE_DEMO}"] = replace(first, chance=chance)
    return scored


def _cell(figure, own: np.ndarray, resamples: list[np.ndarray]) -> str:
    """A figure of some of the videos, with its interval over resamples of projects."""
    drawn = [figure(resample[own[resample]]) for resample in resamples]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{figure(np.flatnonzero(own)):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cores", type=int, default=2)
    run(options.parse_args().cores)
    for generator in ("demo", "other"):
        print("\n".join(tables(generator)), end="\n\n")
