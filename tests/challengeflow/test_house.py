"""The house's own limits: short files, rooms that can be seen at a glance, imports that go round in no circle."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from challengeflow.imports import imported, parsed

ROOT = Path(__file__).parents[2]
CORE = ROOT / "workflow/challengeflow"
PLUGINS = sorted(ROOT.glob("plugins/*/src/*"))
SOURCES = [CORE, *(folder for folder in PLUGINS if (folder / "__init__.py").is_file())]
CURATED = {"testing"}  # what a plugin's tests import from the room itself


def modules(package: Path) -> Iterator[Path]:
    return (path for path in sorted(package.rglob("*.py")) if "templates" not in path.parts)


@pytest.mark.parametrize("package", SOURCES, ids=lambda path: path.name)
def test_modules_and_rooms_stay_small(package):
    lengths = {path: len(path.read_text().splitlines()) for path in modules(package)}
    assert not {path: length for path, length in lengths.items() if length > 350}
    rooms = Counter(path.parent for path in lengths)
    assert not {room: count for room, count in rooms.items() if count > 20}


def test_rule_files_stay_small():
    rules = [*ROOT.glob("workflow/**/*.smk"), *ROOT.glob("plugins/*/src/**/*.smk"), *ROOT.glob("**/Snakefile")]
    texts = {path: path.read_text().splitlines() for path in rules if ".venv" not in path.parts}
    assert texts
    assert not {path for path, lines in texts.items() if len(lines) >= 150}
    assert not {path for path, lines in texts.items() if max(map(len, lines)) > 120}


@pytest.mark.parametrize("package", SOURCES, ids=lambda path: path.name)
def test_the_init_of_a_room_imports_nothing(package):
    """So that one module of it can be had without the rest."""
    for init in package.glob("*/**/__init__.py"):
        if init.parent.name not in CURATED:
            nodes = ast.walk(ast.parse(init.read_text()))
            assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes), f"{init} imports"


@pytest.mark.parametrize("package", SOURCES, ids=lambda path: path.name)
def test_no_imports_go_round_in_a_circle(package):
    names = [_name(path, package) for path in modules(package)]
    assert len(names) > 30
    graph = {
        name: {other for other in imported(parsed(name), name) if other in names and other != name} for name in names
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
