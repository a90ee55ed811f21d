"""Checking a config against JSON schemas, with errors a person can act on: all of them at once, a sentence each."""

import copy
import difflib
import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from challengeflow.contract.credentials import holds_credential
from challengeflow.contract.errors import InputError

SCHEMA = Path(__file__).parent / "schemas" / "config.schema.yaml"
MOST_VALUES = 100_000
LARGEST = 2**63 - 1
LONGEST = 60
"""Characters of a value that are shown."""

WORDS = {"object": "a mapping", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number"}
WORDS |= {"boolean": "true or false", "null": "null"}
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters that belong in no name and no path: control characters, lone surrogates, line separators."""


class Problems:
    """What is wrong with a config, noted as it is found, so that all of it is told at once."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the InputError of a block, and go on after it."""
        try:
            yield
        except InputError as error:
            self.add(*str(error).split("\n"))

    def add(self, *sentences: str) -> None:
        self._sentences |= dict.fromkeys(sentences)

    def tell(self) -> None:
        """Raise InputError with everything that was noted."""
        if self._sentences:
            raise InputError("\n".join(self._sentences))


def check_values(config: Any, problems: Problems) -> None:
    """Note what no config means, whatever its schema: see `_wrong`. Raises InputError where that is the end of it."""
    waiting: list[tuple[str, Any]] = [("", config)]
    seen, broken = 0, False
    while waiting and seen < MOST_VALUES:
        place, value = waiting.pop()
        seen += 1
        below: list[tuple[Any, Any]] = []
        if isinstance(value, Mapping):
            below = list(value.items())
            for key in value:
                if why := _wrong(key) if isinstance(key, str) else "it is not text; put it in quotes":
                    problems.add(f"config key {_step(place, _shown(key))}: {why}")
                    broken = True
        elif isinstance(value, list | tuple):
            below = list(enumerate(value))
        elif why := _wrong(value):
            problems.add(f"config key {place}: {why}")
            broken |= isinstance(value, str) and not holds_credential(value)
        waiting += [(_step(place, key), each) for key, each in reversed(below)]
    if waiting:
        problems.add(f"the config holds more than {MOST_VALUES:,} values; write less of it")
    if waiting or broken:
        problems.tell()


def _step(place: str, key: Any) -> str:
    return f"{place}.{key}" if place else str(key)


def _wrong(value: Any) -> str | None:
    """What is wrong with a word or a number, whatever it is for; None where nothing is."""
    if isinstance(value, str):
        if holds_credential(value):
            return (
                "a credential is written here, and a config is read by many and copied into results; take it out, and"
                " give it in the environment or in the client's own store (~/.aws, ~/.netrc, ~/.synapseConfig)"
            )
        odd = next((character for character in value if unicodedata.category(character) in UNPRINTABLE), None)
        return f"it holds the character {odd!a}, which cannot be printed; take it out" if odd else None
    if isinstance(value, bool | None):
        return None
    if isinstance(value, int):
        return None if abs(value) <= LARGEST else "it is a number beyond 64 bits; write a smaller one"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value} is no number to reckon with; write a finite one"
    return f"{value} is a {type(value).__name__}; write it in quotes, as text"


def check(value: Any, schema: Mapping[str, Any], where: str) -> None:
    """Raise InputError where `value` breaks `schema`: key, what was expected, nearest known key, a sentence each."""
    problems = Problems()
    for error in _errors(value, schema):
        place = ".".join([*([where] if where else []), *(str(step) for step in error.absolute_path)])
        problems.add(*(f"config key {place or 'challenges'}: {sentence}" for sentence in _sentences(error)))
    problems.tell()


def sound_part(value: Any, schema: Mapping[str, Any]) -> Any:
    """What is left of `value` without the keys that break `schema`; None where nothing is left.

    What lacks a key, or has none, stays: whatever else is wrong with it is told too.
    """
    value = copy.deepcopy(value)
    while errors := [error for error in _errors(value, schema) if error.validator not in ("required", "minProperties")]:
        for error in errors:
            path = list(error.absolute_path)
            unknown = _unknown(error) if error.validator == "additionalProperties" else []
            gone = [[*path, key] for key in unknown] or [path]
            if [] in gone:
                return None
            for each in gone:
                _remove(value, each)
    return value


def _remove(value: Any, path: list[Any]) -> None:
    """Take out what is at a path; of an item of a list, the whole list."""
    while isinstance(path[-1], int) and len(path) > 1:
        path = path[:-1]
    for step in path[:-1]:
        value = value.get(step, {}) if isinstance(value, dict) else {}
    if isinstance(value, dict):
        value.pop(path[-1], None)


def _errors(value: Any, schema: Mapping[str, Any]) -> list[Any]:
    """All errors in the order of their places; of alternatives, the error of the one that was probably meant."""
    from jsonschema.exceptions import best_match

    errors = sorted(_validator()(schema).iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return [best_match([error]) if error.context else error for error in errors]


def _validator() -> Any:
    """JSON schema, but with whole numbers that are written as such: 3.0 would reach a stage as a float."""
    import jsonschema

    kind = jsonschema.Draft202012Validator
    whole = kind.TYPE_CHECKER.redefine("integer", lambda _, each: isinstance(each, int) and not isinstance(each, bool))
    return jsonschema.validators.extend(kind, type_checker=whole)  # type: ignore[no-untyped-call]


def check_defaults(properties: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError where a plugin's parameter has no default, or one that breaks its schema."""
    import jsonschema

    for name, schema in properties.items():
        if "default" not in schema:
            raise InputError(f"{where}: {name!r} has no default; give it one")
        try:
            error = next(iter(_errors(schema["default"], schema)), None)
        except jsonschema.exceptions.UnknownType as unknown:
            raise InputError(f"{where}: the schema of {name!r} has the unknown type {unknown.type!r}") from None
        if error is not None:
            raise InputError(f"{where}: the default of {name!r} breaks its own schema: {_sentences(error)[0]}")


def section(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a section with exactly these parameters."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def with_defaults(value: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`value` with the default of each parameter it does not set, in the order of the schema."""
    return {name: value.get(name, schema.get("default")) for name, schema in properties.items()}


def nearest(name: str, known: Any) -> str:
    """A hint at the known name closest to `name`, and all of them where none is close."""
    known = sorted(set(known) - {name})
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"


def _unknown(error: Any) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


def _sentences(error: Any) -> list[str]:
    """What is wrong, in a sentence for each key that is."""
    value, expected = error.instance, error.validator_value
    if error.validator == "additionalProperties" and expected is False:
        return [
            f"unknown key {_shown(key)}; {nearest(key, error.schema.get('properties', {}))}" for key in _unknown(error)
        ]
    if error.validator == "required":
        # A misspelt key is also a missing one: its spelling is told, and that suffices.
        known = error.schema.get("properties", {})
        unknown = [key for key in value if key not in known]
        missing = [key for key in expected if key not in value and not difflib.get_close_matches(key, unknown, n=1)]
        return [f"the key {key!r} is missing; add it" for key in missing]
    if error.validator == "type":
        kinds: list[str] = expected if isinstance(expected, list) else [expected]
        return [f"{_shown(value)} is not {' or '.join(WORDS.get(kind, kind) for kind in kinds)}{_hint(value, kinds)}"]
    if error.validator == "enum":
        return [f"{_shown(value)} is none of {', '.join(map(str, expected))}"]
    if error.validator in ("minProperties", "minItems", "minLength"):
        return [f"{_shown(value)} is too short; at least {expected} must be in it"]
    if error.validator == "pattern":
        return [f"{_shown(value)} does not have the form {expected}"]
    return [f"{error.message}" if len(error.message) < 4 * LONGEST else f"{error.validator}: {expected} is not kept"]


def _hint(value: Any, kinds: list[str]) -> str:
    """What YAML made of it, where that is probably the mistake."""
    if "string" in kinds and isinstance(value, bool | int | float):
        return "; put it in quotes"
    if isinstance(value, str) and {"number", "integer"} & set(kinds):
        try:
            float(value)
        except ValueError:
            return ""
        return "; write it without quotes" + (", with a dot and a sign: 1.0e-3" if "e" in value.lower() else "")
    return ""


def _shown(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, bool | None) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
