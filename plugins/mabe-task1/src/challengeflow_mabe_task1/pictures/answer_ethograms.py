"""Pictures of a package: an ethogram of each answered sequence."""

from collections.abc import Sequence
from pathlib import Path

from challengeflow.arrays import Predictions
from challengeflow_mabe_task1.answers.answered import Answered, file_names
from challengeflow_mabe_task1.pictures import ethogram


def draw(folder: Path, sequences: Sequence[Answered], most: int) -> None:
    """Draw the first `most` sequences that could be read into `folder`, which is not made where there are none."""
    names = file_names(one.id for one in sequences)
    for one in [one for one in sequences if one.attributes["status"] == "ok"][:most]:
        folder.mkdir(exist_ok=True)
        scores = Predictions(one.shard.predictions)[one.id]
        path = folder / f"ethogram-{names[one.id]}.png"
        ethogram.draw(path, one.id, one.attributes["vocabulary"], one.fps, scores, one.labels)
