"""A model package as a file: a plain zip of the models, their decision, a card to read, and a manifest of all that.

    write(path, manifest, files)      the same content always gives the same bytes
    package = read(path)              the manifest, checked; of the rest only names and sizes
    package.check()                   every byte: checksums, and that nothing in it is a pickle
    package.take("unet3d/fold-0", to) a folder or file out of it, checked again

Nothing in the zip is compressed, so none is larger unpacked than it is. A package comes from outside: whatever is wrong
with one is a single InputError, and no content is used before its checksum has been compared.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError
from challengeflow.outside.archives import CHUNK, told
from challengeflow.outside.names import spelled
from challengeflow.outside.pickled import in_file

SUFFIX = ".model.zip"
FORMAT = 1
"""Of the file. It rises with every change that readers must follow."""

MANIFEST = "model.json"
CARD = "card.md"
CITATIONS = "citations.bib"
SCHEMA = Path(__file__).parent / "manifest.schema.yaml"
MOST_FILES = 20_000
LARGEST_MANIFEST = 16 << 20
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of all times that a zip can state: the bytes do not tell when it was made
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_MEND = "get it again from whoever made it"


@dataclass(frozen=True)
class Package:
    """A model package that was read: its manifest is sound, its content is looked at by `check` and `take`."""

    path: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """CHALLENGE-DATASET-VARIANT."""
        return "-".join(str(self.manifest[part]) for part in ("challenge", "dataset", "variant"))

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Name in the package -> its `bytes` and `sha256`."""
        found: Mapping[str, Mapping[str, Any]] = self.manifest["files"]
        return found

    def text(self, name: str) -> str:
        """A text of the package, its card say. Raises InputError as `take` does."""
        with tempfile.TemporaryDirectory() as folder:
            self.take(name, Path(folder, "text"))
            return Path(folder, "text").read_text(encoding="utf-8", errors="backslashreplace")

    def check(self, also: Callable[[Path], None] | None = None) -> None:
        """Raise InputError where a file is not what the manifest says, or holds a pickle, under whatever name.

        also: is given the folder in which all of it lies for a while.
        """
        with tempfile.TemporaryDirectory() as folder:
            unpacked = Path(folder, "package")
            self._copy({name: unpacked / name for name in self.files})
            for name in self.files:
                if (how := in_file(unpacked / name)) is not None:
                    raise self._refused(f"its file {name!r} is or holds {how}, which could run whatever its author put")
            if also is not None:
                also(unpacked)

    def take(self, name: str, target: Path) -> None:
        """Copy the file `name`, or the folder with all below it, to `target`, where no file is replaced.

        Raises InputError where it is not there, or not what the manifest says.
        """
        below = {each: target / each.removeprefix(f"{name}/") for each in self.files if each.startswith(f"{name}/")}
        wanted = {name: target} if name in self.files else below
        if not wanted:
            raise self._refused(f"it holds no {name}")
        self._copy(wanted)

    def _copy(self, wanted: Mapping[str, Path]) -> None:
        with told(self.path, "a model package"), zipfile.ZipFile(self.path) as archive:
            for name, target in wanted.items():
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, open(target, "xb") as file:
                    shutil.copyfileobj(source, file, CHUNK)
                if sha256(target) != self.files[name]["sha256"]:
                    raise self._refused(f"its file {name!r} is not the one that was packed: another checksum")

    def _refused(self, why: str) -> InputError:
        return refused(self.path, why)


def refused(path: Path, why: str) -> InputError:
    """What to say of a package that is not used."""
    return InputError(f"the model package {path} is refused: {why}; {_MEND}")


def write(path: Path, manifest: Mapping[str, Any], files: Mapping[str, Path | bytes]) -> Package:
    """Write a package and read it back. manifest: without `format` and `files`, which are added; files: name -> content
    or where it is.

    Raises InputError where the manifest or a name is not as packages have them.
    """
    listed = {name: _listed(content) for name, content in sorted(files.items())}
    whole = {"format": FORMAT, **manifest, "files": listed}
    text = json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_entry(MANIFEST), text.encode())
            for name in listed:
                _add(archive, name, files[name])
        read(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return Package(path, whole)


def _listed(content: Path | bytes) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"bytes": content.stat().st_size, "sha256": sha256(content)}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.create_system = 3  # of every system the same bytes
    return entry


def _add(archive: zipfile.ZipFile, name: str, content: Path | bytes) -> None:
    if isinstance(content, bytes):
        archive.writestr(_entry(name), content)
        return
    entry = _entry(name)
    entry.file_size = content.stat().st_size  # known before, so that the header says how large it is
    with open(content, "rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, CHUNK)


def read(path: Path) -> Package:
    """Raises InputError for what is no model package, is damaged, or states what none has; reads the manifest alone."""
    if not path.is_file():
        raise InputError(f"there is no model package {path}; give the path of a file *{SUFFIX}")
    with told(path, "a model package"), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        for fault in _faults_of_entries(entries, path.stat().st_size):
            raise refused(path, fault)
        text = archive.read(MANIFEST)
    manifest = _parsed(path, text)
    listed = {name: file["bytes"] for name, file in manifest["files"].items()}
    held = {entry.filename: entry.file_size for entry in entries if entry.filename != MANIFEST}
    for name in sorted(listed.keys() | held.keys()):
        if listed.get(name) != held.get(name):
            raise refused(path, f"its manifest and its content do not agree on the file {name!r}")
    return Package(path, manifest)


def _faults_of_entries(entries: list[zipfile.ZipInfo], size: int) -> Iterator[str]:
    names = [entry.filename for entry in entries]
    if len(names) > MOST_FILES:
        yield f"it has more than {MOST_FILES} files"
    if MANIFEST not in names:
        yield f"it holds no {MANIFEST}, so it is none"
    folded = {name.casefold() for name in names}
    if len(folded) != len(names):
        yield "it holds a file twice"
    if any(parent in folded for name in folded for parent in _parents(name)):
        yield "one of its files stands where another one has its folder"
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not _NAME.fullmatch(entry.filename) or kind not in (0, stat.S_IFREG):
            yield f"it has a part {entry.filename[:80]!r}, which is no plain file inside of it"
        if entry.flag_bits & 1 or entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            yield f"its file {entry.filename[:80]!r} is compressed or encrypted, which no package's is"
        if entry.filename == MANIFEST and entry.file_size > LARGEST_MANIFEST:
            yield f"its manifest has {entry.file_size} bytes"
    if sum(entry.file_size for entry in entries) > size:
        yield "its files overlap"


def _parents(name: str) -> Iterator[str]:
    words = name.split("/")[:-1]
    return ("/".join(words[: count + 1]) for count in range(len(words)))


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    """The manifest, checked against its schema."""
    import jsonschema

    try:
        manifest = json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError):
        raise refused(path, "its manifest is not JSON") from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise refused(path, f"it is of format {str(found)[:20]}, and this version reads format {FORMAT}")
    try:
        error = next(jsonschema.Draft202012Validator(_schema()).iter_errors(manifest), None)
    except RecursionError:
        raise refused(path, "its manifest is nested too deep") from None
    if error is not None:
        where = spelled(".".join(map(str, error.absolute_path)) or "manifest")
        raise refused(path, f"its manifest is not as packages have it ({where[:80]}: {error.message[:120]})")
    return dict(manifest)


def no_number(text: str) -> None:
    """For `json.loads`: NaN and infinities are none of JSON."""
    raise ValueError(text)


@cache
def _schema() -> dict[str, Any]:
    import yaml

    schema: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
    return schema


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
