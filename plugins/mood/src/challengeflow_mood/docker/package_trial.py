"""Trying a package: is the sandbox tight, does each script answer its toy cases soundly, alike and in time, what do
they score.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow_mood.answers.check_answers import all_alike, wrong_outputs
from challengeflow_mood.docker import machine_python, sandbox
from challengeflow_mood.docker.build_context import TASKS
from challengeflow_mood.docker.failure_reason import failure_reason
from challengeflow_mood.scoring.official_scoring import score_folder

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
    """One script: its toy cases, seconds of the whole run, of the start-up and of a case (None where not measured), and
    score.
    """

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


@dataclass
class Trial:
    """One package in one sandbox; answers go to work/answers/DATASET/TASK, findings to `report`.

    limit: seconds a case. test_cases: project the time to a folder of that many, which takes a second run of each
    script; None leaves that out. unreadable: scans that need no map. say: gets a line a script.
    """

    box: sandbox.Sandbox
    work: Path
    report: Report
    limit: float = LIMIT
    test_cases: int | None = None
    unreadable: frozenset[str] = frozenset()
    say: Callable[[str], None] = print

    def probe(self) -> None:
        """See from inside that the sandbox holds: nothing to write but the output, no network, nothing of this machine
        in sight.

        A sentinel file is laid beside the outputs; the repository's sources and the virtual environment must be out of
        sight too.
        """
        folders = [self.work / "probe" / name for name in ("in", "out")]
        for folder in folders:
            folder.mkdir(parents=True)
        sentinel = self.work / f"sentinel-{uuid.uuid4().hex}"
        sentinel.write_text("not to be seen\n")
        hidden = [str(sentinel), *machine_python.own_places()]
        done = sandbox.run_inside(
            self.box, ["/bin/sh", "-c", PROBE, "probe", *hidden], folders[0], folders[1], USER, 60
        )
        if done.status != 0:
            self.report.problems.append(f"the sandbox cannot be probed: {done.errors.strip()}")
        for line in done.output.splitlines():
            what, _, place = line.partition(" ")
            if line == "writable /dev/shm":
                self.report.notes.append("/dev/shm can be written, as under docker; rely on nothing there (64 MB)")
            else:
                self.report.problems.append(f"the sandbox does not hold: {place} is {what} inside")

    def run_scripts(self, workspace: Path, toys: dict[str, Toys]) -> None:
        """Run the scripts that are in `workspace` on the toy cases of their dataset; check, score and time them."""
        for dataset, own in toys.items():
            for task in TASKS:
                script = f"run_{task}_{dataset}.sh"
                if (workspace / script).is_file():
                    self._run_script(script, task, own, self.work / "answers" / dataset / task)
                    self.say(f"{script}: {self.report.runs[-1].cases} cases in {self.report.runs[-1].seconds:.1f} s")

    def _run_script(self, script: str, task: str, toys: Toys, outputs: Path) -> None:
        scans = sorted(toys.scans.iterdir())
        outputs.mkdir(parents=True)
        done = self._run(script, toys.scans, outputs, USER, len(scans))
        result = ScriptRun(script, len(scans), round(done.seconds, 2), peak_mb=done.peak_mb and round(done.peak_mb))
        self.report.runs.append(result)
        if self._failed(script, done, len(scans)):
            return
        wrong = [f"{script}: {what}" for what in wrong_outputs(task, toys.scans, outputs, self.unreadable)]
        self.report.problems += wrong
        if not wrong and all_alike(outputs):
            last = (done.errors.strip().splitlines() or ["nothing"])[-1]
            self.report.notes.append(f"{script}: all answers are alike, as where a model fails; its last words: {last}")
        if task in toys.labels:
            result.average_precision = score_folder(outputs, toys.labels[task], task).average_precision
        if self.test_cases is not None:
            self._project(scans, outputs, result, self.test_cases)

    def _project(self, scans: Sequence[Path], outputs: Path, result: ScriptRun, test_cases: int) -> None:
        """Run the first case alone, as root: from the two times start-up and a case follow, and the answer must be the
        same.
        """
        inputs, alone = outputs.with_name(f"{outputs.name}-first-in"), outputs.with_name(f"{outputs.name}-first")
        for folder in (inputs, alone):
            folder.mkdir()
        shutil.copyfile(scans[0], inputs / scans[0].name)
        done = self._run(result.script, inputs, alone, 0, 1)
        if self._failed(f"{result.script} as root, with one case", done, 1):
            return
        for path in sorted(alone.iterdir()):
            if not (outputs / path.name).is_file() or (outputs / path.name).read_bytes() != path.read_bytes():
                self.report.notes.append(
                    f"{result.script}: {path.name} differs between two runs; fix the seeds to be reproducible"
                )
        more = len(scans) - 1
        result.seconds_a_case = (
            round(max(result.seconds - done.seconds, 0) / more, 2) if more else round(done.seconds, 2)
        )
        result.start_up = round(max(done.seconds - result.seconds_a_case, 0), 2) if more else 0.0
        result.projected = round(result.start_up + test_cases * result.seconds_a_case)

    def _run(self, script: str, inputs: Path, outputs: Path, user: int, cases: int) -> sandbox.Finished:
        words = [f"{sandbox.WORKSPACE}/{script}", sandbox.INPUTS, sandbox.OUTPUTS]
        return sandbox.run_inside(self.box, words, inputs, outputs, user, self.limit * cases)

    def _failed(self, what: str, done: sandbox.Finished, cases: int) -> bool:
        complaint = failure_reason(what, done, self.limit, cases)
        if complaint:
            self.report.problems.append(complaint)
        return bool(complaint)
