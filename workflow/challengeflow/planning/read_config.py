"""The config as a file: what YAML lets through and no config means is told by its line.

A key that is there twice, a key or a word that YAML takes for a number or a date, and aliases that unfold without end.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError

MOST_BYTES = 1_000_000
MOST_VALUES = 100_000
DEEPEST = 50
PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
TEXT, MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
# YAML 1.1 reads 010 as 8, 0x10 as 16 and 1:30 as 90.
NUMBER = re.compile(r"[-+]?(0|[1-9][\d_]*)|[-+]?[\d_]*\.[\d_]*(e[-+]?\d+)?|[-+]?\.inf|\.nan", re.IGNORECASE)


def read_config(path: str | Path) -> dict[str, Any]:
    """The YAML file at `path`: a mapping of text to text, numbers, truth values, lists and mappings, unchecked.

    Raises InputError with a sentence for each line that is wrong.
    """
    import yaml

    text = _text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if problems := list(dict.fromkeys(_problems(node))):
            raise InputError("\n".join(f"{path}, {problem}" for problem in problems))
        config = yaml.SafeLoader("").construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path} is not valid YAML: {at}{' '.join(str(error.problem).split())}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    except ValueError:
        raise InputError(f"{path} holds a number of thousands of digits; write a smaller one") from None
    except RecursionError:
        raise InputError(f"{path} is nested more than {DEEPEST} deep; a config is not") from None
    if not isinstance(config, dict):
        found = "is empty" if config is None else "is no mapping"
        raise InputError(f"{path} {found}; expected is a mapping with the key 'challenges'")
    return config


def _text(path: str | Path) -> str:
    try:
        if not Path(path).is_file():
            what = " (it is no file)" if str(path) and Path(path).exists() else ""
            raise InputError(
                f"there is no config file {path or repr('')}{what}; name one with --config, "
                "or write one with `challengeflow init`"
            )
        with open(path, "rb") as file:
            found = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"the config {str(path)!r} cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(found) > MOST_BYTES:
        raise InputError(f"{path} has more than {MOST_BYTES:,} bytes; is that the config?")
    try:
        text = found.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8; save it as UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path} holds NUL characters, so it is no text in UTF-8; save it as UTF-8")
    return text


def _problems(root: Any) -> Iterator[str]:
    """What is wrong with a document. What aliases share is looked at once, and counted as often as it unfolds."""
    size: dict[int, tuple[int, int]] = {}  # node -> values and levels that it unfolds to
    open_nodes: set[int] = set()

    def measure(node: Any) -> Iterator[str]:
        if id(node) in open_nodes:
            yield f"line {_line(node)}: this contains itself; write it out without aliases"
        if id(node) in size or id(node) in open_nodes:
            return
        open_nodes.add(id(node))
        yield from _about(node)
        below = []
        for part in _parts(node):
            yield from measure(part)
            below.append(size.get(id(part), (1, 1)))
        size[id(node)] = (1 + sum(count for count, _ in below), 1 + max((depth for _, depth in below), default=0))
        open_nodes.discard(id(node))

    if root is not None:
        yield from measure(root)
        values, depth = size[id(root)]
        if values > MOST_VALUES:
            yield f"line {_line(root)}: its aliases unfold to more than {MOST_VALUES:,} values; write them out"
        if depth > DEEPEST:
            yield f"line {_line(root)}: it is nested {depth} deep; a config is not"


def _parts(node: Any) -> list[Any]:
    """The nodes right below a node."""
    if isinstance(node.value, str):
        return []
    return [part for each in node.value for part in (each if isinstance(each, tuple) else (each,))]


def _about(node: Any) -> Iterator[str]:
    """What is wrong with one node, its keys included."""
    if isinstance(node.value, str):
        yield from _about_word(node)
        return
    if node.tag not in PLAIN:
        yield f"line {_line(node)}: the tag {node.tag!r} means nothing in a config; leave it out"
    seen: dict[str, int] = {}
    for key in (pair[0] for pair in node.value if isinstance(pair, tuple)):
        if not isinstance(key.value, str):
            yield f"line {_line(key)}: a list or a mapping stands where a key is expected"
        elif key.tag not in (TEXT, MERGE):
            yield f"line {_line(key)}: YAML does not take the key {_short(key.value)} for text; put it in quotes"
        elif key.value in seen:
            yield f"line {_line(key)}: the key {key.value!r} is in line {seen[key.value]} too; keep one of them"
        else:
            seen[key.value] = _line(key)


def _about_word(node: Any) -> Iterator[str]:
    kind = node.tag.rpartition(":")[2]
    if node.tag not in PLAIN and node.tag != MERGE:
        yield f"line {_line(node)}: YAML takes {_short(node.value)} for a {kind}; write it in quotes if it is text"
    elif kind in ("int", "float") and not NUMBER.fullmatch(node.value):
        yield f"line {_line(node)}: YAML takes {_short(node.value)} for another number; write it plainly, or in quotes"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
