"""`challengeflow digits-count FILE`: how many of a submission's digits are even."""

from pathlib import Path

from challengeflow import InputError


def main(arguments):
    """Print the count."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        raise InputError("digits-count needs the path of a submission.csv")
    print(sum(line.endswith(",1") for line in Path(arguments[0]).read_text().splitlines()))
    return 0
