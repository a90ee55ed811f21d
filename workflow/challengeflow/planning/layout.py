"""Every path of a run, in one place: the rules use it with wildcards, the stages with names."""

from dataclasses import dataclass

from challengeflow.contract.names import CONTROLS


@dataclass(frozen=True)
class Layout:
    """The paths of one challenge below the results folder; every argument may be a `{wildcard}`."""

    results: str
    challenge: str

    def _at(self, *parts: str) -> str:
        return "/".join((self.results, self.challenge, *parts))

    def index(self, dataset: str) -> str:
        return self._at(dataset, "index")

    def samples(self, dataset: str) -> str:
        return f"{self.index(dataset)}/samples.csv"

    def shards(self, dataset: str) -> str:
        return f"{self.index(dataset)}/shards"

    def stamp(self, dataset: str, shard: str) -> str:
        """What changes with the samples of a shard of own data, and with nothing else: see `own_data`."""
        return f"{self.index(dataset)}/stamps/{shard}.txt"

    def index_gold(self, dataset: str) -> str:
        return f"{self.index(dataset)}/gold"

    def archive(self, dataset: str, archive: str) -> str:
        return self._at(dataset, "archives", archive)

    def raw(self, dataset: str, shard: str) -> str:
        return self._at(dataset, "raw", shard)

    def prepared(self, dataset: str, shard: str) -> str:
        return self._at(dataset, "prepared", shard)

    def gold(self, dataset: str, shard: str) -> str:
        return self._at(dataset, "gold", shard)

    def variant(self, dataset: str, model: str) -> str:
        return self._at(dataset, model)

    def model(self, dataset: str, model: str, fold: int | str) -> str:
        return self._at(dataset, model, f"fold-{fold}")

    def predictions(self, dataset: str, model: str, on: str, shard: str) -> str:
        return self._at(dataset, model, "predictions", on, shard)

    def answers(self, dataset: str, control: str) -> str:
        """All predictions of a control, which makes them at once."""
        return self._at(dataset, control, "predictions", dataset)

    def scores(self, dataset: str, model: str) -> str:
        return self._at(dataset, model, "scores.json")

    def decision(self, dataset: str, model: str) -> str:
        return self._at(dataset, model, "decision.json")

    def pictures(self, dataset: str, model: str) -> str:
        return self._at(dataset, model, "pictures")

    def submission(self, submission: str, name: str) -> str:
        return self._at("submissions", submission, name)

    def target(self, path: str) -> str:
        """The path by which the workflow knows what a path belongs to: an index is known by its sample table, the
        predictions of a control by the folder of them all."""
        if self.in_index(path):
            return self.samples(self._inside(path)[0])
        inside = self._inside(path)
        return self.answers(*inside[:2]) if inside[1] in CONTROLS and inside[2] == "predictions" else path

    def index_of(self, path: str) -> str:
        """The dataset in whose index a path lies; empty where it lies in none."""
        return self._inside(path)[0] if self.in_index(path) else ""

    def in_index(self, path: str) -> bool:
        return self._inside(path)[1:2] == ["index"]

    def is_stamp(self, path: str) -> bool:
        return self._inside(path)[1:3] == ["index", "stamps"]

    def _inside(self, path: str) -> list[str]:
        """The parts of a path below the challenge's folder."""
        return path.removeprefix(self._at("")).split("/")

    def log(self, stage: str, *parts: str) -> str:
        return "/".join((self.results, "logs", self.challenge, *parts, f"{stage}.log"))

    def benchmark(self, stage: str, *parts: str) -> str:
        return "/".join((self.results, "benchmarks", self.challenge, *parts, f"{stage}.tsv"))

    def work(self, stage: str, key: str) -> str:
        return "/".join((self.results, ".work", self.challenge, f"{stage}-{key}"))


def leaderboard(results: str, kind: str) -> str:
    """Path of the leaderboard as `kind` (csv or html)."""
    return f"{results}/leaderboard.{kind}"


def report(results: str) -> str:
    """Path of the report."""
    return f"{results}/report.html"
