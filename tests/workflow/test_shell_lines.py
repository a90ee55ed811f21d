"""Whatever a path or a part of the config holds, no shell line of the rules lets the shell read it."""

import re

from conftest import ROOT

NAMES = ("challenge", "dataset", "model", "on", "shard", "fold", "archive", "submission", "name")
FREE = {"threads", *(f"wildcards.{name}" for name in NAMES)}
"""What may stand unquoted: a number, and names that the workflow knows one by one."""


def test_every_path_in_a_shell_line_is_quoted():
    seen = 0
    for file in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for line in re.findall(r'^\s+"( ?challengeflow .*| --.*)"$', file.read_text(), re.MULTILINE):
            for field in re.findall(r"\{([^{}]+)\}", line):
                seen += 1
                assert field.endswith(":q") or field in FREE, (file.name, line)
    assert seen > 40
