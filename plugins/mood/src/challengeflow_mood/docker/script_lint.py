"""What is wrong with a package's scripts before they are run. The organisers run them directly and by `sh`, as whatever
user.
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

from challengeflow_mood.docker.build_context import DATASETS, TASKS

SCRIPTS = tuple(f"run_{task}_{dataset}.sh" for task in TASKS for dataset in DATASETS)
START = r"(?:^|[;&|({]|\bthen|\bdo|\belse)\s*"  # where a command may begin
BASHISMS = {
    r"\[\[": "[[",
    START + r"source\s": "source",
    START + r"function\s+\w": "function",
    r"\bpipefail\b": "pipefail",
    r"[<>]\(": "process substitution",
    r"<<<": "<<<",
    r"&>": "&>",
    r"\b\w+=\(": "an array",
    r"\$\{\w+(//|/|\^|,|:\d)": "a substitution in ${}",
    r"\[ [^]]*==": "== in [ ]",
    START + r"(declare|typeset|shopt|pushd|popd|mapfile|readarray)\s": "a builtin of bash",
    r"(?<!\$)\(\(\s": "((",
}
HERE_DOCUMENT = re.compile(r"(?<=<)<-?\s*(['\"]?)(\w+)\1[^\n]*\n.*?^\s*\2$", re.DOTALL | re.MULTILINE)
OF_EVERY_IMAGE = {"bin", "dev", "etc", "lib", "lib64", "mnt", "opt", "proc", "sbin", "sys", "usr", "workspace"}
NOT_WRITABLE = {"tmp", "var", "run"}


def lint(workspace: Path) -> Iterator[str]:
    """A sentence for each thing that is wrong with the four scripts in the unpacked `workspace`, or with its files'
    modes.
    """
    for name in SCRIPTS:
        path = workspace / name
        if path.is_file():
            yield from _script(path, workspace)
        else:
            yield f"{name} is missing; the organisers run it as /workspace/{name}"
    for path in sorted(workspace.rglob("*")):
        if path.is_symlink() or path.name in SCRIPTS:
            continue
        needed = 0o555 if path.is_dir() else 0o444
        if stat.S_IMODE(path.stat().st_mode) & needed != needed:
            yield f"{path.relative_to(workspace)} cannot be read by every user; chmod a+rX it"
            return  # one sentence for all of them


def _script(path: Path, workspace: Path) -> Iterator[str]:
    name, data = path.name, path.read_bytes()
    text = data.decode(errors="replace")
    if stat.S_IMODE(path.stat().st_mode) & 0o555 != 0o555:
        yield f"{name} is not executable by everyone; chmod 0755 it"
    if b"\r" in data:
        yield (
            f"{name} has Windows line ends (CRLF); write it with Unix ones, or the kernel looks for an interpreter "
            "'sh\\r'"
        )
        return
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        yield f"{name} has no shebang; begin it with '#!/bin/sh', for it is also run directly"
    elif not re.match(r"#!\s*(/usr)?(/bin/(sh|dash)|/bin/env\s+(sh|dash))(\s|$)", first):
        yield f"{name} begins with {first!r}; begin it with '#!/bin/sh', for `sh` runs it whatever its first line says"
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    own = re.sub(r"'[^']*'", "''", HERE_DOCUMENT.sub("", code))  # what is none of sh's: Python, awk
    for pattern, what in BASHISMS.items():
        if re.search(pattern, own, re.MULTILINE):
            yield f"{name} uses {what}, which sh does not know; write POSIX shell"
    yield from _paths(name, code, workspace)


def _paths(name: str, code: str, workspace: Path) -> Iterator[str]:
    for place in dict.fromkeys(re.findall(r"(?:^|[\s=\"'`:;(<>])(/[\w.-]+)", code, re.MULTILINE)):
        if place[1:] in NOT_WRITABLE:
            yield f"{name} names {place}, where nothing can be written: the root is read-only; use the output folder"
        elif place[1:] not in OF_EVERY_IMAGE and not (workspace.parent / place[1:]).exists():
            yield (
                f"{name} names {place}, a place of one machine; name places below /workspace or of the script's folder"
            )
    if not re.search(r"\bcd\s", code):
        for word in dict.fromkeys(code.split()):
            if not word.startswith(("/", "-", "$")) and (workspace / word).is_file():
                yield f"{name} names {word} relative to a working directory it does not set; say /workspace/{word}"
