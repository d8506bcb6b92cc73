"""What stands behind a formula in the prose: its tag (`→ ①`, `(2)` on a line of its own) and its reason (`→ by the chain rule`)."""

from __future__ import annotations

import re
from dataclasses import replace

from handgrad.reading.surface import Statement

ARROW = r"(?:-+>|→|⟶|⟵|←|➔|⇒|\\(?:long)?(?:right|left)arrow\b|\.{3,}|…|–|—)"
CIRCLED = r"[①-⑳❶-❿⓵-⓾]|\\textcircled\{\d{1,2}\}"
TAG = re.compile(
    rf"[ \t]*+[.,;]?[ \t]*+\n{{0,2}}[ \t]*+(?:{ARROW}[ \t]*+)?"
    rf"(?P<tag>{CIRCLED}|[\[(](?:eq\.?[ \t]*)?(?:\d{{1,2}}(?:\.\d{{1,2}})?[a-z]?|[A-Z*†‡]|i{{1,3}}|iv|vi{{0,3}})[\])])[ \t]*+[.,;]?[ \t]*+(?=\n|$)")
REASON = re.compile(
    rf"[ \t]*+[.,;]?[ \t]*+\n?[ \t]*+(?:{ARROW}[ \t]*+\(?|\((?=by |from |using |chain|since |as |because |due ))"
    rf"(?P<words>[^\n()=$]{{3,80}})\)?[ \t]*+(?=\n|$)")


def labelled(statements: tuple[Statement, ...], prose: str) -> tuple[Statement, ...]:
    """The statements of a formula with what the prose behind it gives its last one."""
    if not statements:
        return statements
    last = statements[-1]
    found = TAG.match(prose)
    if found and not last.tag:
        return (*statements[:-1], replace(last, tag=_tag(found["tag"])))
    reason = REASON.match(prose)
    if reason:
        return (*statements[:-1], replace(last, words=(*last.words, reason["words"].strip())))
    return statements


def _tag(shown: str) -> str:
    """A tag as it is referred to: `①`, `(2)`."""
    digits = re.fullmatch(r"\\textcircled\{(\d{1,2})\}", shown)
    return chr(0x245F + int(digits[1])) if digits and 1 <= int(digits[1]) <= 20 else shown
