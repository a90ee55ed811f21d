"""A crate from outside, unpacked: what it holds, and whether that is what its own checksums say.

Nothing in it is believed: names, numbers and texts are looked at before they are used.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.crates.export import CHECKSUMS
from challengeflow.outside.names import spelled
from challengeflow.outside.unpacking import unpack
from challengeflow.planning.read_config import read_config

CONFIG = "config.yaml"
SUBMISSION = "submission"
MODELS = "models"
FORM: dict[str, type] = {
    "stage": str,
    "plugin": str,
    "config": dict,
    "inputs": dict,
    "versions": dict,
    "sha256": str,
}
"""What a note must have for its crate to be checked."""


@dataclass(frozen=True)
class Crate:
    """An unpacked crate, and the submission it is about."""

    folder: Path
    config: Mapping[str, Any]
    challenge: str
    kind: str
    name: str

    @classmethod
    def of(cls, archive: Path, folder: Path) -> "Crate":
        """Unpack the archive into a new folder. Raises InputError for what is no crate of a submission, and with a
        sentence for each file of one that is otherwise than its checksums say."""
        unpack(archive, folder)
        if not (folder / CHECKSUMS).is_file():
            raise InputError(f"{archive} is no crate of a submission: it lacks {CHECKSUMS}")
        if faults := list(_damage(folder)):
            raise InputError("\n".join([*faults, f"{archive} is damaged, and nothing was made again"]))
        config = read_config(folder / CONFIG)
        try:
            ((challenge, section),) = config["challenges"].items()
            ((kind, named),) = section["submissions"].items()
            (name,) = named
        except (KeyError, ValueError, TypeError, AttributeError):
            raise InputError(f"{archive} is no crate of a submission: its {CONFIG} does not name exactly one") from None
        return cls(folder, config, str(challenge), str(kind), str(name))

    @property
    def target(self) -> str:
        """The submission's path below the results folder."""
        return f"{self.challenge}/submissions/{self.kind}/{self.name}"

    @property
    def holds_models(self) -> bool:
        return (self.folder / MODELS).is_dir()

    def held(self, path: str) -> Path | None:
        """Where the crate holds a result that stands at `path` below the results folder; None of what it does not
        hold."""
        if path == self.target:
            return self.folder / SUBMISSION
        places = (self.folder / MODELS / path, self.folder / "provenance" / path)
        return next((place for place in places if place.exists()), None)

    def note(self, path: str) -> dict[str, Any] | None:
        """The note of a result; None where there is none. Raises InputError for what is no note."""
        place = self.folder / "provenance" / f"{path}.json"
        if not place.is_file():
            return None
        try:
            note = json.loads(place.read_bytes())
        except (ValueError, RecursionError):
            note = None
        if not isinstance(note, dict) or any(not isinstance(note.get(key), kind) for key, kind in FORM.items()):
            raise InputError(f"provenance/{spelled(path)}.json of the crate is no note of a stage")
        return note


def _damage(folder: Path) -> Iterator[str]:
    """What is otherwise than the checksums of an unpacked crate say, a sentence each."""
    lines = (folder / CHECKSUMS).read_bytes().decode(errors="surrogateescape").split("\n")
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines if line)}
    there = digests(folder)
    yield from (f"{spelled(name)} is a link, which no crate has" for name in there if (folder / name).is_symlink())
    for name in sorted(told.keys() | there.keys() - {CHECKSUMS}):
        if name not in there:
            yield f"{spelled(name)} is missing from the crate"
        elif name not in told:
            yield f"{spelled(name)} is one file more than the checksums of the crate know"
        elif there[name] != told[name]:
            yield f"{spelled(name)} is not what was written: its checksum is another"


def plain(text: str) -> str:
    """A text of a crate as a terminal may show it."""
    return "".join(char if char.isprintable() else "?" for char in text)


def digests(folder: Path) -> dict[str, str]:
    """Path in a folder -> SHA-256 of that file, or of what a link leads to; of any other link, nothing."""
    found = {}
    for path in (each for each in folder.rglob("*") if each.is_file() or each.is_symlink()):
        name = path.relative_to(folder).as_posix()
        found[name] = ""
        if path.is_file():
            with open(path, "rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
