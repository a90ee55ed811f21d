"""The submission: sample,even."""

import json

from challengeflow.arrays import Predictions


def package(job):
    """One line a test sample, in order."""
    (answers,) = job.answers.values()
    threshold = json.loads(answers.decision.read_text())["threshold"]
    lines = ["sample,even"]
    for shard in answers.shards:
        lines += [f"{sample},{int(score > threshold)}" for sample, score in Predictions(shard.predictions).items()]
    (job.output / "submission.csv").write_text("\n".join(lines) + "\n")
