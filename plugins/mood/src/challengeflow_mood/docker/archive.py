"""The submission archive: a build context or an image as one tar file, with the same bytes each time."""

import json
import tarfile
from pathlib import Path
from typing import Any

from challengeflow import InputError

WHITEOUT = ".wh."
# Debian 12's own Python, 3.11.2, knows no filters yet.
EXTRACTION: dict[str, Any] = {"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}


def write_tar(folder: Path, target: Path) -> None:
    """Pack what is in `folder`: sorted, no dates, no owners, readable by everyone; executable stays executable."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            add(archive, path, path.relative_to(folder).as_posix())


def add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file, folder or link under `name`, as `write_tar` does."""
    info = archive.gettarinfo(path, name)
    if info.type == tarfile.LNKTYPE:  # a hard link to a file already added: its content again
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", path.stat().st_size
    info.mtime = info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    if info.isreg():
        with open(path, "rb") as file:
            archive.addfile(info, file)
    else:
        archive.addfile(info)


def is_image(archive: Path) -> bool:
    """Whether a tar file is an image, as `docker save` writes it, and no build context.

    Raises InputError for what is no tar file.
    """
    try:
        with tarfile.open(archive) as tar:
            return any(member.name == "manifest.json" for member in tar) and "Dockerfile" not in tar.getnames()
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{archive} is no tar file ({error}); give what package or `docker save` wrote") from None


def image_tag(archive: Path) -> str:
    """The name that loading an image archive gives to the image; InputError where it has none."""
    tags = _manifest(archive)["RepoTags"]
    if not tags:
        raise InputError(f"the image in {archive} has no name; save it by its name")
    return tags[0]


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a build context into `folder`, or the root file system of an image."""
    if not is_image(archive):
        with tarfile.open(archive) as tar:
            for member in tar:
                _extract(tar, member, folder)
        return
    with tarfile.open(archive) as tar:
        for layer in _manifest(archive)["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer)) as files:
                _unpack_layer(files, folder)


def _unpack_layer(files: tarfile.TarFile, folder: Path) -> None:
    """One layer over those before: a name `.wh.X` takes X away. Device files, which need root, are left out."""
    for member in files:
        path = Path(member.name)
        if path.name.startswith(WHITEOUT):
            hidden = folder / path.parent / path.name.removeprefix(WHITEOUT)
            if hidden.is_symlink() or hidden.is_file():
                hidden.unlink()
        elif not (member.isdev() or member.isfifo()):
            _extract(files, member, folder)


def _extract(files: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Unpack one member; InputError where it would lie outside `folder`, be it through a link."""
    if not (folder / member.name).parent.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"the archive has a file {member.name!r}, which would lie outside of it; pack it anew")
    files.extract(member, folder, **EXTRACTION)


def _manifest(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile("manifest.json")
        if file is None:
            raise InputError(f"{archive} has a manifest.json that is no file; save the image again")
        return json.loads(file.read())[0]
