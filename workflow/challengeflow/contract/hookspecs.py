"""The contract between the workflow and its plugins: two hooks declare, six hooks work, one may draw, one may look.

A plugin is a distribution with an entry point in the group `challengeflow` that names a module (or any object)
with functions marked `@hookimpl`. A stage hook is called on its owner alone: `train` and `predict` on the plugin
that declared the model, the rest on the one that declared the challenge. A hook wrapper
(`@hookimpl(wrapper=True)`) of any plugin runs around every stage.

Each stage writes to its outputs and to `job.work` alone. The outputs it is given are temporary names; the
core checks what was written there and renames it when the stage has returned.
"""

from collections.abc import Iterable

import pluggy

from challengeflow.contract.declare import Challenge, Model
from challengeflow.contract.inspection import Inspected, InspectJob
from challengeflow.contract.jobs import DownloadJob, DrawJob, PackageJob, PredictJob, PreprocessJob, ScoreJob, TrainJob

hookspec = pluggy.HookspecMarker("challengeflow")
hookimpl = pluggy.HookimplMarker("challengeflow")


@hookspec
def challenges() -> list[Challenge]:
    """Return the challenges this plugin brings. Must import nothing heavy."""


@hookspec
def models() -> list[Model]:
    """Return the models this plugin brings, for challenges of its own or of others. Must import nothing heavy."""


@hookspec
def inspect(job: InspectJob) -> Iterable[Inspected]:
    """Optional: say what is understood of a source before anything runs: every sample it would have, what was read of
    it, and every file that is not used, with the reason.

    Writes nothing, and opens files as a stage does: in processes of their own (`challengeflow.outside.door`).
    `challengeflow inspect`, `init --data` and `validate` show it; a file that is in no row is listed without a reason.
    """


@hookspec
def download(job: DownloadJob) -> None:
    """Fetch one part of a dataset into the folder `job.output`, with sizes and checksums checked, resuming from
    `job.work`.

    part "archive": the file `job.archive` that many shards share.
    part "index": the sample table, by `write_samples(job.output, samples, strata)`; what hints at labels goes into
    `job.gold`. part "shard": the raw files of `job.samples`.
    """


@hookspec
def preprocess(job: PreprocessJob) -> None:
    """Turn the raw files of a shard into prepared arrays (`job.prepared`) and its gold, apart (`job.gold`).

    Both are written with `challengeflow.arrays.Writer`. Every sample is added, in order, with `status` "ok" or the
    reason why it could not be read, and `shape`: that of its prediction (see `Prediction.axes`).
    """


@hookspec
def train(job: TrainJob) -> None:
    """Fit `job.model` on `job.shards` and write the model into the folder `job.output`.

    Checkpoints go to `job.work`.
    """


@hookspec
def predict(job: PredictJob) -> None:
    """Write predictions for every sample of `job.shard`, in order, merged over `job.models`.

    There is no label in sight.
    """


@hookspec
def score(job: ScoreJob) -> None:
    """Score `job.shards` as the challenge does: write `job.scores` and `job.decision` with
    `challengeflow.scoring.write_json`.

    The decision (threshold, smoothing, calibration) is what turns scores into answers. It is fitted on out-of-fold
    predictions, and cross-fitted wherever it enters the score of the samples it was fitted on.
    """


@hookspec
def draw(job: DrawJob) -> None:
    """Optional: draw what is worth seeing of a scored variant into the folder `job.output`, listed in its
    `pictures.json`.

    Pictures, unlike a submission, may show gold. They are part of `results/report.html`.
    """


@hookspec
def package(job: PackageJob) -> None:
    """Write the submission and the answers people read into the folder `job.output`, and check it as the organiser
    would."""
