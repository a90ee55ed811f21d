"""The declaration of a model of this challenge, whichever plugin brings it."""

import importlib.metadata

from challengeflow import InputError, Model


def declared_model(model: str) -> Model:
    """What a plugin declares of a mood model; InputError where no installed one declares it."""
    for entry in importlib.metadata.entry_points(group="challengeflow"):
        try:
            declared: list[Model] = getattr(entry.load(), "models", list)()
        except Exception:  # a broken plugin is the core's to report; it cannot be the one whose model was trained
            continue
        for candidate in declared:
            if candidate.name == model and candidate.challenge == "mood":
                return candidate
    raise InputError(f"no installed plugin declares the mood model {model!r}; install the one that trained it")
