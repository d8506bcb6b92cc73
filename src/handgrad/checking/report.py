"""What was found on a page: one `Judgement` for each statement, and the `Report` that holds them.

A judgement says whether the statement is right (`verdict`), whether it follows from its left neighbour (`follows`) and which other
judgement holds the fault it carries (`cause`). Nothing here decides anything; the judges make these values and the renderers show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from handgrad.checking import pages
from handgrad.document import Document, Inline, Showable
from handgrad.reading.surface import Span
from handgrad.records import dataclass

Verdict = Literal["right", "exact", "rounding", "carried", "convention", "notation", "truncation",
                  "transcription", "undecided", "unread", "not_checked", "last_digit", "slip"]
HOLDS: tuple[Verdict, ...] = ("right", "exact", "rounding", "carried", "convention", "notation", "truncation")
NOTED: tuple[Verdict, ...] = ("transcription", "last_digit")
OPEN: tuple[Verdict, ...] = ("undecided", "unread", "not_checked")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a statement, in plain text, and its weight among the others (they add up to 1)."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A slip that would explain a wrong side: its kind and code, what it says, what would be right, where it stands, its weight among others."""

    kind: str
    code: str
    message: str
    right: str                  # the right side as text, one line
    span: Span                  # what is wrong: the smallest stretch of the source
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one statement: a link of a chain, an entry of a matrix, a definition, or a given."""

    id: str
    span: Span                          # of the statement in the source
    start: int                          # its first line, from 1
    line: int                           # the line of its last character
    verdict: Verdict
    source: str = ""                    # as it stands on the page
    read_as: str = ""                   # what was understood, in plain text; of a repaired one the repaired reading
    tree: Any = None                    # the surface tree of the side, for typesetting; None if it is unread
    left: Any = None                    # the surface tree of what stands to its left
    quantity: str = ""                  # the name that it is about, as the page spells it: `∂E/∂w_1`
    role: Literal["link", "definition", "given", "entry", "condition"] = "link"
    link: int | None = None             # the number of the link in its chain, from 1
    entry: tuple[int, int] | None = None
    shown: str | None = None            # a number as it stands there
    by_hand: str | None = None          # from the numbers last shown on the page
    exact: str | None = None            # of the whole run, certified
    kind: str | None = None             # of a slip
    code: str | None = None
    fault: Span | None = None           # the smallest stretch that is wrong
    right: str | None = None            # what would be right
    follows: bool = True                # from its left neighbour
    cause: str | None = None            # the id of the judgement whose fault it carries
    see: str | None = None              # the smallest witness
    because: str = ""                   # one sentence: why this verdict
    penalty: float | None = None
    readings: tuple[Reading, ...] = ()
    explanations: tuple[Explanation, ...] = ()      # of a slip, the likeliest first

    @property
    def mark(self) -> str:
        """Its mark on the screen: one of `✓ ✗ ~ ?`."""
        if self.verdict == "slip":
            return "✗"
        return "✓" if self.verdict in HOLDS else "~" if self.verdict in NOTED else "?"

    def as_dict(self) -> dict[str, Any]:
        """The judgement as JSON."""
        return {
            "id": self.id, "start": self.start, "line": self.line, "link": self.link, "entry": list(self.entry) if self.entry else None,
            "columns": list(self.span), "source": self.source, "read_as": self.read_as, "verdict": self.verdict, "kind": self.kind, "code": self.code,
            "shown": self.shown, "by_hand": self.by_hand, "exact": self.exact, "right": self.right, "follows": self.follows, "cause": self.cause,
            "see": self.see, "because": self.because, "penalty": self.penalty,
            "readings": [{"text": r.text, "weight": r.weight} for r in self.readings],
            "explanations": [{"kind": e.kind, "code": e.code, "right": e.right, "because": e.message, "weight": e.weight} for e in self.explanations],
        }


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that the problem asks for and the page lacks: `stated` says whether a value stands there without working."""

    quantity: str
    stated: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """The gap as JSON."""
        return {"quantity": self.quantity, "stated": self.stated, "text": self.text}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, for the report: its heading and the lines from its first to its last."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Report(Showable):
    """All that was found on a page."""

    page: str                                   # its name
    problem: str                                # the name of the problem file, or empty
    source: str                                 # the text of the page
    judgements: tuple[Judgement, ...]
    formulas: int = 0                           # how many formula sides were read
    unread: int = 0                             # how many were not
    missing: tuple[Absent, ...] = ()
    remarks: tuple[str, ...] = ()               # on the exercise, on facts used, on habits fitted, on limits met
    sections: tuple[Section, ...] = ()
    closing: Inline = ()                        # what is said at the end: which rounding costs most
    marks: Mapping[str, Any] | None = None      # {"got", "out_of", …}, only with a scheme
    facts: tuple[str, ...] = field(default=())  # what the prose says and a judgement used

    def blocks(self, all: bool = False) -> Document:
        """The report as a page: the lines that need a word, or all of them."""
        return pages.blocks(self, all)

    @property
    def slips(self) -> tuple[Judgement, ...]:
        """The statements that hold a slip of their own."""
        return tuple(j for j in self.judgements if j.verdict == "slip")

    @property
    def causes(self) -> tuple[Judgement, ...]:
        """One judgement for each cause of slips, in the order of the page."""
        return tuple(j for j in self.slips if j.cause is None)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        causes = [{"id": j.id, "line": j.line, "kind": j.kind, "code": j.code} for j in self.causes]
        summary = {"formulas": self.formulas, "unread": self.unread, "slips": len(causes), "causes": causes, "marks": dict(self.marks) if self.marks else None}
        return {"page": self.page, "problem": self.problem, "summary": summary, "missing": [m.as_dict() for m in self.missing],
                "remarks": list(self.remarks), "lines": [j.as_dict() for j in self.judgements]}
