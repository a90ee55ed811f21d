"""What answers are made of: several merged into one, the perfect one of a gold, and which values they may hold."""

import importlib
from collections.abc import Callable, Sequence

import numpy as np

from challengeflow.contract.errors import ContractError
from challengeflow.contract.forms import Gold, Prediction


def merge(prediction: Prediction, answers: Sequence[np.ndarray], weights: Sequence[float] | None = None) -> np.ndarray:
    """Several answers to one sample as one, as the challenge declares (`job.prediction`), in the first one's dtype.

    Models average over `job.models` with it, ensembles over their members. Raises ContractError where the challenge's
    answers do not merge, or do not fit together.
    """
    weights = [1.0] * len(answers) if weights is None else list(weights)
    if len(answers) == 1:
        return np.asarray(answers[0])
    if prediction.merge is None:
        raise ContractError(
            "answers of this challenge do not merge; answer by one model (refit: true), without an ensemble"
        )
    if prediction.merge not in ("mean", "vote"):
        return np.asarray(_function(prediction.merge, "merge")(list(answers), weights))
    if len({answer.shape for answer in answers}) > 1:
        shapes = ", ".join(str(answer.shape) for answer in answers)
        raise ContractError(f"answers of the shapes {shapes} have no {prediction.merge}")
    if prediction.merge == "vote":
        return _vote(answers, weights)
    scores = [np.asarray(answer, np.float32) for answer in answers]
    return np.asarray(np.average(scores, axis=0, weights=weights)).astype(answers[0].dtype)


def _vote(answers: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The value with the most weight at each place; of several the least."""
    values = np.unique(np.concatenate([np.ravel(answer) for answer in answers]))
    tally = [
        sum(weight * (answer == value) for answer, weight in zip(answers, weights, strict=True)) for value in values
    ]
    chosen = values[np.argmax(tally, axis=0)] if len(values) else answers[0]
    return np.asarray(chosen).astype(answers[0].dtype)


def perfect(prediction: Prediction, gold: Gold | None, truth: np.ndarray) -> np.ndarray:
    """The perfect answer to a sample with the gold `truth`.

    Where that is not known, the least value of the range, or 0.
    """
    if gold is not None and gold.perfect is not None:
        answer = np.asarray(_function(gold.perfect, "perfect")(truth))
    else:
        answer = np.asarray(truth)
    if gold is not None and gold.partial:
        answer = np.where(np.isnan(answer), prediction.range[0] or 0.0, answer)
    return answer.astype(prediction.dtypes[0])


def shared_axes(prediction: Prediction) -> list[int]:
    """The axes, by number, that all samples of a dataset share: classes, the hours of a horizon; not frames."""
    sizes = enumerate(prediction.axes.values())
    return [place for place, size in sizes if isinstance(size, int) or size == "dataset"]


def _function(module: str, name: str) -> Callable[..., np.ndarray]:
    found: Callable[..., np.ndarray] | None = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise ContractError(f"the declared module {module} has no function {name}; add it")
    return found


def out_of_range(values: np.ndarray, bounds: tuple[float | None, float | None]) -> bool:
    """Whether some value is NaN, infinite or beyond its bounds."""
    low, high = bounds
    if not values.size or values.dtype.kind not in "biuf":
        return False
    least, greatest = values.min(), values.max()
    # NaN makes every comparison false.
    inside = least >= (-np.inf if low is None else low) and greatest <= (np.inf if high is None else high)
    return not inside or bool(np.isinf(least) or np.isinf(greatest))
