"""What tests ask of formulas that were read: their trees, what is unread in them, and what is lost."""

from handgrad.reading.limits import LIMITS
from handgrad.reading.mathematics import statements
from handgrad.reading.surface import Big, Decimal, Dots, Fraction, Nabla, Statement, Surface, Symbol, Unread, walk
from handgrad.reading.tokens import tokens


def read(text: str) -> tuple[Statement, ...]:
    return statements(text, typed="\\" not in text)


def trees(found: tuple[Statement, ...]) -> list[Surface]:
    return [root for statement in found for root in (*(side.tree for side in statement.sides), *statement.conditions)]


def unread(found: tuple[Statement, ...]) -> list[Unread]:
    return [node for root in trees(found) for node in walk(root) if isinstance(node, Unread)]


def lost(text: str, typed: bool) -> list[str]:
    """The names and numbers of a formula that stand in no leaf, no derivative and no words of what was read."""
    found = statements(text, typed=typed)
    cover = bytearray(len(text) + 1)
    said = " ".join(" ".join(statement.words) + statement.tag for statement in found).replace("\\", "")
    for node in (node for root in trees(found) for node in walk(root)):
        if isinstance(node, (Decimal, Symbol, Dots, Unread)) or isinstance(node, Fraction) and node.span[1] == node.span[0] + 1:
            cover[node.span[0]:node.span[1]] = bytes([1]) * (node.span[1] - node.span[0])
        elif isinstance(node, (Big, Nabla)):
            cover[node.span[0]:node.span[0] + 6] = bytes([1]) * 6
    pieces = tokens(text, 0, len(text), LIMITS, typed)
    return [text[a:b] for kind, a, b in zip(pieces.kinds, pieces.starts, pieces.ends, strict=True)
            if kind in ("name", "letters", "number", "function", "bad") and a < b and not all(cover[a:b]) and text[a:b].replace("\\", "") not in said]
