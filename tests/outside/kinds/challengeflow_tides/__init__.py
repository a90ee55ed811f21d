"""Regression: how high is the tide? Numbers without bounds, an error of which less is better, an unlabelled test."""

import challengeflow as cf

SMALL = cf.Resources(mem_mb=500, runtime=5)
STAGES = ("download", "preprocess", "score", "package")
TIDES = cf.Challenge(
    name="tides",
    title="Tides",
    url="https://example.org",
    metric=cf.Metric(
        name="rmse",
        description="root of the mean square error",
        chance="the spread of heights",
        best=0,
        direction="lower",
    ),
    further_metrics=(
        cf.Metric(name="mae", description="mean absolute error", chance="the spread", best=0, direction="lower"),
    ),
    prediction=cf.Prediction(range=(None, None)),
    prepared=(cf.PreparedArray(name="gauges", meaning="what three gauges show", axes={"gauges": 3}, unit="m"),),
    datasets=(cf.Dataset(name="coast", summary="120 days", sources={"demo": cf.Source()}, folds=2),),
    submissions=(cf.Submission(name="csv", summary="day,height"),),
    licence="none",
    citation="made up",
    stages=dict.fromkeys(STAGES, "challengeflow_tides.stages"),
    resources=dict.fromkeys(STAGES, SMALL),
)
LINEAR = cf.Model(
    name="linear",
    challenge="tides",
    summary="ridge regression",
    module="challengeflow_tides.stages",
    parameters={"ridge": cf.number(0.1, "how strongly weights are held to 0", minimum=0)},
    resources=dict.fromkeys(("train", "predict"), SMALL),
)


@cf.hookimpl
def challenges():
    return [TIDES]


@cf.hookimpl
def models():
    return [LINEAR]
