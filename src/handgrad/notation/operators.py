"""Precedence: from `… if … else …` over conditions, sums and products to powers.

Loose to tight: cases (right-associative), `or`, `and`, `not`, comparison (no chains), `+ -`, `* /` (left), unary minus, `^` (right).
A unary plus in front of a side of a comparison says that it is a value: `+j > 0` compares the quantity j, `j > 0` the letter j.
"""

from __future__ import annotations

from typing import Any

from handgrad.errors import LimitError
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    And,
    Cases,
    Compare,
    Expr,
    Index,
    IndexCompare,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    add,
    mul,
    negative,
)
from handgrad.notation.cursor import Cursor

COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
ENDS = frozenset((")", "]", ",", ";", "end", "if", "else", "and", "or", "}", "="))


class Operators(Cursor):
    """Reads everything that is held together by operators; `operand` and `index` are read by `Parser`."""

    def operand(self) -> Any:
        """A number, an entry, a call, or something in parentheses."""
        raise NotImplementedError

    def index(self) -> Index:
        """An index."""
        raise NotImplementedError

    def value(self) -> Expr:
        """A formula; a condition is refused."""
        first = self.at
        found = self.anything()
        return found if isinstance(found, Expr) else self._refuse_condition(first)

    def _value_of(self, found: Any, first: int) -> Expr:
        return found if isinstance(found, Expr) else self._refuse_condition(first)

    def _refuse_condition(self, first: int) -> Expr:
        place = self.place(first, self.at - 1)
        raise self.error(f"`{place.text()}` is a condition and no value", place, f"write (1 if {place.text()} else 0)",
                         (place.start, place.end, f"(1 if {place.text()} else 0)"))

    def _condition_of(self, found: Any, first: int) -> Any:
        if isinstance(found, Expr):
            place = self.place(first, self.at - 1)
            raise self.error(f"`{place.text()}` is a value and no condition", place, f"write {place.text()} > 0, or what is meant")
        return found

    def anything(self) -> Any:
        """A formula or a condition."""
        first = self.at
        value = self.disjunction()
        if self.kinds[self.at] != "if":
            return value
        branches = []
        while self.kinds[self.at] == "if":
            value = self._value_of(value, first)
            self.at += 1
            start = self.at
            branches.append((value, self._condition_of(self.disjunction(), start)))
            if self.kinds[self.at] != "else":
                raise self.unexpected("a case needs `else` and the value that holds otherwise", "write … if … else 0")
            self.at += 1
            first = self.at
            value = self.disjunction()
        return Cases(tuple(branches), self._value_of(value, first))

    def disjunction(self) -> Any:
        """Conditions joined by `or`, or a formula."""
        first = self.at
        found = self.negation() if self.kinds[first] == "not" else self.comparison()
        if self.kinds[self.at] not in ("and", "or"):
            return found
        return self._joined("or", Or, self._joined("and", And, found, first), first)

    def _joined(self, word: str, kind: type[And] | type[Or], found: Any, first: int) -> Any:
        """The condition in hand, with those that the word joins to it."""
        if self.kinds[self.at] != word:
            return found
        items: list[Any] = []
        while True:
            found = self._condition_of(found, first)
            items.extend(found.conditions if isinstance(found, kind) else (found,))
            if self.kinds[self.at] != word:
                return kind(tuple(items))
            self.at += 1
            first = self.at
            found = self.negation()
            if word == "or":
                found = self._joined("and", And, found, first)

    def negation(self) -> Any:
        """A comparison, behind any number of `not`."""
        count = 0
        while self.kinds[self.at] == "not":
            self.at += 1
            count += 1
        self._deepen(count)
        first = self.at
        found = self.comparison()
        if count:
            found = self._condition_of(found, first)
            for _ in range(count):
                found = Not(found)
            self.depth -= count
        return found

    def comparison(self) -> Any:
        """One comparison of values or of indices, or a formula."""
        first = self.at
        if self.kinds[first] != "(" and self._compares_indices():
            left_index = self.index()
            operator = self.kinds[self.at]
            self.at += 1
            found: Node = IndexCompare(operator, left_index, self.index())
        else:
            left = self.total()
            operator = self.kinds[self.at]
            if operator not in COMPARISONS:
                return left
            left = self._value_of(left, first)
            self.at += 1
            start = self.at
            found = Compare(operator, left, self._value_of(self.total(), start))
        if self.kinds[self.at] in COMPARISONS:
            self._refuse_chain(first)
        return found

    def _refuse_chain(self, first: int) -> None:
        operators = [p for p in range(first, self.at) if self.kinds[p] in COMPARISONS]
        middle = self.place(operators[-1] + 1, self.at - 1).text()
        end = self.tokens.starts[self.at]
        raise self.error("comparisons are not chained", self.place(self.at), "join two comparisons with `and`", (end, end, f"and {middle} "))

    def _compares_indices(self) -> bool:
        """Whether a comparison of indices begins here: both sides are made only of letters in scope, integers and sizes.

        A gathered label equal to a letter, `k == t[i]`, is one too.
        """
        middle, left = self._affine(self.at)
        if not left or self.kinds[middle] not in COMPARISONS:
            return False
        end, right = self._affine(middle + 1)
        if not right or (self.kinds[end] not in ENDS and self.kinds[end] not in COMPARISONS):
            return False
        return "gather" not in (left, right) or ("letter" in (left, right) and self.kinds[middle] in ("==", "!="))

    def _affine(self, at: int) -> tuple[int, str]:
        """The place after the index that begins here, and what it is: "letter", "constant", "gather", or "" for no index."""
        kinds, texts = self.kinds, self.texts
        first, operand, found = at, True, "constant"
        while True:
            kind = kinds[at]
            if not operand:
                if kind not in ("+", "-", "*"):
                    return at, found
                operand = True
            elif kind == "name" and kinds[at + 1] == "(":
                if texts[at] != "size":
                    return at, ""
                at = self.tokens.partner[at + 1]
                operand = False
            elif kind == "name" and kinds[at + 1] == "[":
                close = self.tokens.partner[at + 1]
                single = at == first and kinds[close + 1] in ENDS | COMPARISONS and texts[at] != "delta"
                return close + 1, "gather" if single else ""
            elif kind == "name" and self.known_letter(texts[at]):
                operand, found = False, "letter"
            elif kind == "number" and texts[at].isdigit():
                operand = False
            elif kind != "-":
                return at, ""
            at += 1

    def total(self) -> Any:
        """Terms joined by `+` and `-`."""
        first = self.at
        found = self.product()
        kind = self.kinds[self.at]
        if kind != "+" and kind != "-":
            return found
        terms = [self._value_of(found, first)]
        while kind == "+" or kind == "-":
            self.at += 1
            start = self.at
            term = self._value_of(self.product(), start)
            terms.append(term if kind == "+" else negative(term))
            kind = self.kinds[self.at]
        return add(*terms)

    def product(self) -> Any:
        """Factors joined by `*`, `/` or, where nothing else can be meant, by nothing."""
        first = self.at
        found = self.factor()
        kind = self.kinds[self.at]
        if kind not in ("*", "/", "(", "name"):
            return found
        factors: list[Expr] | None = None
        while True:
            if kind == "*" or kind == "/":
                self.at += 1
            elif not self._implied():
                break
            if factors is None:
                found = self._value_of(found, first)
                factors = list(found.factors) if isinstance(found, Mul) else [found]
            start = self.at
            factor = self._value_of(self.factor(), start)
            if kind == "/":
                _divide(factors, factor)
            elif isinstance(factor, Mul):
                factors.extend(factor.factors)
            else:
                factors.append(factor)
            kind = self.kinds[self.at]
        return found if factors is None else factors[0] if len(factors) == 1 else mul(*factors)

    def _implied(self) -> bool:
        """Whether a product without a sign begins here: `2x`, `1/2(y - h)`, `)(`; other neighbours are refused."""
        kind, before = self.kinds[self.at], self.kinds[self.at - 1]
        if kind == "name" and self.texts[self.at] == "in" and self.kinds[self.at + 1] in ("{", "number"):
            return False
        if kind not in ("name", "("):
            return False
        if before in ("number", ")"):
            return True
        end = self.tokens.end(self.at - 1)
        place = self.place(self.at - 1, self.at)
        raise self.error(f"`{place.text()}`: two things stand side by side", place, "write * between them", (end, self.tokens.starts[self.at], "*"))

    def factor(self) -> Any:
        """A power behind any number of signs."""
        kind = self.kinds[self.at]
        if kind != "-" and kind != "+":
            return self.power()
        signs = 0
        while kind == "-" or kind == "+":
            signs += kind == "-"
            self.at += 1
            kind = self.kinds[self.at]
        self._deepen(signs)
        first = self.at
        found = self._value_of(self.power(), first)
        self.depth -= signs
        return _signed(found, signs)

    def power(self) -> Any:
        """An operand with its exponents; the right-most binds first."""
        first = self.at
        found = self.operand()
        if self.kinds[self.at] != "^":
            return found
        chain: list[tuple[Expr, int]] = []          # bases with the signs that stand before them, the right-most last
        signs = 0
        while self.kinds[self.at] == "^":
            chain.append((self._value_of(found, first), signs))
            self.at += 1
            signs = 0
            while self.kinds[self.at] in ("-", "+"):
                signs += self.kinds[self.at] == "-"
                self.at += 1
            self._deepen(1 + signs)
            first = self.at
            found = self.operand()
        self.depth -= len(chain) + signs + sum(before for _, before in chain)
        exponent = _signed(self._value_of(found, first), signs)
        for base, before in reversed(chain):
            exponent = _signed(Pow(base, exponent), before)
        return exponent

    def _deepen(self, levels: int) -> None:
        """Count levels of the tree that no bracket shows; more than any walk should go are refused."""
        self.depth += levels
        if self.depth > 256:
            raise self.error("operators are nested deeper than 256", self.place(self.at - 1), "name the inner parts", kind=LimitError)


def _signed(e: Expr, signs: int) -> Expr:
    for _ in range(signs):
        e = negative(e)
    return e


def _divide(factors: list[Expr], divisor: Expr) -> None:
    """The quotient, by the conventions of the trees, on a list of factors."""
    lone = factors[0] if len(factors) == 1 else None
    if isinstance(divisor, Number) and divisor.value:
        if isinstance(lone, Number):
            factors[0] = Number(lone.value / divisor.value)
        else:
            factors.append(Number(1 / divisor.value))
    elif lone is ONE:
        factors[0] = Pow(divisor, MINUS_ONE)
    else:
        factors.append(Pow(divisor, MINUS_ONE))

