"""The software bill of materials beside what is handed on (CycloneDX 1.6, JSON): what is in it, by version and licence.

    python -m challengeflow.bill constraints.txt dist/*.whl      # writes dist/NAME.cdx.json for each wheel

No serial number and no time are in it: the same content gives the same bytes.
"""

import hashlib
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, cast

from challengeflow.outside.archives import opened
from challengeflow.scoring import write_json

ENDING = ".cdx.json"
LARGEST_METADATA = 4 << 20


def write_bill(made: Path, name: str, version: str, requirements: Iterable[str], kind: str = "application") -> Path:
    """Write the bill of the file `made` beside it; returns its path.

    requirements: lines `name==version` of the distributions in it; their licences are those stated where they are
    installed here. kind: "application", "container" or "library".
    """
    with open(made, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    itself = {"type": kind, "name": name, "version": version, "hashes": [{"alg": "SHA-256", "content": digest}]}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself},
        "components": [_component(line) for line in sorted(set(requirements))],
    }
    path = made.with_name(made.name.removesuffix(made.suffix) + ENDING)
    write_json(path, bill)
    return path


def _component(requirement: str) -> dict[str, Any]:
    name, _, version = requirement.partition("==")
    found = {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name.lower()}@{version}"}
    return found | _licences(name)


def _licences(name: str) -> dict[str, Any]:
    try:
        facts = cast(Message, importlib.metadata.metadata(name))
    except importlib.metadata.PackageNotFoundError:
        return {}
    if expression := facts.get("License-Expression"):
        return {"licenses": [{"expression": expression}]}
    stated = [c.rpartition(" :: ")[2] for c in facts.get_all("Classifier") or [] if c.startswith("License ::")]
    stated = stated or [line for line in (facts.get("License") or "").splitlines()[:1] if line]
    return {"licenses": [{"license": {"name": each}} for each in stated]} if stated else {}


def _of_wheel(wheel: Path, pins: dict[str, str]) -> Path:
    """The bill of a wheel: what it requires at the pins it was tested with."""
    with opened(wheel) as parts:
        text = next(part for part in parts if part.name.endswith(".dist-info/METADATA")).read(LARGEST_METADATA).decode()
    facts = Parser().parsestr(text)
    lines = [line for line in facts.get_all("Requires-Dist") or [] if "extra ==" not in line]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]
    pinned = [f"{name}=={pins[_normal(name)]}" for name in names if _normal(name) in pins]
    return write_bill(wheel, facts["Name"], facts["Version"], pinned, "library")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: Sequence[str]) -> None:
    """Write the bills of wheels, after the constraints they were tested with."""
    constraints, *wheels = map(Path, arguments)
    lines = (line.partition("==") for line in constraints.read_text().splitlines() if "==" in line)
    pins = {_normal(name): version for name, _, version in lines}
    for wheel in wheels:
        print(_of_wheel(wheel, pins))


if __name__ == "__main__":
    main(sys.argv[1:])
