"""`challengeflow cite`: what to cite for a challenge, the methods run on it, and this workflow, as BibTeX."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from challengeflow import __version__
from challengeflow.planning.plugins import Registry

SPECIAL = re.compile(r"([&%$#_])")


@dataclass(frozen=True)
class Reference:
    """key: of the entry; text: the citation in words, as the plugin gives it."""

    key: str
    title: str
    text: str
    url: str = ""
    licence: str = ""


def references(found: Registry, challenges: Iterable[str], models: Iterable[tuple[str, str]]) -> list[Reference]:
    """Of the challenges' data, and of the models (challenge, model) whose plugin names a citation."""
    entries = [found.challenge(name) for name in challenges]
    cited = [Reference(c.name, c.title, c.citation, c.url, c.licence) for c in entries]
    declared = [found.model(*pair) for pair in models]
    return cited + [Reference(f"{m.challenge}-{m.name}", m.summary, m.citation) for m in declared if m.citation]


def bibtex(cited: Iterable[Reference]) -> str:
    """All entries, the workflow's own last."""
    own = [
        "@software{challengeflow,",
        "  title = {challengeflow: a plugin-based Snakemake workflow for scientific machine-learning challenges},",
        "  author = {{The challengeflow authors}},",
        f"  version = {{{__version__}}}",
        "}",
    ]
    return "\n\n".join([*("\n".join(_entry(each)) for each in cited), "\n".join(own)]) + "\n"


def _entry(reference: Reference) -> Iterator[str]:
    yield f"@misc{{{reference.key},"
    fields = {"title": f"{{{_plain(reference.title)}}}", "note": _plain(reference.text), "url": reference.url}
    fields["howpublished"] = f"Licence: {_plain(reference.licence)}" if reference.licence else ""
    yield from (f"  {name} = {{{value}}}," for name, value in fields.items() if value)
    yield "}"


def _plain(text: str) -> str:
    """Text that BibTeX takes as it is meant."""
    return SPECIAL.sub(r"\\\1", text.replace("{", "(").replace("}", ")"))
