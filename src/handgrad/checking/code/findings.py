"""What was found about somebody's gradient code: one `Finding` for each fault, and the `CodeReport` that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from handgrad.axes import Model
from handgrad.checking.slips import KINDS
from handgrad.document import Block, Document, Inline, Inset, Note, Paragraph, Showable
from handgrad.expr import And, Compare, Derivative, Entry, Expr, IndexCompare, Not, Or
from handgrad.notation import write
from handgrad.records import dataclass

Verdict = Literal["slip", "digits", "convention", "undecided"]
MARKS = {"slip": "✗", "digits": "~", "convention": "~", "undecided": "?"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: of which gradient, its kind if it is a known one, what is said of it, and the smallest input that shows it."""

    verdict: Verdict
    gradient: str                       # by what: the name of an input; empty where it is about the function as a whole
    kind: str | None
    said: Inline
    see: str = ""                       # the input, as text
    yours: str = ""
    right: str = ""
    dtype: str = ""
    advice: Inline = ()

    @property
    def code(self) -> str | None:
        """The permanent code of its kind."""
        return KINDS[self.kind].code if self.kind else None


@dataclass(frozen=True, slots=True)
class CodeReport(Showable):
    """All that was found about a function, and at how many points it was looked at."""

    function: str
    against: str
    model: Model
    of: Entry
    by: tuple[str, ...]
    points: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def slips(self) -> tuple[Finding, ...]:
        """The findings that say that the code is wrong."""
        return tuple(f for f in self.findings if f.verdict == "slip")

    @property
    def fails(self) -> bool:
        """Whether the function could not be called, or gave something of another shape."""
        return any(f.verdict == "slip" and not f.gradient for f in self.findings)

    def status(self, strict: bool = False) -> int:
        """The exit status: 1 where the code is wrong, 2 where nothing could be compared; with `strict` 1 also where something is noted or open."""
        if self.findings and all(f.verdict == "undecided" and not f.see for f in self.findings):
            return 2
        return int(bool(self.findings if strict else self.slips))

    def blocks(self) -> Document:
        """The report as a page."""
        found: list[Block] = []
        for f in self.findings:
            found.append(Note((*self._head(f), *f.said), MARKS[f.verdict]))
            below: list[Block] = [Paragraph(f.advice)] if f.advice else []
            below += [Paragraph((f"see it: {f.see}",))] if f.see else []
            below += [Paragraph((f"yours {f.yours}       right {f.right}",))] if f.yours else []
            found += [Inset(tuple(below))] if below else []
        if not self.findings:
            gradients = ", ".join(self.by)
            found.append(Note((f"{self.function} is the gradient of {self.against} by {gradients}: it agrees at {self.points} points",), "✓"))
        found += [Note((note,), "!") for note in self.notes]
        return Document((), tuple(found), self.model)

    def _head(self, finding: Finding) -> Inline:
        return (Derivative(Entry(self.of.name, ()), (Entry(finding.gradient, ()),)), ": ") if finding.gradient else ()

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        lines = [{"verdict": f.verdict, "gradient": f.gradient or None, "kind": f.kind, "code": f.code, "because": self.text(f.said), "see": f.see or None,
                  "yours": f.yours or None, "right": f.right or None, "dtype": f.dtype or None, "advice": self.text(f.advice) or None} for f in self.findings]
        return {"function": self.function, "against": self.against, "by": list(self.by), "points": self.points,
                "summary": {"slips": len(self.slips), "noted": len(self.findings) - len(self.slips)}, "findings": lines, "notes": list(self.notes)}

    def text(self, said: Inline) -> str:
        """The words with the formulas in them as one line of text."""
        return "".join(part if isinstance(part, str) else self._formula(part) for part in said)

    def _formula(self, part: Any) -> str:
        return write(part, self.model) if isinstance(part, Expr | Compare | IndexCompare | And | Or | Not) else str(part)


def sarif(report: CodeReport) -> dict[str, Any]:
    """The report as SARIF 2.1.0, for code review."""
    levels = {"slip": "error", "digits": "warning", "convention": "note", "undecided": "note"}
    rules: Mapping[str, dict[str, Any]] = {rule: {"id": rule, "shortDescription": {"text": title}} for rule, title in
                                           sorted({(_rule(f), KINDS[f.kind].title if f.kind else f.verdict) for f in report.findings})}
    where = {"physicalLocation": {"artifactLocation": {"uri": report.file or report.function}, "region": {"startLine": max(1, report.line)}}}
    results = []
    for f in report.findings:
        shown = f" See it: {f.see}: yours {f.yours}, right {f.right}." if f.see and f.yours else f" See it: {f.see}." if f.see else ""
        results.append({"ruleId": _rule(f), "level": levels[f.verdict], "locations": [where],
                        "message": {"text": f"{report.text(report._head(f))}{report.text(f.said)}.{shown} {report.text(f.advice)}".strip()}})
    driver = {"name": "handgrad", "informationUri": "https://pypi.org/project/handgrad/", "rules": list(rules.values())}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(finding: Finding) -> str:
    return finding.code or f"code/{finding.verdict}"


