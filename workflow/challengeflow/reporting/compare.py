"""`challengeflow compare A B`: two models on the same samples, or two runs and what changed between them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.direction import direction_of
from challengeflow.contract.errors import InputError
from challengeflow.reporting.differences import differences
from challengeflow.reporting.leaderboard import noted_demos
from challengeflow.reporting.paired import Difference, difference
from challengeflow.running.provenance import SUFFIX

RUN, SCORES = "leaderboard.csv", "scores.json"


def compare(a: str, b: str, results: str, stale: Mapping[Path, str] | None = None) -> str:
    """What to print: A and B are two results folders, or two variants (CHALLENGE/DATASET/MODEL, or such a folder).

    stale: absolute path of a result -> why it is no result of the config; those among A and B are named.
    """
    if all((Path(each) / RUN).is_file() for each in (a, b)):
        return "\n".join(_runs(Path(a), Path(b)))
    folders = _found(a, results), _found(b, results)
    old = [(folder, (stale or {}).get((folder / SCORES).resolve())) for folder in folders]
    named = [f"stale: {folder}: {why}; the next run makes it again" for folder, why in old if why]
    return "\n".join([*_variants(*folders), *named])


def _found(name: str, results: str) -> Path:
    for folder in (Path(name), Path(results, name)):
        if (folder / SCORES).is_file():
            return folder
    known = sorted(str(path.parent.relative_to(results)) for path in Path(results).glob(f"*/*/*/{SCORES}"))
    raise InputError(
        f"{name!r} is neither a scored variant nor a folder of results; variants of {results}: "
        f"{', '.join(known) or 'none'}"
    )


# -- variants -------------------------------------------------------------------------------------------------------


def _variants(a: Path, b: Path) -> Iterator[str]:
    mine, other, direction = _splits(a), _splits(b), _direction(a)
    shared = [split for split in mine if split in other]
    if not shared:
        raise InputError(f"{a} and {b} have no scored split in common, so there is nothing to compare")
    for name, folder in (("A", a), ("B", b)):
        yield f"{name}  {folder}{'  (generated data)' if noted_demos([str(folder / SCORES)]) else ''}"
    for split in shared:
        scores = f"A {mine[split]['score']:.4f}  B {other[split]['score']:.4f}"
        yield f"{split:<6} {scores}  {said(difference(mine[split], other[split], direction), direction)}"
    changes = sorted(set(_changes(a, b)))
    if changes:
        yield "They differ in"
        yield from (f"  {change}" for change in changes)


def said(found: Difference, direction: str) -> str:
    """A difference in words."""
    gain = "A - B" if direction == "higher" else "lower is better, B - A"
    if found.low is None:
        return f"{gain} {found.score:+.4f}, not paired: other samples, or scores without resamples"
    verdict = "holds" if found.holds else "may be chance"
    span = f"[{found.low:+.4f}, {found.high:+.4f}]"
    return f"{gain} {found.score:+.4f} {span}, A ahead in {found.wins:.0%} of resamples: {verdict}"


# -- runs -----------------------------------------------------------------------------------------------------------


def _runs(a: Path, b: Path) -> Iterator[str]:
    """Scores that moved, variants of one run alone, and what lies behind it, said once for all variants it is true
    of."""
    mine, other = _variants_of(a), _variants_of(b)
    yield f"A  {a}: {len(mine)} scored variants"
    yield f"B  {b}: {len(other)} scored variants"
    for name, only in (("A", mine.keys() - other.keys()), ("B", other.keys() - mine.keys())):
        yield from (f"only in {name}: {variant}" for variant in sorted(only))
    behind: dict[str, list[str]] = {}
    moved = False
    for variant in sorted(mine.keys() & other.keys()):
        direction = _direction(mine[variant])
        for split, entry in _splits(mine[variant]).items():
            there = _splits(other[variant]).get(split)
            if there is not None and there["score"] != entry["score"]:
                moved = True
                scores = f"{entry['score']:.4f} -> {there['score']:.4f}"
                yield f"{variant} {split}: {scores}  {said(difference(entry, there, direction), direction)}"
        for change in dict.fromkeys(_changes(mine[variant], other[variant])):
            behind.setdefault(change, []).append(variant)
    if not moved:
        yield "no score of a common variant differs"
    for change, variants in sorted(behind.items()):
        yield f"{change}  ({_which(variants, mine.keys() & other.keys())})"


def _which(variants: list[str], common: Iterable[str]) -> str:
    if len(variants) == len(list(common)):
        return "all variants"
    return ", ".join(variants[:4]) + (f" and {len(variants) - 4} more" if len(variants) > 4 else "")


def _variants_of(results: Path) -> dict[str, Path]:
    return {str(path.parent.relative_to(results)): path.parent for path in results.glob(f"*/*/*/{SCORES}")}


# -- what both read -------------------------------------------------------------------------------------------------


def _splits(folder: Path) -> dict[str, Any]:
    splits: dict[str, Any] = json.loads((folder / SCORES).read_text())["splits"]
    return splits


def _direction(folder: Path) -> str:
    return direction_of(json.loads((folder / SCORES).read_text()))


def _changes(a: Path, b: Path) -> Iterator[str]:
    """What the notes beside the models and the scores say differently: config, code, versions, machine, data."""
    for name in ("fold-0", "fold-all", SCORES):
        notes = [Path(folder, name + SUFFIX) for folder in (a, b)]
        if not all(note.is_file() for note in notes):
            continue
        before, after = (json.loads(note.read_text()) for note in notes)
        stage = before["stage"]
        old, new = (_of_variant(note["config"], folder.name) for note, folder in ((before, a), (after, b)))
        same_model = old["variant"].get("model") == new["variant"].get("model")
        if same_model and before.get("code") != after.get("code"):
            yield f"code of {stage}: {before['code']} -> {after['code']}"
        yield from differences(old, new)
        for part, prefix in (("plugin", "plugin"), ("versions", "version of "), ("machine", "machine: ")):
            if part in before and part in after:  # notes of older versions say less
                yield from (f"{prefix}{change}" for change in differences(before[part], after[part]))
        if Path(a.name) == Path(b.name) and _data(before) != _data(after):
            yield f"data that {stage} reads"


def _of_variant(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A config with the variant that it is about under one name, its members, and nothing of others.

    So two variants can be held side by side, also where a stage was run by hand and given the whole config.
    """
    models = config.get("models", {})
    variant = models.get(name, {})
    return {
        **{key: value for key, value in config.items() if key != "submissions"},
        "models": {member: models.get(member) for member in variant.get("members", ())},
        "variant": variant,
    }


def _data(note: Mapping[str, Any]) -> dict[str, str]:
    """Checksums of the prepared data and gold among the inputs."""
    return {path: sha for path, sha in note["inputs"].items() if {"prepared", "gold"} & set(Path(path).parts)}
