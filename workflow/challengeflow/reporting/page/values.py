"""Any JSON as HTML: what plugins tell in `detail`, and parameters.

Scalars in a list, what is alike in tables, the rest folded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

Explain = Callable[[str], Any]
"""A name as the page shows it: with its meaning, where it is known."""

MOST_ROWS, MOST_ITEMS = 100, 20
"""Of a table and of a list in one line; scores.json has them all."""


def html(value: Any, explain: Explain = str) -> Markup:
    """`value` in the form that suits it."""
    if isinstance(value, Mapping) and value:
        return _mapping(value, explain)
    if isinstance(value, list) and value and not _flat(value):
        return _rows(value, explain)
    return Markup("<p>{}</p>").format(_brief(value))


def _mapping(value: Mapping[str, Any], explain: Explain) -> Markup:
    flat = {key: one for key, one in value.items() if _flat(one)}
    named = ((explain(_name(key)), _brief(one)) for key, one in flat.items())
    pairs = _join("<div><dt>{}</dt><dd>{}</dd></div>", named)
    first = Markup("<dl>{}</dl>").format(pairs) if flat else Markup("")
    deep = ((explain(_name(key)), _deep(one, explain)) for key, one in value.items() if key not in flat)
    return first + _join("<details><summary>{}</summary>{}</details>", deep)


def _deep(value: Any, explain: Explain) -> Markup:
    """A table where everything in it is alike and flat, else what it holds, folded."""
    if isinstance(value, Mapping) and all(isinstance(one, Mapping) and _flat_inside(one) for one in value.values()):
        columns = _columns(value.values())
        rows = ([explain(_name(key)), *(one.get(c, "") for c in columns)] for key, one in value.items())
        return _table(["", *columns], rows, len(value), explain)
    return html(value, explain)


def _rows(value: Sequence[Any], explain: Explain) -> Markup:
    if all(isinstance(one, Mapping) and _flat_inside(one) for one in value):
        columns = _columns(value)
        return _table(columns, ([one.get(c, "") for c in columns] for one in value), len(value), explain)
    if all(isinstance(one, list) and _flat(one) for one in value):
        return _table([], value, len(value), explain)
    return _join("{}", ((html(one, explain),) for one in value[:MOST_ITEMS])) + _more(len(value) - MOST_ITEMS)


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]], count: int, explain: Explain) -> Markup:
    """A heading stands above its numbers: to the right, like them."""
    shown = [row for _, row in zip(range(MOST_ROWS), rows, strict=False)]
    cells = ((_join("<td{}>{}</td>", ((_aligned([one]), _brief(one)) for one in row)),) for row in shown)
    named = ((_aligned([row[at] for row in shown]), explain(_name(one))) for at, one in enumerate(header))
    head = Markup("<thead><tr>{}</tr></thead>").format(_join("<th{}>{}</th>", named))
    body = _join("<tr>{}</tr>", cells)
    table = Markup('<div class="wide"><table>{}<tbody>{}</tbody></table></div>').format(head if header else "", body)
    return table + _more(count - MOST_ROWS)


def _more(count: int) -> Markup:
    return Markup("<p>and {} more, in scores.json</p>").format(count) if count > 0 else Markup("")


def _brief(value: Any) -> str:
    """In one line."""
    if isinstance(value, list):
        more = f" and {len(value) - MOST_ITEMS} more" if len(value) > MOST_ITEMS else ""
        return ", ".join(_brief(one) for one in value[:MOST_ITEMS]) + more or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, Markup):
        return value
    return f"{value:.4g}" if isinstance(value, float) else str(value) if value != {} else "none"


def _flat(value: Any) -> bool:
    """Whether a value fits in one line: a scalar, a list of such, nothing at all."""
    if isinstance(value, list):
        return not any(isinstance(one, list | Mapping) for one in value)
    return not isinstance(value, Mapping) or not value


def _flat_inside(value: Mapping[str, Any]) -> bool:
    return all(map(_flat, value.values()))


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _aligned(values: Sequence[Any]) -> Markup:
    """The class of a column, or of a cell, that holds numbers and nothing else."""
    known = [value for value in values if value not in ("", None)]
    return Markup(' class="number"') if known and all(map(_number, known)) else Markup("")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(key: Any) -> str:
    return str(key).replace("_", " ")


def _join(form: str, parts: Iterable[tuple[Any, ...]]) -> Markup:
    return Markup("").join(Markup(form).format(*map(escape, each)) for each in parts)
