"""Is one Clog Loss model better than another at the test set's prevalence? Resamples of videos and projects, in pairs.

    python benchmarks/clog_loss_paired_bootstrap.py RESULTS DATASET MODEL [MODEL ...]
    python benchmarks/clog_loss_paired_bootstrap.py results-clog-loss-demo nano metadata-only roi-features kymograph-net

RESULTS, DATASET and MODEL are names of a run of the workflow. Nothing is trained: out-of-fold predictions of the train
split are read, each fold is answered with the threshold fitted on the others, and stalled videos are weighted to be
4.6 % of all. A gain holds where the 95 % interval of the difference lies above 0. Videos are drawn within their class,
projects whole.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from challengeflow import Shard
from challengeflow_clog_loss.scoring.matthews import fit_threshold, mcc_at
from challengeflow_clog_loss.scoring.scored_videos import Videos, read_videos

PREVALENCE, DRAWS = 0.046, 2000


def videos_of(home: Path, model: str) -> Videos:
    """The train videos of a dataset with a model's out-of-fold predictions."""
    shards = []
    for gold in sorted(path for path in (home / "gold").glob("train-f*") if path.is_dir()):
        name = gold.name
        index, predictions = home / "index" / "shards" / f"{name}.csv", home / model / "predictions" / home.name / name
        shards.append(
            Shard(name, "train", int(name.split("-")[1][1:]), index, home / "prepared" / name, gold, predictions)
        )
    return read_videos(shards, "train")


def figures(videos: Videos) -> dict[str, Callable[[np.ndarray], float]]:
    """Name of each figure -> the figure of the videos with these numbers."""
    answers = videos.cross_fitted(
        lambda stalled, chance: fit_threshold(stalled, chance, PREVALENCE), lambda cut, chance: chance >= cut
    ).astype(bool)
    return {
        f"MCC at {PREVALENCE:.1%}": lambda drawn: mcc_at(videos.stalled[drawn], answers[drawn], PREVALENCE),
        "AUC": lambda drawn: _area(videos.stalled[drawn], videos.chance[drawn]),
    }


def _area(stalled: np.ndarray, chance: np.ndarray) -> float:
    """The area under the curve from ranks, ties in halves: scikit-learn's value, at a tenth of the time."""
    own, count = rankdata(chance)[stalled], len(stalled)
    return (own.sum() / len(own) - (len(own) + 1) / 2) / (count - len(own))


def draws(videos: Videos, by: str) -> list[np.ndarray]:
    """Numbers of the videos of each resample, the same for all models."""
    random = np.random.default_rng(0)
    if by == "projects":
        members = [np.flatnonzero(videos.groups == group) for group in sorted(set(videos.groups))]
        return [
            np.concatenate([members[k] for k in random.integers(len(members), size=len(members))]) for _ in range(DRAWS)
        ]
    classes = [np.flatnonzero(videos.stalled == kind) for kind in (True, False)]
    return [np.concatenate([random.choice(own, len(own)) for own in classes]) for _ in range(DRAWS)]


def main(results: Path, dataset: str, models: list[str]) -> None:
    scored = {model: videos_of(results / "clog-loss" / dataset, model) for model in models}
    first = scored[models[0]]
    print(f"{len(first.samples)} videos, {first.stalled.sum()} stalled, {len(set(first.groups))} projects")
    named = {model: figures(videos) for model, videos in scored.items()}
    everything = np.arange(len(first.samples))
    for by in ("videos", "projects"):
        drawn = draws(first, by)
        values = {
            (model, name): np.array([figure(own) for own in drawn])
            for model, own_figures in named.items()
            for name, figure in own_figures.items()
        }
        for name in named[models[0]]:
            for model in models:
                low, high = np.quantile(values[model, name], [0.025, 0.975])
                print(f"{by:<9} {name:<12} {model:<20} {named[model][name](everything):.3f} [{low:.3f}, {high:.3f}]")
            for place, better in enumerate(models):
                for base in models[:place]:
                    gain = values[better, name] - values[base, name]
                    low, high = np.quantile(gain, [0.025, 0.975])
                    print(f"{by:<9} {name:<12} {better} - {base}: {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
