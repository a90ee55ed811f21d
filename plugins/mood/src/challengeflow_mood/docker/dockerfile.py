"""The instructions of a Dockerfile, and those of them that make the image."""

import json
import re
from collections.abc import Iterator

Instruction = tuple[str, str]
"""What is to be done, in capitals, and its arguments."""


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile: comments left out, continued lines joined, here-documents passed over."""
    return list(_instructions(text.removeprefix("\ufeff")))


def last_stage(found: list[Instruction]) -> list[Instruction]:
    """What makes the image: the last stage, after the stages of this file that it is made from, with the values of
    ARG and ENV in place of their names.
    """
    stages: dict[str, list[Instruction]] = {}
    made: list[Instruction] = []
    for name, arguments in found:
        if name == "FROM":
            words = [word for word in arguments.split() if not word.startswith("--")]
            made = list(stages.get(words[0].lower(), [])) if words else []
            stages[words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else str(len(stages))] = made
        else:
            made.append((name, arguments))
    return list(_with_values(made))


def as_list(text: str) -> list[str]:
    """The words of an instruction, which may be JSON."""
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    return [str(word) for word in words] if isinstance(words, list) else text.split()


def _instructions(text: str) -> Iterator[Instruction]:
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
        name, arguments = [*line.split(None, 1), ""][:2]
        for end in re.findall(r"<<-?[\"']?(\w+)[\"']?", arguments):
            while (inner := next(lines, None)) is not None and inner.strip() != end:
                pass
        yield name.upper() if name.isalpha() else name, arguments.strip()


def _with_values(made: list[Instruction]) -> Iterator[Instruction]:
    values: dict[str, str] = {}

    def value(found: re.Match) -> str:
        return values.get(found[1] or found[2], found[3] or "")

    for name, arguments in made:
        if name in ("ADD", "COPY", "WORKDIR", "ENV", "ARG"):
            arguments = re.sub(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})", value, arguments)
        if name in ("ENV", "ARG"):
            pairs = re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", arguments)
            values |= {key: text.strip("\"'") for key, text in pairs or [[*arguments.split(None, 1), ""][:2]]}
        yield name, arguments
