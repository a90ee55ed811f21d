"""`challengeflow check-recordings FOLDER`: what is understood of every file of a lab, before anything runs."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from challengeflow import InputError
from challengeflow_mabe_task1.data.inspect import Entry, inspect


def main(arguments: list[str]) -> int:
    """Run the command; 1 where a recording cannot be used."""
    parser = argparse.ArgumentParser(prog="challengeflow check-recordings", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder with poses and labels, or one pose file")
    parser.add_argument("--config", type=Path, help="the config whose download and preprocess parameters hold")
    parser.add_argument("--json", action="store_true", help="as JSON instead of text")
    chosen = parser.parse_args(arguments)
    entries = inspect(chosen.folder, _parameters("download", chosen.config), _parameters("preprocess", chosen.config))
    if chosen.json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2, ensure_ascii=False))
    else:
        print("\n".join(map(_told, entries)))
    broken = [entry for entry in entries if entry.sample and entry.status != "ok"]
    return 1 if broken else 0


def _told(entry: Entry) -> str:
    """An entry as lines of text."""
    lines = [f"{entry.sample or '-'}: {entry.status}", f"    files: {', '.join(entry.files)}"]
    lines += [f"    {name}: {value}" for name, value in entry.understood.items()]
    return "\n".join([*lines, *(f"    ! {note}" for note in entry.notes)])


def _parameters(stage: str, config: Path | None) -> dict[str, Any]:
    """The parameters of a stage: the defaults, and what the config says."""
    from challengeflow_mabe_task1 import CHALLENGE

    defaults = {name: one["default"] for name, one in CHALLENGE.schema[stage].items()}
    if config is None:
        return defaults
    import yaml

    try:
        read = yaml.safe_load(config.read_text())
        own = read["challenges"][CHALLENGE.name].get(stage) or {}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise InputError(f"{config} is no config with {CHALLENGE.name} among its challenges") from None
    return defaults | (dict(own) if isinstance(own, Mapping) else {})
