"""The command `challengeflow mood-image`: a loadable image without docker, as `docker save` would write it.

Three layers: a root file system that the user brings (no image can be fetched offline, and nobody's system is ours to
hand on), the libraries of requirements.txt as installed here (their wheels bring what they need but the C library), and
the package itself. Written with the standard library alone; the same inputs give the same bytes.
"""

import argparse
import hashlib
import io
import json
import platform
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from challengeflow import InputError
from challengeflow.bill import write_bill
from challengeflow_mood.docker import archive
from challengeflow_mood.docker.machine_python import VENV, libraries, libraries_named

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EPOCH = "1970-01-01T00:00:00Z"


def main(arguments: list[str]) -> int:
    """Run the command; 0. Raises InputError for what the user can mend."""
    options = _parser().parse_args(arguments)
    tag = options.tag or f"localhost/{options.package.stem.lower()}:1"
    write_image(options.package, options.base, options.output, tag)
    print(f"{options.output} holds {tag}; `docker load --input {options.output}` or `podman load` brings it in")
    return 0


def write_image(package: Path, base: Path, output: Path, tag: str) -> None:
    """Write the image `output` of a build context and the root file system `base`, a plain tar file.

    Raises InputError where `base` is no tar file or has no Python of this version, or a library is not installed here.
    """
    if archive.is_image(package):
        raise InputError(f"{package} is an image already; give the build context that package wrote")
    python = _python_of(base)
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        layers = [base, Path(folder) / "libraries.tar", Path(folder) / "application.tar"]
        context = Path(folder) / "context"
        archive.unpack(package, context)
        _write_libraries(layers[1], libraries(context / "requirements.txt"), python)
        with tarfile.open(layers[2], "w", format=tarfile.PAX_FORMAT) as tar:
            _add_tree(tar, context, "workspace")
        write_layers(output, layers, tag)
        name, _, version = tag.rpartition("/")[2].partition(":")
        write_bill(output, name, version or "latest", libraries_named(context / "requirements.txt"), "container")


def _python_of(base: Path) -> str:
    """The place in `base` of a Python of this process's version."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        with tarfile.open(base) as tar:
            names = {str(PurePosixPath(member.name)).lstrip("/") for member in tar}
    except (OSError, tarfile.TarError) as error:
        raise InputError(
            f"{base} is no tar file ({error}); give a root file system, as `docker export` writes it"
        ) from None
    for place in ("usr/local/bin", "usr/bin"):
        if f"{place}/{name}" in names:
            return f"/{place}/{name}"
    raise InputError(f"{base} holds no {name}, which the libraries of this machine are for; make one that has it")


def _write_libraries(layer: Path, entries: Iterable[Path], python: str) -> None:
    """A virtual environment in /opt/venv on the Python of the base, with the distributions of the package."""
    version = Path(python).name
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
        settings = f"home = {Path(python).parent}\ninclude-system-site-packages = false\n"
        _add_text(tar, f"{VENV[1:]}/pyvenv.cfg", settings)
        for name, target in (("python3", python), ("python", "python3")):
            link = tarfile.TarInfo(f"{VENV[1:]}/bin/{name}")
            link.type, link.linkname, link.mode = tarfile.SYMTYPE, target, 0o777
            tar.addfile(link)
        for entry in entries:
            _add_tree(tar, entry, f"{VENV[1:]}/lib/{version}/site-packages/{entry.name}")


def _add_tree(tar: tarfile.TarFile, path: Path, name: str) -> None:
    """A file, or a folder with all in it but caches."""
    archive.add(tar, path, name)
    if path.is_dir() and not path.is_symlink():
        for inner in sorted(path.iterdir()):
            if inner.name != "__pycache__":
                _add_tree(tar, inner, f"{name}/{inner.name}")


def write_layers(output: Path, layers: list[Path], tag: str) -> None:
    """The layers, the image's configuration and the manifest that names them, each by its SHA-256."""
    digests = []
    for layer in layers:
        with open(layer, "rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    machine = platform.machine()
    configuration = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "created": EPOCH,
        "config": {"Env": [f"PATH={VENV}/bin:/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/workspace"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": EPOCH, "created_by": "challengeflow mood-image"}] * len(layers),
    }
    text = json.dumps(configuration)
    name = f"{hashlib.sha256(text.encode()).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": [f"{digest}.tar" for digest in digests]}]
    with tarfile.open(output, "w", format=tarfile.PAX_FORMAT) as tar:
        _add_text(tar, name, text)
        for layer, digest in zip(layers, digests, strict=True):
            archive.add(tar, layer, f"{digest}.tar")
        _add_text(tar, "manifest.json", json.dumps(manifest))


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text.encode()), 0o644
    tar.addfile(info, io.BytesIO(text.encode()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="challengeflow mood-image",
        description="Make a loadable image of a MOOD submission archive, without docker.",
    )
    parser.add_argument("package", type=Path, help="the build context that package wrote, mood-NAME.tar")
    parser.add_argument("--base", type=Path, required=True, help="tar file of a root file system with Python")
    parser.add_argument("--output", type=Path, required=True, help="tar file to write")
    parser.add_argument("--tag", help="name of the image; localhost/mood-NAME:1 without it")
    return parser
