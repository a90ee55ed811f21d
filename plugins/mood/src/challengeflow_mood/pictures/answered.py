"""Pictures of answered scans that nobody has labelled: the highest-scoring ones, through the place of the highest
score."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow_mood.pictures import planes
from challengeflow_mood.pictures.planes import Shown


def draw(path: Path, volume: np.ndarray, scores: np.ndarray, row: Mapping[str, Any]) -> None:
    """Three planes of one scan; volume, scores: (g, g, g) in [0, 1]; row: its row of scores.csv."""
    values = np.nan_to_num(np.asarray(scores, np.float32), nan=0.0)
    case = Shown(np.asarray(volume, np.float32), values, np.zeros(values.shape, bool), dict(row))
    figure = planes.new_figure(9.6, 1.95 + planes.FOOT)
    line = figure.subplots(1, 6)
    at = tuple(int(place) for place in np.unravel_index(values.argmax(), values.shape))
    planes.draw_row(line, case, (at[0], at[1], at[2]), named=True)
    height = figure.get_figheight()
    figure.subplots_adjust(0.01, planes.FOOT / height, 0.995, 1 - 0.25 / height, 0.03, 0)
    said = f"{row['case']}: score {float(row['score']):.3f}{', ALARM' if row['alarm'] else ''}"
    figure.text(0.01, 0.31 / height, said, fontsize=planes.POINTS, color=planes.WRITING, va="center")
    planes.draw_scale(figure)
    planes.save(figure, path)
