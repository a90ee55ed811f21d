"""What the core itself warns of in a submission, before what its plugin says: `warnings.txt`, a sentence a line."""

from collections.abc import Iterable
from pathlib import Path

from challengeflow.models.package_file import read
from challengeflow.planning.plan import Plan

WARNINGS = "warnings.txt"


def learnt_from_generated(plan: Plan, on: str) -> bool:
    """Whether real data are answered by models that have seen nothing but a demo, here or before they travelled."""
    return not plan.generated(on) and trained_on_generated(plan, plan.home_of_models(on))


def trained_on_generated(plan: Plan, dataset: str) -> bool:
    """Whether a dataset is a demo, or holds models of one: a package says what it was trained on."""
    packages = {path for path in map(Path, plan.datasets[dataset].packages.values()) if path.is_file()}
    return plan.generated(dataset) or any(read(path).manifest["source"] == "demo" for path in packages)


def of_generated_data(plan: Plan, answered: Iterable[str]) -> list[str]:
    """A sentence for each dataset of real data that models of a demo answer."""
    homes = {on: plan.home_of_models(on) for on in answered if learnt_from_generated(plan, on)}
    return [
        f"do not use these answers to {on}: their models learnt from generated data (the demo of {home}), never from "
        "real ones; they show that the files can be read, nothing else; use models that were trained on real data"
        for on, home in homes.items()
    ]


def put_first(folder: Path, sentences: Iterable[str]) -> None:
    """Write the sentences into the warnings of a submission, above those of the plugin."""
    if lines := "".join(f"{each}\n" for each in sentences):
        path = folder / WARNINGS
        path.write_text(lines + (path.read_text() if path.is_file() else ""))
