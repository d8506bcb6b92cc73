"""The page of a real student: every finding of a perfect reader, and nobody else accused. Skipped where the shared folder is absent."""

from __future__ import annotations

import os
import tomllib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from handgrad.checking.judging import check
from handgrad.checking.report import Judgement, Report
from handgrad.problem import read_problem

SEED = Path(os.environ.get("HANDGRAD_SHARED", Path(__file__).parents[2] / "shared")) / "seed"
pytestmark = pytest.mark.skipif(not (SEED / "truth.toml").exists(), reason="the shared folder with the page is absent")
ACCUSING = ("slip", "last_digit", "transcription", "undecided")
FINE = ("right", "exact", "rounding", "carried", "convention", "notation")


@cache
def report(with_problem: bool) -> Report:
    problem = read_problem((SEED / "problem.toml").read_text(encoding="utf-8")) if with_problem else None
    return check((SEED / "page.md").read_text(encoding="utf-8"), problem)


def truth() -> dict[str, Any]:
    return tomllib.loads((SEED / "truth.toml").read_text(encoding="utf-8"))


def at(line: int, with_problem: bool = True) -> list[Judgement]:
    return [j for j in report(with_problem).judgements if j.line == line]


def met(finding: dict[str, Any], judgement: Judgement) -> bool:
    kinds = finding.get("kind")
    return judgement.verdict in finding["allowed"] and (judgement.verdict != "slip" or not kinds or judgement.kind in kinds)


def test_every_finding_is_made() -> None:
    missed = [f["line"] for f in truth()["finding"] if not any(met(f, j) for j in at(f["line"]))]
    assert not missed


def test_no_other_line_is_accused() -> None:
    listed = {f["line"] for f in truth()["finding"]} | {f["line"] for f in truth()["free"]}
    assert [(j.id, j.verdict, j.because) for j in report(True).judgements if j.verdict in ACCUSING and j.line not in listed] == []


@pytest.mark.parametrize("with_problem", [True, False])
def test_every_right_line_is_judged_right(with_problem: bool) -> None:
    allowed = truth()["without_problem"]["not_checked_allowed"] if not with_problem else []
    wrong = []
    for line in truth()["right"]["lines"]:
        found = [j.verdict for j in at(line, with_problem)]
        fine = (*FINE, "truncation") if line == 299 else FINE
        if line not in allowed and (not any(v in fine for v in found) or any(v in ("unread", "not_checked", *ACCUSING) for v in found)):
            wrong.append((line, found))
    assert wrong == []


def test_every_number_is_told() -> None:
    def close(a: str | None, b: str) -> bool:
        return a is not None and abs(Fraction(a) - Fraction(b)) <= abs(Fraction(b)) / 10**9

    missed = [n for n in truth()["number"]
              if not any(j.shown == n["shown"] and close(j.by_hand, n["by_hand"]) and close(j.exact, n["exact"]) for j in at(n["line"]))]
    assert missed == []


def test_the_causes_are_those_of_the_truth() -> None:
    found = {j.line for j in report(True).causes}
    assert set(truth()["summary"]["slip_causes"]) <= found <= set(truth()["summary"]["slip_causes"]) | {141, 309, 269, 271, 273}
    assert len(report(True).causes) == len(found)
    assert report(True).unread == truth()["summary"]["unread"]
