"""The display where there is no terminal: a line for each stage done and each score, and one now and then between."""

from collections.abc import Callable
from typing import TextIO

from challengeflow.terminal.tally import Stage, Tally, duration, pace

SECONDS_BETWEEN = 120.0


class Lines:
    """Plain lines. `clock` is that of the tally's times."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]):
        self.stream = stream
        self.clock = clock
        self.tally = Tally(clock())
        self._said = clock()

    def start(self, tally: Tally) -> None:
        self.tally = tally
        self._said = self.clock()
        counts = {name: stage.total for name, stage in tally.stages.items()} | tally.unseen
        planned = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.say(f"{tally.total} jobs: {planned}; what Snakemake says of each is in .snakemake/log/")

    def moved(self, stage: Stage) -> None:
        """A job of the stage is done."""
        if stage.left == 0 or self.clock() - self._said >= SECONDS_BETWEEN:
            self._said = self.clock()
            left = self.tally.seconds_left(list(self.tally.stages.values()))
            about = f", about {duration(left)} left" if left else ""
            after = duration(self.clock() - self.tally.started)
            self.say(
                f"{stage.name:<11} {stage.done:>4} of {stage.total}, {pace(stage)}; {self.tally.done} of "
                f"{self.tally.total} jobs after {after}{about}"
            )

    def scored(self, line: str) -> None:
        self.say(f"{'score':<11} {line}")

    def say(self, text: str, bad: bool = False) -> None:
        """`bad` is for those who have colours."""
        print(text, file=self.stream, flush=True)

    def stop(self) -> None:
        """Nothing is left open."""
