"""Networks learn, repeat themselves to the bit, go on after a kill, stop early, never start from their own fold."""

import csv
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from clog_loss_moving_bars import NETWORKS, STAGE, Clips, prepared_shards

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays, Predictions, Writer

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> list[Shard]:
    return prepared_shards(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def made(prepared, tmp_path) -> Clips:
    return Clips(tmp_path, prepared)


def answers(shard: Shard, predictions: Predictions) -> np.ndarray:
    return np.array([predictions[name][0] for name in Arrays(shard.prepared).ok()])


def truth(shard: Shard) -> np.ndarray:
    gold = Predictions(shard.gold)
    return np.array([gold[name][0] > 0.5 for name in Arrays(shard.prepared).ok()])


@pytest.mark.parametrize("model", NETWORKS)
def test_it_fits_eight_videos_perfectly(made, model):
    free = {"dropout": 0, "weight_decay": 0, "augmentation": False, "learning_rate": 0.01}
    batches = {"batch": 8, "batches": 2, "stalled_share": 0.5, "stages": [STAGE | {"epochs": 20}]}
    shape = {"size": 16 if model == "kymograph-net" else 32, "frames": 12}
    folder = made.train(model, "fit", **free, **batches, **shape)
    predictions = made.predict(model, "fit", made.shards[0], [folder], **shape)
    np.testing.assert_array_equal(answers(made.shards[0], predictions) > 0.5, truth(made.shards[0]))
    with open(folder / "curve.csv") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 20 and losses[-1] < 0.2 * losses[0]
    assert predictions["08"] == pytest.approx(0.5)  # unreadable: the prevalence


@pytest.mark.parametrize("model", NETWORKS)
def test_it_repeats_itself_to_the_bit(made, model):
    first, second = made.train(model, "once"), made.train(model, "again")
    assert (first / "weights" / "data.bin").read_bytes() == (second / "weights" / "data.bin").read_bytes()
    once, again = (made.predict(model, name, made.shards[1], [first, second]) for name in ("once", "again"))
    np.testing.assert_array_equal(answers(made.shards[1], once), answers(made.shards[1], again))


@pytest.mark.parametrize("model", NETWORKS)
def test_a_killed_training_goes_on_to_the_same_bits(made, monkeypatch, model):
    from challengeflow_clog_loss.models.networks import fitting

    both = {"stages": [STAGE | {"epochs": 2}, STAGE | {"epochs": 2, "flowing": 1, "tier1_only": True}]}
    expected = made.train(model, "whole", **both)
    epoch, ran = fitting._epoch, []

    def dies(*arguments):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append("epoch")
        return epoch(*arguments)

    monkeypatch.setattr(fitting, "_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        made.train(model, "killed", **both)
    (made.root / "models" / "killed").rename(made.root / "lost")
    monkeypatch.setattr(fitting, "_epoch", lambda *arguments: ran.append("epoch") or epoch(*arguments))
    resumed = made.train(model, "killed", **both)
    assert len(ran) == 4
    for file in ("weights/data.bin", "curve.csv", "model.json"):
        assert (resumed / file).read_bytes() == (expected / file).read_bytes(), file


def test_it_ends_with_the_epoch_that_ranks_inner_projects_best_and_stops_early(made, monkeypatch):
    from challengeflow_clog_loss.models.networks import fitting

    scores, weights = iter([0.6, 0.9, 0.7, 0.8, 1.0]), []

    def score(net, own):
        assert len({made.shards[number // 8].name for number in own.inner}) and len(own.inner) == 4
        weights.append({name: value.numpy().copy() for name, value in net.state_dict().items()})
        return next(scores)

    monkeypatch.setattr(fitting, "inner_score", score)
    early = {"inner": 0.25, "patience": 2, "stages": [STAGE | {"epochs": 5}]}
    folder = made.train("resnet3d-small", "early", shards=made.shards, fold=None, **early)
    with open(folder / "curve.csv") as file:
        assert [float(row["score"]) for row in csv.DictReader(file)] == [0.6, 0.9, 0.7, 0.8]
    for name, value in Arrays(folder / "weights")["net"].items():
        np.testing.assert_array_equal(value, weights[1][name])
    facts = json.loads((folder / "model.json").read_text())
    assert facts["groups"] == ["A", "B", "C", "D"] and len(facts["inner_groups"]) == 1


def test_answers_are_at_the_prevalence_of_the_training_videos(made):
    """The share of stalled videos in a batch moves no answer for long: the logit is corrected by it."""
    from challengeflow_clog_loss.models.networks.clip_model import to_prevalence

    facts = {"prevalence": 0.1, "parameters": {"stalled_share": 0.25}}
    assert 1 / (1 + np.exp(-(np.log(0.25 / 0.75) + to_prevalence(facts)))) == pytest.approx(0.1)


def test_training_starts_from_a_model_but_never_from_one_that_saw_the_held_out_fold(made):
    start = made.train("resnet3d-small", "start/fold-1")
    still = {"stages": [STAGE | {"epochs": 1}], "learning_rate": 1e-9, "weight_decay": 0}
    later = made.train("resnet3d-small", "later", start_from=str(start.parent), **still)
    before, after = (Arrays(folder / "weights")["net"] for folder in (start, later))
    np.testing.assert_allclose(after["head.1.weight"], before["head.1.weight"], atol=1e-6)
    with pytest.raises(InputError, match="was trained on project A, which fold 0 holds out"):
        made.train("resnet3d-small", "leak", shards=made.shards[1:], fold=0, start_from=str(start))
    with pytest.raises(InputError, match="there is no trained network"):
        made.train("resnet3d-small", "none", start_from=str(made.root))
    with pytest.raises(InputError, match="do not fit this network"):
        made.train("resnet3d-small", "other", start_from=str(start), width=8)


def test_passes_are_full_and_a_video_has_its_bits_whatever_is_beside_it():
    import torch

    from challengeflow_clog_loss.models.networks import fitting
    from challengeflow_clog_loss.models.networks.clips import Clip

    random, passes = np.random.default_rng(0), []
    grey = random.random((7, 8, 16, 16)).astype(np.float16)
    clips = [Clip(each, np.ones((16, 16), np.float16)) for each in grey]
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv3d(2, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 6 * 14 * 14, 1))
    net.eval().register_forward_hook(lambda net, given, made: passes.append(len(given[0])))
    one = torch.nn.Sequential(net, torch.nn.Flatten(0))
    flips = ((False, False, False), (True, False, False), (False, True, True))
    videos = [clips[:2], clips[2:3], clips[3:]]
    together = np.array(list(fitting.predict([one, one], videos, "cpu", flips)))
    assert together.shape == (3, 2) and passes == [fitting.AT_ONCE] * 6  # 21 views in three passes, of two networks
    for video, logits in zip(videos, together, strict=True):
        (alone,) = fitting.predict([one], [video], "cpu", flips)
        assert alone[0] == logits[0]
    with torch.inference_mode():
        tensors = [fitting.as_tensor(clip, "cpu") for clip in videos[0]]
        each = [one(torch.flip(t, axes)[None]) for t in tensors for axes in ([], [1], [2, 3])]
    assert together[0, 0] == pytest.approx(float(torch.stack(each).mean()), rel=1e-5)


def test_a_network_can_be_shown_the_straightened_vessel(made):
    folder = made.train("resnet3d-small", "straight", view="straightened")
    predictions = made.predict("resnet3d-small", "straight", made.shards[1], [folder], view="straightened")
    assert np.ptp(answers(made.shards[1], predictions)) > 0


def test_without_pytorch_or_timm_one_sentence_says_how_to_get_it(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match=r"pip install 'challengeflow-clog-loss\[timm\]'"):
        made.train("timm-temporal", "no-timm")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'challengeflow-clog-loss\[torch\]'"):
        made.train("resnet3d-small", "no-torch")


def test_one_class_is_refused(made, tmp_path):
    shard = made.shards[0]
    with Writer(tmp_path / "gold") as gold:
        for sample in shard.samples:
            gold.add(sample.id, {}, scores=np.zeros(1, np.float32))
    with pytest.raises(InputError, match="both classes, found 8 videos, 0 of them stalled"):
        made.train("resnet3d-small", "one", shards=[replace(shard, gold=tmp_path / "gold")])
