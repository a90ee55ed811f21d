"""The label of a step of several frames, for what works at fewer steps a second than a video has frames."""

import numpy as np


def labels_of_steps(labels: np.ndarray, starts: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """The label (S,) of the frame in the middle of each step, -1 where there is none.

    labels: (T,), negative: none; starts, middles: frames (S,). Where people labelled only single frames, every tenth
    say, most fall beside the middles: then it is the label of any frame of the step.
    """
    found = labels[middles]
    if not len(starts):
        return found
    any_frame = np.maximum.reduceat(labels, starts)
    sparse = np.count_nonzero(found >= 0) < 0.75 * np.count_nonzero(any_frame >= 0)
    return np.where(found >= 0, found, any_frame) if sparse else found
