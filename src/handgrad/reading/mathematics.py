"""From the text of a formula, in LaTeX or typed, to its statements: chains of sides with their conditions, words and labels.

Reading never fails: a side that cannot be read is an `Unread` that says why, the others are read. Nothing is evaluated and no name has
a meaning here.

    statements("h_1 = \\\\sigma(0.7384) = 0.6767")
    formula("\\\\frac{\\\\partial E}{\\\\partial w_1}")
"""

from __future__ import annotations

from handgrad.reading.cursor import Refused
from handgrad.reading.derivatives import ENDS
from handgrad.reading.expressions import BEGINS, Expressions, comma
from handgrad.reading.limits import LIMITS, ReadingLimits
from handgrad.reading.rows import Boxes, laid_out
from handgrad.reading.surface import Compared, Group, Side, Span, Statement, Surface, Unread
from handgrad.reading.tokens import Tokens, tokens


def statements(source: str, start: int = 0, end: int | None = None, limits: ReadingLimits = LIMITS, typed: bool = False) -> tuple[Statement, ...]:
    """The statements in source[start:end]; spans count from the start of the source."""
    end = len(source) if end is None else end
    found = tokens(source, start, end, limits)
    if found.refusal:
        first, last = _trimmed(source, start, end)
        side = Side("", Unread((first, last), source[first:last], found.refusal), (first, last))
        return (Statement((first, last), (side,)),)
    boxes = laid_out(found) if "box" in found.kinds or "under" in found.kinds or "begin" in found.kinds or found.rows or "&" in found.kinds else ()
    return Reader(found, limits, typed, boxes).statements()


def formula(text: str) -> Surface:
    """The tree of one formula; what cannot be read is an `Unread`."""
    found = statements(text, typed="\\" not in text)
    if len(found) == 1 and len(found[0].sides) == 1 and not found[0].conditions:
        return found[0].sides[0].tree
    if found and all(isinstance(s.tree, Unread) for f in found for s in f.sides) and found[0].sides:
        return found[0].sides[0].tree
    return Unread((0, len(text)), text, "this is no single formula")


def _trimmed(source: str, start: int, end: int) -> Span:
    text = source[start:end]
    first = start + len(text) - len(text.lstrip())
    return first, max(first, start + len(text.rstrip()))


class Reader(Expressions):
    """Reads chains."""

    def __init__(self, found: Tokens, limits: ReadingLimits, typed: bool, boxes: Boxes = ()) -> None:
        super().__init__(found, limits, typed)
        self.boxes = boxes
        self.words: list[str] = []
        self.conditions: list[Surface] = []
        self.tag = ""

    def statements(self) -> tuple[Statement, ...]:
        """All statements, one after the other."""
        found: list[Statement] = []
        while self.kinds[self.at] != "stop":
            if self.kinds[self.at] in BETWEEN:
                self.at += 1
            else:
                found.append(self.statement())
        return tuple(found)

    def statement(self) -> Statement:
        """One chain with all that belongs to it; at least one token is stepped over."""
        self.words, self.conditions, self.tag = [], [], ""
        first = self.at
        start = self.starts[first]
        sides: list[Side] = []
        self.lead()
        while self.kinds[self.at] not in ENDS:
            relation = self.relation()
            if sides and not relation:
                if self.at == first:
                    self.at += 1
                break
            sides.append(self.side(relation))
            if self.trailing(sides):
                break
        return Statement((start, max(start, self.ends[self.at - 1] if self.at > first else start)), tuple(sides), tuple(self.conditions), tuple(self.words), self.tag)

    # ------------------------------------------------------------ sides

    def relation(self) -> str:
        """The relation in hand, stepped over; empty if there is none."""
        kind, text = self.kinds[self.at], self.texts[self.at]
        if kind in ("relation", "arrow", ":"):
            self.at += 1
            if kind == "relation" and self.kinds[self.at] == "relation" and self.texts[self.at] == text:
                self.at += 1                            # the end of one row and the begin of the next
            return text
        if kind == "not" and self.kinds[self.at + 1] == "relation":
            self.at += 2
            return {"=": "!=", "in": "not in"}.get(self.texts[self.at - 1], "not " + self.texts[self.at - 1])
        if kind == "overset" and (close := self.partner.get(self.at + 1)) is not None:
            inner = close + 2 if self.kinds[close + 1] == "{" else close + 1
            if self.kinds[inner] in ("relation", "arrow"):
                self.said(self.starts[self.at + 2], self.ends[close - 1])
                self.at = inner + (1 if inner == close + 1 else 2)
                return self.texts[inner]
        return ""

    def side(self, relation: str) -> Side:
        """One side; what stops it is left in hand."""
        first, start = self.at, self.starts[self.at]
        self.depth = self.level = 0
        self.bars = []
        try:
            tree = self.expression()
            if self.kinds[self.at] == "text":
                tree = self.conditional(tree, first)
            if self.kinds[self.at] not in AFTER_SIDE:
                raise self.unexpected()
        except Refused as refusal:
            return self.unread(relation, first, start, refusal)
        return Side(relation, tree, (start, self.ends[self.at - 1]), self._boxed(first, start, tree))

    def _boxed(self, first: int, start: int, tree: Surface) -> bool:
        if self.kinds[first] == "box" and self.partner.get(first + 1) == self.at - 1:
            return True
        return any(a <= start < b for a, b in self.boxes) or isinstance(tree, Group) and tree.bracket == "[" and len(tree.items) == 1

    def unread(self, relation: str, first: int, start: int, refusal: Refused) -> Side:
        """The side that could not be read, up to the next relation or end on its level."""
        self.depth = self.level = 0
        self.bars = []
        at = first
        while self.kinds[at] not in STOPS or at < first:
            at = self.partner.get(at, at) + 1
        self.at = at
        end = max(start, self.ends[at - 1]) if at > first else start
        text = self.tokens.source[start:end]
        why = refusal.why if not text or refusal.why.startswith("limit") else f"{refusal.why} (character {refusal.at - start + 1})"
        return Side(relation, Unread((start, end), text, why), (start, end))

    # ------------------------------------------------------------ what stands before and behind

    def lead(self) -> None:
        """Step over what only introduces a statement: `therefore`, words, a label, a condition."""
        while True:
            kind = self.kinds[self.at]
            if kind in ("implies", "gap", "."):
                self.at += 1
            elif kind == "circled":
                self.tag = self.texts[self.at]
                self.at += 1
            elif kind == "text" and self.is_words(self.at):
                if self._introduces(self.at) and self.equation_from(self.at + 1) and not self._whole(self.at + 1):
                    self.at += 1
                    self.bounded()
                    if self.kinds[self.at] in (",", ":"):
                        self.at += 1
                else:
                    self.note(self.at)
                    self.at += 1
            elif kind == "(" and self._said(self.at):
                self.bracketed()
            elif kind in ("arrow", "xarrow") and self._labels(self.at):
                self.label()
            else:
                return

    def _introduces(self, at: int) -> bool:
        words = self.texts[at].replace("$", " ").lower().split()
        return bool(words) and words[0].strip("(") in CONDITIONAL

    def _whole(self, at: int) -> bool:
        """Whether nothing follows the part that begins at the token, so that it is the statement itself."""
        while self.kinds[at] not in (",", ":", "stop", "break", ";"):
            at = self.partner.get(at, at) + 1
        return self.kinds[at] in ("stop", "break", ";")

    def trailing(self, sides: list[Side]) -> bool:
        """Step over what stands behind a side; whether the statement ends there."""
        while True:
            kind = self.kinds[self.at]
            if kind in ENDS or kind == "implies" and self._begins_behind():
                return True
            if kind in ("relation", "not", "overset", ":"):
                return False
            if kind in ("arrow", "xarrow"):
                if not self._labels(self.at):
                    return kind == "xarrow" and self.label() is None
                self.label()
            elif kind == "circled":
                self.tag = self.texts[self.at]
                self.at += 1
            elif kind in ("implies", ".", "null", "strokes"):
                self.at += 1
            elif kind == "dots" and self.tag_at(self.at + 1):
                self.at += 1
            elif kind in (",", "gap"):
                if self.part(sides):
                    return True
            elif kind == "text":
                if self.spoken():
                    return True
            elif kind == "(":
                self.bracketed()
            else:
                return True

    def _begins_behind(self) -> bool:
        after = self.at + 1
        while self.kinds[after] == "gap":
            after += 1
        return self.kinds[after] not in ENDS and self.kinds[after] not in ("text", "circled")

    def part(self, sides: list[Side]) -> bool:
        """Behind a comma or a wide space: whether the statement ends there; a condition is read, a list goes on."""
        comma_at = self.at if self.kinds[self.at] == "," else None
        while self.kinds[self.at] in (",", "gap"):
            comma_at = self.at if self.kinds[self.at] == "," else comma_at
            self.at += 1
        kind = self.kinds[self.at]
        if kind not in BEGINS and kind != "sign" or kind == "text":
            return False
        if kind == "(" and (self.tag_at(self.at) or self._said(self.at) or self._relates_inside(self.at)):
            return False
        relation = self._first_relation()
        if relation in ("=", "≈", "->", ":") and not self._ranges():
            return True
        if relation and sides[0].tree and (len(sides) > 1 or sides[0].relation):
            self.bounded()
            return False
        if relation or comma_at is None:
            return True
        self._listed(sides, comma_at)
        return False

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

    def _listed(self, sides: list[Side], comma_at: int) -> None:
        """More values behind a comma: `i = 1, 2, …, n` says where i comes from; any other list is not read."""
        side = sides[-1]
        start = side.span[0]
        try:
            if self.kinds[self.at] == "number" and self.adjacent(self.at) and self.kinds[comma_at - 1] == "number" and self.texts[comma_at - 1].isdigit():
                raise self.refused(comma(self.texts[comma_at - 1], self.texts[self.at]), comma_at)
            found = [side.tree, self.expression()]
            while self.kinds[self.at] == ",":
                self.at += 1
                found.append(self.expression())
            if side.relation not in ("=", "in") or not any(type(f).__name__ == "Dots" for f in found):
                raise self.refused("a list without brackets", comma_at)
        except Refused as refusal:
            sides[-1] = self.unread(side.relation, max(comma_at, 1), start, refusal)
            return
        span = (start, self.ends[self.at - 1])
        sides[-1] = Side("in", Group(span, "{", tuple(found)), span, side.boxed)

    # ------------------------------------------------------------ words, labels, conditions

    def note(self, at: int) -> None:
        """Keep the words of the token for the statement."""
        said = " ".join(self.texts[at].replace("$", " ").split())
        if said:
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
        return kind in ENDS or kind in ("circled", ".", "implies") or kind == "text" and self.is_words(after) or kind == "text" and self.kinds[after + 1] in ENDS \
            or kind == "(" and (self._said(after) or self.tag_at(after))

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
        elif self.texts[at] == "->" and self.kinds[self.at] in ENDS:
            self.words.append("→")

    def _relates_inside(self, at: int) -> bool:
        close = self.partner.get(at, at)
        return any(self.kinds[k] == "relation" for k in range(at, close)) and self.kinds[close + 1] in ("stop", "break", ";", ",", ".", "gap", "circled", "arrow", "text")

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
        self.note(at)
        self.at = at + 1
        return False

    def bounded(self) -> None:
        """The condition in hand, kept for the statement; words if it is none."""
        first, start = self.at, self.starts[self.at]
        try:
            node = self.condition()
        except Refused as refusal:
            self.conditions.append(self.unread("", first, start, refusal).tree)
            return
        if isinstance(node, Compared):
            self.conditions.append(node)
        else:
            self.said(start, self.ends[self.at - 1])

    def inner(self, start: int, end: int) -> Surface | None:
        """The condition in a stretch of the source."""
        found = tokens(self.tokens.source, start, end, self.limits)
        text = self.tokens.source[start:end]
        node: Surface | None = None
        if not found.refusal:
            reader = Reader(found, self.limits, self.typed)
            try:
                while reader.kinds[reader.at] in ("text", "gap", ",", "(", "letters") and reader.kinds[reader.at + 1] != "relation":
                    reader.at += 1
                node = reader.condition()
                while reader.kinds[reader.at] in (".", ",", "close"):
                    reader.at += 1
                if reader.kinds[reader.at] != "stop":
                    node = None
            except Refused:
                node = None
        if isinstance(node, Compared):
            return node
        return Unread((start, end), text, "the words say no condition that is read")


BETWEEN = frozenset(("break", ";", ",", "gap", ".", "&", "row", "null"))
PART = frozenset((",", ";", "stop", "break", "gap", "text", "implies"))
STOPS = frozenset(("relation", "stop", "break", ";", "implies"))
AFTER_SIDE = frozenset(("relation", "not", "overset", "arrow", "xarrow", "implies", ":", ",", ";", ".", "gap", "text", "circled", "(", "stop", "break", "null", "strokes", "dots"))
CONDITIONAL = frozenset(("for", "if", "when", "where", "with", "whenever", "provided", "assuming", "für", "falls", "wenn"))