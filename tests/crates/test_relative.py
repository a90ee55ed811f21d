"""What is handed on names no place of the machine it was made on."""

import json
from pathlib import Path

from challengeflow.crates.relative import moved, moved_text, places

RESULTS = Path("/home/me/my run/results")
NOTE = {
    "config": {"datasets": {"a": {"source": "/home/me/videos"}, "b": {"source": "/mnt/other/videos"}}},
    "files": {"/opt/weights/net.pt": "ab12"},
    "said": "read 3 files of /home/me/videos/mouse, wrote /home/me/my run/results/x; see /home/me/notes",
    "share": 0.5,
}


def test_paths_become_relative_wherever_they_stand():
    found = places([NOTE], RESULTS)
    note = moved(NOTE, found | {"/home/me": "~"})
    sources = [each["source"] for each in note["config"]["datasets"].values()]
    assert sources == ["data/videos", "data/videos-1"]
    assert note["files"] == {"data/net.pt": "ab12"}
    assert note["said"] == "read 3 files of data/videos/mouse, wrote results/x; see ~/notes"
    assert "/home" not in json.dumps(note) and "/mnt" not in json.dumps(note)


def test_a_text_without_paths_stays_as_it_is():
    text = '{\n "score": 0.123456789012345678, "text": "\\u00fc/\\u00df"}\n'
    assert moved_text(text, places([NOTE], RESULTS)) == text
    assert moved_text('{"of": "/opt/weights/net.pt"}', places([NOTE], RESULTS)) == '{"of": "data/net.pt"}'
