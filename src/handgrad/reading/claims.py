"""What running text says of a quantity without a sign: `so w5 becomes 0.36`, `the gradient of E with respect to w5 is 0.0822`, `w1: 0.15`.

The words between the name and its value become a relation, so that a formula grows round them as round any other sign. Where the name only
ends a longer noun (`the gradient of w5 is`), the claim is about that; where the noun is not known, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from handgrad.reading.surface import Derivative, Nabla, Side, Span, Statement, Surface, Unread
from handgrad.reading.words import Token

VERBS = re.compile(
    r"(?:is|are|was|becomes|became|equals|gives|yields|=)?(?: (?:now|then|therefore|thus|hence|again|updated|changed|reduced|increased|set))?"
    r"(?: (?:about|approximately|roughly|around|nearly|equal|equals|just|to|from))*|(?:comes|came|works|worked|turns|turned) out (?:as|at|to|to be)(?: about)?"
    r"|(?:changes|goes|drops|falls|rises|decreases|increases|moves|shrinks|grows) to(?: about)?|has (?:the )?value|takes the value|evaluates to"
    r"|should be|must be")
STARTS = frozenset("is are was becomes became equals comes came works worked turns turned changes goes drops falls rises decreases increases moves "
                   "shrinks grows has takes evaluates".split())
BECOMES = re.compile(r"becom|becam|changes|goes|drops|falls|rises|decreases|increases|moves|shrinks|grows|now|updated")
ABOUT = re.compile(r"about|approx|roughly|around|nearly")
NAMES = frozenset(("strong", "letter", "noun", "marked", "close", "function"))
PREPOSITIONS = frozenset("of for to by at in with on wrt from between per".split())
CONDITIONS = frozenset("if when whenever unless until while suppose".split())
GRADIENT = re.compile(
    r"(?:gradients?|derivatives?|slope|grad|partials?)\s+(?:of\s+(?:the\s+)?(?P<body>[^\s,;:]{1,40})\s+)?(?:with\s+respect\s+to|w\.?\s?r\.?\s?t\.?|by|for|of|on|at|in|to)\s+"
    r"(?:the\s+)?(?:weight\s+|bias\s+|parameter\s+)?$", re.IGNORECASE)
VALUE = re.compile(r"(?P<new>(?:new|updated|final)\s+)?value\s+(?:of|for)\s+(?:the\s+)?(?:new\s+|weight\s+|bias\s+|parameter\s+)*$", re.IGNORECASE)
LONGEST = 6


def with_verbs(found: Sequence[Token]) -> list[Token]:
    """The tokens with each verb between a name and a number, and each colon between them, as one relation."""
    result: list[Token] = []
    place = 0
    while place < len(found):
        last = _verb(found, place, result[-1] if result else None)
        if last >= place:
            text = " ".join(t.text for t in found[place:last + 1])
            result.append(Token("verb", text, found[place].start, found[last].end, found[place].gap))
        else:
            result.append(found[place])
        place = max(last, place) + 1
    return result


def _verb(found: Sequence[Token], place: int, before: Token | None) -> int:
    """The last token of the verb that begins here, or -1."""
    token = found[place]
    if before is None or before.kind not in NAMES or before.text in ("a", "A", "I"):
        return -1
    if token.text == ":" and before.kind not in ("close", "function"):
        return place if _clause(found, place - 1) and _value(found, place + 1, strict=True) else -1
    if token.text.lower() not in STARTS or token.gap == 0:
        return -1
    for last in range(min(place + LONGEST, len(found) - 1) - 1, place - 1, -1):
        words = " ".join(t.text for t in found[place:last + 1])
        if all(t.kind in ("stop", "weak") for t in found[place:last + 1]) and VERBS.fullmatch(words.lower()) and _value(found, last + 1):
            return last
    return -1


def _clause(found: Sequence[Token], place: int) -> bool:
    """Whether a clause begins with this token, or a few words before it do."""
    while place > 0 and found[place].gap == 0 and found[place - 1].kind in ("operator", "strong", "letter", "prefix"):
        place -= 1
    while place > 0 and found[place - 1].kind in ("weak", "noun") and found[place].gap > 0:
        place -= 1
    return place == 0 or found[place - 1].kind == "newline" or found[place - 1].text in (",", ";", ".")


NUMBER = re.compile(r"\s*[-+−–]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+−]?\d+)?\s*")


def _value(found: Sequence[Token], place: int, strict: bool = False) -> bool:
    """Whether a number stands here, and no word behind it that says of what."""
    sign = place < len(found) and found[place].text in ("-", "−", "–", "+")
    at = place + sign
    if at >= len(found) or sign and found[at].gap > 0:
        return False
    if found[at].kind == "marked":
        return bool(NUMBER.fullmatch(found[at].text.strip("$ ").removeprefix("\\(").removesuffix("\\)")))
    if found[at].kind != "number" and not (found[at].kind == "open" and found[at].text in "[("):
        return False
    after = found[at + 1] if at + 1 < len(found) else None
    if after is None or found[at].kind == "open":
        return True
    if after.text == "or" or after.gap == 0 and after.kind in ("strong", "letter", "weak", "operator", "stop"):
        return False
    return not (after.kind in ("weak", "noun", "function", "strong", "letter") and (strict or "." not in found[at].text))


def accepted(text: str, found: Sequence[Token], first: int, verb: int) -> bool:
    """Whether what the verb is said of is the name alone, or a gradient by it."""
    before = found[first - 1] if first else None
    if found[verb].text == ":":
        return True
    if before is not None and before.text.lower() in CONDITIONS:
        return False
    if VALUE.search(text[max(0, found[first].start - 60):found[first].start]):
        return True
    if before is not None and (before.text.lower() in PREPOSITIONS or before.text == "." and found[first].gap > 0):
        return before.text == "." and not text[max(0, before.start - 6):before.end].endswith("r.t.") or gradient(text, found[first].start) is not None
    return True


def gradient(text: str, start: int) -> re.Match[str] | None:
    """The words `the gradient of E with respect to` that end before `start`."""
    window = text[max(0, start - 120):start]
    return GRADIENT.search(window)


def said(text: str, verb: Token, left: Sequence[Statement], right: Sequence[Statement], body: Surface | None) -> Statement | None:
    """The statement that a name has a value, from both as they were read; None where either is not one thing."""
    if len(left) != 1 or len(right) != 1 or len(left[0].sides) != 1 or not right[0].sides or any(isinstance(s.tree, Unread) for s in left[0].sides):
        return None
    name = left[0].sides[0]
    if verb.text != ":" and not isinstance(name.tree, (Derivative, Nabla)) and (found := gradient(text, name.span[0])):
        start = name.span[0] - (len(found.string) - found.start())
        span = (start, name.span[1])
        named = Derivative(span, body, (name.tree,)) if body is not None else Nabla(span, name.tree)
        name = Side("", named, span)
    relation = "≈" if ABOUT.search(verb.text) else "="
    value = VALUE.search(text[max(0, name.span[0] - 60):name.span[0]])
    words = ("becomes",) if BECOMES.search(verb.text) or value and value["new"] else ()
    sides = (name, replace(right[0].sides[0], relation=relation), *right[0].sides[1:])
    span = (name.span[0], right[0].span[1])
    return Statement(span, sides, right[0].conditions, (*right[0].words, *words), right[0].tag)


def body_span(text: str, start: int) -> Span | None:
    """Where the thing that is differentiated stands, in the words before a name."""
    found = gradient(text, start)
    if found is None or not found["body"]:
        return None
    offset = start - len(found.string)
    return offset + found.start("body"), offset + found.end("body")
