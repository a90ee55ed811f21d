"""Does each step gain? Macro F1 of models and of each piece of their decisions, by paired bootstrap over videos.

    python benchmarks/mabe_paired_bootstrap.py RESULTS DATASET SCORED MODEL [MODEL ...]
    python benchmarks/mabe_paired_bootstrap.py results-rats task1 aggression,social pose-boosting temporal-conv ensemble

RESULTS, DATASET and MODEL are names of a run of the workflow; SCORED are the behaviours in the mean. Nothing is
trained: the out-of-fold predictions of the train split are read, and every decision is fitted on the other folds
alone, as in the challenge's score. Whole videos are drawn with replacement, the same ones for both sides of a
comparison; a gain holds where the 95 % interval of the difference lies above 0.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from challengeflow import Shard
from challengeflow.scoring import cross_fit
from challengeflow_mabe_task1.scoring import score
from challengeflow_mabe_task1.scoring.decision_fit import fit
from challengeflow_mabe_task1.scoring.decoding import plain_decision
from challengeflow_mabe_task1.scoring.metric import confusion, f1, macro_f1

PIECES = (
    ("session", ("session",)),
    ("smoothing or path, weights", ("smoothing", "weights", "path")),
    ("gaps bridged", ("longest_gap",)),
    ("short bouts dropped", ("shortest_bout",)),
)
"""Pieces of a decision in the order in which they are fitted."""

DRAWS = 10_000


def shards(home: Path, model: str) -> list[Shard]:
    """The train shards of a dataset with a model's predictions."""
    found = []
    for gold in sorted(path for path in (home / "gold").glob("train-f*") if path.is_dir()):
        name, fold = gold.name, int(gold.name.split("-")[1][1:])
        index = home / "index" / "shards" / f"{name}.csv"
        predictions = home / model / "predictions" / home.name / name
        found.append(Shard(name, "train", fold, index, home / "prepared" / name, gold, predictions))
    return found


def tables(sequences: Sequence[score.Track], scored: Sequence[int]) -> Iterator[tuple[str, np.ndarray]]:
    """Confusion matrices (videos, C, C) of plain answers, then with one more piece of the decision each."""
    classes = sequences[0].scored.scores.shape[1]
    decisions: list[dict] = [{}] * len(sequences)

    def keep(decision: dict, own: np.ndarray) -> None:
        for place in own:
            decisions[place] = decision

    cross_fit([one.fold for one in sequences], lambda others: fit([sequences[k].scored for k in others], scored), keep)
    kept: list[str] = []
    for name, keys in (("plain", ()), *PIECES):
        kept += keys
        counts = []
        for one, decision in zip(sequences, decisions, strict=True):
            partial = plain_decision(classes) | {key: decision[key] for key in kept}
            counts.append(confusion(one.scored.labels, score.answers([one], partial)[0], classes))
        yield name, np.stack(counts)


def gain(better: np.ndarray, base: np.ndarray, scored: Sequence[int]) -> str:
    """The difference in macro F1 with its interval, and the share of draws in which there is a gain."""
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(base), np.full(len(base), 1 / len(base)), size=DRAWS)
    scores = [f1(np.einsum("dv,vij->dij", drawn, counts))[:, list(scored)].mean(axis=1) for counts in (better, base)]
    difference = scores[0] - scores[1]
    low, high = np.quantile(difference, [0.025, 0.975])
    whole = macro_f1(better.sum(axis=0), scored) - macro_f1(base.sum(axis=0), scored)
    return f"{whole:+.4f} [{low:+.4f}, {high:+.4f}], above 0 in {100 * (difference > 0).mean():.1f} % of draws"


def main(results: Path, dataset: str, scored_names: Sequence[str], models: Sequence[str]) -> None:
    home, final = results / "mabe-task1" / dataset, {}
    for model in models:
        own = shards(home, model)
        names = score.vocabulary_of(own)
        scored = score.scored_classes(names, scored_names)
        before = None
        for step, counts in tables(score.tracks(own, "train"), scored):
            each = ", ".join(f"{names[k]} {f1(counts.sum(axis=0))[k]:.4f}" for k in scored)
            print(f"{model:<20} {step:<28} {macro_f1(counts.sum(axis=0), scored):.4f} ({each})", end="")
            print("" if before is None else f"  gain {gain(counts, before, scored)}", flush=True)
            before = counts
        final[model] = before
    for place, better in enumerate(models):
        for base in models[:place]:
            print(f"{better} against {base}: {gain(final[better], final[base], scored)}")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(","), sys.argv[4:])
