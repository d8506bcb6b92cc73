"""Whose marks are others than in an old sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from handgrad.checking.tables import TableError, cell


def compared(old: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """For each page whose marks differ, what they were and what they are."""
    before = _marks(old)
    now = {cell(row["id"]): _said(row["marks"]) for row in rows}
    told = [f"{page}: {before.get(page, 'not there')} → {marks}" for page, marks in now.items() if before.get(page, "not there") != marks]
    return told + [f"{page}: {marks} → not there" for page, marks in before.items() if page not in now]


def _marks(text: str) -> dict[str, str]:
    try:
        head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise TableError(f"the old sheet is no CSV: {error}", remedy="give the marks.csv of an earlier run") from None
    if not {"page", "marks"} <= set(head):
        raise TableError("the old sheet has no columns page and marks", remedy="give the marks.csv of an earlier run")
    found = {}
    for row in rows:
        named = dict(zip(head, row, strict=False))
        found[named.get("page", "")] = f"{named['marks']}/{named.get('out_of', '')}" if named.get("marks") else "–"
    return found


def _said(marks: Mapping[str, Any] | None) -> str:
    return f"{marks['got']}/{marks['out_of']}" if marks else "–"
