"""The model on the demo, on a second generator's videos, and the promises every stage makes."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from clog_loss_other_optics import write_other_video

from challengeflow import InputError, Sample
from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow.plain_models import load
from challengeflow_clog_loss.data import preprocess
from challengeflow_clog_loss.scoring import matthews

OTHER_VIDEOS = 24


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Videos of the second generator: their prepared folder, ids, labels, and bytes by id."""
    root = tmp_path_factory.mktemp("others")
    labels = {f"other-{number}": number % 3 == 0 for number in range(OTHER_VIDEOS)}
    entries, sizes = [], {}
    for number, (name, stalled) in enumerate(labels.items()):
        frames = write_other_video(root / f"{name}.mp4", number, stalled)
        sizes[name] = (root / f"{name}.mp4").stat().st_size
        preprocess.prepare(root / f"{name}.mp4", frames, 8, root / f"{name}.npz")
        entries.append((name, *preprocess.read_kept(root / f"{name}.npz")))
    with preprocess.Writer(root / "prepared") as out:
        for name, attributes, arrays in entries:
            out.add(name, attributes, **arrays)
    return root / "prepared", labels, sizes


def test_the_model_is_between_chance_and_perfect(demo):
    path, _ = demo.stages.score("cv", demo.shards.values())
    scores = json.loads(path.read_text())
    print({split: value["score"] for split, value in scores.items()})
    assert scores["train"]["detail"]["roc_auc"] > 0.75
    assert 0.15 < scores["train"]["score"] < 1  # as many videos as the shipped demo has


def test_the_model_keeps_its_order_on_other_optics(demo, others):
    prepared, labels, _ = others
    assert Arrays(prepared).ok() == list(labels)
    from challengeflow_clog_loss.features.motion_features import features
    from challengeflow_clog_loss.models.roi_features import _probability

    arrays = Arrays(prepared)
    values = np.array([list(features(arrays[name]).values()) for name in labels])
    models = [load(folder, "boosting_share") for folder in demo.models]
    chance = np.mean([_probability(parts, numbers["boosting_share"], values) for parts, numbers in models], axis=0)
    stalled = np.array(list(labels.values()))
    above = np.mean(chance[stalled][:, None] > chance[~stalled])
    print(f"area under the curve on the second generator: {above:.3f}")
    assert above > 0.75


def single_statistics(prepared, sizes) -> dict[str, np.ndarray]:
    """One number a video: what a lazy classifier might look at."""
    arrays = Arrays(prepared)
    rows = []
    for name in arrays:
        cube, mask = arrays[name]["cube"].astype(float), arrays[name]["mask"].astype(bool)
        rows.append(
            (mask.sum(), *mask.shape, len(cube), cube[:, mask].mean(), cube.var(), cube[:, mask].var(), sizes[name])
        )
    names = ("area", "height", "width", "frames", "brightness", "variance", "inner_variance", "bytes")
    return dict(zip(names, np.array(rows, float).T, strict=True))


def best_stump(values: np.ndarray, stalled: np.ndarray) -> float:
    """Cross-fitted MCC of a threshold on one number, either way round: each third by the other two."""
    answers = np.zeros(len(values), bool)
    ranks = values.argsort().argsort() / len(values)
    for part in range(3):
        own = np.arange(len(values)) % 3 == part
        fits = []
        for sign in (ranks, 1 - ranks):
            cut = matthews.fit_threshold(stalled[~own], sign[~own], float(stalled[~own].mean()))
            fits.append((matthews.mcc(*matthews.confusion(stalled[~own], sign[~own] >= cut)), sign[own] >= cut))
        answers[own] = max(fits, key=lambda fit: fit[0])[1]
    return matthews.mcc(*matthews.confusion(stalled, answers))


def test_single_statistics_are_at_chance(demo, others):
    samples, stalled, tables = [], [], []
    for shard in demo.shards.values():
        gold = Predictions(shard.gold)
        # the raw videos lie where the demo's download left them
        raw = demo.stages.root / "raw" / shard.name
        sizes = {sample.id: (raw / f"{sample.id}.mp4").stat().st_size for sample in shard.samples}
        tables.append(single_statistics(shard.prepared, sizes))
        stalled += [gold[sample.id][0] > 0.5 for sample in shard.samples]
        samples += shard.samples
    demo_values = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    prepared, labels, sizes = others
    for values, truth in (
        (demo_values, np.array(stalled)),
        (single_statistics(prepared, sizes), np.array(list(labels.values()))),
    ):
        reached = {name: round(best_stump(value, truth), 2) for name, value in values.items()}
        print(reached)
        assert max(reached.values()) < 0.2 + len(truth) ** -0.5  # and what a few dozen videos leave to chance
        assert np.mean(list(reached.values())) < 0.1


def test_a_killed_training_goes_on(demo, stages):
    shards = [shard for shard in demo.train_shards if shard.name != "train-0"]
    whole = stages.train("whole", shards, 0)
    work = stages.root / "work" / "train-whole"
    assert len(list(work.glob("boosting-*"))) == 4 and len(list(work.glob("features-*.npy"))) == 2
    shutil.rmtree(work / "boosting-3")
    (work / "boosting-2").rename(work / "boosting-2.part")
    kept = (work / "boosting-0" / "data.bin").stat().st_mtime_ns
    expected = {path.name: path.read_bytes() for path in whole.iterdir()}
    shutil.rmtree(whole)
    stages.train("whole", shards, 0)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == expected
    assert (work / "boosting-0" / "data.bin").stat().st_mtime_ns == kept


def test_one_class_is_refused(demo, stages, tmp_path):
    shard = demo.shards["train-0"]
    write_scores(tmp_path / "gold", ((sample.id, np.zeros(1, np.float32)) for sample in shard.samples))
    with pytest.raises(InputError, match="both classes"):
        stages.train("one-class", [replace(shard, gold=tmp_path / "gold")], 1)
    with pytest.raises(InputError, match="found 0 videos"):
        stages.train("nothing", [], 1)


def test_a_shard_without_a_readable_video_ends_nobody(demo, stages):
    """It is left out of the training, and answered with the prior."""
    sample = Sample("x", "train", "A", {"num_frames": ""})
    (stages.folder("index-gold") / "labels.csv").write_text("sample,stalled,crowd_score,tier1\nx,1,,\n")
    stages.folder("raw", "train-9")
    empty = stages.preprocess("train-9", (sample,), labelled=True)
    assert not Arrays(empty.prepared).ok()
    model = stages.train("beside-an-empty-one", [*demo.train_shards[:2], empty], 2)
    without = stages.train("without", demo.train_shards[:2], 2)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == {
        path.name: path.read_bytes() for path in without.iterdir()
    }
    answered = Predictions(stages.predict("empty", empty, [model]).predictions)
    assert answered["x"] == pytest.approx(load(model, "prior")[1]["prior"])


def test_unreadable_videos_get_the_prior_and_own_folders_are_answered(demo, stages, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "broken.mp4").write_bytes(b"no video")
    write_other_video(own / "mine.mp4", 1, False)
    samples = stages.index(str(own), splits=("test",), gold=())
    stages.download(str(own), "test-0", samples)
    assert (stages.root / "raw" / "test-0" / "mine.mp4").is_symlink()
    shard = stages.predict("own", stages.preprocess("test-0", samples, labelled=False), demo.models)
    chance = Predictions(shard.predictions)
    priors = [load(folder, "prior")[1]["prior"] for folder in demo.models]
    assert chance["broken"] == pytest.approx(np.mean(priors)) and chance["mine"].dtype == np.float32
    _, decision = demo.stages.score("own", demo.shards.values())
    lines = (stages.package("answers", [shard], decision, str(own)) / "answers.csv").read_text().splitlines()
    assert lines[1].startswith("broken.mp4,") and "damaged" in lines[1]
    assert ",ok,colour," in lines[2] and len(lines) == 3


def test_a_missing_local_video_is_reported(demo, stages, tmp_path):
    sample = Sample("100000", "train", "A", {"filename": "100000.mp4", "num_frames": "20"})
    for folder in ("train", "nano", ""):
        (tmp_path / "data" / folder).mkdir(parents=True, exist_ok=True)
        path = tmp_path / "data" / folder / "100000.mp4"
        path.write_bytes(b"x")
        raw = stages.download(str(tmp_path / "data"), f"train-{folder or 'top'}", (sample,))
        assert (raw / "100000.mp4").resolve() == path.resolve()
        path.unlink()
    raw = stages.download(str(tmp_path / "data"), "train-none", (sample,))
    assert not list(raw.iterdir())
