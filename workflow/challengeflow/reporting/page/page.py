"""The page: what was gathered, put into templates/report, with pictures, style and script inside."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from challengeflow import __version__
from challengeflow.planning import layout
from challengeflow.planning.reproduce import config_of
from challengeflow.reporting.axis import axis
from challengeflow.reporting.page import curves, formats, values, words
from challengeflow.reporting.page.album import Album
from challengeflow.reporting.page.gather import Gathered
from challengeflow.reporting.page.glossary import TERMS, Glossary, terms_of
from challengeflow.reporting.page.results import Variant
from challengeflow.running.atomic import atomic

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"


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
        "number": formats.number,
        "short": formats.short,
        "seconds": formats.seconds,
        "duration": formats.duration,
        "memory": formats.memory,
        "size": formats.size,
        "counted": formats.counted,
        "compact": compact,
        "svg": curves.svg,
        "values": values.html,
        "yaml": _yaml,
    }
    stages = [row for challenge in challenges for row in challenge.stages]
    return environment.get_template("page.html.j2").render(
        version=__version__,
        challenges=challenges,
        generated=all(map(_generated, challenges)),
        board=board(challenges),
        waiting=[f"{challenge.name}/{each}" for challenge in challenges for each in challenge.waiting],
        jobs=sum(row.jobs for row in stages),
        cpu=sum(row.cpu_seconds for row in stages),
        machines=machines(challenges),
        span=span(challenges),
        versions=versions(challenges),
        image=Album(challenges).image,
        words=words,
        explain={challenge.name: Glossary(challenge.about["terms"]).explain for challenge in challenges},
        term=Glossary({}).explain,
        terms=TERMS,
        glossary=list(terms_of(_glossary(challenges))),
        settings_explained=settings_explained,
        reproduce=reproduce,
        whole=_whole,
        style=_inside("report.css", "vendor/uPlot.min.css"),
        script=Markup("/*\n{}*/\n").format(_inside("vendor/uPlot.LICENSE"))
        + _inside("vendor/uPlot.iife.min.js", "report.js"),
    )


def _generated(challenge: Gathered) -> bool:
    """Whether there is nothing but generated data in a challenge."""
    return challenge.generated == set(challenge.plan.datasets)


def board(challenges: Sequence[Gathered]) -> list[dict[str, Any]]:
    """A row for each score and each published result, the controls last, with where it lies on the axis that its
    table shares, in percent."""
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
            common |= {"generated": dataset in challenge.generated}
            own: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
            for variant, result in sorted(scored, key=lambda pair: challenge.rank(*pair)):
                low, high = shared.span(result.low, result.high)
                strip = [low, shared.place(result.score), high]
                row = common | {"variant": variant, "result": result, "strip": strip, "marks": marks}
                own[variant.kind == "control"].append(row)
            known = [common | {"reference": each, "strip": [shared.place(each.score)] * 3} for each in published]
            rows += [*own[False], *known, *own[True]]
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


def _glossary(challenges: Sequence[Gathered]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Heading and terms: of each challenge, and of each of its models that was run its parameters."""
    for each in challenges:
        yield each.about["title"], each.about["terms"]
        for model in dict.fromkeys(variant.entry.model for variant in each.variants):
            yield f"Parameters of {model}", each.about["parameters"].get(model, {})


def settings_explained(challenge: Gathered, variant: Variant) -> values.Explain:
    """The names of a model's parameters with what its plugin says of them."""
    return Glossary(challenge.about["parameters"].get(variant.entry.model, {})).explain


def reproduce(challenge: Gathered, variant: Variant) -> dict[str, Any]:
    """The config that makes a variant's scores again."""
    datasets = challenge.plan.chain(variant.dataset)[::-1]
    variants = dict.fromkeys([*challenge.plan.members(variant.name), variant.name])
    return config_of(challenge.name, challenge.plan.settings, datasets, variants)


def _whole(challenge: Gathered) -> dict[str, Any]:
    return {key: value for key, value in challenge.subject.items() if key != "about"}


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
