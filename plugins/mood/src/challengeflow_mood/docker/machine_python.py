"""This machine's system and Python as a root for bubblewrap: with the libraries a package asks for, and nothing else.

Seen are /usr (with /bin and /lib), the Python that this process runs on, without its own libraries, and in /opt/venv
the distributions of requirements.txt. Not seen are the virtual environment, the repository, home folders, /etc, /tmp,
/var.
"""

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from pathlib import Path, PurePosixPath

from challengeflow import InputError

VENV = "/opt/venv"
TAKEN = ("/opt", "/etc")
"""Folders of which some is this machine's."""
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")


def binds(requirements: Path, folder: Path) -> list[str]:
    """Options of bwrap; `folder` keeps a file of them. InputError where a distribution is not here in the version asked
    for.
    """
    words = []
    for place in SYSTEM:
        path = Path(place)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), place]
        elif path.is_dir():
            words += ["--ro-bind", place, place]
    for place in ("/etc/ld.so.cache", "/etc/alternatives"):  # the latter: which awk is awk
        words += ["--ro-bind-try", place, place]
    base = Path(sys.base_prefix).resolve()
    if not base.is_relative_to("/usr"):
        words += ["--ro-bind", str(base), str(base)]
    own = sysconfig.get_path("purelib", vars={"base": str(base), "platbase": str(base)})
    if Path(own).is_dir():
        words += ["--tmpfs", own, "--remount-ro", own]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = base / "bin" / version
    words += ["--dir", f"{VENV}/bin", "--symlink", str(python), f"{VENV}/bin/python3"]
    words += ["--symlink", "python3", f"{VENV}/bin/python"]
    settings = folder / "pyvenv.cfg"
    settings.write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
    words += ["--ro-bind", str(settings), f"{VENV}/pyvenv.cfg"]
    for entry in libraries(requirements):
        words += ["--ro-bind", str(entry), f"{VENV}/lib/{version}/site-packages/{entry.name}"]
    return words


def libraries(requirements: Path) -> list[Path]:
    """Files and folders of the distributions in requirements.txt, as they lie in this Python's libraries."""
    if not requirements.is_file():
        raise InputError(
            "there is no requirements.txt, so it is not known which libraries it needs; give the image itself"
        )
    found = set()
    for line in requirements.read_text().splitlines():
        match = re.match(r"\s*([\w.-]+)\s*(?:==\s*([\w.!]+))?\s*(?:#.*)?$", line)
        if match:
            found |= _entries(match[1], match[2])
    return sorted(found)


def libraries_named(requirements: Path) -> list[str]:
    """The lines `name==version` of requirements.txt."""
    return re.findall(r"^\s*([\w.-]+==[\w.!+]+)", requirements.read_text(), re.MULTILINE)


def _entries(name: str, version: str | None) -> set[Path]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise InputError(
            f"requirements.txt asks for {name}, which this machine has not; give the image itself"
        ) from None
    if version and distribution.version.partition("+")[0] != version:
        raise InputError(
            f"requirements.txt asks for {name} {version}, this machine has {distribution.version}; give the image "
            "itself"
        )
    tops = {PurePosixPath(file).parts[0] for file in distribution.files or []} - {"..", "__pycache__"}
    return {Path(str(distribution.locate_file(top))).resolve() for top in tops}


def own_places() -> list[str]:
    """What must not be seen inside: the virtual environment, and the source folders of the two packages."""
    roots = [str(Path(sys.prefix))] if sys.prefix != sys.base_prefix else []
    for package in ("challengeflow", "challengeflow_mood"):
        spec = importlib.util.find_spec(package)
        roots += (spec and spec.submodule_search_locations) or []
    return roots
