"""Logistic regression by plain gradient descent, with a checkpoint after every step."""

import os
import time

import numpy as np

from challengeflow.arrays import Arrays, Predictions, write_scores


def train(job):
    """Go on from the checkpoint in `job.work`, if there is one."""
    x, y = [], []
    for shard in job.shards:
        prepared, gold = Arrays(shard.prepared), Predictions(shard.gold)
        x += [prepared[sample]["pixels"] for sample in prepared.ok()]
        y += [float(gold[sample]) for sample in prepared.ok()]
    x, y = np.c_[np.array(x, np.float64), np.ones(len(x))], np.array(y)
    checkpoint = job.work / "checkpoint.npz"
    done, weights = 0, np.random.default_rng(job.seed).normal(0, 0.01, x.shape[1])
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            done, weights = int(saved["done"]), saved["weights"]
        job.progress.message(f"resumed at step {done}")
    for step in range(done, job.parameters["iterations"]):
        weights = weights - 2.0 * x.T @ (1 / (1 + np.exp(-x @ weights)) - y) / len(y)
        np.savez(job.work / "part.npz", done=step + 1, weights=weights)
        os.replace(job.work / "part.npz", checkpoint)
        time.sleep(job.parameters["pause"])
    np.save(job.output / "weights.npy", weights)


def predict(job):
    """The mean probability of the models; 0.5 for what could not be read."""
    weights = [np.load(folder / "weights.npy") for folder in job.models]
    prepared = Arrays(job.shard.prepared)

    def scores():
        for sample in prepared:
            if prepared.attributes(sample)["status"] != "ok":
                yield sample, np.float32(0.5)
                continue
            x = np.r_[prepared[sample]["pixels"], 1.0]
            yield sample, np.float32(np.mean([1 / (1 + np.exp(-x @ w)) for w in weights]))

    write_scores(job.output, scores())
