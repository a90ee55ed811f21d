"""What the checks are made of: the demo, run once and run again, and what goes wrong in one sentence."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from challengeflow.contract.errors import InputError
from challengeflow.planning import plugins
from challengeflow.planning.config import resolve
from challengeflow.planning.plan import Plan, plans
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.testing.demo_run import DemoRun
from challengeflow.testing.stage_process import StageProcess

INSTALL = "install its plugin, say with `pip install -e .`"


class DemoChecks:
    """The demo of `challenge` with `config`, and with some of the controls: what a class of checks inherits from."""

    challenge: str
    config: Mapping[str, Any] | None = None
    _controls: tuple[str, ...] = ()

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
        """The demo, every stage run once. Tests read it, and change copies."""
        folder = tmp_path_factory.mktemp(cls.challenge)
        with _process(folder) as process:
            made = DemoRun(folder / "results", cls._plan(), process)
            for job in made.everything(*cls._controls):
                cls._do(made, job)
            yield made

    @pytest.fixture(scope="class")
    @classmethod
    def second_process(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageProcess]:
        """Runs what is run again: what depends on the process comes out different there."""
        with _process(tmp_path_factory.mktemp(cls.challenge)) as process:
            yield process

    @pytest.fixture
    def copy(self, run: DemoRun, second_process: StageProcess, tmp_path: Path) -> DemoRun:
        """A copy of the run, for a test to change."""
        return run.copy(tmp_path / "results", second_process)

    @classmethod
    def _found(cls) -> plugins.Registry:
        found = plugins.registry()
        try:
            found.challenge(cls.challenge)
        except InputError as error:
            pytest.fail(f"{error}; {INSTALL}", pytrace=False)
        return found

    @classmethod
    def _plan(cls, **sections: Any) -> Plan:
        """Of the configured section; by default the demo of every dataset, with the plugin's own models as they are."""
        section = {"datasets": cls._demos(), "models": dict.fromkeys(cls._own_models())}
        section |= {**(cls.config or {}), **sections}
        return plans(resolve({"challenges": {cls.challenge: section}}, cls._found()))[cls.challenge]

    @classmethod
    def _demos(cls) -> dict[str, Any]:
        """Every dataset that has a demo, as a config names it."""
        declared = cls._found().challenges[cls.challenge].datasets
        return {dataset.name: {"source": "demo"} for dataset in declared if "demo" in dataset.sources}

    @classmethod
    def _plugin(cls) -> str:
        return cls._found().owner[cls.challenge]

    @classmethod
    def _own_models(cls) -> list[str]:
        found = cls._found()
        mine = [key for key in found.models if key[0] == cls.challenge and found.owner[key] == cls._plugin()]
        return [model for _, model in mine]

    @classmethod
    def _do(cls, run: DemoRun, job: PlannedJob) -> None:
        """Run a job; what goes wrong is the failure's one sentence."""
        if (error := run.attempt(job)) is not None:
            pytest.fail(f"{job}: {error}", pytrace=False)

    def _same(self, run: DemoRun, changed: DemoRun, jobs: Iterable[PlannedJob], leak: str, mend: str) -> None:
        """Run jobs where something was changed; they must give what they gave before."""
        for job in jobs:
            error = changed.attempt(job)
            if error is not None or changed.hashes(job) != run.hashes(job):
                self._repeats(run, job)
                self._fail(job.hook, f"{job} {leak} ({error or 'other bytes'})", mend)

    def _repeats(self, run: DemoRun, job: PlannedJob) -> None:
        """Run a job once more in another process, as it was; it must give the same bytes."""
        expected = run.hashes(job)
        run.process.kill()
        self._do(run, job)
        if run.hashes(job) != expected:
            mend = "draw from job.seed alone, and keep no time, path or order of a set"
            self._fail(job.hook, f"{job} gives other bytes the second time", mend)

    def _survives(self, run: DemoRun, copy: DemoRun, job: PlannedJob) -> None:
        """Kill a job part way, then let its hook do all its work and fail at the very end, then let it end well."""
        expected = run.hashes(job)
        for output in copy.own(job).outputs:
            shutil.rmtree(output)
        copy.kill(job)
        if any(there not in (None, good) for there, good in zip(copy.hashes(job), expected, strict=True)):
            self._repeats(run, job)
            mend = "write to its outputs and job.work alone"
            self._fail(job.hook, f"{job} left something half-written when it was killed", mend)
        mend = "trust in job.work only what was renamed when it was whole"
        if (error := copy.attempt(job, interrupt=True) or copy.attempt(job)) is not None:
            self._fail(job.hook, f"{job} does not go on after it was killed ({error})", mend)
        if copy.hashes(job) != expected:
            self._repeats(run, job)
            self._fail(job.hook, f"{job} ends with other bytes after it was killed", mend)

    def _complain(self, hook: str, complaints: Iterable[str]) -> None:
        if found := list(complaints):
            pytest.fail("\n".join(f"plugin {self._plugin()!r}, hook {hook!r}: {each}" for each in found), pytrace=False)

    def _fail(self, hook: str, what: str, mend: str) -> NoReturn:
        pytest.fail(f"plugin {self._plugin()!r}, hook {hook!r}: {what}; {mend}", pytrace=False)


@contextmanager
def _process(folder: Path) -> Iterator[StageProcess]:
    process = StageProcess(folder / "stages.log")
    try:
        yield process
    finally:
        process.kill()
