"""Whatever a reader does is the reason of its own item, and of no other."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from odd_readers import odd

from challengeflow import InputError
from challengeflow.outside.door import Unreadable, read_each, read_one


def test_whatever_a_reader_does_is_its_own_reason():
    items = ["a", "raises", "told", "b", "dies", "exits", "hangs", "c", "swells", "d"]
    found = dict(read_each(odd, [(item,) for item in items], workers=2, seconds=3, memory_mb=300))
    assert {items[place] for place, result in found.items() if not isinstance(result, Unreadable)} == set("abcd")
    reasons = {items[place]: result.reason for place, result in found.items() if isinstance(result, Unreadable)}
    assert reasons["raises"].startswith("cannot be read: ValueError: bad file xxx") and len(reasons["raises"]) < 400
    assert reasons["told"] == "it is no video; give one"
    assert reasons["dies"] == "the reader died (SIGSEGV)" and reasons["exits"] == "the reader died (exit status 3)"
    assert reasons["hangs"] == "reading took more than 3 seconds"
    assert reasons["swells"] == "reading takes more than the 300 MiB of memory that the stage may take"


def test_a_process_that_dies_after_an_answer_costs_no_item():
    found = list(read_each(odd, [("a",), ("dies later",), ("b",), ("c",)], workers=1))
    assert found == [(0, "read a"), (1, "read dies later"), (2, "read b"), (3, "read c")]


def test_many_items_come_each_once():
    found = list(read_each(odd, [(str(n),) for n in range(300)], workers=2))
    assert sorted(found) == [(n, f"read {n}") for n in range(300)]
    assert list(read_each(odd, [])) == []


def test_a_full_disk_is_no_fault_of_the_file():
    with pytest.raises(OSError, match="No space left"):
        list(read_each(odd, [("full",), ("a",)]))


def test_one_item_is_its_result_or_one_sentence():
    assert read_one(odd, "a") == "read a"
    with pytest.raises(InputError, match=r"the reader died \(SIGSEGV\)"):
        read_one(odd, "dies")


PARENT = """
import sys
sys.path.insert(0, {folder!r})
from challengeflow.outside.door import read_each
from odd_readers import forever
if __name__ == "__main__":
    list(read_each(forever, [({target!r} + str(n),) for n in range(2)], workers=2))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_stage(tmp_path, how):
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(folder=str(Path(__file__).parents[2]), target=str(tmp_path / "pid-")))
    parent = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL)
    pids = [tmp_path / f"pid-{n}" for n in range(2)]
    _until(lambda: all(pid.exists() and pid.read_text() for pid in pids))
    parent.send_signal(how)
    parent.wait(20)
    _until(lambda: not any(Path(f"/proc/{pid.read_text()}").exists() for pid in pids))


def _until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
