"""The command `challengeflow mood-score`: a folder of predictions against a folder of labels, as the organisers score
it.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from challengeflow_mood.scoring.official_scoring import FolderScore, score_folder


def main(arguments: list[str]) -> int:
    """Run the command; 1 where a NaN or a label voids the score. Raises InputError for what the user can mend."""
    parser = argparse.ArgumentParser(
        prog="challengeflow mood-score", description="Score a folder of predictions as MOOD's evalresults.py does."
    )
    parser.add_argument("task", choices=("pixel", "sample"))
    parser.add_argument("predictions", type=Path, help="folder of NAME.nii.gz (pixel) or NAME.nii.gz.txt (sample)")
    parser.add_argument("labels", type=Path, help="folder of labels of the same names, as toy_label/TASK")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="JSON file for the score alone, as test_docker.py writes it"
    )
    options = parser.parse_args(arguments)
    score = score_folder(options.predictions, options.labels, options.task)
    for line in _lines(score):
        print(line)
    if options.save:
        options.save.write_text(json.dumps(score.average_precision))
    return 1 if score.average_precision is None else 0


def _lines(score: FolderScore) -> Iterator[str]:
    lost = score.lost()
    for name in score.dropped:
        yield f"{name}: not scored, its label cannot be read"
    for case in score.cases:
        if case.void:
            yield f"{case.name}: holds a NaN, which voids the score of the whole folder"
        elif case.reason:
            yield f"{case.name}: counts as zero ({case.reason}); average precision lost: {lost[case.name]:.6f}"
    if score.wrong_labels:
        yield f"average precision: none, {score.wrong_labels}"
    elif score.average_precision is None:
        yield f"average precision: none, because of NaN; with zeros in their place it would be {score.repaired!r}"
    else:
        yield f"average precision ({score.task}, {len(score.cases)} cases): {score.average_precision!r}"
