"""What a run says: short lines without a terminal, bars with one, failures with the end of their logs."""

import io
import logging
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase

from challengeflow.terminal.lines import Lines
from challengeflow.terminal.listener import Listener, display
from challengeflow.terminal.tally import Tally
from snakemake_logger_plugin_challengeflow import LogHandler

SNAKEFILE = """\
rule all:
    input: expand("{each}.txt", each=range(3))

rule count:
    output: "{each}.txt"
    log: "{each}.log"
    shell:
        "for i in $(seq 60); do echo line $i; done > {log}; [ ! -e bad ] || [ {wildcards.each} != 1 ]; touch {output}"
"""
COLOUR = re.compile(r"\x1b\[[39]\d")
CONTROL = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|\r")


class TestItsHandler(TestLogHandlerBase):
    """What Snakemake's own kit asks of a logger plugin."""

    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return None


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--cores", "1", "--logger", "challengeflow", *options]


def said(folder: Path, *options: str, status: int = 0) -> str:
    """On standard error, where there is no terminal."""
    done = subprocess.run(command(*options), cwd=folder, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr


def on_a_terminal(folder: Path, **environment: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(), cwd=folder, env=os.environ | {"TERM": "xterm"} | environment, stderr=theirs):
        os.close(theirs)
        got = b""
        try:
            while part := os.read(ours, 4096):
                got += part
        except OSError:  # how a terminal ends
            pass
    os.close(ours)
    return got.decode()


def test_a_run_without_a_terminal_is_a_line_a_stage(folder):
    text = said(folder)
    assert re.search(r"^3 jobs: 3 count; what Snakemake", text, re.MULTILINE), text
    assert re.search(r"^count +3 of 3, .* s a job; 3 of 3 jobs after \d+ s$", text, re.MULTILINE), text
    assert "localrule" not in text and "Select jobs" not in text and len(text.splitlines()) < 12
    log = next(folder.glob(".snakemake/log/*.log"))
    assert str(log) in text and "localrule count" in log.read_text()
    assert "Nothing to be done" in said(folder)


def test_a_failed_job_shows_the_end_of_its_log_and_its_command(folder):
    (folder / "bad").touch()
    text = said(folder, "--keep-going", status=1)
    assert re.search(r"^failed: count 1\n  its log, 1.log, ends with\n    line 36\n", text, re.MULTILINE), text
    assert "    line 60\n  by hand: for i in" in text and "line 35\n" not in text
    assert "CalledProcessError" not in text and "Exiting because a job execution failed" in text


def test_a_terminal_shows_bars_which_go_when_the_run_ends(folder):
    text = on_a_terminal(folder)
    assert COLOUR.search(text) and re.search(r"count +[━╺╸]+ +\d of 3 ", CONTROL.sub("", text)), text
    assert text.endswith("\x1b[1A\x1b[2K") and "\x1b[?25h" in text, text  # no bar is left, and the cursor is back


def test_no_color_is_obeyed(folder):
    text = on_a_terminal(folder, NO_COLOR="1")
    assert not COLOUR.search(text) and "━" in text


def test_who_asks_for_something_else_gets_snakemakes_own_words(folder):
    assert said(folder, "--dry-run") == "" == said(folder, "--quiet", "all", "--forceall")
    assert "Unlocked working directory" in said(folder, "--unlock")
    assert "Lints for rule" in said(folder, "--lint", status=1) and "jobs: " not in said(
        folder, "--quiet", "--forceall"
    )


def test_of_a_group_the_job_that_failed_is_shown_and_not_those_beside_it(tmp_path):
    said = io.StringIO()
    listener = Listener(Lines(said, float), logging.Formatter().format, float)
    (tmp_path / "cluster.log").write_text("out of memory\n")
    (tmp_path / "bad.log").write_text("a sentence\n")
    (tmp_path / "good.log").write_text("predict few: done in 3 s\n")
    group = {"event": "group_error", "groupid": "g1", "aux_logs": [str(tmp_path / "cluster.log")]}
    listener.hear(logging.makeLogRecord({"levelno": logging.ERROR, "msg": "Error in group"} | group))
    for job, name in enumerate(("bad", "good", "never-begun")):
        event = {
            "event": "job_error",
            "jobid": job,
            "rule_name": name,
            "rule_msg": None,
            "aux": {},
            "shellcmd": "do it",
        }
        listener.hear(logging.makeLogRecord(event | {"indent": True, "log": [str(tmp_path / f"{name}.log")]}))
    text = said.getvalue()
    assert text.startswith("failed: group g1\n") and "    out of memory\nfailed: bad\n" in text
    assert text.endswith("    a sentence\n  by hand: do it\n")


def test_without_rich_and_on_a_dumb_terminal_there_are_lines(monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        assert not isinstance(display(stream, False), Lines)
        monkeypatch.setenv("TERM", "dumb")
        assert isinstance(display(stream, False), Lines)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr("challengeflow.terminal.listener.find_spec", lambda name: None)
        assert isinstance(display(stream, False), Lines)
    os.close(ours)


def test_time_left_is_known_once_a_job_is_done():
    tally = Tally.of({"train": 4, "score": 2, "of-a-plugin": 1, "digits": 1, "all": 1}, 0.0)
    assert (tally.total, tally.seconds_left(tally.stages.values())) == (8, None)
    for job in (1, 2):
        tally.begin(job, "train", ["digits", str(job)], ["model"], 0.0)
    tally.finish(1, 10.0)
    tally.finish(2, 30.0)
    assert tally.seconds_left(tally.stages.values()) == (2 * 20 + 2 * 20) / 2
    tally.begin(3, "score", ["digits"], ["scores.json"], 30.0)
    tally.finish(3, 32.0)
    assert tally.seconds_left(tally.stages.values()) == (2 * 20 + 1 * 2) / 2
    tally.begin(4, "train", [], ["model"], 40.0)
    tally.fail(4)
    assert tally.stages["train"].failed == {4} and tally.stages["train"].left == 2
    tally.begin(4, "train", [], ["model"], 50.0)  # once more
    assert not tally.stages["train"].failed
    tally.begin(5, "of-a-plugin", [], ["file"], 50.0)
    tally.begin(6, "digits", [], [], 50.0)  # a target
    assert tally.finish(6, 60.0) is None and tally.total == 7
