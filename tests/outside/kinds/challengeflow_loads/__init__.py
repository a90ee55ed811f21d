"""Forecasting: how much power will be drawn? Quantiles over a horizon, pinball loss, folds in the order of time."""

import challengeflow as cf

SMALL = cf.Resources(mem_mb=500, runtime=5)
STAGES = ("download", "preprocess", "score", "package")
LOADS = cf.Challenge(
    name="loads",
    title="Loads",
    url="https://example.org",
    metric=cf.Metric(name="pinball", description="mean pinball loss", chance="the spread", best=0, direction="lower"),
    prediction=cf.Prediction(axes={"horizon": 6, "quantiles": 3}, range=(None, None)),
    gold=cf.Gold(axes={"horizon": 6}, perfect="challengeflow_loads.stages"),
    prepared=(cf.PreparedArray(name="past", meaning="the last day's loads", axes={"hours": 24}, unit="MW"),),
    datasets=(cf.Dataset(name="city", summary="50 days", sources={"demo": cf.Source()}, folds=3, own_folds=True),),
    submissions=(cf.Submission(name="csv", summary="window,hour,quantiles"),),
    licence="none",
    citation="made up",
    stages=dict.fromkeys(STAGES, "challengeflow_loads.stages"),
    resources=dict.fromkeys(STAGES, SMALL),
)
LINEAR = cf.Model(
    name="linear",
    challenge="loads",
    summary="least squares of each hour, and the quantiles of what they miss",
    module="challengeflow_loads.stages",
    parameters={"hours": cf.integer(24, "hours of the past that count", minimum=1, maximum=24)},
    resources=dict.fromkeys(("train", "predict"), SMALL),
)


@cf.hookimpl
def challenges():
    return [LOADS]


@cf.hookimpl
def models():
    return [LINEAR]
