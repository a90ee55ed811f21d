"""What a run says at its end, whatever its target was: how it stands, the scores, what to hand in and where."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from challengeflow.planning import layout
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import generated
from challengeflow.reporting import leaderboard
from challengeflow.reporting.status import Standing, describe, standing
from challengeflow.running.warn import WARNINGS

MOST_FILES = 4


def ended(jobs: Mapping[str, Jobs], results: str) -> str:
    """A table of the stages, what has stopped and why, then what this run has made; jobs: challenge -> its list."""
    found = standing(jobs)
    scores = [job.outputs[0] for job in found.done if job.stage == "score" and job.kind != "control"]
    parts = [describe(found)]
    if scores:
        parts.append(leaderboard.summary(scores, generated(listed.plan for listed in jobs.values())))
    parts += ["\n".join(lines) for lines in [list(_to_hand_in(found, jobs))] if lines]
    page = layout.report(results)
    if not found.left and Path(page).exists():
        parts.append(f"All about it: {page}")
    elif scores:
        parts.append("The page about them: `challengeflow report` writes it from what is there")
    return "\n\n".join(parts)


def _to_hand_in(found: Standing, jobs: Mapping[str, Jobs]) -> Iterator[str]:
    """The folder of each submission with its files, and the challenge's page, where its organisers take it."""
    for job in found.done:
        if job.stage == "package":
            folder = Path(job.outputs[0])
            files = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
            more = ", ..." if len(files) > MOST_FILES else ""
            listed = jobs[job.challenge]
            answered = listed.plan.submissions[job.parts[0]][job.parts[1]]
            where = f"at {listed.declared.url}"
            if all(map(listed.plan.generated, answered)):
                where += " (but not these: the data are generated)"
            yield f"to hand in: {folder}/ ({', '.join(files[:MOST_FILES])}{more}), {where}"
            yield from (f"  but: {warning}" for warning in warnings_of(folder))


def warnings_of(submission: Path) -> list[str]:
    """What the plugin warns of in a submission's folder."""
    path = submission / WARNINGS
    return path.read_text().splitlines() if path.is_file() else []
