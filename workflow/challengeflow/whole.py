"""Outputs that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = {".json", ".csv", ".html"}


def remove(path: Path) -> None:
    """Remove a file or a folder with everything in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def whole(*outputs: Path) -> Iterator[tuple[Path, ...]]:
    """Give a temporary name beside each output; rename them all when the block ends without an error.

    What a killed run left under a temporary name is removed first. All but .json, .csv and .html are made as folders.
    """
    parts = tuple(output.with_name(output.name + ".part") for output in outputs)
    for part, output in zip(parts, outputs, strict=True):
        output.parent.mkdir(parents=True, exist_ok=True)
        remove(part)
        if output.suffix not in FILES:
            part.mkdir()
    yield parts
    for part, output in zip(parts, outputs, strict=True):
        remove(output)
        os.replace(part, output)
