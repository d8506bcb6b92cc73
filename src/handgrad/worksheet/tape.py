"""The formulas of a page as a tape: one operation after the other on numbered slots, equal parts computed once.

A tape is made once for a plan and run for any numbers of its inputs. It gives the values that `Hand` gives, several times as fast: the
numbers of a page are worked in order, so a part that stands in two formulas has one value. What has branches is left to `Hand`.

    tape = Tape(items, catalogue.functions())
    slots = tape.start(given)
    for number, item in enumerate(items):
        value = tape.value(number, slots, hand)         # of the formula of the item
        slots[tape.targets[number]] = value             # or as it is carried on, rounded
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.axes import Function
from handgrad.errors import ModelError
from handgrad.expr import MINUS_ONE, Add, Call, Cases, Entry, Expr, Mul, Number, Pow
from handgrad.problem import Place
from handgrad.trees import subtrees
from handgrad.worksheet.hand import Hand, place
from handgrad.worksheet.items import Item

Step = tuple[Callable[..., Scalar] | None, int, int, int]       # what is done (None: by hand), where the result goes, the slots of its operands
LONGEST, NONE = balls.LARGEST_EXACT_BITS, -1


class Tape:
    """The operations of some items; `targets` are the slots of their own numbers."""

    def __init__(self, items: Sequence[Item], functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self._entries: dict[Place, int] = {}
        self._known: dict[Expr, int] = {}
        self._constants: list[tuple[int, Scalar]] = []
        self._branched: dict[int, Expr] = {}
        self._size = 0
        self._steps: list[Step] = []
        self._parts: list[tuple[tuple[Step, ...], int]] = []
        targets = []
        for item in items:
            self._steps = []
            result = self._slot(item.formula)
            self._parts.append((tuple(self._steps), result))
            targets.append(self._entry(item.entry))
        self.targets = tuple(targets)
        self._inputs = tuple((known, at) for known, at in self._entries.items() if at not in set(targets))

    def start(self, given: Mapping[Place, Scalar]) -> list[Scalar]:
        """The slots before anything is worked, with the numbers given."""
        slots: list[Scalar] = [None] * self._size
        for at, value in self._constants:
            slots[at] = value
        for known, at in self._inputs:
            if known not in given:
                raise ModelError(f"{known[0]}[{','.join(map(str, known[1]))}] lies outside of its tensor", remedy="give more numbers, or fewer")
            slots[at] = given[known]
        return slots

    def value(self, number: int, slots: list[Scalar], hand: Hand) -> Scalar:
        """The value of the formula of an item; all items before it have their numbers."""
        steps, result = self._parts[number]
        for operation, at, first, second in steps:
            if operation is None:
                slots[at] = hand(self._branched[at])
                continue
            found = operation(slots[first]) if second < 0 else operation(slots[first], slots[second])
            slots[at] = arb(found) if type(found) is fmpq and found.height_bits() > LONGEST else found
        return slots[result]

    # ------------------------------------------------------------ making it

    def _new(self) -> int:
        self._size += 1
        return self._size - 1

    def _entry(self, entry: Entry) -> int:
        known = place(entry)
        if known not in self._entries:
            self._entries[known] = self._new()
        return self._entries[known]

    def _done(self, operation: Callable[..., Scalar], first: int, second: int = NONE) -> int:
        at = self._new()
        self._steps.append((operation, at, first, second))
        return at

    def _slot(self, e: Expr) -> int:
        """The slot of a part of a formula; what it takes to fill it joins the steps, unless it is known."""
        if e not in self._known:
            self._known[e] = self._made(e)
        return self._known[e]

    def _made(self, e: Expr) -> int:
        match e:
            case Number(value):
                at = self._new()
                self._constants.append((at, balls.exact(value)))
                return at
            case Entry():
                return self._entry(e)
            case Add(terms):
                return self._folded(operator.add, terms)
            case Mul((first, *rest)) if first is MINUS_ONE:
                return self._done(operator.neg, self._folded(operator.mul, rest))
            case Mul(factors):
                return self._folded(operator.mul, factors)
            case Pow(base, exponent):
                return self._done(balls.power, self._slot(base), self._slot(exponent))
            case Call(function, (argument,)) if function in balls.FUNCTIONS:
                return self._done(lambda x: balls.value(function, x), self._slot(argument))
            case Call(function, arguments) if function in self._functions and not _branches(self._functions[function], self._functions):
                return self._slot(self._functions[function].at(arguments))
        at = self._new()
        self._branched[at] = e
        self._steps.append((None, at, NONE, NONE))
        return at

    def _folded(self, operation: Callable[..., Scalar], parts: Sequence[Expr]) -> int:
        at = self._slot(parts[0])
        for part in parts[1:]:
            at = self._done(operation, at, self._slot(part))
        return at


def _branches(function: Function, functions: Mapping[str, Function]) -> bool:
    """Whether a function of the catalogue has branches, or calls one that has."""
    for n in subtrees(function.body):
        called: Any = functions.get(n.function) if isinstance(n, Call) else None
        if isinstance(n, Cases) or (called is not None and _branches(called, functions)):
            return True
    return False
