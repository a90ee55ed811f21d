"""Archives that want out of their folder: names, links, whiteouts, devices, bombs, and damage to all of them."""

import gzip
import io
import json
import os
import random
import tarfile
import zipfile
from pathlib import Path

from challengeflow import InputError
from challengeflow.outside.unpacking import unpack
from challengeflow_mood.docker import archive as images

COUNT, SECONDS = 100, 60
WAYS = ("..", "../..", "/", "/etc", "d/../..", "l", "l/..", ".", "d", "l/d", "\udcff", "x" * 300)


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    victim = folder / "victim"
    victim.write_text("mine")
    target = folder / "a/b/in"
    target.parent.mkdir(parents=True)
    path = folder / "attack"
    KINDS[number % len(KINDS)](path, draw, victim)
    if number % 3 == 2:
        _damage(path, draw)
    try:
        (images.unpack if number % 2 else unpack)(path, target)
    except InputError as error:
        if "\n" in str(error):
            return f"more than one line: {error}"
    return _harm(folder, victim, target)


def _harm(folder: Path, victim: Path, target: Path) -> str | None:
    if not victim.is_file() or victim.read_text() != "mine" or victim.stat().st_nlink > 1:
        return "a file outside was changed or linked"
    outside = {path for path in folder.rglob("*") if not path.is_relative_to(target)}
    if outside - {folder / "a", folder / "a/b", folder / "attack", victim}:
        return f"something lies outside: {sorted(outside)}"
    written = 0
    for path in target.rglob("*") if target.exists() else ():
        if path.is_symlink():
            if not Path(os.path.realpath(path)).is_relative_to(target):
                return f"a link leads out: {path.name!r} -> {os.readlink(path)!r}"
        elif not (path.is_file() or path.is_dir()) or path.stat().st_mode & 0o7000:
            return f"{path.name!r} is a device or runs as somebody else"
        elif path.is_file():
            written += path.stat().st_size
    return f"{written} bytes were written" if written > 100 << 20 else None


def _tar(path: Path, draw: random.Random, victim: Path, mode: str = "w") -> None:
    with tarfile.open(path, mode) as made:
        for _ in range(draw.randrange(2, 12)):
            _add(made, draw, victim)


def _add(made: tarfile.TarFile, draw: random.Random, victim: Path) -> None:
    ways = [*WAYS, str(victim), f"../../../{victim.name}", str(victim.parent)]
    name = "/".join(
        draw.choice([*ways, "l", "d", "f", ".wh.f", ".wh..", ".wh...", ".wh..wh..opq"])
        for _ in range(draw.randrange(1, 4))
    )
    info = tarfile.TarInfo(name)
    kinds = (
        [tarfile.REGTYPE] * 4
        + [tarfile.SYMTYPE] * 3
        + [tarfile.LNKTYPE] * 2
        + [tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE]
    )
    info.type = draw.choice(kinds)
    info.mode = draw.choice([0o644, 0o4755, 0o2777, 0o000])
    if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        info.name = draw.choice([name, "l", "f", victim.name])
        info.linkname = "/".join([draw.choice(ways), draw.choice([victim.name, "", "etc/passwd", "f"])])
    content = b"theirs" if info.isreg() else b""
    info.size = len(content)
    made.addfile(info, io.BytesIO(content))


def _zip(path: Path, draw: random.Random, victim: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for _ in range(draw.randrange(1, 6)):
            info = zipfile.ZipInfo(
                "/".join([draw.choice([*WAYS[:10], str(victim.parent)]), draw.choice(["f", victim.name])])
            )
            info.external_attr = draw.choice([0o644, 0o4755, 0o120777, 0o020666]) << 16
            made.writestr(info, str(victim) if info.external_attr >> 28 == 0o12 else "theirs")


def _image(path: Path, draw: random.Random, victim: Path) -> None:
    layers = [f"layer-{number}.tar" for number in range(draw.randrange(1, 4))]
    with tarfile.open(path, "w") as made:
        for name in layers:
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w") as layer:
                layer.addfile(tarfile.TarInfo("./"))
                for _ in range(6):
                    _add(layer, draw, victim)
            _put(made, name, content.getvalue())
        manifests = [
            [{"Layers": layers}],
            {"Layers": layers},
            [{"Layers": 3}],
            [{"Layers": [*layers, "gone"]}],
            [],
            None,
            [[[]]],
        ]
        _put(
            made,
            "manifest.json",
            json.dumps(draw.choice([manifests[0]] * 4 + manifests)).encode()[: draw.choice([9, 10**6, 10**6])],
        )


def _put(made: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    made.addfile(info, io.BytesIO(content))


def _bomb(path: Path, draw: random.Random, victim: Path) -> None:
    size = draw.choice([150, 300]) << 20
    if draw.random() < 0.5:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made, made.open("x", "w") as file:
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
        return
    info = tarfile.TarInfo("x")
    info.size = draw.choice([size, 1 << 60])
    info.type = draw.choice([tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))


def _damage(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice([1, 4, 30])):
        content[draw.randrange(min(len(content), 1 << 16))] = draw.choice([0, 48, 55, 128, 255])
    path.write_bytes(content[: draw.choice([len(content)] * 3 + [draw.randrange(1, len(content))])])


def _packed(path: Path, draw: random.Random, victim: Path) -> None:
    _tar(path, draw, victim, draw.choice(["w:gz", "w:bz2", "w:xz"]))


KINDS = (_tar, _zip, _image, _packed, _bomb)
