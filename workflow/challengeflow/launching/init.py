"""`challengeflow init`: an empty folder becomes a project, with a short commented config.yaml and a .gitignore."""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from challengeflow.contract.declare import Challenge
from challengeflow.contract.errors import InputError
from challengeflow.planning.check_config import nearest
from challengeflow.planning.plugins import Registry
from challengeflow.planning.resolve_dataset import absent
from challengeflow.planning.shipped import shipped

IGNORED = ".snakemake/\n/results*/\n"
HEAD = """\
# What to run here. `challengeflow describe CHALLENGE` lists datasets, sources, models and parameters;
# `challengeflow validate` checks this file, `challengeflow run --dry-run` says what it will take.

results: results
seed: 1

challenges:
"""


def init(folder: Path, registry: Registry, chosen: Sequence[str], data: str | None, models: Sequence[str]) -> None:
    """Write `config.yaml` and, where there is none, `.gitignore`.

    chosen: challenges, all that are installed without it; data: the path of one challenge's data, its demo without it;
    models: variants, those that a config without models runs without it. Raises InputError for unknown names, for a
    path that is not there, and where there is a config already.
    """
    config = folder / "config.yaml"
    if config.exists():
        raise InputError(f"{config} is there already; edit it, or go to an empty folder")
    names = chosen or sorted(registry.challenges)
    if not names:
        raise InputError("no challenge is installed; pip install a plugin, challengeflow-mood say")
    if len(names) > 1 and (data or models):
        raise InputError("--data and --models are of one challenge; say which with --challenge")
    text = HEAD + "\n".join(_section(registry, name, data, models) for name in names)
    try:
        config.write_text(text)
    except OSError as error:
        raise InputError(f"nothing can be written into {folder}: {error.strerror}; go to a folder of yours") from None
    if not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text(IGNORED)


def _section(registry: Registry, name: str, data: str | None, models: Sequence[str]) -> str:
    """A challenge's part of the config: as the shipped config has it where nothing else is asked for."""
    challenge = registry.challenge(name)
    if data is not None and not Path(data).exists():
        raise InputError(f"--data: there is no {absent(data)}")
    known = {model: declared for (owner, model), declared in registry.models.items() if owner == name}
    for model in models:
        if model not in known:
            raise InputError(f"--models: {name} has no model {model!r}; {nearest(model, known)}")
    ready_made = _shipped_section(name)
    if ready_made and not data and not models:
        return ready_made
    lines = [f"  {name}:", "    datasets:", *_datasets(challenge, data), "    models:"]
    for model, declared in known.items():
        runs = model in models or (declared.by_default and not models)
        lines.append(f"      {'' if runs else '# '}{model}: {{}}  # {declared.summary}")
    return "\n".join(lines) + "\n"


def _datasets(challenge: Challenge, data: str | None) -> Iterator[str]:
    """The datasets that stand alone; one that contains another is left as a comment."""
    kind = "local" if data else "demo"
    source = yaml.safe_dump(data or "demo", allow_unicode=True, default_flow_style=True, width=math.inf).split("\n")[0]
    for dataset in challenge.datasets:
        if kind in dataset.sources:
            off = "# " if dataset.extends else ""
            yield f"      {off}{dataset.name}: {{source: {source}}}  # {dataset.summary}"


def _shipped_section(name: str) -> str:
    """The lines of a challenge in the config that ships; empty where it has none."""
    text = (shipped() / "config.yaml").read_text()
    found = re.search(rf"^  {re.escape(name)}:\n(?:    .*\n)+", text, re.MULTILINE)
    return found[0] if found else ""
