"""Pages with their verdicts: a page, a line of five equals signs, and below it what a perfect reader says of it, as TOML.

    clean = true                    # nothing is accused, repaired, undecided or unread
    problem = "network.toml"        # a problem file beside the page
    tolerated = ["undecided"]       # verdicts that may stand anywhere
    right = [3, 7]                  # lines on which something is judged and holds
    formulas = 0                    # the page has no formula

    [[finding]]
    line = 12                       # the line on which the statement ends
    allowed = ["slip"]
    kind = ["sign"]                 # of a slip
    link = 2                        # where it matters

A finding is met when some entry of its line has an allowed verdict, and a slip one of the kinds; any other accusation on the page, and any repair
or open question on a line without a finding, is a disagreement.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handgrad.checking.report import HOLDS, Judgement, Report

PAGES = Path(__file__).parent / "pages"
ACCUSING = ("slip", "last_digit")
FREE = (*HOLDS, "not_checked")


@dataclass(frozen=True)
class ToldPage:
    """A page of the corpus with what is to be said of it."""

    path: Path
    text: str
    told: dict[str, Any]


def told_pages() -> list[ToldPage]:
    """The pages of the corpus."""
    found = []
    for path in sorted(p for p in PAGES.iterdir() if p.suffix in (".md", ".tex", ".txt")):
        page, _, verdicts = path.read_text(encoding="utf-8").rpartition("\n=====\n")
        found.append(ToldPage(path, page + "\n", tomllib.loads(verdicts)))
    return found


def disagreements(page: ToldPage, report: Report) -> list[str]:
    """Every difference between a report and what is told of the page."""
    told = page.told
    findings = {finding["line"]: finding for finding in told.get("finding", ())}
    tolerated = (*FREE, *told.get("tolerated", ()))
    found = [_shown("unexpected", j) for j in report.judgements if j.line not in findings and j.verdict not in tolerated]
    for line, finding in findings.items():
        found += _missed(line, finding, [j for j in report.judgements if j.line == line])
    for line in told.get("right", ()):
        if not any(j.line == line and j.verdict in HOLDS for j in report.judgements):
            found.append(f"line {line}: nothing on it holds: {[j.verdict for j in report.judgements if j.line == line]}")
    if "formulas" in told and report.formulas != told["formulas"]:
        found.append(f"{report.formulas} formulas read, not {told['formulas']}")
    return found


def _missed(line: int, finding: dict[str, Any], entries: list[Judgement]) -> Iterator[str]:
    met = [j for j in entries if _meets(j, finding)]
    if not met:
        shown = [(j.verdict, j.kind, j.link) for j in entries]
        yield f"line {line}: no entry is {finding['allowed']} {finding.get('kind', '')}: {shown}"
    for judgement in entries:
        if judgement.verdict in ACCUSING and judgement.verdict not in finding["allowed"]:
            yield _shown("another accusation", judgement)


def _meets(judgement: Judgement, finding: dict[str, Any]) -> bool:
    kinds = finding.get("kind")
    placed = judgement.link == finding.get("link", judgement.link) and list(judgement.entry or ()) == finding.get("entry", list(judgement.entry or ()))
    return judgement.verdict in finding["allowed"] and placed and (judgement.verdict != "slip" or not kinds or judgement.kind in kinds)


def _shown(what: str, judgement: Judgement) -> str:
    return f"line {judgement.line}: {what}: {judgement.verdict} {judgement.kind or ''} {judgement.source[:70]!r} ({judgement.because[:90]})"
