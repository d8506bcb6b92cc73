"""The errors that a user can cause. Each says what, where, what was found and what would do."""

from __future__ import annotations

from handgrad.records import dataclass


@dataclass(eq=False)
class HandgradError(Exception):
    """Something asked for that cannot be done, in the user's words.

    `what` is one line. `line` (from 1), `start` and `end` (columns from 0, end exclusive) point into `source`;
    `remedy` says what would do, `mended` is the line to paste.
    """

    what: str
    source: str = ""
    line: int = 0
    start: int = 0
    end: int = 0
    remedy: str = ""
    mended: str = ""

    code = "refused"

    def __str__(self) -> str:
        shown = [f"{self.code}: {self.what}"]
        if self.line:
            text = self.source.splitlines()[self.line - 1] if self.source else ""
            text = "".join(c if c.isprintable() else " " if c in "\t\r" else "\ufffd" for c in text)
            first = max(0, self.start - 60)
            shown += [f"    {text[first:first + 100]}", "    " + " " * (self.start - first) + "^" * max(1, min(self.end, first + 100) - self.start)]
        if self.remedy:
            shown.append(f"    {self.remedy}")
        if self.mended:
            shown.append(f"    {self.mended}")
        return "\n".join(shown)


class NotationError(HandgradError):
    """A text that is not in the notation."""

    code = "notation"


class ShapeError(HandgradError):
    """Indices or axes that do not fit."""

    code = "shape"


class LimitError(HandgradError):
    """An input past a limit that keeps time and memory bounded."""

    code = "limit"


class ModelError(HandgradError):
    """A model whose statements do not fit together, or a question that it has no answer to."""

    code = "model"
