"""The shelf: the model packages that were installed on this machine, each a file in one folder."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from challengeflow.contract.errors import InputError
from challengeflow.contract.names import NAME
from challengeflow.models.check import check
from challengeflow.models.package_file import SUFFIX, Package, read, refused, sha256
from challengeflow.planning.check_config import nearest
from challengeflow.planning.plugins import Registry

FOLDER = "CHALLENGEFLOW_MODELS"
"""Environment variable: the folder, where it is not the platform's own."""


def shelf() -> Path:
    """`$CHALLENGEFLOW_MODELS`, or `challengeflow/models` in the platform's folder for data of programs."""
    if chosen := os.environ.get(FOLDER):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/challengeflow/models"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "challengeflow/models"


def shelved() -> Iterator[tuple[str, Package | InputError]]:
    """Name and package of all on the shelf; of one that cannot be read, why."""
    for path in sorted(shelf().glob(f"*{SUFFIX}")):
        name = path.name.removesuffix(SUFFIX)
        try:
            yield name, read(path)
        except InputError as error:
            yield name, error


def installed() -> dict[str, Package]:
    """Name -> package, of all on the shelf that can be read."""
    return {name: found for name, found in shelved() if isinstance(found, Package)}


def find(wanted: str) -> Package:
    """A package by the name it is installed under, or by its path. Raises InputError for one that is not there."""
    path = Path(wanted).expanduser()
    if path.suffix == ".zip" or len(path.parts) > 1:
        return read(path)
    on_shelf = _path(wanted)
    if on_shelf is None or not on_shelf.is_file():
        raise InputError(
            f"no model {wanted!r} is installed; {nearest(wanted, installed())}, or give the path of a file *{SUFFIX}"
        )
    return read(on_shelf)


def install(path: Path, found: Registry) -> Package:
    """Put a package on the shelf, all of it checked; it is there whole, or nothing is.

    Raises InputError for one that is refused, and where another one of that name is there.
    """
    package, digest = read(path), sha256(path)
    check(package, found)
    target = shelf() / f"{package.name}{SUFFIX}"
    if target.exists():
        if sha256(target) == digest:
            return read(target)
        raise InputError(
            f"another {package.name} is installed; `challengeflow model remove {package.name}` first, or use this one "
            "by its path"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        shutil.copyfile(path, part)
        if sha256(part) != digest:
            raise refused(path, "it was changed while it was looked at")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return read(target)


def remove(name: str) -> None:
    """Take a package from the shelf. Raises InputError where it is not there."""
    path = _path(name)
    if path is None or not path.is_file():
        raise InputError(f"no model {name!r} is installed; {nearest(name, installed())}")
    path.unlink()


def _path(name: str) -> Path | None:
    """Where a package of that name would lie; None of what cannot be a name."""
    return shelf() / f"{name}{SUFFIX}" if re.fullmatch(NAME, name) else None
