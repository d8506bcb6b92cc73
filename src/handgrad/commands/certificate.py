"""`handgrad certificate FILE`: a saved derivation, computed again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from handgrad.axes import Model
from handgrad.certificate import Finding, recheck
from handgrad.commands.output import chosen, parser, put
from handgrad.document import Block, Document, Note, Paragraph
from handgrad.errors import ModelError

MARKS = {"agrees": "✓", "apart": "✗", "undecided": "?"}


def run(arguments: Sequence[str]) -> int:
    """Prints what the re-check found; 0 if every line agrees, else 1."""
    made = parser("certificate", "Every step of a saved derivation, read again from its text and computed with mpmath alone.")
    made.add_argument("file", metavar="FILE", help="what `handgrad derive … --json -o FILE` wrote")
    options = made.parse_args(arguments)
    output = chosen(options)
    findings = recheck(_saved(options.file))
    put(output, lambda: _document(findings), lambda: {"agrees": _agrees(findings), "lines": [asdict(f) for f in findings]})
    return 0 if _agrees(findings) else 1


def _agrees(findings: tuple[Finding, ...]) -> bool:
    return all(f.verdict == "agrees" for f in findings)


def _saved(file: str) -> dict[str, object]:
    try:
        saved = json.loads(Path(file).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ModelError(f"{file} is no JSON: {error.msg} in line {error.lineno}") from error
    if not isinstance(saved, dict):
        raise ModelError(f"{file} holds no derivation")
    return saved


def _document(findings: tuple[Finding, ...]) -> Document:
    bad = [f for f in findings if f.verdict != "agrees"]
    agreed = len(findings) - len(bad)
    blocks: list[Block] = [Note((f"{f.line}: {f.equation}: {f.because}",), MARKS[f.verdict]) for f in bad]
    least = min((f.points for f in findings if f.verdict == "agrees"), default=0)
    said = f"{agreed} of {_counted(len(findings), 'line')} {'agrees' if 1 in (agreed, len(findings)) else 'agree'} with mpmath to 30 digits"
    where = f", {'each ' if agreed > 1 else ''}at {_counted(least, 'point')} or more" if agreed else ""
    blocks.append(Paragraph((f"{said}{where}.",)))
    return Document((), tuple(blocks), Model({}))


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
