"""What can happen to files: raw ones come in cut short, overwritten, empty or not at all.

Gold is given other labels.
"""

import random
import shutil
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np

from challengeflow.arrays import Arrays, Writer

WHOLE, CUT, NOISE, EMPTY, GONE = "whole", "cut short", "overwritten with noise", "empty", "not there"


def cases(folder: Path) -> Iterator[tuple[str, str]]:
    """(kind, file) of every damage to try: all kinds, on the largest file of each ending."""
    largest: dict[str, Path] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        known = largest.setdefault(path.suffix, path)
        if path.stat().st_size > known.stat().st_size:
            largest[path.suffix] = path
    for path in largest.values():
        for kind in (CUT, NOISE, EMPTY, GONE):
            yield kind, str(path.relative_to(folder))


def damage(whole: Path, target: Path, kind: str, file: str) -> None:
    """Make `target` a copy of the folder `whole` in which one file is damaged (left as it is, for WHOLE)."""
    shutil.rmtree(target)
    shutil.copytree(whole, target)
    path = target / file
    content = path.read_bytes()
    path.unlink()
    if kind != GONE:
        noise = random.Random(0).randbytes(len(content))
        path.write_bytes({WHOLE: content, CUT: content[: len(content) // 2], NOISE: noise, EMPTY: b""}[kind])


def scramble(gold: Path, only: Set[str] | None = None) -> None:
    """Give a shard of gold, or some samples of it, other labels: within each in another order, a single one turned
    round."""
    arrays = Arrays(gold)
    entries = {sample: (arrays.attributes(sample), np.array(arrays[sample]["scores"])) for sample in arrays}
    generator = np.random.default_rng(0)
    with Writer(gold) as out:
        for sample, (attributes, scores) in entries.items():
            other = 1 - scores if scores.size == 1 else generator.permutation(scores.ravel()).reshape(scores.shape)
            out.add(sample, attributes, scores=other if only is None or sample in only else scores)
