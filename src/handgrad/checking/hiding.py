"""A report for somebody who is to find the slip alone: where it is and of what kind, never what would be right."""

from __future__ import annotations

from dataclasses import replace

from handgrad.checking.report import Judgement, Report
from handgrad.checking.words import HOLDS, PLAIN, hint

KEPT = {"undecided": "look at this line again", "not_checked": "", "last_digit": "look at the last digit"}


def hidden(report: Report) -> Report:
    """The report without answers. What it says of a line that is wrong is what to look at."""
    return replace(report, judgements=tuple(map(_hidden, report.judgements)), closing=(),
                   missing=tuple(replace(m, text=f"{m.quantity} is " + ("stated without working" if m.stated else "missing")) for m in report.missing))


def _hidden(j: Judgement) -> Judgement:
    bare = replace(j, by_hand=None, exact=None, right=None, see=None, explanations=(), readings=())
    if j.verdict in PLAIN and j.follows:
        shown = j.by_hand if j.by_hand == j.shown else None
        return replace(bare, by_hand=shown)
    if j.verdict in HOLDS:
        return replace(bare, because="" if j.follows else "right, but it does not follow from the line before")
    if j.verdict == "slip":
        return replace(bare, because=hint(j.kind))
    return replace(bare, because=j.because if j.verdict in ("unread", "transcription") else KEPT[j.verdict])
