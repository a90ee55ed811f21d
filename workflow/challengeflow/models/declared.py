"""What a challenge declares of the data that models read, as a package notes it."""

from dataclasses import asdict
from typing import Any

from challengeflow.contract.declare import Challenge


def prepared(challenge: Challenge) -> dict[str, Any]:
    """Arrays and attributes of prepared samples, and what an answer is, as JSON has it."""
    prediction = asdict(challenge.prediction)
    lists = {key: list(prediction[key]) for key in ("dtypes", "range")}
    arrays = [{**asdict(each), "axes": dict(each.axes)} for each in challenge.prepared]
    return {"arrays": arrays, "attributes": dict(challenge.attributes), "prediction": {**prediction, **lists}}
