"""Segmentation: what is each pixel of an image of any size? Whole numbers that vote, and run-length lines."""

import challengeflow as cf

SMALL = cf.Resources(mem_mb=500, runtime=5)
STAGES = ("download", "preprocess", "score", "package")
PIXELS = {"rows": "sample", "columns": "sample"}
CELLS = cf.Challenge(
    name="cells",
    title="Cells",
    url="https://example.org",
    metric=cf.Metric(
        name="iou", description="mean overlap of cells and nuclei with the truth", chance="0.13 of random labels"
    ),
    prediction=cf.Prediction(axes=PIXELS, dtypes=("uint8",), range=(0, 2), merge="vote"),
    prepared=(cf.PreparedArray(name="image", meaning="brightness", axes=PIXELS),),
    datasets=(
        cf.Dataset(name="plates", summary="30 images", sources={"demo": cf.Source(gold=("train", "test"))}, folds=2),
    ),
    submissions=(cf.Submission(name="csv", summary="image,class,start length ..."),),
    licence="none",
    citation="made up",
    stages=dict.fromkeys(STAGES, "challengeflow_cells.stages"),
    resources=dict.fromkeys(STAGES, SMALL),
)
NEAREST = cf.Model(
    name="nearest",
    challenge="cells",
    summary="the class whose mean brightness is nearest",
    module="challengeflow_cells.stages",
    parameters={"shift": cf.number(0.0, "added to the brightness of every pixel")},
    resources=dict.fromkeys(("train", "predict"), SMALL),
)


@cf.hookimpl
def challenges():
    return [CELLS]


@cf.hookimpl
def models():
    return [NEAREST]
