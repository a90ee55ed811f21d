"""How boxes become one answer, and what a perfect answer is."""

import numpy as np


def overlap(box, others):  # intersection over union with each
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:4], others[:, 2:4])
    shared, own, theirs = (area(sides) for sides in (high - low, box[2:4] - box[:2], others[:, 2:4] - others[:, :2]))
    return shared / np.maximum(own + theirs - shared, 1e-9)


def area(sides):
    return np.prod(np.clip(sides, 0, None), axis=-1)


def merge(answers, weights):
    """Boxes that overlap by half become their mean, as sure as the weights of those who found it say."""
    boxes = np.concatenate([np.c_[a, np.full(len(a), w / sum(weights))] for a, w in zip(answers, weights, strict=True)])
    boxes, merged = boxes[np.argsort(-boxes[:, 4], kind="stable")], []
    while len(boxes):
        same = overlap(boxes[0], boxes) >= 0.5
        same[0] = True
        merged.append([*np.average(boxes[same, :4], axis=0), (boxes[same, 4] * boxes[same, 5]).sum()])
        boxes = boxes[~same]
    return np.array(merged, np.float32).reshape(-1, 5).clip(0, 1)


def perfect(gold):  # the boats, surely
    return np.c_[gold, np.ones(len(gold))]
