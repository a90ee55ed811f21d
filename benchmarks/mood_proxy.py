"""Does each model of mood gain over the one before? The proxy benchmark on real heads, by paired bootstrap over cases.

    python benchmarks/mood_proxy.py RESULTS DATA INDIVIDUAL[,INDIVIDUAL...] MODEL [MODEL ...]
    python benchmarks/mood_proxy.py results-mood-heads data/mood-heads colin,bert,chop pca-residual residual-boosting unet3d

RESULTS/without-X holds the run of examples/mood-heads.yaml for each individual X, DATA what mood_heads.py made; `same-heads` in the place of
individuals is the easier protocol, of RESULTS/same-heads. Nothing is trained.
Average precisions are the organisers' over each individual's cases, then their mean. Cases are drawn with replacement
within each individual, the same ones for both sides of a comparison; a gain holds where the 95 % interval of the
difference lies above 0. Where the run has datasets `ood` and `planted`, their scans' sample scores are set beside those of the
healthy draws and of the draws with an anomaly of the proxy.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from challengeflow import Shard
from challengeflow.arrays import Predictions
from challengeflow_mood import decision, evaluation
from challengeflow_mood.average_precision import from_levels, of_samples

DRAWS = 1000
SAME = "same-heads"


def folder_of(name: str) -> str:
    """The folder of the draws, and of the run, with an individual left out, or of the easier protocol."""
    return name if name == SAME else f"without-{name}"


def cases_of(home: Path, model: str, data: Path) -> list[tuple[str, evaluation.Case]]:
    """(kind of anomaly, case) of every toy case of one individual, in order; the kind of a healthy one is empty."""
    name, brain = "test-000", home / "mood" / "brain"
    index = brain / "index" / "shards" / f"{name}.csv"
    predictions = brain / model / "predictions" / "brain" / name
    shard = Shard(name, "test", None, index, brain / "prepared" / name, brain / "gold" / name, predictions)
    recipes = json.loads((data / "brain" / "recipes.json").read_text())
    made = {file.removesuffix(".nii.gz"): recipe.get("recipe", {}).get("kind", "") for file, recipe in recipes.items()}
    return [(made[case.name], case) for case in evaluation.cases_of(shard)]


def both(cases: Sequence[evaluation.Case], drawn: np.ndarray) -> np.ndarray:
    """Average precision over voxels and over cases, of the cases drawn."""
    histogram = sum(cases[at].histogram.astype(np.int64) for at in drawn)
    scores, labels = np.array([(cases[at].score, cases[at].label) for at in drawn]).T
    return np.array([from_levels(histogram), of_samples(scores, labels)])


def drawn_means(found: Sequence[Sequence[evaluation.Case]], draws: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Both average precisions (draws, 2), the mean over individuals."""
    return np.array([np.mean([both(c, d) for c, d in zip(found, draw, strict=True)], axis=0) for draw in draws])


def chosen_draws(labels: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """For each draw, indices of cases of each individual; healthy and abnormal ones are drawn apart, so that none is without."""
    random = np.random.default_rng(0)
    return [
        [
            np.concatenate([random.choice(np.flatnonzero(own == label), (own == label).sum()) for label in (0, 1)])
            for own in labels
        ]
        for _ in range(DRAWS)
    ]


def report_kinds(model: str, kinds: Sequence[Sequence[str]], found: Sequence[Sequence[evaluation.Case]]) -> None:
    """Both average precisions of each kind's cases among all healthy ones, the mean over individuals."""
    for kind in sorted({kind for own in kinds for kind in own if kind}):
        chosen = [np.flatnonzero([one in ("", kind) for one in own]) for own in kinds]
        pixel, sample = drawn_means(found, [chosen])[0]
        print(f"    {model:<20} {kind:<12} pixel {pixel:.3f}  sample {sample:.3f}")


def report_ood(home: Path, model: str, kinds: Sequence[str], cases: Sequence[evaluation.Case]) -> None:
    """How real scans from elsewhere, and draws with a planted anomaly, stand to healthy draws: the strangest, all, and the same one."""
    healthy = {case.name: case.score for case in cases if not case.label}
    highest = max(healthy.values())
    above = {
        kind: [case.score > highest for k, case in zip(kinds, cases, strict=True) if k == kind] for kind in set(kinds)
    }
    print(f"    {model:<20} strangest healthy draw {highest:.3f}; draws with a planted anomaly above it: ", end="")
    print(", ".join(f"{kind} {sum(above[kind])} of {len(above[kind])}" for kind in sorted(set(kinds) - {""})))
    for dataset in ("ood", "planted"):
        folder = home / "mood" / "brain" / model / "predictions" / dataset / "test-000"
        found = dict(Predictions(folder).items()) if folder.exists() else {}
        scores = {name: decision.sample_score(values) for name, values in found.items()}
        beyond = sum(score > highest for score in scores.values())
        listed = ", ".join(f"{name} {score:.3f}" for name, score in sorted(scores.items(), key=lambda item: item[1]))
        print(f"    {model:<20} {dataset}: {beyond} of {len(scores)} above every healthy draw: {listed}")
        twins = [score > healthy[name] for name, score in scores.items() if name in healthy]
        if twins:
            pairs = np.mean([score > other for score in scores.values() for other in healthy.values()])
            print(f"    {model:<20} {dataset}: {sum(twins)} of {len(twins)} above the same draw without it, ", end="")
            print(f"{pairs:.3f} of all pairs with a healthy draw in the right order")


def main(results: Path, data: Path, individuals: Sequence[str], models: Sequence[str]) -> None:
    homes = {name: results / folder_of(name) for name in individuals}
    table = {m: [cases_of(homes[name], m, data / folder_of(name)) for name in individuals] for m in models}
    found = {model: [[case for _, case in own] for own in rows] for model, rows in table.items()}
    kinds = [[kind for kind, _ in own] for own in table[models[0]]]
    labels = [np.array([case.label for case in own]) for own in found[models[0]]]
    draws, drawn = chosen_draws(labels), {}
    print(
        f"{len(individuals)} individuals, {sum(map(len, labels))} cases, {sum(int(own.sum()) for own in labels)} abnormal"
    )
    counts = [np.sum([case.histogram.sum(axis=1) for case in own], axis=0) for own in found[models[0]]]
    shares = np.mean([own[1] / own.sum() for own in counts]), np.mean([own.mean() for own in labels])
    print(f"chance: pixel {shares[0]:.5f}, sample {shares[1]:.3f}")
    for model in models:
        own = drawn_means(found[model], [[np.arange(len(each)) for each in labels]])[0]
        drawn[model] = drawn_means(found[model], draws)
        (low, high) = np.quantile(drawn[model], [0.025, 0.975], axis=0)
        print(
            f"{model}: pixel {own[0]:.4f} [{low[0]:.4f}, {high[0]:.4f}], sample {own[1]:.4f} [{low[1]:.4f}, {high[1]:.4f}]"
        )
        for at, name in enumerate(individuals):
            pixel, sample = both(found[model][at], np.arange(len(labels[at])))
            print(f"  {folder_of(name):<20} pixel {pixel:.4f}  sample {sample:.4f}")
        report_kinds(model, kinds, found[model])
    for place, better in enumerate(models):
        for base in models[:place]:
            difference = drawn[better] - drawn[base]
            for at, task in enumerate(("pixel", "sample")):
                low, high = np.quantile(difference[:, at], [0.025, 0.975])
                held = "holds" if low > 0 else "does not hold"
                print(f"{better} over {base}, {task}: {difference[:, at].mean():+.4f} [{low:+.4f}, {high:+.4f}] {held}")
    for at, name in enumerate(individuals):
        print(f"sample scores, {folder_of(name)}:")
        for model in models:
            report_ood(homes[name], model, kinds[at], found[model][at])


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(","), sys.argv[4:])
