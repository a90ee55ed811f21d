"""Checking a config against JSON schemas, with errors a person can act on."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.errors import InputError

SCHEMA = Path(__file__).parent / "schemas" / "config.schema.yaml"


def check(value: Any, schema: Mapping[str, Any], where: str) -> None:
    """Raise InputError, with the key, what was expected and the nearest known key, where `value` breaks `schema`."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema)
    errors = list(validator.iter_errors(value))
    # A misspelt key is also a missing one: name the spelling first.
    unknown = [error for error in errors if error.validator == "additionalProperties"]
    error = jsonschema.exceptions.best_match(unknown or errors)
    if error is not None:
        place = ".".join([*([where] if where else []), *(str(step) for step in error.absolute_path)])
        raise InputError(f"config key {place or 'challenges'}: {_sentence(error)}")


def check_defaults(properties: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError where a plugin's parameter has no default, or one that breaks its schema."""
    import jsonschema

    for name, schema in properties.items():
        if "default" not in schema:
            raise InputError(f"{where}: {name!r} has no default; give it one")
        try:
            error = next(jsonschema.Draft202012Validator(schema).iter_errors(schema["default"]), None)
        except jsonschema.exceptions.UnknownType as unknown:
            raise InputError(f"{where}: the schema of {name!r} has the unknown type {unknown.type!r}") from None
        if error is not None:
            raise InputError(f"{where}: the default of {name!r} breaks its own schema: {_sentence(error)}")


def section(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a section with exactly these parameters."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def with_defaults(value: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`value` with the default of each parameter it does not set, in the order of the schema."""
    return {name: value.get(name, schema.get("default")) for name, schema in properties.items()}


def nearest(name: str, known: Any) -> str:
    """A hint at the known name closest to `name`, and all of them where none is close."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"


def _sentence(error: Any) -> str:
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        return f"unknown key {unknown!r}; {nearest(unknown, known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"the key {missing!r} is missing; add it"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{error.instance!r} is not of type {' or '.join(kinds)}"
    return f"{error.message}"
