"""Chains of sides: `a = b = c`, one statement after the other, with what stands before and behind each."""

from __future__ import annotations

from dataclasses import replace

from handgrad.reading.asides import Asides
from handgrad.reading.cursor import ENDS, Refused
from handgrad.reading.expressions import BEGINS, comma
from handgrad.reading.limits import ReadingLimits
from handgrad.reading.rows import Boxes
from handgrad.reading.scripts import OPEN_ENDED
from handgrad.reading.surface import Compared, Decimal, Dots, Group, Scripted, Side, Statement, Sum, Surface, Symbol, Unread
from handgrad.reading.tokens import Tokens, tokens


class Reader(Asides):
    """Reads chains."""

    def __init__(self, found: Tokens, limits: ReadingLimits, typed: bool, boxes: Boxes = ()) -> None:
        super().__init__(found, limits, typed)
        self.boxes = boxes
        self.listed: tuple[Surface, ...] = ()

    def statements(self) -> tuple[Statement, ...]:
        """All statements, one after the other."""
        found: list[Statement] = []
        while self.kinds[self.at] != "stop":
            if self.kinds[self.at] in BETWEEN:
                self.at += 1
            else:
                found.append(self.statement())
                if self.listed:
                    _deal(found, self.listed)
        return tuple(found)

    def statement(self) -> Statement:
        """One chain with all that belongs to it; at least one token is stepped over."""
        self.words, self.conditions, self.tag, self.listed = [], [], "", ()
        self.qualifier: Symbol | None = None
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
            if self.qualifier and len(sides) == 1:
                sides[0] = _qualified(sides[0], self.qualifier)
            if self.trailing(sides):
                break
        end = max(start, self.ends[self.at - 1]) if self.at > first else start
        return Statement((start, end), tuple(sides), tuple(self.conditions), tuple(self.words), self.tag)

    # ------------------------------------------------------------ sides

    def relation(self) -> str:
        """The relation in hand, stepped over; empty if there is none."""
        kind, text = self.kinds[self.at], self.texts[self.at]
        if kind == ":" and self.kinds[self.at + 1] == "stop":           # what it introduces stands elsewhere
            self.at += 1
            return ""
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
                tree = self.conditional(tree, start)
            if self.kinds[self.at] not in AFTER_SIDE or self.kinds[self.at] == "." and self._glued():
                raise self.unexpected()
        except Refused as refusal:
            return self.unread(relation, first, start, refusal)
        return Side(relation, tree, self.since(start), self._boxed(first, start, tree))

    def _boxed(self, first: int, start: int, tree: Surface) -> bool:
        if self.kinds[first] == "box" and self.partner.get(first + 1) == self.at - 1:
            return True
        return any(a <= start < b for a, b in self.boxes) or isinstance(tree, Group) and tree.bracket == "[" and len(tree.items) == 1

    def unread(self, relation: str, first: int, start: int, refusal: Refused) -> Side:
        """The side that could not be read."""
        tree = self.dropped(first, start, refusal)
        return Side(relation, tree, tree.span)

    def dropped(self, first: int, start: int, refusal: Refused) -> Surface:
        """What could not be read from the token on, up to the next relation or end on its level."""
        self.depth = self.level = 0
        self.bars = []
        at = first
        stops = ENDS if refusal.why.startswith("limit") else STOPS       # past a limit nothing more of the statement is tried
        while self.kinds[at] not in stops:
            at = self.partner.get(at, at) + 1
        self.rewind(at)
        end = max(start, self.ends[at - 1]) if at > first else start
        text = self.tokens.source[start:end]
        why = refusal.why if not text or refusal.why.startswith("limit") else f"{refusal.why} (character {refusal.at - start + 1})"
        return Unread((start, end), text, why)

    # ------------------------------------------------------------ what stands before and behind

    def lead(self) -> None:
        """Step over what only introduces a statement: `therefore`, words, a label, a condition."""
        while True:
            kind = self.kinds[self.at]
            if kind in ("implies", "gap", ".", ","):
                self.at += 1
            elif kind == "circled":
                self.tag = self.texts[self.at]
                self.at += 1
            elif kind == "text" and (self.is_words(self.at) or self._qualifies(self.at)):
                if self._introduces(self.at) and self.equation_from(self.at + 1) and not self._whole(self.at + 1):
                    self.at += 1
                    self.bounded()
                    if self.kinds[self.at] in (",", ":"):
                        self.at += 1
                else:
                    said = self.texts[self.at].strip().lower()
                    if said in QUALIFIERS:
                        self.qualifier = Symbol((self.starts[self.at], self.ends[self.at]), "new" if said == "updated" else said)
                    else:
                        self.note(self.at)
                    self.at += 1
            elif kind == "(" and self.partner.get(self.at) == self.at + 2 and self._set_apart(self.at + 3):
                self.tag = self.tokens.source[self.starts[self.at]:self.ends[self.at + 2]]
                self.at += 3
            elif kind == "(" and self._said(self.at):
                self.bracketed()
            elif kind in ("arrow", "xarrow") and self._labels(self.at):
                self.label()
            else:
                return

    def _set_apart(self, at: int) -> bool:
        """Whether a wide space stands at the token, and behind it no relation."""
        after = at
        while self.kinds[after] == "gap":
            after += 1
        return after > at and self.kinds[after] not in ("relation", "sign", "times")

    def _qualifies(self, at: int) -> bool:
        """Whether a text with a space at its end stands before a name: `\\text{new } w_1 = …`."""
        text = self.texts[at]
        opens = text.strip(" .:").lower().endswith(OPEN_ENDED)
        return text[-1:].isspace() and not opens and self.kinds[at + 1] in ("name", "letters", "accent", "font", "frac")

    def _whole(self, at: int) -> bool:
        """Whether nothing follows the part that begins at the token, so that it is the statement itself."""
        while self.kinds[at] not in (",", ":", "stop", "break", ";"):
            at = self.partner.get(at, at) + 1
        return self.last(at)

    def trailing(self, sides: list[Side]) -> bool:
        """Step over what stands behind a side; whether the statement ends there."""
        while True:
            kind = self.kinds[self.at]
            if kind in ENDS or kind == "implies" and self._begins_behind():
                return True
            if kind in ("relation", "not", "overset", ":"):
                return False
            if kind in ("arrow", "xarrow"):
                named = self._labels(self.at)
                if named or kind == "xarrow":
                    self.label()
                if not named:
                    return kind == "xarrow"
            elif kind == "circled":
                self.tag = self.texts[self.at]
                self.at += 1
            elif kind in ("implies", "null", "strokes") or kind == "." and not self._glued() or kind == "dots" and self.tag_at(self.at + 1):
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

    def _glued(self) -> bool:
        """Whether the point joins two things, `np.sum` or `0.5 . 0.3`, and ends nothing."""
        return (self.adjacent(self.at + 1) or not self.adjacent(self.at)) and self.kinds[self.at + 1] in BEGINS and self.kinds[self.at + 1] != "text"

    def _begins_behind(self) -> bool:
        after = self.at + 1
        while self.kinds[after] == "gap":
            after += 1
        return not self.last(after) and self.kinds[after] not in ("text", "circled")

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
        if relation in ("=", "≈", "->", ":") and not self._ranges() and not self._same_index(sides):
            return True
        if relation and any(side.relation in ("=", "≈") for side in sides):
            self.bounded()
            return False
        if relation or comma_at is None or len(sides) == 1 and not sides[0].relation and not self._decimal_comma(comma_at):
            return True
        self._listed(sides, comma_at)
        return False

    def _same_index(self, sides: list[Side]) -> bool:
        """Whether `i = j` stands here behind an equation, and nothing more: for which indices it holds."""
        kinds, texts, at = self.kinds, self.texts, self.at
        letters = kinds[at] == kinds[at + 2] == "name" and texts[at] in INDICES and texts[at + 2] in INDICES
        return letters and texts[at + 1] == "=" and kinds[at + 3] in ("stop", "break", ";", ".", ",") and any(side.relation == "=" for side in sides)

    def _listed(self, sides: list[Side], comma_at: int) -> None:
        """More values behind a comma: `i = 1, 2, …, n` says where i comes from; any other list is not read."""
        side = sides[-1]
        start = side.span[0]
        try:
            if self._decimal_comma(comma_at):
                raise self.refused(comma(self.texts[comma_at - 1], self.texts[self.at]), comma_at)
            found = [side.tree, self.expression()]
            while self.kinds[self.at] == "," and not self.last(self.at):
                self.at += 1
                found.append(self.expression())
            dots = any(isinstance(f, Dots) for f in found)
            if side.relation not in ("=", "in") or not dots and not all(map(_is_number, found)):
                raise self.refused("a list without brackets", comma_at)
        except Refused as refusal:
            sides[-1] = self.unread(side.relation, max(comma_at, 1), start, refusal)
            return
        span = (start, self.ends[self.at - 1])
        self.listed = () if dots else tuple(found)
        sides[-1] = Side("in" if dots else side.relation, Group(span, "{" if dots else "(", tuple(found)), span, side.boxed)

    def _decimal_comma(self, at: int) -> bool:
        """Whether the comma stands between two digits, without a space."""
        return self.kinds[at + 1] == self.kinds[at - 1] == "number" and self.adjacent(at) and self.adjacent(at + 1) and self.texts[at - 1].isdigit()

    def inner(self, start: int, end: int) -> Surface | None:
        """The condition in a stretch of the source."""
        found = tokens(self.tokens.source, start, end, self.limits, self.typed)
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


def _qualified(side: Side, said: Symbol) -> Side:
    """The name on a side with what is said in front of it: `new w_1` is `w_1^{new}`."""
    tree, span = side.tree, (said.span[0], side.span[1])
    if isinstance(tree, Symbol):
        return replace(side, span=span, tree=Scripted((span[0], tree.span[1]), tree, (), said))
    if isinstance(tree, Scripted) and tree.sup is None:
        return replace(side, span=span, tree=replace(tree, span=(span[0], tree.span[1]), sup=said))
    return side


def _deal(found: list[Statement], values: tuple[Surface, ...]) -> None:
    """Give each of the names before a list its value: `x_1, x_2 = 0.05, 0.10` is two statements."""
    last = found[-1]
    names = [statement.sides[0] for statement in found[-len(values):] if statement.sides and not statement.words and not statement.sides[0].relation]
    if len(names) != len(values) or len(last.sides) != 2 or any(len(statement.sides) != 1 for statement in found[-len(values):-1]):
        return
    found[-len(values):] = [
        Statement((name.span[0], value.span[1]), (name, Side(last.sides[1].relation, value, value.span)), last.conditions, last.words, last.tag)
        for name, value in zip(names, values, strict=True)]


def _is_number(node: Surface) -> bool:
    if isinstance(node, Sum) and len(node.terms) == 1:
        node = node.terms[0].node
    return isinstance(node, Decimal)


QUALIFIERS = frozenset(("new", "updated", "old"))
INDICES = frozenset("ijklmnrst")
BETWEEN = frozenset(("break", ";", ",", "gap", ".", "&", "row", "null"))
STOPS = frozenset(("relation", "stop", "break", ";", "implies"))
AFTER_SIDE = frozenset(
    ("relation", "not", "overset", "arrow", "xarrow", "implies", ":", ",", ";", ".", "gap", "text", "circled", "(", "stop", "break", "null", "strokes", "dots"))
