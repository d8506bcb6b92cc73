"""How much of a page is read: past any of these a line, or the page, is refused and the limit is named."""

from __future__ import annotations

from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Characters of a page and of a line; tokens, nesting, digits and nodes of a formula. `comma` says that `1{,}5` is 1.5 on this page."""

    page: int = 1 << 20
    line: int = 1 << 16
    tokens: int = 8000
    nesting: int = 256
    digits: int = 400
    nodes: int = 200_000
    comma: bool = False


LIMITS = ReadingLimits()
