"""The words of a report: of each verdict, of each kind of slip, and how a number is shown beside others."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

HOLDS = frozenset(("right", "exact", "rounding", "carried", "convention", "notation", "truncation"))
PLAIN = frozenset(("right", "exact", "rounding"))           # what holds and needs no word
VERDICTS = {
    "right": "right", "exact": "exact", "rounding": "rounded", "carried": "carried", "convention": "convention", "notation": "notation",
    "truncation": "cut", "transcription": "read as", "undecided": "undecided", "unread": "unread", "not_checked": "not checked",
    "last_digit": "last digit", "slip": "slip",
}
# a word for the summary, and what is asked of a writer who is not to be told the answer
SHORT = {
    "sign": ("sign", "look at the sign"),
    "missing_factor": ("factor lost", "missing factor: which one?"),
    "extra_factor": ("factor too many", "extra factor: which one?"),
    "dropped_term": ("term lost", "dropped term: which one?"),
    "inner_derivative": ("inner derivative", "inner derivative: what does the chain rule say?"),
    "power_rule": ("power rule", "power rule: what is d/du of ½u²?"),
    "missing_mean": ("mean", "is this a sum or a mean?"),
    "wrong_index": ("index", "look at the indices"),
    "free_index": ("index", "look at the indices: which are free on the left, which on the right?"),
    "missing_hat": ("hat", "is this the target or the prediction?"),
    "diagonal_only": ("diagonal", "diagonal only: what about the entries beside it?"),
    "transposed": ("transpose", "look at the shapes: what stands in which row?"),
    "missing_branch": ("branch lost", "missing branch: where does the function change?"),
    "pre_activation": ("before activation", "is this the value before or behind the activation?"),
    "wrong_function": ("function", "wrong function: which one belongs here?"),
    "plus_for_times": ("plus for times", "sum or product?"),
    "wrong_digit": ("digit", "look at the digits"),
    "copied_wrong": ("copy", "compare it with where the number comes from"),
    "wrong_left_side": ("left side", "of what is this the derivative?"),
}
NAMES = {
    "missing_factor": "missing factor", "extra_factor": "extra factor", "dropped_term": "dropped term", "inner_derivative": "inner derivative",
    "power_rule": "power rule", "missing_mean": "missing mean", "wrong_index": "wrong index", "free_index": "free index", "missing_hat": "missing hat",
    "diagonal_only": "diagonal only", "missing_branch": "missing branch", "pre_activation": "before the activation", "wrong_function": "wrong function",
    "plus_for_times": "plus for times", "wrong_digit": "wrong digit", "copied_wrong": "copied wrong", "wrong_left_side": "wrong left side",
}
LONGEST, LEAST = 6, 3           # decimals of a number beside others, and significant digits that it keeps


def short(kind: str | None) -> str:
    """The kind of slip in a word or two."""
    return SHORT.get(kind or "", ("", ""))[0] or NAMES.get(kind or "", (kind or "").replace("_", " "))


def kind_called(word: str) -> str:
    """The kind of slip that a summary calls so, or nothing."""
    return next((kind for kind in SHORT if word in (short(kind), name(kind))), "")


def name(kind: str | None) -> str:
    """The kind of slip by its name."""
    return NAMES.get(kind or "", (kind or "").replace("_", " "))


def hint(kind: str | None) -> str:
    """What to look at, without the answer."""
    return SHORT.get(kind or "", ("", "look at this line again"))[1]


def plural(count: int, word: str, words: str = "") -> str:
    """`1 slip`, `2 slips`."""
    return f"{count} {word if count == 1 else words or word + 's'}"


def verb(count: int, one: str, many: str) -> str:
    """The verb that goes with the count."""
    return one if count == 1 else many


def lines(numbers: Sequence[int]) -> str:
    """`line 3`, `lines 3–9`."""
    first, last = min(numbers), max(numbers)
    return f"line {first}" if first == last else f"lines {first}–{last}"


def minus(text: str) -> str:
    """The text with the sign that a page prints for a number below zero."""
    return text.replace("-", "−")


def shown_beside(value: str | None, shown: str | None) -> str:
    """A value beside the one shown: in full where it is short, else with two digits more than shown, at most six decimals where that says enough."""
    if value is None:
        return ""
    try:
        number = Decimal(value)
    except ArithmeticError:
        return minus(value)
    if not number.is_finite() or abs(number.adjusted()) > 60:
        return minus(value)
    decimals = max(LONGEST, _decimals(shown) + 2)
    if number and number.adjusted() < 0:
        decimals = max(decimals, LEAST - 1 - number.adjusted())
    if -int(number.as_tuple().exponent) <= decimals:
        return minus(f"{number:f}")
    return minus(f"{number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, Context(prec=400)):f}")


def repeats(shown: str, earlier: str) -> bool:
    """Whether a number is an earlier one, or that with fewer decimals."""
    try:
        return abs(Decimal(shown) - Decimal(earlier)) * 2 <= Decimal(1).scaleb(-len(shown.partition(".")[2])) and len(shown) <= len(earlier)
    except ArithmeticError:
        return False


def _decimals(shown: str | None) -> int:
    return min(len(shown.partition(".")[2]), 12) if shown else 0


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)
