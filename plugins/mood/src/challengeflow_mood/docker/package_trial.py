"""Trying a package: is the sandbox tight, does each script answer its toy cases soundly, alike and in time, what do
they score.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from challengeflow_mood.answers.check_answers import all_alike, turned, wrong_outputs
from challengeflow_mood.docker import machine_python, sandbox
from challengeflow_mood.docker.build_context import TASKS
from challengeflow_mood.docker.failure_reason import failure_reason
from challengeflow_mood.docker.repeated_runs import dependence
from challengeflow_mood.docker.trial_toys import Toys
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
    """One script: its toy cases, seconds of them all, of a case (of full size, start-up included, where there is one),
    and of a whole test folder (None where not measured), MiB at most, and score.
    """

    script: str
    cases: int
    seconds: float
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


@dataclass
class Trial:
    """One package in one sandbox; answers go to work/answers/DATASET/TASK, findings to `report`.

    limit: seconds a case. test_cases: also run each script in other ways (see `repeated_runs`) and on a scan of full
    size, and project the time to a folder of that many; None leaves that out. unreadable: scans that need no map. say:
    gets a line a script.
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
        if task in toys.labels:
            result.average_precision = score_folder(outputs, toys.labels[task], task).average_precision
        if self.test_cases is None or wrong:
            return
        if all_alike(outputs):
            last = (done.errors.strip().splitlines() or ["nothing"])[-1]
            self.report.problems.append(f"{script}: all answers are alike, as where a model fails; last words: {last}")
        if task == "pixel" and (way := turned(toys.scans, outputs)):
            self.report.problems.append(
                f"{script}: its maps would fit their scans better {way}; write them as the scan lies"
            )

        def again(inputs: Path, answers: Path, user: int, cases: int) -> str:
            return failure_reason(script, self._run(script, inputs, answers, user, cases), self.limit, cases)

        others = outputs.with_name(f"{outputs.name}-again")
        self.report.problems += [f"{script}: {what}" for what in dependence(task, scans, outputs, others, USER, again)]
        self._project(result, task, toys, outputs, self.test_cases)

    def _project(self, result: ScriptRun, task: str, toys: Toys, outputs: Path, test_cases: int) -> None:
        """How long a folder of test cases takes: by a made case of full size, start-up included, or by the cases
        given.
        """
        result.seconds_a_case = result.seconds / result.cases
        if toys.full is not None:
            answers = outputs.with_name(f"{outputs.name}-full")
            answers.mkdir()
            done = self._run(result.script, toys.full, answers, USER, 1)
            if self._failed(f"{result.script} with a scan of full size", done, 1):
                return
            self.report.problems += [f"{result.script}: {what}" for what in wrong_outputs(task, toys.full, answers)]
            result.seconds_a_case = done.seconds
            result.peak_mb = done.peak_mb and round(done.peak_mb)
        result.seconds_a_case = round(result.seconds_a_case, 2)
        result.projected = round(test_cases * result.seconds_a_case)

    def _run(self, script: str, inputs: Path, outputs: Path, user: int, cases: int) -> sandbox.Finished:
        words = [f"{sandbox.WORKSPACE}/{script}", sandbox.INPUTS, sandbox.OUTPUTS]
        return sandbox.run_inside(self.box, words, inputs, outputs, user, self.limit * cases)

    def _failed(self, what: str, done: sandbox.Finished, cases: int) -> bool:
        complaint = failure_reason(what, done, self.limit, cases)
        if complaint:
            self.report.problems.append(complaint)
        return bool(complaint)
