"""Write the picture of the core's rooms, and tables of what is in all rooms, from the real imports and docstrings.

`python docs/architecture.py` in the root of the repository changes docs/images/rooms.svg and the part of
docs/architecture.md between its two marks. A test keeps both true.
"""

import ast
from collections import defaultdict
from pathlib import Path

from challengeflow.imports import imported, parsed

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = ROOT / "docs/architecture.md", ROOT / "docs/images/rooms.svg"
BEGIN, END = "<!-- rooms: written by docs/architecture.py -->", "<!-- end of rooms -->"
PACKAGES = {
    "challengeflow": ROOT / "workflow/challengeflow",
    "challengeflow_clog_loss": ROOT / "plugins/clog-loss/src/challengeflow_clog_loss",
    "challengeflow_mabe_task1": ROOT / "plugins/mabe-task1/src/challengeflow_mabe_task1",
    "challengeflow_mood": ROOT / "plugins/mood/src/challengeflow_mood",
}
DOORS = dict.fromkeys(("cli", "dag", "results", "stages"), "doors")
ABOUT = {
    "doors": "`cli` for people, `dag` for the rules, `results` and `stages` for a plugin's own rules and programs.",
    "what plugins import": "The public modules, and the package itself, which hands on the contract.",
    "declarations": "The package itself: what the plugin declares.",
}
WIDTH, HEIGHT, GAP, LEVEL = 168, 38, 26, 92


def modules(package: str) -> dict[str, str]:
    """Module -> the room it is in."""
    found = {}
    for file in sorted(PACKAGES[package].rglob("*.py")):
        parts = file.relative_to(PACKAGES[package]).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        inside = file.parent == PACKAGES[package]
        top = "what plugins import" if package == "challengeflow" else "declarations"
        room = DOORS.get(parts[0], top) if inside and parts else parts[0] if parts else top
        found[".".join((package, *parts))] = room
    return found


def arrows(package: str) -> dict[str, set[str]]:
    """Room -> the rooms that its modules import from."""
    rooms, found = modules(package), defaultdict(set)
    for module, room in rooms.items():
        found[room] |= {rooms[name] for name in imported(parsed(module), module) if name in rooms} - {room}
    return dict(found)


def levels(found: dict[str, set[str]]) -> dict[str, int]:
    """Room -> how many rooms lie below it, one on the other; a circle of rooms would never end, and is an error."""
    known: dict[str, int] = {}

    def level(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise ValueError(f"rooms import each other in a circle: {' -> '.join((*above, room))}")
        if room not in known:
            known[room] = max((level(each, (*above, room)) + 1 for each in found.get(room, ())), default=0)
        return known[room]

    return {room: level(room) for room in found}


def direct(found: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows that no way over another room says as well."""

    def reached(room: str) -> set[str]:
        return found.get(room, set()).union(*(reached(each) for each in found.get(room, ())))

    pairs = [(room, below) for room, rooms in found.items() for below in rooms]
    return sorted((a, b) for a, b in pairs if not any(b in reached(other) for other in found[a] - {b}))


def svg() -> str:
    """The rooms of the core: what is drawn above imports from below."""
    found = arrows("challengeflow")
    level = levels(found)
    rows = [sorted(room for room in found if level[room] == each) for each in range(max(level.values()) + 1)]
    width = max(len(row) for row in rows) * (WIDTH + GAP) + GAP
    height = len(rows) * LEVEL
    place = {}
    for number, row in enumerate(rows):
        start = (width - len(row) * (WIDTH + GAP) + GAP) / 2
        for column, room in enumerate(row):
            place[room] = (start + column * (WIDTH + GAP), height - (number + 1) * LEVEL + (LEVEL - HEIGHT) / 2)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" font-size="14" '
        'font-family="DejaVu Sans, sans-serif">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#777"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for above, below in direct(found):
        (x1, y1), (x2, y2) = place[above], place[below]
        lines.append(
            f'<path d="M{x1 + WIDTH / 2:g} {y1 + HEIGHT:g} C{x1 + WIDTH / 2:g} {y1 + HEIGHT + 40:g} '
            f'{x2 + WIDTH / 2:g} {y2 - 40:g} {x2 + WIDTH / 2:g} {y2:g}" fill="none" stroke="#777" '
            'marker-end="url(#tip)"/>'
        )
    for room, (x, y) in sorted(place.items()):
        lines.append(
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="#dbe9f6" stroke="#5b7fa6"/>'
            f'<text x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 5:g}" text-anchor="middle">{room}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def docstring(package: str, room: str) -> str:
    """What a room is, in its first paragraph."""
    if room in ABOUT:
        return ABOUT[room]
    text = ast.get_docstring(parsed(f"{package}.{room}")) or ""
    return " ".join(text.partition("\n\n")[0].split())


def part() -> str:
    """The tables of the page."""
    lines = []
    for package in PACKAGES:
        rooms = modules(package)
        lines += [f"### {package}", "", "| room | what it is | modules |", "|---|---|---|"]
        for room in sorted(set(rooms.values())):
            inside = [m.removeprefix(f"{package}.") for m, where in rooms.items() if where == room and m != package]
            names = ", ".join(f"`{name.removeprefix(f'{room}.')}`" for name in inside if name != room)
            lines.append(f"| {room} | {docstring(package, room)} | {names} |")
        lines.append("")
    return "\n".join(lines)


def page() -> str:
    """The page with its part made anew."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{part()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
    PICTURE.write_text(svg())
