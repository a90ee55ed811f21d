"""Clog Loss (DrivenData, 2020): which outlined brain vessel of a two-photon video is stalled?

Declarations only: the modules of the stages are imported when they run.
"""

from challengeflow import (
    Challenge,
    Dataset,
    Metric,
    Model,
    Prediction,
    PreparedArray,
    Resources,
    Source,
    Submission,
    boolean,
    hookimpl,
    integer,
)
from challengeflow_clog_loss.models.declarations import MODELS
from challengeflow_clog_loss.scoring.terms import TERMS

DEMO_COST = "a minute on one core and 0.1 GB of disk"

LOCAL = Source(cost="a folder with the competition's CSV files and mp4s")


def _dataset(name: str, summary: str, official: Source, extends: str | None, shards: dict[str, int]) -> Dataset:
    sources = {
        "demo": Source(gold=("train", "test"), cost=DEMO_COST, raw_mb=10, prepared_mb=20, core_hours=0.02),
        "local": LOCAL,
        "official": official,
    }
    return Dataset(name=name, summary=summary, sources=sources, extends=extends, folds=3, shards=shards)


# Sizes are of the videos that a dataset adds to the one it contains; prepared, one takes 330 kB (data/estimates.py).
DATASETS = (
    _dataset(
        "nano",
        "1,413 training videos, half of them stalled, and all 14,160 test videos",
        Source(
            cost="38 GB of video (3.8 GB of it for training), some 60 minutes of decoding on one core",
            raw_mb=38_000,
            prepared_mb=5_100,
            core_hours=1,
        ),
        None,
        {"train": 1, "test": 2},
    ),
    _dataset(
        "micro",
        "2,399 training videos, 29 % stalled: those of nano and 986 more flowing ones",
        Source(
            cost="41 GB of video (6.3 GB of it for training)",
            raw_mb=3_000,
            prepared_mb=330,
            core_hours=0.1,
        ),
        "nano",
        {"train": 1, "test": 2},
    ),
    _dataset(
        "tier1",
        "the 540,242 training videos an expert may have looked at, as in the test set: 706 stalled, as in micro",
        Source(
            cost="1.3 TB of video, some 60 hours of preparing on one core; raw videos are deleted once prepared",
            raw_mb=1_260_000,
            prepared_mb=178_000,
            core_hours=60,
        ),
        "micro",
        {"train": 50, "test": 10},
    ),
    _dataset(
        "selected",
        "a choice of training videos, by the parameters selection, per_project and hard_negatives",
        Source(
            cost="42 kB a frame; `challengeflow clog-loss-plan` counts a choice before anything is fetched",
        ),
        None,
        {"train": 3, "test": 2},
    ),
    _dataset(
        "full",
        "all 573,048 training videos, 0.33 % stalled",
        Source(
            cost="1.4 TB of video, some 64 hours of decoding on one core; raw videos are deleted once prepared",
            raw_mb=1_360_000,
            prepared_mb=188_000,
            core_hours=64,
        ),
        "micro",
        {"train": 50, "test": 10},
    ),
)

SCHEMA = {
    "download": {
        "demo_videos": integer(
            48, "Training videos of the demo's nano dataset; micro has 1.5 times, full twice as many.", minimum=12
        ),
        "metadata": {
            "type": ["string", "null"],
            "default": None,
            "description": "Folder with the competition's CSV files, for the official source: they sit behind a login.",
        },
        "selection": {
            "enum": ["nano", "micro", "tier1", "full", "zfturbo", "kbrodt", "lauraonac", "az-ka"],
            "default": "micro",
            "description": (
                "Training videos of the dataset `selected`: those of another dataset, or the training set of a winner "
                "(first, second, third place and the MATLAB bonus prize)."
            ),
        },
        "per_project": integer(
            0, "In `selected`, up to so many more flowing tier-1 videos of each project.", minimum=0
        ),
        "hard_negatives": boolean(
            False, "In `selected`, also the 1,025 videos that flow by an expert's word though the crowd said stalled."
        ),
        "url": {
            "type": "string",
            "default": "s3://drivendata-competition-clog-loss",
            "description": (
                "Where the official videos are, as train/ID.mp4 and test/ID.mp4: s3://BUCKET (public), "
                "https://HOST/PATH, or file:///FOLDER, a mirror with the same keys."
            ),
        },
        "endpoint": {
            "type": ["string", "null"],
            "default": None,
            "description": "Address of the S3 server, for s3:// addresses on another one than Amazon's.",
        },
        "parallel": integer(16, "Transfers at the same time, in each job.", minimum=1),
    },
    "preprocess": {
        "no_region": {
            "enum": ["safe", "full-frame", "fail"],
            "default": "safe",
            "description": (
                "A video without an outline gets the safe prediction (safe), is used whole (full-frame), "
                "or stops the run (fail)."
            ),
        },
        "margin": integer(8, "Pixels of surroundings kept on each side of the outlined region.", minimum=0),
    },
    "package": {
        "sheets": integer(
            5, "Contact sheets of 30 videos each, most probably stalled first, and as many of unusual ones.", minimum=0
        ),
        "expected_stalled": {
            "type": ["integer", "null"],
            "minimum": 0,
            "default": None,
            "description": "Answer so many test videos stalled, those with the highest scores; null: by the threshold.",
        },
    },
    "score": {
        "target_prevalence": {
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "default": 0.046,
            "description": (
                "Share of stalled vessels the threshold is made for: that of the competition's test set, about; "
                "null: that of the training videos."
            ),
        },
        "plausible_share": {
            "type": ["array", "null"],
            "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 2,
            "maxItems": 2,
            "default": None,
            "description": (
                "Least and largest share of videos answered stalled without a warning; null: half the target "
                "prevalence and twice it."
            ),
        },
    },
}

CLOG_LOSS = Challenge(
    name="clog-loss",
    title="Clog Loss: Advance Alzheimer's Research with Stall Catchers",
    url="https://www.drivendata.org/competitions/65/clog-loss-alzheimers-research/",
    metric=Metric(
        name="mcc",
        description="Matthews correlation coefficient of the answers; 0 where it is undefined",
        chance="0",
    ),
    prediction=Prediction(axes={"stalled": 1}),
    prepared=(
        PreparedArray(
            name="cube",
            meaning="brightness in the box of the outlined region, without the outline",
            axes={"frames": "sample", "rows": "sample", "columns": "sample"},
            dtype="uint8",
            unit="luma",
        ),
        PreparedArray(
            name="mask",
            meaning="1 inside the outlined region",
            axes={"rows": "sample", "columns": "sample"},
            dtype="uint8",
        ),
        PreparedArray(
            name="surroundings",
            meaning="of tissue and vessels outside the region: background, background_change, vessel, vessel_change, "
            "vessel_correlation; NaN where they cannot be measured",
            axes={"frames": "sample", "figures": 5},
        ),
        PreparedArray(
            name="thumbnail",
            meaning="the first frame, made small, of a video that cannot be used",
            axes={"thumbnail rows": "sample", "thumbnail columns": "sample"},
            dtype="uint8",
            optional=True,
        ),
    ),
    attributes={
        "frames": "how many",
        "size": "rows and columns of the whole frame",
        "codec_format": "how the video's file holds pixels",
        "box": "of the region in the frame: top, left, bottom, right",
        "found_by": "how the outline was found: colour, luma, or the whole frame",
        "region": "what was noticed about the outline: area, stability, gap, at_border, outlines",
        "absent": "frames without the outline where it was found",
        "repeats": "frames whose region is as in an earlier one",
        "black": "share of the region's pixels that are black",
        "bright": "share of the region's pixels that are as bright as can be",
        "other_colour": "share of the first frame in a strong colour that is not the outline's",
        "streams": "video streams in the file; the first is used",
        "declared": "frames that the file says it has; 0 where it does not say",
        "bytes": "size of the file that was fetched",
        "sha256": "checksum of the file that was fetched",
    },
    datasets=DATASETS,
    submissions=(
        Submission(
            name="csv",
            summary="filename,stalled for every test video, in the order of submission_format.csv",
            file="submission.csv",
            table="answers.csv",
        ),
        Submission(
            name="answers",
            summary="every video's probability and answer as a table, and contact sheets",
            own_data=True,
            table="answers.csv",
        ),
    ),
    licence="The competition's rules; no public licence of the videos was found. The demo is this project's own (MIT).",
    citation=(
        "Schaffer, Nishimura, Michelucci et al. (2020): Clog Loss: Advance Alzheimer's Research with Stall Catchers, "
        "DrivenData. Vessel videos: Schaffer-Nishimura Laboratory, Cornell University."
    ),
    schema=SCHEMA,
    stages={
        "inspect": "challengeflow_clog_loss.data.inspect",
        "download": "challengeflow_clog_loss.data.download",
        "preprocess": "challengeflow_clog_loss.data.preprocess",
        "score": "challengeflow_clog_loss.scoring.score",
        "draw": "challengeflow_clog_loss.pictures.draw",
        "package": "challengeflow_clog_loss.answers.package",
    },
    commands={
        "clog-loss-archive": "challengeflow_clog_loss.commands.archive",
        "clog-loss-check": "challengeflow_clog_loss.commands.check",
        "clog-loss-plan": "challengeflow_clog_loss.commands.plan",
        "clog-loss-regions": "challengeflow_clog_loss.commands.regions",
    },
    terms=TERMS,
    env="clog-loss",
    resources={
        "download": Resources(mem_mb=800, runtime=240),
        "preprocess": Resources(mem_mb=1500, runtime=30, threads=2, runtime_per_1000=20),
        "score": Resources(mem_mb=600, runtime=15, mem_mb_per_1000=2),
        "draw": Resources(mem_mb=1200, runtime=30),
        "package": Resources(mem_mb=500, runtime=15, mem_mb_per_1000=2),
    },
)


@hookimpl
def challenges() -> list[Challenge]:
    return [CLOG_LOSS]


@hookimpl
def models() -> list[Model]:
    return list(MODELS)
