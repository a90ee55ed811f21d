"""MABe 2021 Task 1 (CalMS21): classify what two animals do to each other, frame by frame, from their tracked poses."""

from pathlib import Path

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
    number,
)
from challengeflow_mabe_task1.models.declarations import MODELS
from challengeflow_mabe_task1.scoring.terms import TERMS


def _names(description: str) -> dict[str, object]:
    """The schema of a list of names; null: the only one there is, more than one is refused."""
    about = f"{description}; null: the only one there is"
    return {
        "type": ["array", "null"],
        "items": {"type": "string"},
        "minItems": 1,
        "default": None,
        "description": about,
    }


OFFICIAL_ARCHIVE = "task1_classic_classification.zip"

CHALLENGE = Challenge(
    name="mabe-task1",
    title="MABe 2021 Task 1: classical classification of mouse behaviour (CalMS21)",
    env="mabe-task1",
    url="https://www.aicrowd.com/challenges/multi-agent-behavior-representation-modeling-measurement-and-applications",
    metric=Metric(
        name="macro-f1",
        description="Mean F1 of the scored behaviours (all but 'other'), counted over the frames of all sequences",
        chance="about the mean share of the scored behaviours: 0.12 on CalMS21",
    ),
    prediction=Prediction(axes={"frames": "sample", "classes": "dataset"}),
    prepared=(
        PreparedArray(
            name="keypoints",
            meaning="where each body part is in the picture, resident first; NaN where it was not seen",
            axes={"frames": "sample", "animals (resident, intruder)": 2, "x, y": 2, "parts": "sample"},
            unit="pixels",
        ),
    ),
    attributes={
        "vocabulary": "behaviours, in the order of the classes",
        "fps": "frames a second",
        "first_frame": "number of the first frame in the video, for label files that count from there",
        "annotator": "who labelled, by number",
        "pixels_per_cm": "scale of the picture; null: not known",
        "parts": "names of the body parts, in the order of the array",
        "quality": "what was noticed about the track: seconds, missing, jumps, swaps, warnings",
        "notes": "what a reader should know of how the file was read",
    },
    datasets=(
        Dataset(
            name="task1",
            summary="Resident-intruder assays: two mice, seven body parts each, attack / investigation / mount / other",
            sources={
                "demo": Source(
                    gold=("train", "test"),
                    archives=("aicrowd",),
                    cost="24 simulated sequences of about 2,500 frames, 15 MB, made in seconds",
                    raw_mb=15,
                    prepared_mb=7,
                    core_hours=0.015,
                ),
                "official": Source(
                    gold=("train", "test"),
                    archives=(OFFICIAL_ARCHIVE,),
                    cost="89 sequences, 769,845 frames; one download of 457 MB from CaltechDATA, 2 GB unpacked",
                    raw_mb=2_500,
                    prepared_mb=90,
                    core_hours=0.16,
                ),
                "local": Source(cost="a folder with train.npy and test.npy as AIcrowd or CalMS21 lay them out"),
            },
            folds=5,
            shards={"train": 1, "test": 1},
        ),
        Dataset(
            name="task2",
            summary="Annotation style: the same behaviours, labelled by several people, each in a way of their own",
            sources={
                "demo": Source(
                    gold=("train", "test"),
                    archives=("aicrowd",),
                    cost="24 simulated sequences of three annotators, 15 MB, made in seconds",
                ),
                "local": Source(
                    cost="a folder with train.npy and test.npy, or calms21_task2_train.json and ..._test.json"
                ),
            },
            folds=3,
        ),
        Dataset(
            name="task3",
            summary="New behaviours from few examples, one at a time: download.behaviours says which",
            sources={
                "demo": Source(
                    gold=("train", "test"),
                    archives=("aicrowd",),
                    cost="8 simulated sequences of a new behaviour ('chase' unless told otherwise), made in seconds",
                ),
                "local": Source(
                    cost="a folder with train.npy and test.npy, or calms21_task3_train.json and ..._test.json"
                ),
            },
            folds=3,
        ),
        Dataset(
            name="lab",
            summary="One's own recordings: any pair of animals, any body parts, any behaviours",
            sources={
                "demo": Source(
                    archives=("recordings",),
                    cost="12 labelled and 4 unlabelled simulated recordings (DeepLabCut, Bento, BORIS), 9 MB",
                ),
                "local": Source(cost="a folder of poses (DeepLabCut, SLEAP, .npy) and labels (Bento, BORIS, csv)"),
            },
            folds=3,
        ),
    ),
    submissions=(
        Submission(
            name="npy",
            summary="submission.npy: sequence -> one class number a frame, as AIcrowd accepts it",
            file="submission.npy",
            table="summary.csv",
        ),
        Submission(
            name="answers",
            summary="for a lab: tables of bouts, recordings and quality, Bento and BORIS files, what to label next",
            own_data=True,
            table="summary.csv",
        ),
    ),
    licence="CalMS21: CC BY-NC-SA 4.0 by its paper, CC BY 4.0 by its repository; treat as non-commercial. Not shipped",
    citation="Sun et al. (2021): The Multi-Agent Behavior Dataset: Mouse Dyadic Social Interactions. "
    "NeurIPS Datasets and Benchmarks. DOI 10.22002/D1.1991",
    schema={
        "download": {
            "accept_licence": boolean(
                False, "Whether you accept the licence of the official data (shown when it is not)"
            ),
            "behaviours": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "minItems": 1,
                "default": None,
                "description": "Behaviours to take from label files of one's own (where bouts overlap the first wins); "
                "of a task-3 file the one whose sequences to take. null: all that occur, the rarest first",
            },
            "animals": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "minItems": 2,
                "maxItems": 2,
                "default": None,
                "description": "Names of resident and intruder in one's own tracks, where recordings.csv does not say",
            },
            "rename_parts": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "default": {},
                "description": "Body parts that some files of one's own call otherwise: {their name: name here}",
            },
            "subjects": _names("Of label files with several subjects (BORIS) those whose behaviours count"),
            "observers": _names("Of label tables by several people those whose labels count"),
            "channels": _names("Of Bento files with bouts in several channels those that count"),
            "group_by": {
                "enum": ["sequence", "annotator"],
                "default": "sequence",
                "description": "What folds keep together; annotator: every fold leaves whole annotators out",
            },
        },
        "preprocess": {
            "fps": number(30, "Frames a second, where neither recordings.csv nor the files say", above=0),
            "pixels_per_cm": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "default": None,
                "description": "Scale of the video, where recordings.csv does not say; null: not known, lengths are in "
                "body lengths",
            },
            "least_confidence": number(
                0,
                "Points the tracker is less sure of are taken as not seen (where its file says how sure it is)",
                minimum=0,
                maximum=1,
            ),
            "parts": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "default": None,
                "description": "Body parts to use, by name; of arrays, which name none, their names in order. null: "
                "those that the recordings have in common; of arrays the seven of MARS, or numbers",
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
            "smoothing": boolean(True, "Smooth scores in time and weigh classes, wherever that gains on other folds"),
        },
        "package": {
            "shortest_bout": number(
                0, "Seconds below which a bout is left out of the tables (never of the submission)", minimum=0
            ),
            "label_next": integer(50, "How many moments to list as most worth a label (label_next.csv)", minimum=0),
            "frame_scores": {
                "type": "array",
                "items": {"enum": ["csv", "parquet"]},
                "default": ["csv"],
                "description": "How to write the scores of every frame (of one's own recordings); [] for not at all",
            },
            "videos": integer(
                0,
                "Of how many recordings to draw answers over their video, where it lies beside the poses",
                minimum=0,
            ),
            "clips": integer(10, "Of how many moments of label_next.csv to cut clips from these videos", minimum=0),
            "pictures": integer(20, "Of how many sequences to draw ethograms", minimum=0),
        },
    },
    snakefile=str(Path(__file__).parent / "pictures" / "importance.smk"),
    stages={
        "inspect": "challengeflow_mabe_task1.data.inspect",
        "download": "challengeflow_mabe_task1.data.download",
        "preprocess": "challengeflow_mabe_task1.data.preprocess",
        "score": "challengeflow_mabe_task1.scoring.score",
        "draw": "challengeflow_mabe_task1.pictures.draw",
        "package": "challengeflow_mabe_task1.answers.package",
    },
    commands={
        "merge-task3": "challengeflow_mabe_task1.commands.merge_task3",
    },
    terms=TERMS,
    resources={
        "download": Resources(mem_mb=2500, runtime=120),
        "preprocess": Resources(mem_mb=1000, runtime=20),
        "score": Resources(mem_mb=1200, runtime=60),
        "draw": Resources(mem_mb=1000, runtime=30),
        "package": Resources(mem_mb=1000, runtime=20),
    },
)


@hookimpl
def challenges() -> list[Challenge]:
    return [CHALLENGE]


@hookimpl
def models() -> list[Model]:
    return list(MODELS)
