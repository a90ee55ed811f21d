"""The display for a terminal: a bar a stage, redrawn in place by rich, gone when the run ends."""

from collections.abc import Callable
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from challengeflow.terminal.tally import Stage, Tally, duration, pace

REDRAWS_A_SECOND = 4


class Screen:
    """Bars below what is said. `clock` is that of the tally's times."""

    def __init__(self, stream: TextIO, no_color: bool, clock: Callable[[], float]):
        # rich itself obeys NO_COLOR.
        self.console = Console(file=stream, no_color=no_color or None, highlight=False)
        self.clock = clock
        self.tally = Tally(clock())
        self.score = ""
        self._live: Live | None = None

    def start(self, tally: Tally) -> None:
        self.tally = tally
        self.say("What Snakemake says of each job is in .snakemake/log/")
        self._live = Live(
            console=self.console, get_renderable=self._drawn, refresh_per_second=REDRAWS_A_SECOND, transient=True
        )
        self._live.start()

    def moved(self, stage: Stage) -> None:
        """Nothing: it is drawn from the tally, again and again."""

    def scored(self, line: str) -> None:
        self.score = line

    def say(self, text: str, bad: bool = False) -> None:
        """Above the bars; `bad` in red."""
        self.console.print(Text(text, style="red" if bad else ""), soft_wrap=True)

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _drawn(self) -> RenderableType:
        figures = [Column(justify="right", no_wrap=True) for _ in range(3)]
        table = Table.grid(Column(no_wrap=True), Column(ratio=1), *figures, Column(), padding=(0, 1), expand=True)
        for stage in list(self.tally.stages.values()):
            table.add_row(*self._row(stage))
        tally, now = self.tally, self.clock()
        left = tally.seconds_left(list(tally.stages.values()))
        about = f", about {duration(left)} left" if left else ""
        whole = f"{tally.done} of {tally.total} jobs in {duration(now - tally.started)}{about}"
        score = Text(f"newest score: {self.score}" if self.score else "", no_wrap=True, overflow="ellipsis")
        return Group(Text(""), table, Text(whole, style="bold"), score)

    def _row(self, stage: Stage) -> tuple[RenderableType, ...]:
        left = self.tally.seconds_left([stage]) if stage.left and stage.done else None
        notes = [f"{len(stage.running)} running"] if stage.running else []
        notes += [f"[red]{len(stage.failed)} failed[/red]"] if stage.failed else []
        return (
            Text(stage.name, style="" if stage.began else "dim"),
            ProgressBar(max(stage.total, 1), stage.done, complete_style="cyan", finished_style="green"),
            f"{stage.done} of {stage.total}",
            Text(pace(stage), style="dim"),
            f"{duration(left)} left" if left else "",
            ", ".join(notes),
        )
