"""Splits of any name: their roles say what is trained on, scored and answered."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from digits import challengeflow_digits

from challengeflow import InputError, Prediction, Source, Submission, hookimpl
from challengeflow.planning.config import resolve
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import plans
from challengeflow.planning.plugins import Registry

ROLES = {"labelled": "train", "dev": "scored", "public": "answered", "private": "answered", "clips": "unlabelled"}
DIGITS = challengeflow_digits.challenges()[0]


def registry(trains_on=("clips",), **changes):
    source = {"demo": Source(splits=tuple(ROLES), gold=("labelled", "dev", "public"))}
    challenge = replace(
        DIGITS,
        splits=ROLES,
        datasets=(replace(DIGITS.datasets[0], sources=source, shards={}),),
        submissions=(Submission(name="csv", summary="both"), Submission(name="final", summary="", splits=("private",))),
        stages=dict.fromkeys(("download", "preprocess", "score", "package"), "json"),
        snakefile=None,
        **changes,
    )
    models = [replace(challengeflow_digits.models()[0], trains_on=trains_on, module="json")]
    plugin = SimpleNamespace(challenges=hookimpl(lambda: [challenge]), models=hookimpl(lambda: models))
    return Registry([("digits", plugin, "digits 1.0")])


def resolved(found, **section):
    config = {
        "challenges": {
            "digits": {"datasets": {"few": {"source": "demo", "folds": 2, **section.pop("few", {})}}, **section}
        }
    }
    return resolve(config, found)


def test_roles_say_what_becomes_of_a_split():
    found = registry()
    (plan,) = plans(resolved(found)).values()
    jobs = Jobs(plan, found)
    assert list(plan.datasets["few"].splits) == list(ROLES)
    scored = [shard.name for shard in plan.scored_shards("few")]
    assert scored == ["labelled-f0-000", "labelled-f1-000", "dev-000", "public-000"]
    assert plan.submissions["csv"] == {"few-logistic": {"few": "logistic"}}
    assert [shard.split for shard in jobs.answered("csv", "few")] == ["public", "private"]
    assert [shard.split for shard in jobs.answered("final", "few")] == ["private"]
    train = jobs.get("train", "few", "logistic", "0")
    assert any("clips-000" in path for path in train.inputs) and not any("dev" in path for path in train.inputs)
    assert sum("labelled-f1-000" in path for path in train.gold) == 1
    package = jobs.get("package", "final", "few-logistic")
    assert not any("public" in path for path in package.inputs) and any("private" in path for path in package.inputs)
    assert {job.parts[3] for job in jobs if job.stage == "predict"} == {*scored, "private-000"}


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        (
            {"few": {"splits": ["labeled"]}},
            "few.splits: 'labeled', to which",
        ),
        ({"few": {"gold": ["test"]}}, "no split 'test'"),
        ({"few": {"shards": {"train": 2}}}, "few.shards: the dataset has no split 'train'"),
        (
            {"few": {"splits": ["labelled", "public"]}, "submissions": {"final": {"a": {"few": "logistic"}}}},
            r"submissions.final.a: few has no split that final answers \(private\)",
        ),
    ],
)
def test_a_split_that_there_is_not_is_said(section, sentence):
    with pytest.raises(InputError, match=sentence):
        resolved(registry(), **section)


def test_a_source_with_a_split_without_a_role_is_said():
    source = {"demo": Source(splits=("labelled", "hidden"))}
    few = (replace(DIGITS.datasets[0], sources=source, shards={}),)
    found = registry()
    found.challenges["digits"] = replace(found.challenges["digits"], datasets=few)
    with pytest.raises(InputError, match=r"has 'hidden', to which Challenge.splits of digits gives no role"):
        resolved(found)


def test_a_model_learns_without_labels_on_known_splits_alone():
    with pytest.raises(InputError, match="model logistic trains without labels on 'labelled', which is no such split"):
        resolved(registry(trains_on=("labelled",)))


@pytest.mark.parametrize(
    ("splits", "sentence"),
    [
        ({"a-b": "train"}, "split 'a-b' is not a usable name"),
        ({"a": "test"}, "split 'a' has the role 'test'; write one of"),
    ],
)
def test_names_and_roles_are_checked(splits, sentence):
    plugin = SimpleNamespace(challenges=hookimpl(lambda: [replace(DIGITS, splits=splits)]))
    with pytest.raises(InputError, match=sentence):
        Registry([("digits", plugin, "digits 1.0")])


def test_an_ensemble_of_what_does_not_merge_is_refused():
    found = registry(prediction=Prediction(merge=None))
    members = {"one": {"model": "logistic"}, "two": {"model": "logistic"}, "both": {"members": ["one", "two"]}}
    with pytest.raises(
        InputError, match=r"models.both: answers of digits do not merge, so it has no ensembles; remove it"
    ):
        resolved(found, models=members)
