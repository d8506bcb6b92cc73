"""What stands beside the sides of a formula: words, labels, arrows that point to a label, and conditions."""

from __future__ import annotations

from handgrad.reading.cursor import ENDS, Refused
from handgrad.reading.expressions import BEGINS, Expressions
from handgrad.reading.limits import ReadingLimits
from handgrad.reading.surface import Compared, Surface
from handgrad.reading.tokens import Tokens


class Asides(Expressions):
    """Reads what is said about a formula; `words`, `conditions` and `tag` gather it for one statement."""

    def __init__(self, found: Tokens, limits: ReadingLimits, typed: bool) -> None:
        super().__init__(found, limits, typed)
        self.words: list[str] = []
        self.conditions: list[Surface] = []
        self.tag = ""

    def dropped(self, first: int, start: int, refusal: Refused) -> Surface:
        """What could not be read from the token on, up to the next relation or end."""
        raise NotImplementedError

    def _introduces(self, at: int) -> bool:
        words = self.texts[at].replace("$", " ").lower().split()
        return bool(words) and words[0].strip("(") in CONDITIONAL

    def _first_relation(self) -> str:
        at = self.at
        while self.kinds[at] not in PART:
            if self.kinds[at] in ("relation", "arrow") and not (self.kinds[at] == "arrow" and self._labels(at)):
                return self.texts[at]
            if self.kinds[at] == "not":
                return "!="
            at = self.partner.get(at, at) + 1
        return ""

    def _ranges(self) -> bool:
        """Whether `i = 1, …, n` stands here: which indices are meant."""
        at = self.at
        if self.kinds[at] != "name" or self.kinds[at + 1] != "relation" or self.texts[at + 1] != "=":
            return False
        end = at + 2
        while self.kinds[end] not in ("stop", "break", ";", "text", "gap"):
            if self.kinds[end] == "dots":
                return True
            if self.kinds[end] == "relation":
                return False
            end = self.partner.get(end, end) + 1
        return False

    # ------------------------------------------------------------ words, labels, conditions

    def note(self, at: int) -> None:
        """Keep the words of the token for the statement."""
        said = " ".join(self.texts[at].replace("$", " ").split())
        if said[:1] == "(" and said[-1:] == ")" and said.count("(") == 1:
            said = said[1:-1]
        if any(c.isalnum() for c in said):
            self.words.append(said)

    def said(self, start: int, end: int) -> None:
        """Keep a stretch of the source as words."""
        text = " ".join(self.tokens.source[start:end].split())
        for command in ("\\text", "\\textrm", "\\mbox", "\\left", "\\right", "\\quad", "\\textcircled"):
            text = text.replace(command + "{", "{").replace(command, "")
        text = " ".join(text.replace("{", "").replace("}", "").split())
        if text.strip("-–— "):
            self.words.append(text)

    def _labels(self, at: int) -> bool:
        """Whether the arrow at the token points to a label, to words, or to nothing."""
        after = at + 1
        if self.kinds[at] == "xarrow":
            while self.kinds[after] in ("(", "{"):
                after = self.partner.get(after, after) + 1
        while self.kinds[after] == "gap":
            after += 1
        kind = self.kinds[after]
        if kind == "text":
            return self.is_words(after) or self.kinds[after + 1] in ENDS
        return self.last(after) or kind in ("circled", ".", "implies") or kind == "(" and (self._said(after) or self.tag_at(after))

    def label(self) -> None:
        """Step over an arrow and what is written on it."""
        at = self.at
        self.at = at + 1
        if self.kinds[at] == "xarrow":
            while self.kinds[self.at] in ("(", "{"):
                close = self.partner.get(self.at, self.at)
                if self.kinds[self.at + 1] == "circled" and close == self.at + 2:
                    self.tag = self.texts[self.at + 1]
                else:
                    self.said(self.ends[self.at], self.starts[close])
                self.at = close + 1
        elif self.texts[at] == "->" and self.last(self.at):
            self.words.append("→")

    def _relates_inside(self, at: int) -> bool:
        close = self.partner.get(at, at)
        return self.kinds[close + 1] in BEHIND_CONDITION and any(self.kinds[k] == "relation" for k in range(at, close))

    def bracketed(self) -> None:
        """Brackets behind a side: a label, words, or a condition."""
        at = self.at
        close = self.partner.get(at)
        if close is None:
            self.at = at + 1
            self.said(self.starts[at], self.ends[at])
            return
        if self.tag_at(at):
            self.tag = self.tokens.source[self.starts[at]:self.ends[close]]
            self.at = close + 1
            return
        if any(self.kinds[k] == "relation" for k in range(at, close)) and (self.kinds[at + 1] != "text" or self._introduces(at + 1)):
            self.at = at + (2 if self.kinds[at + 1] == "text" else 1)
            self.bounded()
            if self.at == close:
                self.at = close + 1
                return
        self.said(self.ends[at], self.starts[close])
        self.at = close + 1

    def spoken(self) -> bool:
        """Words behind a side; whether another statement begins with them."""
        at = self.at
        inside = self.texts[at]
        if self._introduces(at):
            if "$" in inside or any(sign in inside for sign in ("\\ne", "<", ">", "=", "≠", "≤", "≥")):
                node = self._inside()
                if node is not None:
                    self.conditions.append(node)
                return False
            after = at + 1
            while self.kinds[after] == "gap":
                after += 1
            self.at = after
            relation = self._first_relation()
            if relation and (relation not in ("=", "≈") or inside.replace("$", " ").lower().split()[0] in ("for", "if", "when") or self._ranges()):
                self.bounded()
                return False
            self.at = at
        after = at + 1
        while self.kinds[after] in ("gap", ",", ".", "text", "circled", ":"):
            after += 1
        if self.kinds[after] in BEGINS or self.kinds[after] == "sign":
            if self.equation_from(after):
                return True
            while self.kinds[after] not in ("stop", "break", ";", "relation", "implies"):
                after = self.partner.get(after, after) + 1
            self.said(self.starts[at], self.ends[after - 1])
            self.at = after
            return False
        for place in range(at, after):
            if self.kinds[place] == "text":
                self.note(place)
            elif self.kinds[place] == "circled":
                self.tag = self.texts[place]
        self.at = after
        return False

    def bounded(self) -> None:
        """The condition in hand, kept for the statement; words if it is none."""
        first, start = self.at, self.starts[self.at]
        try:
            node = self.condition()
        except Refused as refusal:
            self.conditions.append(self.dropped(first, start, refusal))
            return
        if isinstance(node, Compared):
            self.conditions.append(node)
        else:
            self.said(start, self.ends[self.at - 1])


PART = frozenset((",", ";", "stop", "break", "gap", "text", "implies"))
BEHIND_CONDITION = frozenset(("stop", "break", ";", ",", ".", "gap", "circled", "arrow", "text"))
CONDITIONAL = frozenset(("for", "if", "when", "where", "with", "whenever", "provided", "assuming", "für", "falls", "wenn"))
