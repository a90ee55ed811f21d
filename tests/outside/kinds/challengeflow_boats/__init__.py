"""Detection: where are the boats? As many boxes as one finds, gold of another form, a rule of its own to merge."""

import challengeflow as cf

SMALL = cf.Resources(mem_mb=500, runtime=5)
STAGES = ("download", "preprocess", "score", "package")
RULES = "challengeflow_boats.boxes"
BOATS = cf.Challenge(
    name="boats",
    title="Boats",
    url="https://example.org",
    metric=cf.Metric(name="f1", description="F1 of boxes that overlap by half", chance="0"),
    prediction=cf.Prediction(axes={"boxes": "answer", "edges and sureness": 5}, merge=RULES),
    gold=cf.Gold(axes={"boats": "sample", "edges": 4}, range=(0, 1), perfect=RULES),
    prepared=(cf.PreparedArray(name="image", meaning="brightness", axes={"rows": 32, "columns": 32}),),
    datasets=(cf.Dataset(name="harbour", summary="30 images", sources={"demo": cf.Source()}, folds=2),),
    submissions=(cf.Submission(name="csv", summary="image,top,left,bottom,right,sureness"),),
    licence="none",
    citation="made up",
    stages=dict.fromkeys(STAGES, "challengeflow_boats.stages"),
    resources=dict.fromkeys(STAGES, SMALL),
)
BRIGHT = cf.Model(
    name="bright",
    challenge="boats",
    summary="bright regions",
    module="challengeflow_boats.stages",
    parameters={"backwards": cf.boolean(False, "list the boxes from the last to the first")},
    resources=dict.fromkeys(("train", "predict"), SMALL),
)


@cf.hookimpl
def challenges():
    return [BOATS]


@cf.hookimpl
def models():
    return [BRIGHT]
