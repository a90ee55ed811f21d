"""`challengeflow cite`: what to cite for a challenge, the methods run on it, and this workflow, as BibTeX."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from challengeflow import __version__
from challengeflow.planning.plugins import Registry

SPECIAL = re.compile(r"([&%$#_])")
PARTS = re.compile(r"(?P<author>[^()]+) \((?P<year>\d{4})\): (?P<title>.+?)(?:\. (?P<note>.*))?\.?", re.DOTALL)
"""A citation in words: Authors (year): Title. Where it is published."""


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
    """Author, title and year where the citation tells them apart, with what it is of; else as it is."""
    parts = PARTS.fullmatch(reference.text)
    fields = {"title": f"{{{_plain(reference.title)}}}", "note": _plain(reference.text)}
    if parts is not None:
        fields = {"author": _authors(parts["author"]), "title": f"{{{_plain(parts['title'])}}}", "year": parts["year"]}
        fields["note"] = _plain(f"{(parts['note'] or '').rstrip('.')}. Used for: {reference.title}".removeprefix(". "))
    fields |= {
        "url": reference.url,
        "howpublished": f"Licence: {_plain(reference.licence)}" if reference.licence else "",
    }
    yield f"@misc{{{reference.key},"
    yield from (f"  {name} = {{{value}}}," for name, value in fields.items() if value)
    yield "}"


def _authors(text: str) -> str:
    """A, B and C (or A et al.) as BibTeX writes it: A and B and C (A and others)."""
    named = re.sub(r",? et al\.?$", ", others", text.strip())
    return _plain(" and ".join(each for each in re.split(r", | and ", named) if each))


def _plain(text: str) -> str:
    """Text that BibTeX takes as it is meant."""
    return SPECIAL.sub(r"\\\1", text.replace("{", "(").replace("}", ")"))
