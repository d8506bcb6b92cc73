"""An independent check of the links of a worked page: its LaTeX is read and evaluated in intervals of exact decimals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

TOKEN = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|,|quad|!|;)(?![a-zA-Z])|\\mathrm\{\w+\}|\\mathop|\\operatorname\{\w+\}|"
    r"\\[a-zA-Z]+|\d+(?:\.\d+)?|[-+(){}^,\[\]]|\s+|.",
)
SLACK = Fraction(1, 10**40)


class Symbolic(Exception):
    """The line has names in it."""


@dataclass(frozen=True)
class Interval:
    """All numbers between two exact ends."""

    low: Fraction
    high: Fraction

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def inverse(self) -> Interval:
        return Interval(1 / self.high, 1 / self.low)

    def to_the(self, n: int) -> Interval:
        found = Interval(Fraction(1), Fraction(1))
        for _ in range(abs(n)):
            found = found * self
        return found if n >= 0 else found.inverse()

    def increasing(self, f: Callable[[Decimal], Decimal]) -> Interval:
        with localcontext() as context:
            context.prec = 60
            ends = [f(Decimal(x.numerator) / Decimal(x.denominator)) for x in (self.low, self.high)]
        if not all(e.is_finite() for e in ends):
            raise Symbolic("a pole within the digits that the dots stand for")
        low, high = map(Fraction, ends)
        return Interval(low - SLACK * max(1, abs(low)), high + SLACK * max(1, abs(high)))


def _sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    r"\sigma": _sigmoid, r"\tanh": lambda x: 2 * _sigmoid(2 * x) - 1, r"\exp": Decimal.exp, r"\log": Decimal.ln,
    r"\mathrm{ReLU}": lambda x: max(x, Decimal(0)), r"\operatorname{ReLU}": lambda x: max(x, Decimal(0)),
}
FUNCTIONS[r"\mathrm{tanh}"] = FUNCTIONS[r"\tanh"]


class Reader:
    """A recursive-descent reader of a formula that has numbers in place of all names."""

    def __init__(self, latex: str) -> None:
        spaces = re.compile(r"\s+|\\(?:left|right|[bB]igg?[lr]?|,|quad|!|;)")
        self.tokens = [t for t in TOKEN.findall(latex) if not spaces.fullmatch(t)]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if wanted and token != wanted:
            raise Symbolic(f"{token} for {wanted}")
        self.at += 1
        return token

    def whole(self) -> Interval:
        found = self.terms()
        if self.peek():
            raise Symbolic(self.peek())
        return found

    def terms(self) -> Interval:
        sign = self.take() if self.peek() in ("-", "+") else "+"
        found = self.product() if sign == "+" else -self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            found = found + (self.product() if sign == "+" else -self.product())
        return found

    def product(self) -> Interval:
        found = self.power()
        while self.peek() not in ("", "+", "-", ")", "}", ",", "]"):
            if self.peek() == r"\cdot":
                self.take()
            found = found * self.power()
        return found

    def power(self) -> Interval:
        if self.peek() == "e":
            self.take()
            self.take("^")
            return self.group().increasing(Decimal.exp)
        base = self.atom()
        if self.peek() == "^":
            self.take()
            exponent = self.group()
            if exponent.low == exponent.high and exponent.low.denominator == 1:
                return base.to_the(int(exponent.low))
            return (exponent * base.increasing(Decimal.ln)).increasing(Decimal.exp)
        return base

    def group(self) -> Interval:
        if self.peek() != "{":
            return self.atom()
        self.take("{")
        found = self.terms()
        self.take("}")
        return found

    def atom(self) -> Interval:
        token = self.take()
        if token[:1].isdigit():
            value = Fraction(token)
            if self.tokens[self.at:self.at + 3] == ["{", r"\ldots", "}"]:
                self.at += 3
                return Interval(value, value + Fraction(1, 10 ** len(token.partition(".")[2])))
            return Interval(value, value)
        if token in ("(", "{"):
            found = self.terms()
            self.take({"(": ")", "{": "}"}[token])
            return found
        if token == r"\frac":
            return self.group() * self.group().inverse()
        if token == r"\sqrt":
            return self.group().increasing(Decimal.sqrt)
        if token in FUNCTIONS:
            return self.atom().increasing(FUNCTIONS[token])
        raise Symbolic(token)


def rows(page: str) -> Iterator[tuple[bool, str, str, str]]:
    """The rows of all chains of a page in Markdown or LaTeX: whether a chain begins, its left side, the relation and the right side."""
    for block in re.findall(r"\\begin\{(?:aligned|alignat\*)\}(?:\{\d\})?\n(.*?)\n\\end\{(?:aligned|alignat\*)\}", page, re.S):
        left, relation, right, begins = "", "", "", False
        for row in block.split(" \\\\\n"):
            cells = row.split("&")
            found = re.match(r"\s*(=|\\approx)\s(.*)$", cells[1], re.S)
            if found is None:
                right += "" if cells[1].strip().startswith(r"\qquad") else " " + cells[1].replace(r"\quad {}", "")
                continue
            if relation:
                yield begins, left, relation, right
            begins = not cells[0].strip().startswith(r"\phantom") and bool(cells[0].strip())
            left, relation, right = cells[0].strip(), found[1], found[2].partition(r"\qquad")[0]
        if relation:
            yield begins, left, relation, right


def false_links(page: str) -> tuple[list[str], int]:
    """The links of a page that do not hold, and how many were looked at."""
    wrong: list[str] = []
    looked = 0
    before: Interval | None = None
    for begins, _, relation, right in rows(page):
        if begins:
            before = None
        for part in (f"{relation} {right}").replace(r"\approx", r"~\approx").replace("~", "", 1 if relation != "=" else 0).split("~"):
            relation, text = ("≈", part.replace(r"\approx", "")) if r"\approx" in part else ("=", part.removeprefix("= "))
            try:
                value = Reader(text).whole()
            except (Symbolic, KeyError):
                before = None
                continue
            if before is not None:
                looked += 1
                half = Fraction(1, 2) / 10 ** len(text.strip().partition(".")[2]) if relation == "≈" else SLACK
                if relation == "≈" and not re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text):
                    wrong.append(f"≈ before no number: {text}")
                if before.high < value.low - half or before.low > value.high + half:
                    wrong.append(f"{float(before.low)} {relation} {text}")
            before = value
    return wrong, looked
