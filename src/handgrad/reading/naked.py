"""Mathematics in running text without delimiters: `so h1 = σ(0.7384) = 0.6767, and …`.

A stretch grows from a relation sign to both sides as long as what it meets can only be mathematics. A plain word is a name only next to a
sign and where no other word follows: `loss = 0.3` is a formula, of `x = 5 apples` it is `x = 5`, and `y = the right class` is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.reading.growing import ENDLESS, SIGNS, UNARY, Grower, Row
from handgrad.reading.words import Token, partners
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """A formula in running text: its first and last token, its offsets in the source, whether a marked formula is in it, where a verb stands in it.

    `rows` are the cases behind it, `1 if x > 0 and 0 otherwise`: each value with its condition. The first value, None, is the last side.
    """

    first: int
    last: int
    start: int
    end: int
    mixed: bool
    verb: int = -1
    rows: tuple[Row, ...] = ()


def stretches(found: Sequence[Token]) -> list[Stretch]:
    """The formulas in a run of tokens that no delimiter marks; they do not overlap."""
    grower = Grower(found, partners(found))
    result: list[Stretch] = []
    lowest = 0
    for place, token in enumerate(found):
        arrow = token.text in ("←", "<-", "⟵") and place and found[place - 1].kind in ("strong", "letter", "noun", "close")
        if token.kind not in SIGNS and not arrow or place < lowest or grower.inside[place]:
            continue
        last = grower.right(place)
        first = grower.left(place, lowest) if last > place else place
        opens = first == place and (place == 0 or found[place - 1].kind in ("newline", "marked")) and token.text in ENDLESS
        if last == place or first == place and not opens or _range(found, first, place, last) or _counted(found, first, place):
            continue
        first, last = _several(found, first, last, lowest)
        mixed = any(t.kind == "marked" for t in found[first:last + 1])
        verb = next((n for n in range(first, last) if found[n].kind == "verb"), -1)
        if verb >= 0 and _named_behind(found, last):
            continue
        rows, end = grower.cases(last) if verb < 0 else ((), last)
        result.append(Stretch(first, last, found[first].start, found[last].end, mixed, verb, rows))
        lowest = end + 1
    return result


def _range(found: Sequence[Token], first: int, sign: int, last: int) -> bool:
    """Whether it only says where a letter runs: `i = 1, …, n`, `k = 1..C`, `i = 1 to n`."""
    short = sign == first + 1 and found[first].kind == "letter" and found[sign + 1].kind == "number" and "." not in found[sign + 1].text
    rest = found[sign + 2:sign + 8]
    dots = next((t for t in rest if t.kind == "dots" and t.text != "%" or t.text.lower() == "to"), None)
    return short and dots is not None and all(t.kind in ("number", "other", "dots", "letter", "stop") for t in rest[:rest.index(dots) + 1])


def _named_behind(found: Sequence[Token], last: int) -> bool:
    """Whether a word behind a number says of what it is: `are 3 x 4 matrices`."""
    after = found[last + 1] if last + 1 < len(found) else None
    return after is not None and after.kind in ("weak", "noun") and "." not in found[last].text and found[last].kind == "number"


def behind(found: Sequence[Token], stretch: Stretch) -> list[Stretch]:
    """What stands behind the verb of a stretch, if that is a formula of its own: `the sum is 3 + 4 = 7`."""
    first = stretch.verb + 1
    if not any(t.kind == "relation" for t in found[first:stretch.last + 1]):
        return []
    return [Stretch(first, stretch.last, found[first].start, stretch.end, stretch.mixed)]


LEADING = frozenset("so thus hence then therefore and get gets have that since because now finally gives yields i.e ie or".split())


def _counted(found: Sequence[Token], first: int, sign: int) -> bool:
    """Whether the left side is a number that belongs to the word in front of it: `section 3.1 = …`, `5 % of 20 = 1`."""
    alone = sign == first + 1 and found[first].kind == "number" and first > 0 and found[first].gap > 0
    return alone and found[first - 1].kind in ("weak", "noun", "stop", "dots", "letter", "strong") and found[first - 1].text.lower() not in LEADING


def _several(found: Sequence[Token], first: int, last: int, lowest: int) -> tuple[int, int]:
    """`x1, x2 = 0.05, 0.10`: as many names in front of the sign as numbers behind it, or the stretch as it is."""
    after = last
    while after + 2 < len(found) and found[after + 1].text == "," and (value := _number(found, after + 2)) and not _continued(found, value):
        after = value
    count = sum(t.text == "," for t in found[last + 1:after + 1])
    before = first
    for _ in range(count):
        if before - 2 < lowest or found[before - 1].text != "," or found[before - 2].kind not in ("strong", "letter", "marked"):
            return first, last
        before -= 2
    return (before, after) if count else (first, last)


def _number(found: Sequence[Token], place: int) -> int:
    """The token of the number that begins here, with its sign, or 0."""
    place += found[place].text in UNARY
    return place if place < len(found) and found[place].kind == "number" else 0


def _continued(found: Sequence[Token], place: int) -> bool:
    """Whether a number is followed by something on the same line that is no comma and no end."""
    return place + 1 < len(found) and found[place + 1].kind in ("operator", "relation", "strong", "letter", "open", "weak", "noun", "function")
