"""Any JSON that a plugin may tell is shown, escaped, and never in the way."""

import re

import pytest

from challengeflow.reporting.page.values import html


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({}, ["none"]),
        ({"a_b": 0.123456, "ok": True, "no": None}, ["a b", "0.1235", "yes", "none"]),
        (
            {"f1": {"attack": {"f1": 0.5}, "mount": {"f1": 0.25, "recall": 1}}},
            ['<th class="number">recall</th>', "attack", "0.25"],
        ),
        ({"mixed": {"one": {"f1": 0.5}, "two": 3, "three": [{"x": {"y": 1}}]}}, ["two", "three", "0.5"]),
        ({"table": [{"x": 1}, {"y": "<b>"}]}, ['<th class="number">x</th>', "<th>y</th>", "&lt;b&gt;"]),
        ({"matrix": [[1, 2], [3, 4]]}, ['<td class="number">4</td>']),
        ({"ragged": [[1, [2]], {"a": 1}, "text"]}, ["text"]),
        ({"many": list(range(500))}, ["19 and 480 more"]),
        ({"rows": [{"x": number} for number in range(300)]}, ["and 200 more, in scores.json"]),
        ({"empty": {"a": {}, "b": {}}}, ["empty"]),
        ([], ["none"]),
        (["a", "b"], ["a, b"]),
        ("text", ["text"]),
    ],
)
def test_it_is_shown(value, shown):
    text = html(value)
    assert all(part in text for part in shown), text
    opened, closed = re.findall(r"<(\w+)", text), re.findall(r"</(\w+)", text)
    assert sorted(opened) == sorted(closed)


def test_warnings_of_a_submission_are_its_lines(tmp_path):
    from challengeflow.reporting.ending import warnings_of

    assert warnings_of(tmp_path) == []
    (tmp_path / "warnings.txt").write_text("20 % are answered stalled\nthree videos are black\n")
    assert warnings_of(tmp_path) == ["20 % are answered stalled", "three videos are black"]
