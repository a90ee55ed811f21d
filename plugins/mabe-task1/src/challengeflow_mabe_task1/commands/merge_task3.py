"""`challengeflow merge-task3 OUTPUT SUBMISSION...`: one submission of several new behaviours, as AIcrowd wants task 3.

The workflow answers one behaviour a run; each run's submission.npy is a dictionary behaviour -> sequence -> class
numbers.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.pickles import load_npy


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="challengeflow merge-task3", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="the file to write, say submission.npy")
    parser.add_argument("submissions", type=Path, nargs="+", help="submission.npy of each behaviour's run")
    parser.add_argument("--sample", type=Path, help="the organisers' sample_submission.npy, to compare with")
    chosen = parser.parse_args(arguments)
    merged = merge(chosen.submissions)
    if chosen.sample:
        compare(merged, load_npy(chosen.sample), chosen.sample)
    part = chosen.output.with_name(chosen.output.name + ".part")
    with open(part, "wb") as file:
        np.save(file, np.array(merged, dtype=object), allow_pickle=True)
    os.replace(part, chosen.output)
    print(f"{chosen.output}: {', '.join(f'{name} ({len(labels)} sequences)' for name, labels in merged.items())}")
    return 0


def merge(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Behaviour -> sequence -> class numbers of all files. InputError for another layout, or for a behaviour twice."""
    merged: dict[str, dict[str, Any]] = {}
    for path in paths:
        found = load_npy(path)
        if not isinstance(found, dict) or not all(isinstance(labels, dict) for labels in found.values()):
            raise InputError(
                f"{path} is no task-3 submission; expected a dictionary behaviour -> sequence -> class numbers"
            )
        twice = sorted(merged.keys() & found.keys())
        if twice:
            raise InputError(f"{path} answers {twice[0]!r}, as a file before it does; give each behaviour once")
        merged |= found
    return merged


def compare(merged: dict[str, dict[str, Any]], sample: Any, where: Path) -> None:
    """Raise InputError that names the first behaviour or sequence of the sample submission not answered as it asks."""
    if not isinstance(sample, dict) or not all(isinstance(labels, dict) for labels in sample.values()):
        raise InputError(f"{where} is no task-3 sample submission; expected behaviour -> sequence -> class numbers")
    for behaviour in sorted(sample.keys() | merged.keys()):
        wanted = {name: len(labels) for name, labels in sample.get(behaviour, {}).items()}
        given = {name: len(labels) for name, labels in merged.get(behaviour, {}).items()}
        for name in [name for name in {**wanted, **given} if wanted.get(name) != given.get(name)]:
            raise InputError(
                f"{where} has {wanted.get(name, 'no')} frames of {name!r} for {behaviour!r}, the files given "
                f"{given.get(name, 'none')}; run the workflow for every behaviour of this release"
            )
