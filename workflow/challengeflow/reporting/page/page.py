"""The page: what was gathered, put into templates/report, with pictures, style and script inside."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from challengeflow import __version__
from challengeflow.contract.direction import sign
from challengeflow.planning import layout
from challengeflow.planning.reproduce import config_of
from challengeflow.reporting.axis import axis
from challengeflow.reporting.page import curves, values
from challengeflow.reporting.page.gather import Gathered, Variant
from challengeflow.running.atomic import atomic

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
MOST_BYTES = 12_000_000
"""Of pictures inside the page (a third more as text). What is beyond is shown from its file beside the page."""

MIME = {".png": "image/png", ".svg": "image/svg+xml"}


def write(subject: Mapping[str, Any]) -> Path:
    """Write report.html into the results folder of what `subject.subject` gives; returns its path."""
    challenges = [Gathered(name, part) for name, part in subject["challenges"].items()]
    path = Path(layout.report(subject["results"]))
    with atomic(path) as (part,):
        part.write_text(render(challenges))
    return path


def render(challenges: Sequence[Gathered]) -> str:
    """The page as text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": number,
        "seconds": seconds,
        "memory": memory,
        "size": size,
        "compact": compact,
        "svg": curves.svg,
        "values": values.html,
        "yaml": _yaml,
    }
    stages = [row for challenge in challenges for row in challenge.stages]
    return environment.get_template("page.html.j2").render(
        version=__version__,
        challenges=challenges,
        board=board(challenges),
        waiting=[f"{challenge.name}/{each}" for challenge in challenges for each in challenge.waiting],
        jobs=sum(row.jobs for row in stages),
        cpu=sum(row.cpu_seconds for row in stages),
        machines=machines(challenges),
        span=span(challenges),
        versions=versions(challenges),
        image=Album(challenges).source,
        reproduce=reproduce,
        whole=_whole,
        style=_inside("report.css", "vendor/uPlot.min.css"),
        script=Markup("/*\n{}*/\n").format(_inside("vendor/uPlot.LICENSE"))
        + _inside("vendor/uPlot.iife.min.js", "report.js"),
    )


class Album:
    """Hands out the addresses of pictures: their bytes, as long as the page stays small enough, then their paths."""

    def __init__(self, challenges: Sequence[Gathered]):
        self.left = MOST_BYTES
        self.of = {challenge.name: challenge for challenge in challenges}

    def source(self, variant: Variant, name: str) -> str:
        path = variant.folder / name
        self.left -= (used := path.stat().st_size)
        if self.left < 0:
            self.left += used
            return self.of[variant.challenge].href(path)
        return f"data:{MIME[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def board(challenges: Sequence[Gathered]) -> list[dict[str, Any]]:
    """A row for each score and each published result, with where it lies on the axis that its table shares, in
    percent."""
    rows = []
    for challenge in challenges:
        keys = dict.fromkeys((v.dataset, r.split) for v in challenge.variants for r in v.results)
        for dataset, split in keys:
            scored = [(v, r) for v in challenge.variants if v.dataset == dataset for r in v.results if r.split == split]
            published = challenge.references(dataset, split)
            ends = [end for _, r in scored for end in (r.low, r.score, r.high)] + [each.score for each in published]
            shared = axis(ends, challenge.about["best"], challenge.direction)
            common = {"challenge": challenge, "dataset": dataset, "split": split}
            marks = [shared.place(each.score) for each in published]
            for variant, result in sorted(scored, key=lambda pair: -sign(challenge.direction) * pair[1].score):
                low, high = shared.span(result.low, result.high)
                strip = [low, shared.place(result.score), high]
                rows.append(common | {"variant": variant, "result": result, "strip": strip, "marks": marks})
            rows += [common | {"reference": each, "strip": [shared.place(each.score)] * 3} for each in published]
    return rows


def machines(challenges: Sequence[Gathered]) -> list[dict[str, Any]]:
    """The kinds of machines that the notes name."""
    found = [note["machine"] for note in _notes(challenges) if "machine" in note]
    return list({json.dumps(machine, sort_keys=True): machine for machine in found}.values())


def span(challenges: Sequence[Gathered]) -> tuple[str, str] | None:
    """When the first and the last of the noted stages ended, UTC."""
    ended = sorted(note["ended"] for note in _notes(challenges) if "ended" in note)
    return (ended[0], ended[-1]) if ended else None


def versions(challenges: Sequence[Gathered]) -> dict[str, str]:
    """Every version in use, several of one library side by side."""
    found: dict[str, set[str]] = {}
    for note in _notes(challenges):
        for name, version in note["versions"].items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(all_of)) for name, all_of in sorted(found.items())}


def _notes(challenges: Sequence[Gathered]) -> Iterable[Mapping[str, Any]]:
    return (note for challenge in challenges for variant in challenge.variants for note in variant.notes.values())


def reproduce(challenge: Gathered, variant: Variant) -> dict[str, Any]:
    """The config that makes a variant's scores again."""
    datasets = challenge.plan.chain(variant.dataset)[::-1]
    variants = dict.fromkeys([*challenge.plan.members(variant.name), variant.name])
    return config_of(challenge.name, challenge.plan.settings, datasets, variants)


def _whole(challenge: Gathered) -> dict[str, Any]:
    return {key: value for key, value in challenge.subject.items() if key != "about"}


def number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def seconds(value: float | None) -> str:
    """A duration in the unit that suits it."""
    if value is None:
        return ""
    units = ((1, 1000, "ms"), (100, 1, "s"), (6000, 1 / 60, "min"), (float("inf"), 1 / 3600, "h"))
    return next(f"{value * factor:.3g} {unit}" for limit, factor, unit in units if value < limit)


def memory(mb: float | None) -> str:
    if mb is None:
        return ""
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:.1f} GB"


def size(count: int) -> str:
    units = ((1, "bytes"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
    return next(f"{count / factor:.3g} {unit}" for factor, unit in reversed(units) if count >= factor or factor == 1)


def compact(entry: Mapping[str, Any]) -> Markup:
    """A curve as JSON for the script: five digits a number are more than a screen shows."""
    lines = [
        {"name": line["name"]} | {axis: [float(f"{v:.5g}") for v in line[axis]] for axis in ("x", "y")}
        for line in entry["lines"]
    ]
    text = json.dumps({"x": entry["x_label"], "y": entry["y_label"], "lines": lines}, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _yaml(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=100).strip()


def _inside(*names: str) -> Markup:
    return Markup("\n".join((HERE / name).read_text() for name in names))
