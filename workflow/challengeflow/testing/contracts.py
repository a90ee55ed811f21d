"""The checks, as methods of two pytest classes to inherit from."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from challengeflow.answers import merge
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow.contract.errors import InputError
from challengeflow.contract.names import PARAMETER_STAGES
from challengeflow.contract.samples import read_samples
from challengeflow.outside.pickled import pickled
from challengeflow.planning.planned_job import PlannedJob
from challengeflow.reporting.export_model import export_model
from challengeflow.running.check_arrays import check_answers
from challengeflow.running.views import unseen
from challengeflow.testing import check_prepared, control_scores
from challengeflow.testing.base import INSTALL, DemoChecks
from challengeflow.testing.check_declarations import challenge_complaints, model_complaints
from challengeflow.testing.check_inspection import inspection_complaints
from challengeflow.testing.damage import NOISE, WHOLE, cases, damage, scramble
from challengeflow.testing.demo_run import DemoRun
from challengeflow.testing.stage_process import StageProcess

HEAVY = (
    *("av", "cv2", "h5py", "jax", "joblib", "matplotlib", "nibabel", "numpy", "pandas", "plotly", "polars", "pyarrow"),
    *("scipy", "skimage", "sklearn", "snakemake", "tables", "tensorflow", "timm", "torch", "torchvision", "xarray"),
)
DISCOVERY = f"""
import sys
from challengeflow.planning.plugins import registry
if registry().broken:
    sys.exit(registry().broken[0].reason)
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


class _Contract(DemoChecks):
    """The checks of every plugin."""

    def test_declaring_imports_nothing_heavy(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        environment = os.environ | {"CHALLENGEFLOW_PLUGINS": self._plugin(), "PYTHONPATH": path}
        done = subprocess.run([sys.executable, "-c", DISCOVERY], capture_output=True, text=True, env=environment)
        if done.returncode:
            self._fail("challenges", f"cannot be loaded: {done.stderr.strip().splitlines()[-1]}", "mend what it names")
        if done.stdout.strip():
            self._fail(
                "challenges", f"declaring imports {done.stdout.strip()}", "import inside the stages that need it"
            )

    def test_the_models_are_declared_whole(self) -> None:
        found = self._found()
        for model in self._own_models():
            self._complain("models", model_complaints(found.models[self.challenge, model], found.challenges))

    def test_training_repeats_and_never_sees_the_held_out_fold(self, run: DemoRun, copy: DemoRun) -> None:
        """Fold 0 trained again in another process, with other gold in fold 0, in every split but train, and in what the
        sample table keeps from that fold."""
        for dataset in copy.plan.trainable():
            for shard in (each for each in copy.plan.shards(dataset) if copy.plan.has_gold(dataset, each.split)):
                within_reach = shard.role == "train" and shard.fold != 0
                scramble(Path(copy.plan.gold(shard)), unseen(Path(copy.plan.index(shard)), 0) if within_reach else None)
        for dataset, variant in copy.trained():
            held_out = {shard.name for shard in copy.plan.shards(dataset) if shard.fold == 0}
            jobs = [job for job in copy.training() if job.parts == (dataset, variant, "0")]
            jobs += [s for s in copy.predicting(variant) if s.parts[2] == dataset and s.parts[3] in held_out]
            leak = (
                "gives other bytes when the gold of the held-out fold is other",
                "train on the gold of job.shards alone",
            )
            self._same(run, copy, jobs, *leak)

    def test_no_model_holds_a_pickle(self, run: DemoRun) -> None:
        """Whatever its files are called: a pickle in a model that someone was given runs what its author wants."""
        for step in run.training():
            for found in (found for output in step.outputs for found in pickled(run.folder / output)):
                mend = "write numbers and texts: challengeflow.arrays, .networks.weights or .plain_models"
                self._fail("train", f"{step} leaves a pickle in the model, {found}", mend)

    def test_prediction_repeats_and_needs_no_gold(self, run: DemoRun, copy: DemoRun) -> None:
        """Every shard predicted again in another process, with all gold deleted."""
        for dataset in copy.plan.datasets:
            shutil.rmtree(copy.folder / self.challenge / dataset / "gold")
            shutil.rmtree(copy.plan.layout.index_gold(dataset))
        leak = "is not the same when all gold is deleted", "predict from job.models and job.shard.prepared alone"
        self._same(run, copy, copy.predicting(*copy.variants()), *leak)

    def test_a_model_package_gives_back_what_was_trained(self, run: DemoRun, copy: DemoRun, tmp_path: Path) -> None:
        """Models and decision come out of it byte for byte, and no sample of the training is named in it."""
        for dataset, variant in (pair for pair in copy.trained() if pair in copy.plan.scored()):
            package = export_model(run.jobs, dataset, variant, tmp_path / f"{dataset}-{variant}.model.zip")
            ids = {sample.id for sample in read_samples(Path(run.plan.layout.samples(dataset)))}
            for told in sorted(each for each in ids if not each.isdecimal() and each.encode() in package.read_bytes()):
                self._fail("train", f"the package of {dataset}/{variant} names the sample {told!r}", "keep no ids")
            taken = copy.with_package(dataset, variant, package)
            folds = [Path(folder).name.removeprefix("fold-") for folder in run.plan.fold_models(dataset, variant)]
            jobs = [taken.jobs.get("train", dataset, variant, fold) for fold in folds]
            for job in [*jobs, taken.jobs.get("score", dataset, variant)]:
                self._do(taken, job)
                if taken.hashes(job)[-1] != run.hashes(job)[-1]:
                    self._fail(job.hook, f"{job} is not what its package holds", "write files alone, no links")

    def test_a_killed_training_goes_on(self, run: DemoRun, copy: DemoRun) -> None:
        for job in _one_each(copy.training(), lambda job: job.parts[1]):
            self._survives(run, copy, job)

    def test_damaged_raw_files_are_answered(self, run: DemoRun, copy: DemoRun) -> None:
        """Each kind of damage is a sample with its reason, which is predicted all the same, or one sentence."""
        dataset, name = copy.smallest_shard()
        (prepare,) = [s for s in copy.data() if (s.stage, s.parts) == ("preprocess", (dataset, name))]
        predict = [s for s in copy.predicting(*copy.variants()) if s.parts[2:] == (dataset, name)]
        raw, whole = Path(copy.plan.layout.raw(dataset, name)), Path(run.plan.layout.raw(dataset, name))
        tried = list(cases(whole))
        if not tried:
            self._fail(
                "download", f"wrote no raw file for {dataset}/{name}", "write the samples' files into job.output"
            )
        for kind, file in tried:
            damage(whole, raw, kind, file)
            if (error := copy.attempt(prepare)) is not None:
                if error.bug:
                    mend = "list the sample with the reason as its status, or raise one InputError"
                    self._fail("preprocess", f"a raw file that is {kind} stops it ({error})", mend)
                continue
            prepared = Arrays(Path(prepare.outputs[0]))
            if kind != NOISE and len(prepared.ok()) == len(prepared):
                mend = "give its sample the reason as its status"
                self._fail("preprocess", f"does not notice that the raw file {file} is {kind}", mend)
            for job in predict:
                self._do(copy, job)


class ModelContract(_Contract):
    """The contract of a plugin that brings the model `model` for the challenge `challenge`.

    A class that inherits from this one sets both, and may set `config`, the challenge's section of a config that makes
    its demo small.
    """

    model: str

    @classmethod
    def _plugin(cls) -> str:
        try:
            cls._found().model(cls.challenge, cls.model)
        except InputError as error:
            pytest.fail(f"{error}; {INSTALL}", pytrace=False)
        return cls._found().owner[cls.challenge, cls.model]

    @classmethod
    def _own_models(cls) -> list[str]:
        return [cls.model]


class ChallengeContract(_Contract):
    """The contract of a plugin that brings the challenge `challenge`, and of the models it brings for it.

    A class that inherits from this one sets `challenge`, and may set `config`, the challenge's section of a config that
    makes its demo small. Without it, the demo of every dataset is run, with every model of the plugin.
    """

    _controls = control_scores.CONTROLS

    def test_the_challenge_is_declared_whole(self) -> None:
        found = self._found()
        self._complain("challenges", challenge_complaints(found.challenges[self.challenge]))
        for stage in PARAMETER_STAGES:
            try:
                found.check_implemented(stage, self.challenge)
            except InputError as error:
                pytest.fail(str(error), pytrace=False)

    def test_every_demo_sample_is_in_a_shard(self, run: DemoRun) -> None:
        for dataset in run.plan.datasets:
            listed = [sample.id for sample in read_samples(Path(run.plan.layout.samples(dataset)))]
            tables = [read_samples(Path(run.plan.index(shard))) for shard in run.plan.shards(dataset)]
            shared = [sample.id for table in tables for sample in table]
            if not listed or sorted(listed) != sorted(shared):
                self._fail(
                    "download", f"the shards of {dataset} do not hold the samples of its index", "see write_samples"
                )

    def test_prepared_arrays_are_as_declared(self, run: DemoRun) -> None:
        """Of the first sample that complains; whoever writes a model has nothing else to go by."""
        declared = self._found().challenges[self.challenge]
        for dataset in run.plan.datasets:
            folders = [Path(run.plan.prepared(shard)) for shard in run.plan.shards(dataset)]
            self._complain("preprocess", islice(check_prepared.complaints(declared, dataset, folders), 1))

    def test_every_file_of_any_folder_is_accounted_for(self, run: DemoRun, tmp_path: Path) -> None:
        """By the hook `inspect`, where there is one: raw files of the demo, some damaged, among others that are
        nobody's."""
        if not self._found().inspects(self.challenge):
            return  # a challenge may do without
        dataset, name = run.smallest_shard()
        source = tmp_path / "data"
        shutil.copytree(run.plan.layout.raw(dataset, name), source)
        for ending in {path.suffix for path in source.iterdir()}:
            (source / f"noise{ending}").write_bytes(random.Random(0).randbytes(1000))
            (source / f"nothing{ending}").touch()
        (source / "deeper").mkdir()
        for odd in ("notes.txt", ".hidden", "deeper/table.csv"):
            (source / odd).write_text("a,b\n1,2\n")
        self._complain("inspect", islice(inspection_complaints(self._found(), self.challenge, source), 1))

    def test_every_declared_demo_has_its_table(self, second_process: StageProcess, tmp_path: Path) -> None:
        demos = DemoRun(tmp_path / "results", self._plan(datasets=self._demos()), second_process)
        for job in demos.data():
            if job.stage in ("archive", "index"):
                self._do(demos, job)

    def test_the_demo_downloads_the_same_bytes_again(
        self, run: DemoRun, second_process: StageProcess, tmp_path: Path
    ) -> None:
        """Archives, indexes and the smallest shard, in another folder and process."""
        again = DemoRun(tmp_path / "results", run.plan, second_process)
        smallest = run.smallest_shard()
        wanted = [s for s in run.data() if s.stage in ("archive", "index") or s.parts == smallest]
        self._same(run, again, wanted, "depends on the folder it is in", "keep paths out of what is downloaded")

    def test_damaged_archives_are_answered(self, run: DemoRun, copy: DemoRun) -> None:
        """An index made of a damaged archive is one sentence, or a table; never a bug."""
        index = {job.dataset: job for job in copy.data() if job.stage == "index"}
        for job in [job for job in copy.data() if job.stage == "archive"]:
            whole, target = Path(run.own(job).outputs[0]), Path(job.outputs[0])
            for kind, file in cases(whole):
                damage(whole, target, kind, file)
                error = copy.attempt(index[job.dataset])
                if error is not None and error.bug:
                    mend = "raise one InputError that names the file"
                    self._fail("download", f"an archive's {file} that is {kind} stops the index ({error})", mend)
            damage(whole, target, WHOLE, file)

    def test_prepared_data_hold_no_label(self, run: DemoRun, copy: DemoRun) -> None:
        """A shard of each split without any gold. The proxy split is left out: its anomalies are made from its gold."""
        copy = copy.without_gold()
        for dataset in copy.plan.datasets:
            shutil.rmtree(copy.plan.layout.index_gold(dataset))
            Path(copy.plan.layout.index_gold(dataset)).mkdir()
        prepare = [job for job in copy.data() if job.stage == "preprocess" and not job.parts[1].startswith("proxy-")]
        for job in _one_each(prepare, lambda job: job.parts[1].partition("-")[0]):
            if (error := copy.attempt(job)) is not None:
                mend = "read gold only where job.labelled is true"
                self._fail("preprocess", f"{job} fails without gold ({error})", mend)
            if copy.hashes(job)[0] != run.hashes(job)[0]:
                self._repeats(run, job)
                self._fail(
                    "preprocess", f"{job} prepares other arrays without gold", "write labels into job.gold alone"
                )

    def test_killed_downloads_and_preparations_go_on(self, run: DemoRun, copy: DemoRun) -> None:
        smallest = run.smallest_shard()
        for job in copy.data():
            if job.stage in ("download", "preprocess") and job.parts == smallest:
                self._survives(run, copy, job)

    def test_answers_merge(self, run: DemoRun, tmp_path: Path) -> None:
        """Answers of the demo, each with itself and another weight, have the declared form as they are merged."""
        prediction = self._found().challenges[self.challenge].prediction
        jobs = run.predicting(*run.variants()) if prediction.merge is not None else ()
        for number, job in enumerate(_one_each(jobs, lambda job: job.parts[2])):
            answers = Predictions(Path(job.outputs[0]))
            try:
                pairs = ((sample, merge(prediction, [answers[sample]] * 2, [1.0, 2.0])) for sample in answers)
                write_scores(tmp_path / str(number), pairs)
                check_answers(tmp_path / str(number), prediction, prediction.axes, f"merged answers of {job.parts[2]}")
            except Exception as error:
                self._fail("challenges", f"answers do not merge ({error})", "see Prediction.merge")

    def test_scores_pictures_and_submissions_repeat(self, run: DemoRun, copy: DemoRun) -> None:
        """In another process. Every submission of the challenge's own data was made, and so checked, from the demo."""
        for submission in self._found().challenges[self.challenge].submissions:
            if not submission.own_data and submission.name not in run.plan.submissions:
                mend = "give the config of the contract the datasets it needs, with a split that it answers"
                self._fail("package", f"no submission {submission.name!r} was made of the demo", mend)
        jobs = [*_one_each(copy.scoring(*copy.variants()), _first), *_one_each(copy.drawing(), _first)]
        jobs += _one_each(copy.packaging(), _first)
        mend = "keep paths out of scores, pictures and submissions"
        self._same(run, copy, jobs, "depends on the folder it is in", mend)

    def test_the_perfect_control_is_best_and_the_random_one_far_below(self, run: DemoRun) -> None:
        declared = self._found().challenges[self.challenge]
        self._complain("score", control_scores.complaints(run, declared.metric, declared.further_metrics))


def _one_each(jobs: Iterable[PlannedJob], key: Callable[[PlannedJob], Any]) -> list[PlannedJob]:
    """The first job of each key."""
    first: dict[Any, PlannedJob] = {}
    for job in jobs:
        first.setdefault(key(job), job)
    return list(first.values())


def _first(job: PlannedJob) -> Any:
    return job.parts[0]
