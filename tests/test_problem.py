"""Problem files: every fault is told with file, line and what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from handgrad.command import main
from handgrad.errors import HandgradError
from handgrad.problem import read_problem
from handgrad.worksheet import work
from support_worksheet import HERE, NETWORK


@pytest.mark.parametrize(("old", "new", "told"), [
    ("t = 0.8\n", "", "no number is given for `t`"),
    ("b = [0.1, -0.25]", "b = [0.1]", "shape: `b` has 1 entries"),
    ("b = [0.1, -0.25]", "b = 3", "shape: `b` is a number"),
    ("t = 0.8", "t = [0.8]", "shape: `t` is a list"),
    ("t = 0.8", "t = 0.8\nt = 0.9", "given twice"),
    ("t = 0.8", "t = nan", "no number that one can work with"),
    ("t = 0.8", "t = '0.8'", "no number"),
    ("t = 0.8", "t = 0.8\nE = 3", "also defined"),
    ("t = 0.8", "t = 0.8\nq = 3", "does not stand in the model"),
    ("z = 4", "zz = 4", "does not stand in the model"),
    ("z = 4", "z = 4.5", "no number of digits"),
    ('"d(E, h)" = 3', '"d(F, h)" = 3', "derivative of `F`"),
    ('"w_1" = "W[1,1]"', '"w_1" = "W[7,1]"', "outside of its tensor"),
    ('"w_1" = "W[1,1]"', '"w_1" = "Q"', "does not stand in the model"),
    ("default = 3", "default = 3\nties = 'up'", "no way to round"),
    ("default = 3", "default = 3\nfigures = 3", "both given"),
    ("[given]", "[draw]\nreject = 3\n[given]", "and no list"),
    ("[given]", "[given", "this is no TOML"),
    ('of = "E"', 'of = "F"', "does not stand in the model"),
    ('by = ["W"', 'order = 3, by = ["W"', "order = 3 is not worked"),
    ('by = ["W"', 'by = ["d(E, W, b, c)"', "is of order 3"),
    ('by = ["W"', 'by = ["d(h, W)"', "is no derivative of `E`"),
    ('by = ["W"', 'by = ["E"', "not differentiated by itself"),
    ('"d(E, h)" = 3', '"d(E, W, W)" = 3', "is not asked for"),
])
def test_a_fault_is_told_with_file_line_and_what_would_do(old: str, new: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert old in NETWORK
    path = tmp_path / "set.toml"
    path.write_text(NETWORK.replace(old, new, 1), encoding="utf-8")
    assert main(["work", str(path)]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "set.toml, line " in said
    assert len(said.splitlines()) >= 2


@pytest.mark.parametrize(("old", "new", "line"), [
    ("x = [0.5, 1.2]", "x = [0.5, 1.2]\nW = 3", 14), ("E    = 1/2*(o - t)^2", "E    = log(o - t - 9)", 7), ("u    = c", "u    = c )", 5),
    ("E    = 1/2*(o - t)^2", "E    = 1/2*(o - t)^2\nassume t < 0", 8), ('"h_1" = "h[1]"', r'"h_\\1" = "h[7]"', 30),
])
def test_a_fault_has_the_line_on_which_it_is_in_the_file(old: str, new: str, line: int) -> None:
    with pytest.raises(HandgradError) as told:
        work(read_problem(NETWORK.replace(old, new, 1), "set.toml"))
    assert str(told.value).partition(": ")[2].startswith(f"set.toml, line {line}: ")
    assert told.value.remedy or "closes nothing" in told.value.what


@pytest.mark.parametrize(("model_", "given", "told"), [
    ("E = x[1] + x[3]", "x = [1, 2]", "lies outside of its tensor|3"),
    ("E = w*x", "w = 1\n[draw]\nx = { range = [0, 1], decimals = 1 }", "`x` is drawn, not given"),
    ("E = sum[i](w[i]*x[i])", "w = [1]\n[draw]\nx = { range = [0, 1], decimals = 1 }", "`x` is drawn, not given"),
])
def test_numbers_that_are_not_there_are_missed(model_: str, given: str, told: str) -> None:
    with pytest.raises(HandgradError, match=told):
        work(read_problem(f'model = "{model_}"\n[given]\n{given}\n'))


def test_nothing_is_differentiated_by_a_label() -> None:
    labels = (HERE / "problems" / "labels.toml").read_text(encoding="utf-8")
    assert read_problem(labels.replace('gradient = { of = "J", by = ["a"] }', "")).by == ("a",)
    with pytest.raises(HandgradError, match="`t` is a label"):
        read_problem(labels.replace('by = ["a"]', 'by = ["t"]'))


@pytest.mark.parametrize(("statement", "told"), [
    ("E = g(w)^2", "an abstract function has no number"), ("E = d(g(w), w)", "that is not carried out has no number"),
    ("E = log(w - 2)", "`E` has no value here"), ("E = 1/(w - 1)", "`E` has no value here"), ("e = 1/(w + 4)\nE = log(e - 1)", "`E` has no value here"),
])
def test_what_has_no_number_is_refused_in_words(statement: str, told: str) -> None:
    with pytest.raises(HandgradError, match=told):
        work(read_problem(f'model = """\n{statement}\n"""\n[given]\nw = 1\n'))
