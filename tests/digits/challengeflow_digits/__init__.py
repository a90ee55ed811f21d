"""scikit-learn's digits as the smallest challenge that uses every hook: is the digit even?

A test fixture, and the shortest complete plugin to read. Groups are made up: every 20 images are one writer.
"""

from pathlib import Path

from challengeflow import Challenge, Dataset, Metric, Model, PreparedArray, Resources, Source, Submission, hookimpl


@hookimpl
def challenges():
    source = {"demo": Source(splits=("train", "test"), gold=("train", "test"))}
    return [
        Challenge(
            name="digits",
            title="Even digits",
            url="https://scikit-learn.org",
            metric=Metric(name="accuracy", description="share of right answers", chance="0.5"),
            datasets=(
                Dataset(name="few", summary="300 images", sources=source, folds=3, shards={"train": 2, "test": 2}),
                Dataset(name="many", summary="600 images", sources=source, folds=3, extends="few"),
            ),
            submissions=(Submission(name="csv", summary="sample,even", own_data=True),),
            licence="BSD-3-Clause",
            citation="E. Alpaydin and C. Kaynak (1998): Optical Recognition of Handwritten Digits",
            schema={
                "download": {
                    "broken": {
                        "type": "array",
                        "items": {"type": "string"},
                        "default": [],
                        "description": "images that are left out, as if they could not be had",
                    }
                },
                "preprocess": {"scale": {"type": "number", "default": 16.0, "description": "the grey value of white"}},
            },
            prepared=(PreparedArray(name="pixels", meaning="grey values, 0 to 1", axes={"pixels": 64}),),
            stages={
                "download": "challengeflow_digits.images",
                "preprocess": "challengeflow_digits.pixels",
                "score": "challengeflow_digits.accuracy",
                "draw": "challengeflow_digits.sheet",
                "package": "challengeflow_digits.table",
            },
            commands={"digits-count": "challengeflow_digits.count"},
            snakefile=str(Path(__file__).parent / "extra.smk"),
            resources=dict.fromkeys(("download", "preprocess", "score", "package"), Resources(mem_mb=500)),
        )
    ]


@hookimpl
def models():
    iterations = {"type": "integer", "default": 60, "description": "steps of gradient descent"}
    pause = {"type": "number", "default": 0.0, "description": "seconds to wait after a step"}
    return [
        Model(
            name="logistic",
            challenge="digits",
            summary="logistic regression by gradient descent",
            module="challengeflow_digits.logistic",
            parameters={"iterations": iterations, "pause": pause},
            resources={"train": Resources(mem_mb=500), "predict": Resources(mem_mb=500)},
        )
    ]
