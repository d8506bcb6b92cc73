"""Judging numbers that were put into a formula, such as `(−0.11)(0.68)(0.32)(0.18)`: are they the numbers of the quantities that stand there?

A substitution is right when its value is that of the formula, exactly, for numbers that the page has shown. It is wrong only when one change
(a sign, one quantity for another, a digit, a factor) makes it so; anything else is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, zip_longest

from flint import arb

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import ONE, ZERO, Scalar
from handgrad.checking.evaluation import exactly, number, same, value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.operands import Operands
from handgrad.checking.quantities import family_of
from handgrad.checking.shown import digits
from handgrad.checking.valuing import Finding, one_digit
from handgrad.reading.surface import Decimal, Span, Surface, walk

MOST = 60                       # assignments of shown numbers to a formula
NEAR = arb("0.06")              # how far roundings of the operands can take a product, relative to it


@dataclass(frozen=True, slots=True)
class Target:
    """A formula that a substitution may be of: the quantities in it and its value for numbers of theirs."""

    keys: tuple[str, ...]
    at: Callable[[Mapping[str, Scalar]], Scalar | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a substitution: the verdict and the stretch that is wrong."""

    finding: Finding
    fault: Span | None = None


def targets_of(key: str | None, lefts: tuple[Surface, ...], known: Knowledge) -> tuple[Target, ...]:
    """The formulas that a substitution may be of: those to its left, and those of the quantity at the head."""
    found = []
    for left in lefts:
        operands = known.operands(left)
        if operands.names:
            found.append(Target(operands.keys, operands.at))
    if key is None:
        return tuple(found)
    if known.certain is not None:
        found += [Target(tuple(dict.fromkeys(w.keys.values())), w.at) for w in known.certain.worked(key)]
    elif key in known.ledger.formulas:
        operands = known.operands(known.ledger.formulas[key])
        found.append(Target(operands.keys, operands.at))
    return tuple(found)


def expected_keys(targets: tuple[Target, ...]) -> tuple[str, ...]:
    """The quantities that stand in the formulas."""
    return tuple(dict.fromkeys(key for t in targets for key in t.keys))


def assignments(target: Target, known: Knowledge) -> Iterator[Mapping[str, Scalar]]:
    """Numbers for the quantities of a formula: as shown last, then one or two of them otherwise, then all unrounded."""
    base = {key: v for key in target.keys if (v := known.current(key)) is not None}
    yield base
    options = {key: known.alternates(key) for key in base}
    count = 0
    for size in (1, 2):
        for keys in combinations([k for k in base if options[k]], size):
            for v in options[keys[0]]:
                for w in options[keys[1]] if size == 2 else (None,):
                    count += 1
                    if count > MOST:
                        return
                    yield {**base, keys[0]: v, **({keys[1]: w} if w is not None else {})}


def values_of(targets: tuple[Target, ...], known: Knowledge) -> Iterator[Scalar]:
    """The values that the formulas have for numbers that were shown, each once, the likeliest first."""
    seen: set[str] = set()
    for choices in zip_longest(*(assignments(t, known) for t in targets)):
        for target, chosen in zip(targets, choices, strict=True):
            v = target.at(chosen) if chosen is not None else None
            if v is not None and str(v) not in seen:
                seen.add(str(v))
                yield v


def matches(tree: Surface, key: str, lefts: tuple[Surface, ...], known: Knowledge) -> bool | None:
    """Whether a substitution is of the quantity: certainly, certainly not, or rounded otherwise or unknown."""
    s = value(tree, known.lookup)
    if s is None:
        return None
    near: list[bool] = []
    for v in values_of(targets_of(key, lefts, known), known):
        if same(s, v):
            return True
        near.append(_near(s, v))
    return None if not near or any(near) else False


def judged(tree: Surface, key: str | None, lefts: tuple[Surface, ...], known: Knowledge) -> Found:
    """The verdict on a substitution."""
    s = value(tree, known.lookup)
    targets = targets_of(key, lefts, known)
    found = known.operands(tree, expected_keys(targets))
    if s is None:
        return Found(Finding("right"))
    tried: list[Scalar] = []
    for v in values_of(targets, known):
        if same(s, v):
            return Found(_carrying(known, found, True))
        tried.append(v)
    wanted = tuple(tried)
    if not wanted:
        return Found(_carrying(known, found, False))
    wrong = _wrong(tree, s, wanted, found, expected_keys(targets), known)
    if wrong is not None:
        return wrong
    if any(_near(s, v) for v in wanted):
        return Found(_carrying(known, found, True))
    return Found(Finding("undecided", f"these numbers give {digits(s, 7)}; the formula gives {digits(wanted[0], 7)} from the numbers shown"))


def _carrying(known: Knowledge, found: Operands, sure: bool) -> Finding:
    faults = known.faults(found)
    if faults and sure:
        first = next(iter(faults.values()))
        return Finding("carried", f"uses {first.number.text}, which line {first.line} has wrong", cause=first.fault)
    return Finding("right")


def _near(s: Scalar, wanted: Scalar) -> bool:
    """Whether numbers rounded otherwise may be all the difference."""
    return not balls.less(abs(wanted) * NEAR, abs(s - wanted))


# ---------------------------------------------------------------- what is wrong


def _wrong(tree: Surface, s: Scalar, wanted: tuple[Scalar, ...], found: Operands, expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """The one change that makes the substitution the formula; None where there is none, or the number is one kept with more digits."""
    literals = [n for n in walk(tree) if isinstance(n, Decimal) and number(n.text) is not None]
    for node in literals:
        change = _changed(tree, node, wanted, expected, known)
        if change is not None:
            return change
    swapped = _swapped(wanted, found, expected, known)
    if swapped is not None:
        return swapped
    if _among(-s, wanted):
        return Found(Finding("slip", f"the sign: these numbers give {digits(s, 7)}", kind="sign"), tree.span)
    return _factor(tree, s, wanted, expected, known)


def _among(v: Scalar | None, wanted: tuple[Scalar, ...]) -> bool:
    return v is not None and any(same(v, w) for w in wanted)


def _with(tree: Surface, node: Decimal, instead: Scalar, known: Knowledge) -> Scalar | None:
    return value(tree, lambda n: instead if n is node else known.lookup(n))


def _changed(tree: Surface, node: Decimal, wanted: tuple[Scalar, ...], expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """One number for another: what stands there, and what should."""
    size = number(node.text)
    assert size is not None
    here = exactly(size)
    if size and _among(_with(tree, node, -here, known), wanted):
        return Found(Finding("slip", f"the sign of {node.text}", kind="sign", right=f"-{node.text}"), node.span)
    for key in expected:
        for v in _values(key, known):
            for instead in (abs(v), ONE - v, v):
                if not same(instead, here) and _among(_with(tree, node, instead, known), wanted):
                    return None if _kept(size, node.text, instead) else _told(node, key, instead, known)
    return None


def _values(key: str, known: Knowledge) -> tuple[Scalar, ...]:
    current = known.current(key)
    return (*(() if current is None else (current,)), *known.alternates(key))


def _kept(size: Fraction, text: str, instead: Scalar) -> bool:
    """Whether the number is the other one with more or fewer digits."""
    decimals = len(text.partition(".")[2])
    off = abs(abs(instead) - exactly(size))
    other = len((digits(abs(instead)) or "").partition(".")[2])
    return balls.less(exactly(Fraction(10) ** -min(decimals, other)), off) is False


def _told(node: Decimal, key: str, instead: Scalar, known: Knowledge) -> Found:
    right = digits(instead, 7) or ""
    name = known.names.spellings.get(key, key)
    size = number(node.text)
    assert size is not None
    others = [r for r in known.ledger.sized(size) if r.key and r.key != key]
    if others:
        other = others[0]
        kind = "wrong_index" if family_of(other.key) == family_of(key) else "copied_wrong"
        return Found(Finding("slip", f"{node.text} is {known.names.spellings.get(other.key, other.key)}; {name} is {right}", kind=kind, right=right), node.span)
    kind = "wrong_digit" if one_digit(node.text, right) else "copied_wrong"
    return Found(Finding("slip", f"{name} is {right}, not {node.text}", kind=kind, right=right), node.span)


def _swapped(wanted: tuple[Scalar, ...], found: Operands, expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """One quantity for another at every place where it stands: h₁(1 − h₁) for h₂(1 − h₂)."""
    for wrong in dict.fromkeys(t.key for t in found.ties):
        for key in expected:
            v = known.current(key)
            if key != wrong and v is not None and _among(found.at({wrong: v}), wanted):
                node = next(t.node for t in found.ties if t.key == wrong)
                return _told(node, key, v, known)
    return None


def _factor(tree: Surface, s: Scalar, wanted: tuple[Scalar, ...], expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """A factor that is missing, or too many."""
    for key in expected:
        for v in _values(key, known):
            for factor, said in ((v, "{}"), (ONE - v, "1 − {}")):
                name = said.format(known.names.spellings.get(key, key))
                if same(factor, ONE):
                    continue
                if _among(s * factor, wanted):
                    return Found(Finding("slip", f"the factor {name} is missing", kind="missing_factor"), tree.span)
                if not same(factor, ZERO) and _among(s / factor, wanted):
                    return Found(Finding("slip", f"the factor {name} is one too many", kind="extra_factor"), tree.span)
    return None
