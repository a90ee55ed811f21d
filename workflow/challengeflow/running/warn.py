"""What the core itself warns of in a submission, before what its plugin says: `warnings.txt`, a sentence a line."""

from collections.abc import Iterable
from pathlib import Path

from challengeflow.planning.plan import Plan

WARNINGS = "warnings.txt"


def of_generated_data(plan: Plan, answered: Iterable[str]) -> list[str]:
    """A sentence for each dataset of real data that models of a demo answer."""
    homes = {on: plan.home_of_models(on) for on in answered if plan.learnt_from_generated(on)}
    return [
        f"do not use these answers to {on}: their models learnt from generated data (the demo of {home}), never from "
        f"real ones; they show that the files can be read, nothing else; train on real data: give {home} another "
        "source in the config"
        for on, home in homes.items()
    ]


def put_first(folder: Path, sentences: Iterable[str]) -> None:
    """Write the sentences into the warnings of a submission, above those of the plugin."""
    if lines := "".join(f"{each}\n" for each in sentences):
        path = folder / WARNINGS
        path.write_text(lines + (path.read_text() if path.is_file() else ""))
