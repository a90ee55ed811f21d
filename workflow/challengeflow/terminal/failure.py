"""A failed job in full: which one, what the executor says, the end of its log, and how to repeat it by hand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from challengeflow.contract.progress import is_done
from challengeflow.reporting.status import last_lines

LINES = 25


def failure(event: Mapping[str, Any], name: str) -> str:
    """event: of Snakemake's JOB_ERROR; name: of the job, as far as it is known."""
    return "\n".join(_lines(event, name or event["rule_name"]))


def is_bystander(event: Mapping[str, Any]) -> bool:
    """Whether a job failed only because another of its group did: it was not begun, or done."""
    return bool(event["indent"]) and not any(
        lines and not any(map(is_done, lines)) for lines in (last_lines(Path(log), 3) for log in event["log"])
    )


def _lines(event: Mapping[str, Any], name: str) -> Iterator[str]:
    yield f"failed: {name}"
    if event["rule_msg"]:
        yield f"  {event['rule_msg']}"
    yield from (f"  {key}: {value}" for key, value in event["aux"].items())
    for log in event["log"]:
        said = last_lines(Path(log), LINES)
        yield f"  its log, {log}, {'ends with' if said else 'is empty'}"
        yield from (f"    {line}" for line in said)
    if event["shellcmd"]:
        *_, command = event["shellcmd"].strip().splitlines()
        yield f"  by hand: {command.strip()}"
