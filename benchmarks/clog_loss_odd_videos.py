"""What becomes of some eighty kinds of odd file: read, read with a remark, or refused with a reason, all in one table.

    python benchmarks/clog_loss_odd_videos.py > docs/clog-loss-odd-videos.md

The files are those of the tests (plugins/clog-loss/tests/helpers/clog_loss_odd_files.py), which check the same.
"""

import sys
import tempfile
from pathlib import Path

from challengeflow.outside.door import Unreadable, read_each
from challengeflow_clog_loss.data import preprocess
from challengeflow_clog_loss.video import region_remarks

sys.path.append(str(Path(__file__).parent.parent / "plugins/clog-loss/tests/helpers"))

HEAD = """# Clog Loss: what becomes of odd files

Made by `python benchmarks/clog_loss_odd_videos.py`; the tests check the same files. A file that is refused gets the
target prevalence as its probability and is listed with its reason; remarks stand in `answers.csv`, on the sheets and in
`warnings.txt`.

| kind of file | read | what is said |
|---|---|---|"""


def main() -> None:
    """Make the files, prepare them as the stage does, print the table."""
    from clog_loss_odd_files import write_all

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made = write_all(root / "raw")
        items = [(root / "raw" / name, None, 8, root / f"{name}.npz") for name in made]
        outcome = dict(read_each(preprocess.prepare, items, workers=2, seconds=60))
        print(HEAD)
        for place, (name, odd) in enumerate(made.items()):
            if isinstance(outcome[place], Unreadable):
                print(f"| {odd.name} | no | {outcome[place].reason} |")
                continue
            attributes, _ = preprocess.read_kept(root / f"{name}.npz")
            read = attributes["status"] == "ok"
            said = "; ".join(region_remarks.remarks(attributes)) if read else attributes["status"]
            print(f"| {odd.name} | {'yes' if read else 'no'} | {said} |")


if __name__ == "__main__":
    main()
