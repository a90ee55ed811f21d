"""Many labels at once: which birds sing? Some labels are not known; of two splits each submission says which."""

import challengeflow as cf

SMALL = cf.Resources(mem_mb=500, runtime=5)
STAGES = ("download", "preprocess", "score", "package")
SONGS = cf.Challenge(
    name="songs",
    title="Songs",
    url="https://example.org",
    metric=cf.Metric(name="auc", description="mean area under the curve of the birds", chance="0.5"),
    prediction=cf.Prediction(axes={"birds": 4}),
    gold=cf.Gold(axes={"birds": 4}, range=(0, 1), partial=True),
    prepared=(cf.PreparedArray(name="pitches", meaning="loudness at each pitch", axes={"pitches": 8}),),
    splits={"recorded": "train", "public": "answered", "private": "answered"},
    datasets=(
        cf.Dataset(
            name="wood",
            summary="240 recordings",
            sources={"demo": cf.Source(splits=("recorded", "public", "private"), gold=("recorded", "public"))},
            folds=2,
        ),
    ),
    submissions=(
        cf.Submission(name="first", summary="recording,birds of the public test", splits=("public",)),
        cf.Submission(name="final", summary="recording,birds of both tests"),
    ),
    licence="none",
    citation="made up",
    stages=dict.fromkeys(STAGES, "challengeflow_songs.stages"),
    resources=dict.fromkeys(STAGES, SMALL),
)
LOGISTIC = cf.Model(
    name="logistic",
    challenge="songs",
    summary="logistic regression of each bird",
    module="challengeflow_songs.stages",
    parameters={"steps": cf.integer(200, "steps of gradient descent", minimum=1)},
    resources=dict.fromkeys(("train", "predict"), SMALL),
)


@cf.hookimpl
def challenges():
    return [SONGS]


@cf.hookimpl
def models():
    return [LOGISTIC]
