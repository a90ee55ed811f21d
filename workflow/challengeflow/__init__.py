"""challengeflow: from raw data to an accepted submission, for any scientific machine-learning challenge.

This is what a plugin author imports. Nothing here costs more than the standard library and pluggy; the
modules that need numpy (`arrays`, `scoring`, `pickles`) are imported by their own names inside the stages.
"""

from challengeflow.contract.declare import (
    CONTRACT,
    Challenge,
    Dataset,
    Metric,
    Model,
    Resources,
    Source,
    Submission,
    boolean,
    integer,
    number,
)
from challengeflow.contract.errors import InputError
from challengeflow.contract.forms import Gold, Prediction, PreparedArray
from challengeflow.contract.hookspecs import hookimpl
from challengeflow.contract.inspection import NOT_OPENED, Inspected, InspectJob
from challengeflow.contract.jobs import (
    Answers,
    DownloadJob,
    DrawJob,
    Job,
    Member,
    PackageJob,
    PredictJob,
    PreprocessJob,
    ScoreJob,
    Shard,
    TrainJob,
)
from challengeflow.contract.progress import Progress
from challengeflow.contract.samples import Sample, read_samples, write_samples

__version__ = "0.1.0"

__all__ = [
    "CONTRACT",
    "NOT_OPENED",
    "Answers",
    "Challenge",
    "Dataset",
    "DownloadJob",
    "DrawJob",
    "Gold",
    "InputError",
    "InspectJob",
    "Inspected",
    "Job",
    "Member",
    "Metric",
    "Model",
    "PackageJob",
    "PredictJob",
    "Prediction",
    "PreparedArray",
    "PreprocessJob",
    "Progress",
    "Resources",
    "Sample",
    "ScoreJob",
    "Shard",
    "Source",
    "Submission",
    "TrainJob",
    "boolean",
    "hookimpl",
    "integer",
    "number",
    "read_samples",
    "write_samples",
]
