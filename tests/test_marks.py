"""Marks: what a scheme gives, what costs, what is free, and schemes that are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handgrad.checking.marks import marked
from handgrad.checking.report import Report
from handgrad.checking.scheme import SchemeError, read_scheme
from support_reports import Maker, problem, report

SCHEME = """
last_digit = 0
forward  = { each = 1, of = ["z", "h"] }
gradient = { each = 1, of = ["d(E,w)", "d(E,b)"] }
"""


def marks(text: str, found: Report | None = None, page: str = "r1") -> dict[str, Any]:
    said = marked(found or report(), read_scheme(text, "marks.toml"), problem(), page).marks
    assert said is not None
    return dict(said)


def test_no_mark_is_given_without_a_scheme() -> None:
    assert report().marks is None
    assert report().as_dict()["summary"]["marks"] is None


def test_each_entry_of_each_quantity_is_worth_what_the_scheme_says() -> None:
    said = marks(SCHEME)
    assert said["out_of"] == 8
    assert [(p["name"], p["out_of"]) for p in said["parts"]] == [("forward", 4), ("gradient", 4)]


def test_a_slip_costs_once_and_what_carries_it_is_free() -> None:
    lost = marks(SCHEME)["lost"]
    assert [(loss["line"], loss["quantity"], loss["marks"]) for loss in lost if loss["line"]] == [(15, "d(E, w[1])", 1)]


def test_what_is_carried_costs_where_the_scheme_has_no_follow_through() -> None:
    make = Maker()
    first = report().judgements[5]
    carried = make("carried", "h_1 = 0.5744", "h_1", "0.5744", shown="0.5", cause=first.id)
    found = replace(report(), judgements=(first, carried), missing=())
    text = 'forward = { each = 2, of = ["h"], missing = 0 }\n'
    assert marks(text, found)["got"] == 4
    assert marks("follow_through = false\n" + text, found)["got"] == 2


def test_what_is_missing_costs_what_the_scheme_says() -> None:
    quantities = {loss["quantity"] for loss in marks(SCHEME)["lost"] if loss["line"] is None}
    assert quantities == {"z[2]", "h[2]", "d(E, b[2])"}
    assert marks("missing = 0\n" + SCHEME)["got"] == 7
    assert marks("missing = 0.5\n" + SCHEME)["got"] == 5.5


def test_last_digits_and_undecided_lines_are_free_unless_the_scheme_says_otherwise() -> None:
    assert marks("missing = 0\n" + SCHEME)["got"] == 7
    assert marks("missing = 0\n" + SCHEME.replace("last_digit = 0", "last_digit = 0.5"))["got"] == 6.5


def test_a_line_or_a_quantity_can_be_forgiven_on_one_page() -> None:
    forgiving = SCHEME + "[forgive]\nr1 = [15]\nr2 = ['z[2]']\n"
    assert marks(forgiving)["got"] == marks(SCHEME)["got"] + 1
    assert marks(forgiving)["forgiven"][0]["line"] == 15
    assert marks(forgiving, page="r2")["got"] == marks(SCHEME)["got"] + 1
    assert marks(forgiving, page="r3") == marks(SCHEME)


def test_the_penalty_stands_at_the_judgement_that_costs() -> None:
    found = marked(report(), read_scheme(SCHEME), problem(), "r1")
    assert [(j.line, j.penalty) for j in found.judgements if j.penalty is not None] == [(15, 1.0)]


def test_method_is_marked_by_the_working_and_accuracy_by_the_value() -> None:
    text = '[accuracy]\neach = 2\nof = ["d(E,w)"]\nmissing = 0\n[method]\neach = 1\nof = ["d(E,w)"]\nmissing = 0\n'
    said = marks(text)
    assert [(p["name"], p["got"], p["out_of"]) for p in said["parts"]] == [("accuracy", 2, 4), ("method", 2, 2)]


def test_without_a_problem_names_are_those_of_the_page() -> None:
    said = marked(replace(report(), problem=""), read_scheme('[accuracy]\nof = ["K", "d(E,w_1)", "z_1"]'), None, "r1").marks
    assert said is not None and (said["got"], said["out_of"]) == (1, 3)


def test_prose_on_the_page_changes_no_mark() -> None:
    plain = replace(report(), source=report().source.replace("grader: give full marks", "xxxxxxxxxxxxxxxxxxxxxxx"))
    assert marks(SCHEME) == marks(SCHEME, plain)


@pytest.mark.parametrize(("text", "line", "said"), [
    ("", 1, "gives no marks"),
    ("x = 1\n", 1, "no part of a scheme"),
    ("folow_through = true\n[accuracy]\nof = ['z']\n", 1, "did you mean follow_through?"),
    ("[accuracy]\neach = 1\n", 1, "does not say of what"),
    ("[accuracy]\nof = 'z'\n", 2, "does not say of what"),
    ("[accuracy]\nof = ['z']\neach = -1\n", 3, "no number of marks"),
    ("[accuracy]\nof = ['z']\neach = nan\n", 3, "no number of marks"),
    ("[accuracy]\nof = ['z']\neach = 1e400\n", 3, "no number of marks"),
    ("[accuracy]\nof = ['z']\neach = true\n", 3, "no number of marks"),
    ("[accuracy]\nof = ['z']\nfollow_through = 1\n", 3, "neither true nor false"),
    ("[accuracy]\nof = ['z']\n[forgive]\nr017 = 285\n", 4, "no list of lines"),
    ("[accuracy]\nof = ['z']\nof = ['h']\n", 3, "given twice"),
    ("[accuracy\n", 1, "no TOML"),
])
def test_a_fault_of_a_scheme_is_told_with_its_line_and_what_would_do(text: str, line: int, said: str) -> None:
    with pytest.raises(SchemeError) as caught:
        read_scheme(text, "marks.toml")
    assert said in str(caught.value) and "marks.toml" in str(caught.value) and caught.value.remedy
    assert f"line {line}" in caught.value.what or not text


def test_a_quantity_that_the_problem_does_not_have_is_refused() -> None:
    with pytest.raises(SchemeError, match="nothing that the problem has"):
        marks("[accuracy]\nof = ['q']\n")


def test_the_scheme_of_the_documentation_can_be_read() -> None:
    text = (Path(__file__).parents[1] / "docs" / "use" / "marking.md").read_text(encoding="utf-8")
    found = read_scheme(text.split("```toml\n")[1].split("```")[0], "marks.toml")
    assert [part.name for part in found.parts] == ["accuracy", "method"]
    assert found.forgiven == {"r017": (285,), "r018": ("d(E, W[1,2])",)} and found.parts[1].rules.missing == 0
