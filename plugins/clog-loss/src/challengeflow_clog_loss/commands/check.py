"""Would the organisers take this file: `challengeflow clog-loss-check SUBMISSION METADATA`."""

import argparse
from pathlib import Path

from challengeflow_clog_loss.answers import package
from challengeflow_clog_loss.data import tables


def main(arguments: list[str]) -> int:
    """Check a submission against test_metadata.csv; InputError names the first wrong row."""
    parser = argparse.ArgumentParser(prog="challengeflow clog-loss-check", description=__doc__)
    parser.add_argument("submission", type=Path, help="the CSV file to check")
    parser.add_argument("metadata", type=Path, help="folder with the competition's CSV files")
    options = parser.parse_args(arguments)
    expected = [row.filename for row in tables.read_test(options.metadata)]
    package.validate_submission(options.submission, expected)
    stalled = options.submission.read_text().count(",1\n")
    print(
        f"{options.submission}: {len(expected):,} videos in order, {stalled:,} ({stalled / len(expected):.1%}) stalled"
    )
    return 0
