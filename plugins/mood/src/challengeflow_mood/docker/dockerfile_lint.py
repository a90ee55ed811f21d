"""What is wrong with a package's Dockerfile, or with the settings of an image, before anything is run."""

import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from challengeflow_mood.docker.script_lint import SCRIPTS

WORKSPACE = PurePosixPath("/workspace")
KNOWN = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"}
KNOWN |= {"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
Instruction = tuple[str, str]
"""What is to be done, in capitals, and its arguments."""


def lint_dockerfile(context: Path) -> Iterator[str]:
    """A sentence for each thing that is wrong with the Dockerfile of a build context."""
    path = context / "Dockerfile"
    if not path.is_file():
        yield "there is no Dockerfile, so no image can be built of it"
        return
    instructions = list(_instructions(path.read_text(errors="replace")))
    for name, arguments in instructions:
        if name not in KNOWN:
            yield f"the Dockerfile has a line that is no instruction: {f'{name} {arguments}'.strip()[:60]!r}"
            return
    if next((name for name, _ in instructions if name != "ARG"), "") != "FROM":
        yield "the Dockerfile does not begin with FROM"
        return
    last = _of_last_stage(instructions)
    for script in SCRIPTS:
        if not any(_brings(copy, script) for copy in _copies(last)):
            yield f"the Dockerfile copies no {script} to {WORKSPACE}, where the organisers look for it"
            break
    entry = next((arguments for name, arguments in reversed(last) if name == "ENTRYPOINT"), "[]")
    if entry.replace(" ", "") not in ("[]", '[""]'):
        yield (
            f"the Dockerfile has the ENTRYPOINT {entry}, which would get the organisers' command as arguments; leave "
            "it out"
        )


def lint_settings(settings: dict[str, Any]) -> Iterator[str]:
    """A sentence for each thing that is wrong with an image's settings, the `config` of what `docker save` writes."""
    entry = settings.get("Entrypoint")
    if entry and entry != [""]:
        said = json.dumps(entry)
        yield f"the image has the entrypoint {said}, which would get the organisers' command as arguments; leave it out"


def _instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile: comments left out, continued lines joined, here-documents passed over."""
    lines = iter(text.splitlines())
    for line in lines:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        while line.endswith("\\"):
            more = next(lines, None)
            if more is None:
                break
            line = line[:-1] + (" " if more.lstrip().startswith("#") else more.strip())
            line += "\\" if more.lstrip().startswith("#") else ""
        name, _, arguments = line.partition(" ")
        for end in re.findall(r"<<-?[\"']?(\w+)[\"']?", arguments):
            while (inner := next(lines, None)) is not None and inner.strip() != end:
                pass
        yield name.upper() if name.isalpha() else name, arguments.strip()


def _of_last_stage(instructions: list[Instruction]) -> list[Instruction]:
    """What makes the image: the last stage, after the stages of this file that it is made from."""
    stages: dict[str, list[Instruction]] = {}
    made: list[Instruction] = []
    for name, arguments in instructions:
        if name == "FROM":
            words = [word for word in arguments.split() if not word.startswith("--")]
            made = list(stages.get(words[0].lower(), [])) if words else []
            stages[words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else str(len(stages))] = made
        else:
            made.append((name, arguments))
    return made


def _copies(instructions: list[Instruction]) -> Iterator[tuple[list[str], PurePosixPath]]:
    """What is copied, and to where."""
    folder = PurePosixPath("/")
    for name, arguments in instructions:
        if name == "WORKDIR":
            folder /= arguments.strip("\"'")
        elif name in ("COPY", "ADD"):
            text = re.sub(r"^(--\S+\s+)+", "", arguments)
            *sources, target = [str(word) for word in (json.loads(text) if _is_list(text) else text.split())] or [""]
            foreign = ["*"] if "--from=" in arguments or any(".tar" in source for source in sources) else []
            yield sources + foreign, folder / target


def _brings(copy: tuple[list[str], PurePosixPath], script: str) -> bool:
    """Whether a copy may bring a script to its place."""
    sources, target = copy
    if target not in (WORKSPACE, WORKSPACE / script, PurePosixPath("/")):
        return False
    return any(fnmatch.fnmatch(script, PurePosixPath(source).name or "*") for source in sources)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False
