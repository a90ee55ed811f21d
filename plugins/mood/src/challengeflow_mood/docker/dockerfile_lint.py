"""What is wrong with a package's Dockerfile, or with the settings of an image, before anything is run."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from challengeflow_mood.docker import copied_files, dockerfile
from challengeflow_mood.docker.copied_files import WORKSPACE, Copy
from challengeflow_mood.docker.script_lint import SCRIPTS

KNOWN = {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"}
KNOWN |= {"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}


def built(context: Path, root: Path) -> list[str]:
    """Lay out in the new folder `root` what the image of a build context holds of its files; a sentence for each thing
    that is wrong with its Dockerfile. Where no script gets to its place all files are laid there, so that what else is
    wrong is found, too.
    """
    path, workspace = context / "Dockerfile", root / WORKSPACE.name
    workspace.mkdir(parents=True)
    if not path.is_file():
        problems = ["there is no Dockerfile, so no image can be built of it"]
    else:
        instructions = dockerfile.instructions(path.read_text(errors="replace"))
        problems = list(_malformed(instructions))
        if not problems:
            last = dockerfile.last_stage(instructions)
            copied_files.lay_out(context, last, root)
            problems = list(_lint(context, last, workspace))
    if not any((workspace / script).is_file() for script in SCRIPTS):
        shutil.copytree(context, workspace, symlinks=True, dirs_exist_ok=True)
    return problems


def _malformed(instructions: list[dockerfile.Instruction]) -> Iterator[str]:
    for name, arguments in instructions:
        if name not in KNOWN:
            yield f"the Dockerfile has a line that is no instruction: {f'{name} {arguments}'.strip()[:60]!r}"
            return
        if name in ("FROM", "COPY", "ADD") and len(dockerfile.as_list(arguments)) < (1 if name == "FROM" else 2):
            yield f"the Dockerfile does not say what {f'{name} {arguments}'.strip()!r} is to take, and where to"
            return
    if next((name for name, _ in instructions if name != "ARG"), "") != "FROM":
        yield "the Dockerfile does not begin with FROM"


def _lint(context: Path, last: list[dockerfile.Instruction], workspace: Path) -> Iterator[str]:
    yield from _lacking(context, last)
    missing = next((script for script in SCRIPTS if not (workspace / script).is_file()), None)
    if missing and (context / missing).is_file():
        yield f"the Dockerfile copies no {missing} to {WORKSPACE}, where the organisers look for it"
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


def _lacking(context: Path, stage: list[dockerfile.Instruction]) -> Iterator[str]:
    """What is to be copied and is not there."""
    for copy in copied_files.copies(stage):
        for source in copy.sources if isinstance(copy, Copy) and not copy.foreign else ():
            if not copied_files.sources(context, source):
                left_out = " or its .dockerignore leaves it out" if (context / ".dockerignore").is_file() else ""
                yield f"the Dockerfile copies {source!r}, which is not in the build context{left_out}"
