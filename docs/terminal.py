"""Take the README's picture of a run in a terminal: `python docs/terminal.py FOLDER`. Needs tmux.

Runs the demo (or the config.yaml that is there) in FOLDER, in a terminal of tmux, and writes docs/images/terminal.svg
from what stands there once most jobs are done.
"""

import io
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent / "images/terminal.svg"
COLUMNS, ROWS = 100, 24
TITLE = "challengeflow run"
ENOUGH = 0.7
# As rich's own, without fonts from the network.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def tmux(*words: str) -> str:
    """What a command of a tmux server of our own prints."""
    return subprocess.run(["tmux", "-L", "picture", *words], check=True, capture_output=True, text=True).stdout


def screen(folder: Path) -> str:
    """The terminal with its colours, once enough jobs are done."""
    folder.mkdir(parents=True, exist_ok=True)
    run = shlex.join([str(Path(sys.executable).with_name("challengeflow")), "run"])
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(folder), run)
    try:
        while True:
            time.sleep(1)
            shown = tmux("capture-pane", "-p", "-e")
            done = re.search(r"(\d+) of (\d+) jobs in", shown)
            if done and int(done[1]) >= ENOUGH * int(done[2]) and "newest score: " in shown:
                return shown
    finally:
        tmux("kill-server")


def main(folder: Path) -> None:
    shown = screen(folder)
    bars = shown[shown.index("What Snakemake says") :]
    console = Console(record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True)
    console.print(Text.from_ansi(bars.rstrip()))
    console.print()  # room below the last line
    PICTURE.write_text(console.export_svg(title=TITLE, theme=MONOKAI, code_format=SVG, unique_id="terminal"))


main(Path(sys.argv[1]))
