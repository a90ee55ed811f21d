"""MABe 2021 Task 1 (CalMS21): classify what two animals do to each other, frame by frame, from their tracked poses."""

from challengeflow import Challenge, Dataset, Metric, Model, Resources, Source, Submission, hookimpl

OFFICIAL_ARCHIVE = "task1_classic_classification.zip"

CHALLENGE = Challenge(
    name="mabe-task1",
    title="MABe 2021 Task 1: classical classification of mouse behaviour (CalMS21)",
    url="https://www.aicrowd.com/challenges/multi-agent-behavior-representation-modeling-measurement-and-applications",
    metric=Metric(
        name="macro-f1",
        description="Mean F1 of the scored behaviours (all but 'other'), counted over the frames of all sequences",
        chance="about the mean share of the scored behaviours: 0.12 on CalMS21",
    ),
    datasets=(
        Dataset(
            name="task1",
            summary="Resident-intruder assays: two mice, seven body parts each, attack / investigation / mount / other",
            sources={
                "demo": Source(
                    gold=("train", "test"),
                    archives=("aicrowd",),
                    cost="24 simulated sequences of about 2,500 frames, 15 MB, made in seconds",
                ),
                "official": Source(
                    gold=("train", "test"),
                    archives=(OFFICIAL_ARCHIVE,),
                    cost="89 sequences, 769,845 frames; one download of 457 MB from CaltechDATA, 2 GB unpacked",
                ),
                "local": Source(cost="a folder with train.npy and test.npy as AIcrowd or CalMS21 lay them out"),
            },
            folds=5,
            shards={"train": 1, "test": 1},
        ),
    ),
    submissions=(
        Submission(name="npy", summary="submission.npy: sequence -> one class number a frame, as AIcrowd accepts it"),
        Submission(
            name="answers",
            summary="bouts.csv and summary.csv: when each behaviour starts and stops, how often and how long",
            own_data=True,
        ),
    ),
    licence="CalMS21: CC BY-NC-SA 4.0 by its paper, CC BY 4.0 by its repository; treat as non-commercial. Not shipped",
    citation="Sun et al. (2021): The Multi-Agent Behavior Dataset: Mouse Dyadic Social Interactions. "
    "NeurIPS Datasets and Benchmarks. DOI 10.22002/D1.1991",
    schema={
        "preprocess": {
            "fps": {"type": "number", "exclusiveMinimum": 0, "default": 30, "description": "Frames a second"},
            "parts": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "default": None,
                "description": "Names of the body parts in file order; null: the seven of MARS, or numbers",
            },
            "vocabulary": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 2,
                "default": ["attack", "investigation", "mount", "other"],
                "description": "Behaviours by class number, for files that do not list them",
            },
        },
        "score": {
            "scored": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "default": None,
                "description": "Behaviours in the mean; null: all but 'other' (or the last one, if none is called so)",
            },
            "smoothing": {
                "type": "boolean",
                "default": True,
                "description": "Smooth scores in time and weigh classes, wherever that gains on other folds",
            },
        },
        "package": {
            "shortest_bout": {
                "type": "number",
                "minimum": 0,
                "default": 0,
                "description": "Seconds below which a bout is left out of the tables (never of the submission)",
            },
        },
    },
    resources={
        "download": Resources(mem_mb=4000, runtime=120),
        "preprocess": Resources(mem_mb=1000, runtime=20),
        "score": Resources(mem_mb=2000, runtime=60),
        "package": Resources(mem_mb=1000, runtime=20),
    },
)

POSE_BOOSTING = Model(
    name="pose-boosting",
    challenge="mabe-task1",
    summary="Egocentric pose and motion features, centred windows of several lengths, histogram gradient boosting",
    module="challengeflow_mabe_task1.pose_boosting",
    parameters={
        "windows": {
            "type": "array",
            "items": {"type": "number", "exclusiveMinimum": 0},
            "minItems": 1,
            "default": [0.5, 2, 6, 20],
            "description": "Lengths in seconds of the centred windows whose mean and spread enter the features",
        },
        "longest_gap": {
            "type": "number",
            "minimum": 0,
            "default": 0.5,
            "description": "Seconds of missing tracking to bridge in a straight line; longer gaps stay missing",
        },
        "axis": {
            "type": ["array", "null"],
            "items": {"type": ["integer", "string"], "minimum": 0},
            "minItems": 2,
            "maxItems": 2,
            "default": None,
            "description": "Parts, by number or name, the body axis runs from and to; null: tail base to neck where "
            "there are the seven MARS parts, else the two parts seen most often, the later one to the earlier",
        },
        "rows": {
            "type": "integer",
            "minimum": 100,
            "default": 20000,
            "description": "Most frames to train each part of the model on, evenly spread over the sequences",
        },
        "parts": {
            "type": "integer",
            "minimum": 1,
            "default": 3,
            "description": "Boosted models to average; each sees other frames and features",
        },
        "features": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.2,
            "description": "Share of the features each part sees, drawn at random",
        },
        "iterations": {"type": "integer", "minimum": 1, "default": 50, "description": "Boosting rounds of each part"},
        "leaves": {"type": "integer", "minimum": 2, "default": 15, "description": "Most leaves of a tree"},
        "learning_rate": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 0.15,
            "description": "Step of each boosting round",
        },
        "balance": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.3,
            "description": "Weight of rare behaviours: 0 as they come, 1 each behaviour alike",
        },
    },
    resources={
        "train": Resources(mem_mb=2500, runtime=120),
        "predict": Resources(mem_mb=1500, runtime=60),
    },
)


@hookimpl
def challenges():
    return [CHALLENGE]


@hookimpl
def models():
    return [POSE_BOOSTING]


@hookimpl
def download(job):
    from challengeflow_mabe_task1 import acquire

    acquire.run(job)


@hookimpl
def preprocess(job):
    from challengeflow_mabe_task1 import prepare

    prepare.run(job)


@hookimpl
def train(job):
    from challengeflow_mabe_task1 import pose_boosting

    pose_boosting.train(job)


@hookimpl
def predict(job):
    from challengeflow_mabe_task1 import pose_boosting

    pose_boosting.predict(job)


@hookimpl
def score(job):
    from challengeflow_mabe_task1 import evaluate

    evaluate.run(job)


@hookimpl
def package(job):
    from challengeflow_mabe_task1 import submit

    submit.run(job)
