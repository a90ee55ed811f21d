"""The MOOD challenge (Medical Out-of-Distribution Analysis) for challengeflow: declarations and hooks."""

from challengeflow import (
    Challenge,
    Dataset,
    Gold,
    Metric,
    Model,
    Prediction,
    PreparedArray,
    Resources,
    Source,
    Submission,
    hookimpl,
    integer,
    number,
)
from challengeflow_mood.models.declarations import PCA_RESIDUAL, RESIDUAL_BOOSTING, TIMM_SLICES, UNET3D
from challengeflow_mood.scoring.terms import TERMS

_GRID = {"grid_x": "dataset", "grid_y": "dataset", "grid_z": "dataset"}
_SPLITS = ("train", "proxy", "test")


def _dataset(name: str, summary: str, cost: str) -> Dataset:
    return Dataset(
        name=name,
        summary=summary,
        sources={
            "demo": Source(
                splits=_SPLITS,
                gold=("proxy", "test"),
                archives=("train", "toy"),
                cost="48 train and 15 toy phantoms, made in seconds; at most 90 MB",
                raw_mb=90,
                prepared_mb=100,
                core_hours=0.012,
            ),
            "official": Source(splits=_SPLITS, gold=("proxy", "test"), archives=("train", "toy"), cost=cost),
            "local": Source(splits=_SPLITS, gold=("proxy",), cost="reads your files in place; nothing is copied"),
        },
        folds=2,
        shards={"train": 1, "proxy": 1, "test": 1},
    )


MOOD = Challenge(
    name="mood",
    title="Medical Out-of-Distribution Analysis Challenge (MICCAI 2021)",
    env="mood",
    url="https://www.synapse.org/mood",
    metric=Metric(
        name="average precision",
        description="mean of the average precision over all voxels (float16 scores) and over all cases",
        chance="the share of abnormal voxels and of abnormal cases",
    ),
    further_metrics=(
        Metric(
            name="voxel AP",
            description="average precision over all voxels: how well anomalies are outlined",
            chance="the share of abnormal voxels",
        ),
        Metric(
            name="case AP",
            description="average precision over all cases: how well abnormal scans are told from healthy ones",
            chance="the share of abnormal cases",
        ),
    ),
    # The leading 1 keeps an answer on the prepared grid apart from gold, which lies on the scan's own.
    prediction=Prediction(axes={"one": 1, **_GRID}),
    gold=Gold(axes={"x": "sample", "y": "sample", "z": "sample"}, range=(0, 1)),
    prepared=(
        PreparedArray(
            name="volume",
            meaning="the scan on the common grid, its body fitted into it, from 0 to 1",
            axes=_GRID,
            dtype="float16",
        ),
        PreparedArray(name="mask", meaning="1 inside the body", axes=_GRID, dtype="uint8"),
        PreparedArray(
            name="scanned",
            meaning="how far the place was measured, from 0 (outside the scan, padding) to 1",
            axes=_GRID,
            dtype="float16",
        ),
    ),
    attributes={
        "file": "the scan's file name",
        "original": "the shape of the scan's own grid",
        "affine": "the scan's affine, voxels to mm, or the best that its header says and that can be used",
        "header": "the scan's NIfTI header, base64",
        "padding": "how many voxels hold no measurement; they are 0",
        "scaling": "the low and the high that became 0 and 1",
        "mapping": "how the grid lies in the scan (stored, axis, start, step, grid, box): leads answers back",
        "scanned": "how many voxels of the grid were measured",
        "values": "how many values the scan holds, of voxels that are evenly spread",
    },
    datasets=(
        _dataset("brain", "brain MR, 256^3, background 0", "800 train scans, 4 toy cases; a Synapse login is needed"),
        _dataset(
            "abdom", "abdominal CT, 512^3, values in [0, 1]", "550 train scans, 4 toy cases; a Synapse login is needed"
        ),
    ),
    submissions=(
        Submission(
            name="docker",
            summary="a Docker build context as one archive, proven from itself alone, and what handing it in takes",
            datasets=("brain", "abdom"),
            file="mood-*.tar",
        ),
        Submission(
            name="maps",
            summary="a NIfTI map of each scan's own shape and affine, tables of scores and findings, "
            "the operating point",
            own_data=True,
            table="scores.csv",
        ),
    ),
    licence="MOOD data: for the challenge and research, see the Synapse page; the demo's phantoms: MIT",
    citation="Zimmerer et al. (2022): MOOD 2020: A public Benchmark for Out-of-Distribution Detection and Localization "
    "on medical Images. IEEE TMI, DOI 10.1109/TMI.2022.3170077",
    schema={
        "download": {
            "proxy_share": number(
                0.25, "share of the train scans held out for the proxy split (made anomalies)", above=0, maximum=0.5
            ),
            "demo_train": integer(48, "demo: number of healthy train phantoms, proxy scans included", minimum=6),
            "demo_toy": integer(15, "demo: number of toy cases", minimum=2),
            "demo_size": integer(64, "demo: voxels a side of a head; an abdomen has an eighth more", minimum=32),
        },
        "preprocess": {
            "grid": integer(64, "voxels a side of the prepared grid on which models work", minimum=16),
        },
        "score": {
            "bootstrap_rounds": integer(500, "resamples of cases behind the interval", minimum=1),
        },
        "package": {
            "proof_cases": integer(
                2, "docker: test cases of each dataset that the finished scripts are run on", minimum=1
            ),
        },
    },
    stages={
        "inspect": "challengeflow_mood.data.inspect",
        "download": "challengeflow_mood.data.download",
        "preprocess": "challengeflow_mood.data.preprocess",
        "score": "challengeflow_mood.scoring.score",
        "draw": "challengeflow_mood.pictures.draw",
        "package": "challengeflow_mood.answers.package",
    },
    commands={
        "check-mood": "challengeflow_mood.commands.check_mood",
        "check-package": "challengeflow_mood.commands.check_package",
        "make-toy": "challengeflow_mood.commands.make_toy",
        "mood-image": "challengeflow_mood.commands.mood_image",
        "mood-rank": "challengeflow_mood.commands.mood_rank",
        "mood-score": "challengeflow_mood.commands.mood_score",
    },
    terms=TERMS,
    resources={
        "download": Resources(mem_mb=800, runtime=120),
        "preprocess": Resources(mem_mb=3000, runtime=240),
        "score": Resources(mem_mb=1000, runtime=60),
        "draw": Resources(mem_mb=1200, runtime=30),
        "package": Resources(mem_mb=3000, runtime=120),
    },
)


@hookimpl
def challenges() -> list[Challenge]:
    return [MOOD]


@hookimpl
def models() -> list[Model]:
    return [PCA_RESIDUAL, RESIDUAL_BOOSTING, UNET3D, TIMM_SLICES]
