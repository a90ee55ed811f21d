"""Does each model of mood gain over the one before? The proxy benchmark on real heads, by paired bootstrap.

    python benchmarks/mood_proxy.py RESULTS DATA MODEL [MODEL ...]
    python benchmarks/mood_proxy.py results-mood-heads data/mood-heads pca-residual residual-boosting unet3d

RESULTS/without-X holds the run of examples/mood-heads.yaml for each part X of the individuals, DATA what mood_heads.py
made. Nothing is trained. Average precisions are the organisers' over the cases of each part, then their mean. A
bootstrap draws cases with replacement within each part, healthy and abnormal ones apart; another draws whole people,
with all their cases. Both draw the same for both sides of a comparison; a gain holds where the 95 % interval of the
difference lies above 0. False alarms are told for each person at the operating point that the other people of the part
give. The sample scores of scans from elsewhere, of a real tumour and of planted lesions are set
beside those of the healthy draws of the part.
"""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow_mood.answers.maps import case_score
from challengeflow_mood.scoring import decision
from challengeflow_mood.scoring import score as evaluation
from challengeflow_mood.scoring.average_precision import from_levels, of_samples

DRAWS = 1000
TASKS = ("voxels", "cases")


@dataclass(frozen=True)
class Part:
    """The toy cases of the individuals that one run left out, as one model answered them."""

    home: Path
    data: Path
    model: str

    @cached_property
    def cases(self) -> list[evaluation.Case]:
        name, brain = "test-000", self.home / "mood" / "brain"
        index = brain / "index" / "shards" / f"{name}.csv"
        predictions = brain / self.model / "predictions" / "brain" / name
        shard = Shard(name, "test", None, index, brain / "prepared" / name, brain / "gold" / name, predictions)
        return list(evaluation.cases_of(shard))

    @cached_property
    def recipes(self) -> list[dict]:
        """Of each case: the draw it was made of, and the kind of its anomaly."""
        made = json.loads((self.data / "brain" / "recipes.json").read_text())
        return [made[f"{case.name}.nii.gz"] for case in self.cases]

    @cached_property
    def kinds(self) -> np.ndarray:
        return np.array([recipe.get("recipe", {}).get("kind", "") for recipe in self.recipes])

    @cached_property
    def people(self) -> np.ndarray:
        return np.array([recipe["of"].split("_")[0] for recipe in self.recipes])

    @cached_property
    def labels(self) -> np.ndarray:
        return np.array([case.label for case in self.cases])

    def precision(self, drawn: np.ndarray) -> np.ndarray:
        """Average precision over voxels and over cases, of the cases drawn."""
        histogram = sum(self.cases[at].histogram.astype(np.int64) for at in drawn)
        scores, labels = np.array([(self.cases[at].score, self.cases[at].label) for at in drawn]).T
        return np.array([from_levels(histogram), of_samples(scores, labels)])

    @cached_property
    def healthy(self) -> dict[str, float]:
        """Sample scores of the healthy draws."""
        return {case.name: case.score for case in self.cases if not case.label}

    @cached_property
    def person(self) -> dict[str, str]:
        return dict(zip([case.name for case in self.cases], self.people, strict=True))

    @property
    def strangest_person(self) -> str:
        """Whose healthy draw has the highest score."""
        return self.person[max(self.healthy, key=self.healthy.__getitem__)]

    @cached_property
    def bars(self) -> np.ndarray:
        """The highest score of all healthy draws, of those of all people but the strangest one, and what one in ten of
        all reaches.
        """
        others = [score for name, score in self.healthy.items() if self.person[name] != self.strangest_person]
        scores = np.array(list(self.healthy.values()))
        alarm = decision.operating_point(scores, np.zeros(len(scores)))["score"]
        return np.array([scores.max(), max(others), alarm])

    @cached_property
    def alarms(self) -> dict[str, float]:
        """Person -> share of their healthy draws that alarm at the operating point of the part's other people."""
        scores, found = np.array(list(self.healthy.values())), {}
        whose = np.array([self.person[name] for name in self.healthy])
        for name in np.unique(whose):
            others = scores[whose != name]
            found[str(name)] = float(
                (scores[whose == name] >= decision.operating_point(others, others * 0)["score"]).mean()
            )
        return found

    def above(self, dataset: str) -> dict[str, np.ndarray]:
        """Of each lesion whether it is above each bar, and whether it counts there, (2, 3): the strangest person's do
        not at the second.
        """
        result = {}
        for name, score in self.scores_of(dataset).items():
            counted = np.array([True, self.person[name] != self.strangest_person, True])
            result[name] = np.stack([(score > self.bars) & counted, counted]).astype(int)
        return result

    def scores_of(self, dataset: str) -> dict[str, float]:
        """Sample scores of a dataset that the same models answered."""
        folder = self.home / "mood" / "brain" / self.model / "predictions" / dataset / "test-000"
        prepared = Arrays(self.home / "mood" / dataset / "prepared" / "test-000")
        return {name: case_score(values[0], prepared.attributes(name)) for name, values in Predictions(folder).items()}


def means(parts: Sequence[Part], draws: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Both average precisions (draws, 2), the mean over parts."""
    return np.array([np.mean([p.precision(d) for p, d in zip(parts, draw, strict=True)], axis=0) for draw in draws])


def draws_of_cases(parts: Sequence[Part]) -> list[list[np.ndarray]]:
    """For each draw, indices of cases of each part; healthy and abnormal ones are drawn apart, so that none is
    without.
    """
    random = np.random.default_rng(0)

    def one(part: Part) -> np.ndarray:
        kinds = [np.flatnonzero(part.labels == label) for label in (0, 1)]
        return np.concatenate([random.choice(of, len(of)) for of in kinds])

    return [[one(part) for part in parts] for _ in range(DRAWS)]


def draws_of_people(parts: Sequence[Part]) -> list[list[np.ndarray]]:
    """For each draw, indices of cases of each part: all those of as many people as it has, drawn with replacement."""
    random = np.random.default_rng(0)

    def one(part: Part) -> np.ndarray:
        names = np.unique(part.people)
        return np.concatenate([np.flatnonzero(part.people == name) for name in random.choice(names, len(names))])

    return [[one(part) for part in parts] for _ in range(DRAWS)]


def everything(parts: Sequence[Part], chosen=lambda part: part.labels >= 0) -> list[np.ndarray]:
    return [np.flatnonzero(chosen(part)) for part in parts]


def report_model(model: str, parts: Sequence[Part], drawn: dict[str, np.ndarray]) -> None:
    """Both average precisions with their intervals; those of each part; and by kind, each kind's cases among all
    healthy ones.
    """
    own = means(parts, [everything(parts)])[0]
    for at, task in enumerate(TASKS):
        intervals = [f"over {by} [{_interval(values[:, at])}]" for by, values in drawn.items()]
        print(f"{model}, {task}: {own[at]:.3f}, {', '.join(intervals)}")
    shares = np.array([share for part in parts for share in part.alarms.values()])
    drawn_shares = np.random.default_rng(0).choice(shares, (DRAWS, len(shares))).mean(axis=1)
    stated = f"{decision.FALSE_ALARMS:.2f} is stated"
    print(f"{model}, false alarms: {shares.mean():.3f}, over people [{_interval(drawn_shares)}]; {stated}")
    for part in parts:
        voxels, cases = part.precision(np.arange(len(part.cases)))
        print(f"    {part.home.name}: voxels {voxels:.3f}, cases {cases:.3f}")
    for kind in sorted(set(parts[0].kinds) - {""}):
        voxels, cases = means(parts, [everything(parts, lambda part, kind=kind: np.isin(part.kinds, ("", kind)))])[0]
        print(f"    {kind}: voxels {voxels:.3f}, cases {cases:.3f}")


def report_gain(names: tuple[str, str], parts: Sequence[Sequence[Part]], drawn: Sequence[dict]) -> None:
    """The gain of the first over the second, by both bootstraps, and in how many people it is one."""
    for at, task in enumerate(TASKS):
        told = []
        for by in drawn[0]:
            difference = drawn[0][by][:, at] - drawn[1][by][:, at]
            held = "holds" if np.quantile(difference, 0.025) > 0 else "does not hold"
            told.append(f"over {by} {difference.mean():+.3f} [{_interval(difference, '+')}] {held}")
        better = [
            first.precision(own)[at] > second.precision(own)[at]
            for first, second in zip(*parts, strict=True)
            for own in (np.flatnonzero(first.people == name) for name in np.unique(first.people))
        ]
        print(f"{names[0]} over {names[1]}, {task}: {'; '.join(told)}; better in {sum(better)} of {len(better)} people")


def report_lesions(model: str, parts: Sequence[Part]) -> None:
    """How scans from elsewhere and planted lesions stand to the healthy draws of their part."""
    for part in parts:
        strangest, others, alarm = part.bars
        print(
            f"    {part.home.name}, {model}: strangest healthy draw {strangest:.3f} ({part.strangest_person}), ", end=""
        )
        print(f"of other people {others:.3f}, one in ten above {alarm:.3f}")
        for dataset in ("ood", "lesion"):
            scores = part.scores_of(dataset)
            print(f"        {dataset}: {', '.join(f'{name} {score:.3f}' for name, score in scores.items())}")
        for dataset in ("planted", "graded"):
            scores, healthy = part.scores_of(dataset), part.healthy
            twins = sum(score > healthy[name] for name, score in scores.items())
            pairs = np.mean([score > other for score in scores.values() for other in healthy.values()])
            print(
                f"        {dataset}: {_shares(part.above(dataset).values())}; {twins} above the same draw without it, ",
                end="",
            )
            print(f"{pairs:.3f} of all pairs in the right order")
    grades: dict[tuple[str, str], list[np.ndarray]] = {}
    for part in parts:
        above = part.above("graded")
        with open(part.data / "graded.csv", newline="") as file:
            for row in csv.DictReader(file):
                name = row["file"].removesuffix(".nii.gz")
                grades.setdefault((row["width_mm"], row["darkness"]), []).append(above[name])
    for (width, dark), found in sorted(grades.items()):
        print(f"    {model}, {width} mm, darkness {dark}: {_shares(found)}")


def _shares(above: Iterable[np.ndarray]) -> str:
    """Of (2, 3) a lesion: whether it is above each bar, and whether it counts there."""
    beyond, of = np.sum(list(above), axis=0)
    bars = ("all healthy draws", "those of others", "nine in ten")
    return ", ".join(f"{beyond[at]} of {of[at]} above {bar}" for at, bar in enumerate(bars))


def _interval(values: np.ndarray, sign: str = "") -> str:
    return ", ".join(f"{value:{sign}.3f}" for value in np.quantile(values, [0.025, 0.975]))


def main(results: Path, data: Path, models: Sequence[str]) -> None:
    homes = sorted(results.glob("without-*"))
    if not homes:
        sys.exit(f"{results} holds no without-*; run examples/mood-heads.yaml first, once for each part")
    table = {model: [Part(home, data / home.name, model) for home in homes] for model in models}
    first = table[models[0]]
    people = sum(len(np.unique(part.people)) for part in first)
    print(f"{people} people in {len(homes)} parts, {sum(len(part.cases) for part in first)} cases, ", end="")
    print(f"{sum(int(part.labels.sum()) for part in first)} abnormal")
    counts = [np.sum([case.histogram.sum(axis=1) for case in part.cases], axis=0) for part in first]
    chance = np.mean([own[1] / own.sum() for own in counts]), np.mean([part.labels.mean() for part in first])
    print(f"chance: voxels {chance[0]:.5f}, cases {chance[1]:.3f}")
    draws = {"cases": draws_of_cases(first), "people": draws_of_people(first)}
    drawn = {model: {by: means(parts, chosen) for by, chosen in draws.items()} for model, parts in table.items()}
    for model in models:
        report_model(model, table[model], drawn[model])
    for place, better in enumerate(models):
        for base in models[:place]:
            report_gain((better, base), (table[better], table[base]), (drawn[better], drawn[base]))
    for model in models:
        report_lesions(model, table[model])


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
    except (InputError, OSError) as error:  # a folder that is not what it should be
        sys.exit(f"{error}")
