"""The submission archive: a build context or an image as one tar file, with the same bytes each time."""

import json
import os
import tarfile
from pathlib import Path
from typing import Any

from challengeflow import InputError
from challengeflow.outside import archives, unpacking

WHITEOUT = ".wh."
LARGEST_MANIFEST = 4 << 20


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
    names = archives.names(archive)
    return "manifest.json" in names and "Dockerfile" not in names


def image_tag(archive: Path) -> str:
    """The name that loading an image archive gives to the image; InputError where it has none."""
    tags = _manifest(archive).get("RepoTags")
    if not isinstance(tags, list) or not tags or not isinstance(tags[0], str):
        raise InputError(f"the image in {archive} has no name; save it by its name")
    return tags[0]


def settings(archive: Path) -> dict[str, Any]:
    """The settings of an image: its command, environment and working directory; empty where none are named."""
    name = _manifest(archive).get("Config")
    if not isinstance(name, str):
        return {}
    with archives.found(archive, name) as part:
        content = part.read(LARGEST_MANIFEST)
    try:
        found = json.loads(content).get("config")
    except (ValueError, RecursionError, AttributeError):
        found = None
    return found if isinstance(found, dict) else {}


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a build context into the new `folder`, or the root file system of an image.

    InputError for one that leads outside.
    """
    if not is_image(archive):
        unpacking.unpack(archive, folder)
        return
    root, left = unpacking.Unpacking(archive, folder, rooted=True), archives.Budget.of(archive)
    for layer in _manifest(archive)["Layers"]:
        _lay(root, left, layer)
    root.finish()


def _lay(root: unpacking.Unpacking, left: archives.Budget, name: str, is_link: bool = False) -> None:
    """Lay one layer over those before; an older docker writes a layer that it has written already as a link to that."""
    with archives.opened(root.path) as parts:
        wanted = archives.relative(name)
        layer = next((part for part in parts if part.path == wanted), None)
        if layer is not None and layer.kind == "link" and not is_link:
            _lay(root, left, os.path.normpath(wanted.parent / layer.target), is_link=True)
            return
        if layer is None or layer.kind != "file":
            raise InputError(f"the image in {root.path} lacks its layer {name!r}; save it anew")
        with layer.open() as content, archives.opened(root.path, content, left) as files:
            root.lay(files, WHITEOUT)


def _manifest(archive: Path) -> dict[str, Any]:
    """What `docker save` says of the first image."""
    with archives.found(archive, "manifest.json") as part:
        content = part.read(LARGEST_MANIFEST)
    try:
        images = json.loads(content)
    except (ValueError, RecursionError):
        images = None
    first = images[0] if isinstance(images, list) and images else None
    layers = first.get("Layers") if isinstance(first, dict) else None
    if (
        not isinstance(first, dict)
        or not isinstance(layers, list)
        or not layers
        or not all(isinstance(layer, str) for layer in layers)
    ):
        raise InputError(f"manifest.json in {archive} lists no layers as `docker save` does; save the image anew")
    return dict(first)
