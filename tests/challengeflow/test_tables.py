"""What people open in a spreadsheet runs nothing and says what was written."""

import csv

import pytest

from challengeflow.tables import harmless, write_table


@pytest.mark.parametrize("text", ["=1+2", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_a_formula_is_text(text):
    assert harmless(text) == "'" + text.replace("\r", " ")


@pytest.mark.parametrize("cell", ["mouse 1", "", "-0.5", "+3", "1e-3", "-inf", "a=b", -2, None, 0.25])
def test_all_else_stays(cell):
    assert harmless(cell) == cell


def test_a_table_reads_back(tmp_path):
    write_table(tmp_path / "t.csv", ("who", "score"), [("=1", -0.5), ('a,"b"\nc', 2), ("d\re", 3)])
    with open(tmp_path / "t.csv", newline="") as file:
        assert list(csv.reader(file)) == [["who", "score"], ["'=1", "-0.5"], ['a,"b"\nc', "2"], ["d e", "3"]]
