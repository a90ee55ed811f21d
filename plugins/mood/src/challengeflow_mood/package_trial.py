"""Trying a package: is the sandbox tight, does each script answer its toy cases soundly, alike and in time, what do they score."""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow_mood import machine_python, sandbox
from challengeflow_mood.checks import wrong_outputs
from challengeflow_mood.container import TASKS
from challengeflow_mood.diagnosis import diagnose
from challengeflow_mood.official_scoring import score_folder

LIMIT = 600.0  # seconds a case, the organisers' rule
USER = 61234  # nobody's
PROBE = """
for place in / /tmp /var/tmp /workspace /mnt/data /dev/shm /opt /usr; do
    if (: > "$place/.probe") 2>/dev/null; then echo "writable $place"; fi
done
if (: > /mnt/pred/.probe) 2>/dev/null; then rm -f /mnt/pred/.probe; else echo "closed /mnt/pred"; fi
for hidden in "$@"; do if [ -e "$hidden" ]; then echo "visible $hidden"; fi; done
while read -r name rest; do case "$name" in *:) [ "$name" = lo: ] || echo "network $name";; esac; done < /proc/net/dev
"""


@dataclass
class ScriptRun:
    """One script: its toy cases, seconds of the whole run, of the start-up and of a case (None where not measured), and score."""

    script: str
    cases: int
    seconds: float
    start_up: float | None = None
    seconds_a_case: float | None = None
    projected: float | None = None
    peak_mb: float | None = None
    average_precision: float | None = None


@dataclass
class Report:
    """What was found: `problems` keep a submission from being scored as meant, `notes` do not."""

    sandbox: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: list[ScriptRun] = field(default_factory=list)


@dataclass(frozen=True)
class Toys:
    """Toy cases of a dataset: a folder of scans, and folders of labels by task where they are known."""

    scans: Path
    labels: dict[str, Path]


def check_scripts(
    box: sandbox.Sandbox,
    workspace: Path,
    toys: dict[str, Toys],
    work: Path,
    report: Report,
    limit: float,
    test_cases: int | None,
    unreadable: frozenset[str],
    say: Callable[[str], None],
) -> None:
    """Run the scripts that are there; answers go to work/answers/DATASET/TASK. `unreadable` scans need no map."""
    for dataset, own in toys.items():
        for task in TASKS:
            script = f"run_{task}_{dataset}.sh"
            if (workspace / script).is_file():
                outputs = work / "answers" / dataset / task
                _run_script(box, script, task, own, outputs, report, limit, test_cases, unreadable)
                say(f"{script}: {report.runs[-1].cases} cases in {report.runs[-1].seconds:.1f} s")


def probe(box: sandbox.Sandbox, work: Path, report: Report) -> None:
    """See from inside that the sandbox holds: nothing to write but the output, no network, nothing of this machine in sight.

    A sentinel file is laid beside the outputs; the repository's sources and the virtual environment must be out of sight too.
    """
    folders = [work / "probe" / name for name in ("in", "out")]
    for folder in folders:
        folder.mkdir(parents=True)
    sentinel = work / f"sentinel-{uuid.uuid4().hex}"
    sentinel.write_text("not to be seen\n")
    hidden = [str(sentinel), *machine_python.own_places()]
    done = sandbox.run(box, ["/bin/sh", "-c", PROBE, "probe", *hidden], *folders, USER, 60)
    if done.status != 0:
        report.problems.append(f"the sandbox cannot be probed: {done.errors.strip()}")
    for line in done.output.splitlines():
        what, _, place = line.partition(" ")
        if line == "writable /dev/shm":
            report.notes.append("/dev/shm can be written, as under docker; rely on nothing there (64 MB)")
        else:
            report.problems.append(f"the sandbox does not hold: {place} is {what} inside")


def _run_script(box, script, task, toys, outputs, report, limit, test_cases, unreadable) -> None:
    """Run a script on all toy cases, check and score its answers, and time it."""
    scans = sorted(toys.scans.iterdir())
    outputs.mkdir(parents=True)
    words = [f"{sandbox.WORKSPACE}/{script}", sandbox.INPUTS, sandbox.OUTPUTS]
    done = sandbox.run(box, words, toys.scans, outputs, USER, limit * len(scans))
    result = ScriptRun(script, len(scans), round(done.seconds, 2), peak_mb=done.peak_mb and round(done.peak_mb))
    report.runs.append(result)
    complaint = diagnose(script, done, limit, len(scans))
    if complaint:
        report.problems.append(complaint)
        return
    report.problems += [f"{script}: {wrong}" for wrong in wrong_outputs(task, toys.scans, outputs, unreadable)]
    if task in toys.labels:
        scored = score_folder(outputs, toys.labels[task], task)
        result.average_precision = scored.average_precision
    if test_cases is not None:
        _project(box, words, scans, outputs, result, report, limit, test_cases)


def _project(box, words, scans: Sequence[Path], outputs: Path, result: ScriptRun, report, limit, test_cases) -> None:
    """Run the first case alone, as root: from the two times start-up and a case follow, and the answer must be the same."""
    inputs, alone = outputs.with_name(f"{outputs.name}-first-in"), outputs.with_name(f"{outputs.name}-first")
    for folder in (inputs, alone):
        folder.mkdir()
    shutil.copyfile(scans[0], inputs / scans[0].name)
    done = sandbox.run(box, words, inputs, alone, 0, limit)
    complaint = diagnose(f"{result.script} as root, with one case", done, limit, 1)
    if complaint:
        report.problems.append(complaint)
        return
    for path in sorted(alone.iterdir()):
        if not (outputs / path.name).is_file() or (outputs / path.name).read_bytes() != path.read_bytes():
            report.notes.append(
                f"{result.script}: {path.name} differs between two runs; fix the seeds to be reproducible"
            )
    more = len(scans) - 1
    result.seconds_a_case = round(max(result.seconds - done.seconds, 0) / more, 2) if more else round(done.seconds, 2)
    result.start_up = round(max(done.seconds - result.seconds_a_case, 0), 2) if more else 0.0
    result.projected = round(result.start_up + test_cases * result.seconds_a_case)
