"""Trainings end with their best round, stop early, go on after a kill, and keep weights as plain arrays."""

from types import SimpleNamespace

import numpy as np
import pytest

from challengeflow import InputError, networks
from challengeflow.arrays import Arrays, Writer
from challengeflow.contract.progress import Progress

torch = pytest.importorskip("torch")


def line():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 1)


def training(folder, rounds=6, patience=10):
    net = line()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=rounds)
    return networks.Training(net, optimizer, schedule, rounds, patience, "cpu", folder / "checkpoint.pt")


def trained(made, scores, dies_at=None, seen=None):
    """Run a training on noise that the number of the round makes; its scores are given."""

    def one_round(number):
        if number == dies_at:
            raise KeyboardInterrupt
        loss = made.net(torch.from_numpy(np.random.default_rng(number).random((8, 3), np.float32))).square().mean()
        made.optimizer.zero_grad()
        loss.backward()
        made.optimizer.step()
        made.schedule.step()
        if seen is not None:
            seen.append(networks.weights(made.net)["weight"].copy())
        return {"round": number, "score": scores[number] if scores else None}

    return made.run(one_round, Progress("test"), "round")


def test_it_ends_with_the_best_round_and_stops_early(tmp_path):
    made, seen = training(tmp_path, patience=2), []
    curve = trained(made, [0.1, 0.5, 0.2, 0.3, 0.9, 1.0], seen=seen)
    assert [row["score"] for row in curve] == [0.1, 0.5, 0.2, 0.3]
    np.testing.assert_array_equal(networks.weights(made.net)["weight"], seen[1])


def test_without_scores_the_last_round_stays(tmp_path):
    made, seen = training(tmp_path, patience=1), []
    assert len(trained(made, None, seen=seen)) == 6
    np.testing.assert_array_equal(networks.weights(made.net)["weight"], seen[-1])


@pytest.mark.parametrize("scores", [None, [0.3, 0.1, 0.2, 0.6, 0.5, 0.4]])
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path, scores):
    (tmp_path / "whole").mkdir()
    whole = training(tmp_path / "whole")
    expected = trained(whole, scores)
    with pytest.raises(KeyboardInterrupt):
        trained(training(tmp_path), scores, dies_at=3)
    resumed, seen = training(tmp_path), []
    assert trained(resumed, scores, seen=seen) == expected
    assert len(seen) == 3
    for name, value in networks.weights(whole.net).items():
        np.testing.assert_array_equal(networks.weights(resumed.net)[name], value)


def test_weights_are_kept_as_arrays(tmp_path):
    net, other = line(), torch.nn.Linear(3, 1)
    with Writer(tmp_path / "weights") as out:
        out.add("net", {}, **networks.weights(net))
    networks.put_weights(other, Arrays(tmp_path / "weights")["net"])
    np.testing.assert_array_equal(networks.weights(other)["weight"], networks.weights(net)["weight"])


def test_without_torch_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    job = SimpleNamespace(model="deep", parameters={"threads": 1}, device="cpu")
    with pytest.raises(InputError, match=r"the model deep needs PyTorch.*pip install 'challengeflow-x\[torch\]'"):
        networks.prepare(job, "challengeflow-x[torch]")


def test_so_it_is_without_another_library_that_the_model_needs():
    job = SimpleNamespace(model="deep", parameters={"threads": 1}, device="cpu")
    with pytest.raises(InputError, match=r"the model deep needs no_such_library.*challengeflow-x\[torch\]"):
        networks.prepare(job, "challengeflow-x[torch]", ["no_such_library"])
