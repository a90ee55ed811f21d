import subprocess
import sys
from pathlib import Path

import pytest

from challengeflow import InputError
from challengeflow.running.atomic import atomic, claimed


def test_an_error_leaves_the_old_output(tmp_path: Path):
    output = tmp_path / "scores.json"
    output.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic(output) as (part,):
        part.write_text("new")
        raise ZeroDivisionError
    assert output.read_text() == "old"
    with atomic(output) as (part,):
        assert not part.exists()
        part.write_text("new")
    assert output.read_text() == "new"


def test_one_process_at_a_time(tmp_path: Path):
    lock = tmp_path / "locks" / "one"
    program = (
        "from pathlib import Path\nfrom challengeflow.running.atomic import claimed\n"
        f"with claimed(Path({str(lock)!r}), 'x'):\n    print('held', flush=True); input()"
    )
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "held\n"
    with (
        pytest.raises(InputError, match=rf"model/fold-0 is being made by process {other.pid} on .*; wait"),
        claimed(lock, "model/fold-0"),
    ):
        pass
    other.kill()
    other.wait()
    with claimed(lock, "model/fold-0"):  # a killed process holds nothing
        assert lock.exists()
    assert not lock.exists()
