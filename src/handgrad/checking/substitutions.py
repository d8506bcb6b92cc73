"""Judging numbers that were put into a formula, such as `(−0.11)(0.68)(0.32)(0.18)`: whether they are those of the quantities that stand there.

A substitution is right when its value is that of the formula, exactly, for numbers that the page has shown. It is wrong only when one change
(a sign, one quantity for another, a digit, a factor) makes it so; anything else is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise, zip_longest

from flint import arb

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import ONE, ZERO, Scalar
from handgrad.checking.copying import pairs
from handgrad.checking.evaluation import Lookup, exactly, number, numbers_in, same, value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.operands import Operands
from handgrad.checking.quantities import family_of
from handgrad.checking.shown import Shown, fits, relation, shown, told
from handgrad.checking.valuing import Finding, one_digit
from handgrad.reading.surface import Decimal, Dots, Group, Product, Scripted, Span, Sum, Surface, children, walk
from handgrad.records import dataclass

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
    wanted: tuple[Scalar, ...] = ()                         # what the formula gives, where the substitution is wrong
    contradicts: tuple[str, Fraction] | None = None         # a given number that another one stands for here
    weak: bool = False                                      # some number in the place of any other would do: what a slip explains is likelier
    near: bool = False                                      # numbers rounded otherwise may be all the difference


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


def assignments(target: Target, known: Knowledge, literals: tuple[Shown, ...]) -> Iterator[Mapping[str, Scalar]]:
    """Numbers for the quantities of a formula: as shown last, then one or two of them otherwise; the literals that round a quantity are tried too."""
    base = {key: v for key in target.keys if (v := known.current(key)) is not None}
    yield base
    options = {key: _options(key, v, known, literals) for key, v in base.items()}
    yield {key: options[key][0] if options[key] else v for key, v in base.items()}
    count = 0
    for size in (1, 2):
        for keys in combinations([k for k in base if options[k]], size):
            for v in options[keys[0]]:
                for w in options[keys[1]] if size == 2 else (None,):
                    count += 1
                    if count > MOST:
                        return
                    yield {**base, keys[0]: v, **({keys[1]: w} if w is not None else {})}


def _options(key: str, base: Scalar, known: Knowledge, literals: tuple[Shown, ...]) -> tuple[Scalar, ...]:
    """Other numbers for a quantity: literals that round it, then those that the writer may have carried."""
    alternates = known.alternates(key)
    found: list[Scalar] = []
    for x in (base, *alternates):
        sign = -1 if balls.sign(x) == -1 else 1
        found += [exactly(sign * n.value) for n in literals if n.decimals and fits(n, abs(x))]
        found += [exactly(1 - n.value) for n in literals if n.decimals and fits(n, ONE - x)]
    every = (*found, *alternates)
    return tuple(v for n, v in enumerate(every) if not same(v, base) and not any(same(v, w) for w in every[:n]))


def values_of(targets: tuple[Target, ...], known: Knowledge, tree: Surface) -> Iterator[tuple[Scalar, Mapping[str, Scalar]]]:
    """The values that the formulas have for numbers that were shown, each once, the likeliest first, with the numbers."""
    seen: set[str] = set()
    literals = tuple({n.text: found for n in numbers_in(tree) if (found := shown(n)) is not None}.values())
    for choices in zip_longest(*(assignments(t, known, literals) for t in targets)):
        for target, chosen in zip(targets, choices, strict=True):
            v = target.at(chosen) if chosen is not None else None
            if v is not None and str(v) not in seen:
                seen.add(str(v))
                yield v, chosen


def matches(tree: Surface, key: str, lefts: tuple[Surface, ...], known: Knowledge) -> bool | None:
    """Whether a substitution is of the quantity: certainly, certainly not, or rounded otherwise or unknown."""
    s = value(tree, _lookup(tree, known))
    if s is None:
        return None
    near: list[bool] = []
    for v, _ in values_of(targets_of(key, lefts, known), known, tree):
        if same(s, v):
            return True
        near.append(_near(s, v))
    return None if not near or any(near) else False


def judged(tree: Surface, key: str | None, lefts: tuple[Surface, ...], known: Knowledge) -> Found:
    """The verdict on a substitution."""
    s = value(tree, _lookup(tree, known))
    targets = targets_of(key, lefts, known)
    found = known.operands(tree, expected_keys(targets))
    if s is None:
        return Found(Finding("right"))
    tried: list[Scalar] = []
    for v, chosen in values_of(targets, known, tree):
        if same(s, v):
            copied = _miscopied(tree, key, lefts, (v,), expected_keys(targets), known)
            return replace(copied, wanted=(v,)) if copied is not None else Found(_carrying(known, chosen))
        tried.append(v)
    wanted = tuple(tried)
    if not wanted:
        return Found(_carrying_ties(known, found))
    if known.certain is not None and known.certain.on_kink and key is not None and key.startswith("d("):
        return Found(Finding("convention", "the numbers hit a kink, where another slope may be taken"))
    wrong = _wrong(tree, s, wanted, found, expected_keys(targets), known) or _miscopied(tree, key, lefts, wanted, expected_keys(targets), known)
    if wrong is not None:
        return replace(wrong, wanted=wanted)
    if any(_near(s, v) for v in wanted):
        return Found(_carrying_ties(known, found), wanted=wanted, near=True)
    return Found(wanted=wanted, finding=Finding("undecided", f"these numbers give {told(s, 7)}; the formula gives {told(wanted[0], 7)} from the numbers shown"))


def without_effect(tree: Surface, wanted: tuple[Scalar, ...], behind: Sequence[Surface], known: Knowledge) -> bool:
    """Whether the number behind numbers that were put in wrongly is also the one that the right numbers give."""
    result = next((found for t in behind if (found := shown(t)) is not None), None)
    return result is not None and fits(result, value(tree, _lookup(tree, known))) and any(fits(result, v) for v in wanted[:1])


def _lookup(tree: Surface, known: Knowledge) -> Lookup:
    """The numbers of names, and of `0.9999…` all that begin so: of `1 − 0.9999…` no digit would be left otherwise."""
    cut = {id(n): n for n in _cut(tree)}
    return (lambda n: _begun(n) if isinstance(n, Decimal) and id(n) in cut else known.lookup(n)) if cut else known.lookup


def _cut(tree: Surface) -> Iterator[Decimal]:
    """The numbers behind which dots stand."""
    for node in walk(tree):
        if isinstance(node, Product):
            for before, after in pairwise(f.node for f in node.factors):
                dots = after.base if isinstance(after, Scripted) else after
                if isinstance(before, Decimal) and isinstance(dots, Dots):
                    yield before


def _begun(node: Decimal) -> Scalar | None:
    """All the numbers that begin with the digits of one."""
    size = number(node.text)
    return None if size is None else arb(exactly(size), arb(10) ** -len(node.text.partition(".")[2]))


def _carrying(known: Knowledge, chosen: Mapping[str, Scalar]) -> Finding:
    """The verdict on right numbers put in: they may repeat one that is wrong, or be right where it was wrong."""
    faults = {key: record for key in chosen if (record := known.ledger.last(key)) is not None and record.fault is not None}
    for key, record in faults.items():
        if same(chosen[key], exactly(record.number.value)):
            return Finding("carried", f"uses {record.number.text}, which line {record.line} has wrong", cause=record.fault)
    if faults:
        record = next(iter(faults.values()))
        return Finding("right", f"right, but it does not follow from {record.number.text} in line {record.line}", follows=False)
    return Finding("right")


def _carrying_ties(known: Knowledge, found: Operands) -> Finding:
    signs = dict(signed(found.tree))
    for tie in found.ties:
        record = next((r for r in reversed(known.records(tie.key)) if r.number.value == tie.known), None)
        if record is not None and record.fault is not None and (tie.complement or (signs.get(id(tie.node), 1) < 0) == (tie.known < 0)):
            return Finding("carried", f"uses {record.number.text}, which line {record.line} has wrong", cause=record.fault)
    return Finding("right")


def _near(s: Scalar, wanted: Scalar) -> bool:
    """Whether numbers rounded otherwise may be all the difference."""
    return not balls.less(abs(wanted) * NEAR, abs(s - wanted))


# ---------------------------------------------------------------- what is wrong


def _wrong(tree: Surface, s: Scalar, wanted: tuple[Scalar, ...], found: Operands, expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """The one change that makes the substitution the formula; None where there is none, or the number is one kept with more digits."""
    literals = [n for n in numbers_in(tree) if number(n.text) is not None]
    flipped = _sign(tree, literals, wanted, found, known)
    if flipped is not None:
        return flipped
    changes = [change for nodes in _alike(literals) for change in _changes(tree, nodes, wanted, expected, known)]
    if any(_kept(node, key, known) for node, key, _, _ in changes):
        return None
    best = min(changes, key=lambda c: _rank(c, known), default=None)
    if best is not None and not _rank(best, known)[0]:
        return _told(best[0], best[1], best[2], known)
    swapped = _swapped(wanted, found, expected, known)
    if swapped is not None:
        return swapped
    if _among(-s, wanted):
        return Found(Finding("slip", f"the sign: these numbers give {told(s, 7)}", kind="sign"), tree.span)
    return _factor(tree, s, wanted, expected, known) or (replace(_told(best[0], best[1], best[2], known), weak=True) if best is not None else None)


def _among(v: Scalar | None, wanted: tuple[Scalar, ...]) -> bool:
    return v is not None and any(same(v, w) for w in wanted)


def _with(tree: Surface, instead: Mapping[int, Scalar], known: Knowledge) -> Scalar | None:
    """The value with other numbers in some places, by identity."""
    look = _lookup(tree, known)
    return value(tree, lambda n: instead[id(n)] if id(n) in instead else look(n))


def _alike(literals: list[Decimal]) -> Iterator[tuple[Decimal, ...]]:
    """Each number alone, then the same number at all its places: it may have been copied once and used twice."""
    yield from ((node,) for node in literals)
    by_text: dict[str, list[Decimal]] = {}
    for node in literals:
        by_text.setdefault(node.text, []).append(node)
    yield from (tuple(nodes) for nodes in by_text.values() if len(nodes) > 1)


Change = tuple[Decimal, str, Scalar, bool]      # the number, the quantity that belongs there, its number, and whether it is one minus that


def _changes(tree: Surface, nodes: tuple[Decimal, ...], wanted: tuple[Scalar, ...], expected: tuple[str, ...], known: Knowledge) -> Iterator[Change]:
    """The numbers of quantities that, in the place of one, make the substitution right."""
    node = nodes[0]
    size = number(node.text)
    assert size is not None
    here = exactly(size)
    for key in (k for k in expected if _stands(k, known)):
        for v in _values(key, known):
            for complement, instead in ((False, abs(v)), (True, ONE - v)):
                if not same(instead, here) and _among(_with(tree, dict.fromkeys(map(id, nodes), instead), known), wanted):
                    yield node, key, instead, complement


def _stands(key: str, known: Knowledge) -> bool:
    """Whether a quantity has a number of its own on the page or in the problem; a derivative that is only named has none."""
    return not key.startswith("d(") or known.ledger.last(key) is not None


def _rank(change: Change, known: Knowledge) -> tuple[bool, bool]:
    """A digit for another and one quantity for another are likelier than any number for any other; quantities than what is left of 1."""
    node, _, instead, complement = change
    size = number(node.text)
    told_of = size is not None and any(r.key for r in known.ledger.sized(size)) and not same(instead, ZERO)       # 0 in the place of any factor gives 0
    return not (one_digit(node.text, _digits(instead, node)) or told_of), complement


def _digits(instead: Scalar, node: Decimal) -> str:
    """A number with as many digits as another one has, at least 7."""
    return told(instead, max(7, len(node.text)))


def _sign(tree: Surface, literals: list[Decimal], wanted: tuple[Scalar, ...], found: Operands, known: Knowledge) -> Found | None:
    """A number with the wrong sign: of several that would do, the one that was shown with the other sign."""
    signs = dict(signed(tree))
    flips = [n for n in literals if number(n.text) and _among(_with(tree, {id(n): -exactly(number(n.text) or Fraction(0))}, known), wanted)]
    if not flips:
        return None
    other = [n for n in flips if id(n) in found.by_node and (found.by_node[id(n)].known < 0) != (signs.get(id(n), 1) < 0)]
    node = (other or flips)[0]
    right = node.text if signs.get(id(node), 1) < 0 else f"-{node.text}"
    return Found(Finding("slip", f"the sign of {node.text}", kind="sign", right=right), node.span)


def signed(tree: Surface, sign: int = 1) -> Iterator[tuple[int, int]]:
    """The numbers of a formula, by identity, each with the sign in front of it alone."""
    match tree:
        case Decimal():
            yield id(tree), sign
        case Sum(_, (term,)):
            yield from signed(term.node, sign * term.sign)
        case Group(_, _, (item,)):
            yield from signed(item, sign)
        case Sum(_, terms):
            for term in terms:
                yield from signed(term.node, term.sign)
        case Product(_, factors):
            for n, factor in enumerate(factors):
                yield from signed(factor.node, sign if n == 0 else 1)
        case _:
            for child in children(tree):
                yield from signed(child)


def _values(key: str, known: Knowledge) -> tuple[Scalar, ...]:
    current = known.current(key)
    return (*(() if current is None else (current,)), *known.alternates(key))


def _kept(node: Decimal, key: str, known: Knowledge) -> bool:
    """Whether the number is the quantity, or one minus it, with more or fewer digits; more than were shown may also be cut."""
    text, last = shown(node), known.ledger.last(key)
    values = _values(key, known)
    longer = text is not None and last is not None and text.decimals > last.number.decimals
    allowed = ("exact", "rounding", *(("truncation",) if known.habit.cutting or longer else ()), *(("last_digit",) if longer else ()))
    return text is not None and any(relation(text, v) in allowed for x in values for v in (abs(x), abs(ONE - x)))


def _told(node: Decimal, key: str, instead: Scalar, known: Knowledge) -> Found:
    right = told(instead, 7)
    name = known.names.said(key)
    size = number(node.text)
    assert size is not None
    last = known.ledger.last(key)
    contradicts = (key, size if last.number.value >= 0 else -size) if last is not None and last.given else None
    others = [r for r in known.ledger.sized(size) if r.key and r.key != key]
    if others:
        other = others[0]
        kind = "wrong_index" if family_of(other.key) == family_of(key) else "copied_wrong"
        said = f"{node.text} is {known.names.said(other.key)}; {name} is {right}"
        return Found(Finding("slip", said, kind=kind, right=right), node.span, contradicts=contradicts)
    kind = "wrong_digit" if one_digit(node.text, _digits(instead, node)) else "copied_wrong"
    return Found(Finding("slip", f"{name} is {right}, not {node.text}", kind=kind, right=right), node.span, contradicts=contradicts)


def _swapped(wanted: tuple[Scalar, ...], found: Operands, expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """One quantity for another at every place where it stands: h₁(1 − h₁) for h₂(1 − h₂)."""
    for wrong in dict.fromkeys(t.key for t in found.ties):
        for key in expected:
            v = known.current(key)
            if key != wrong and v is not None and _among(found.at({wrong: v}), wanted):
                node = next(t.node for t in found.ties if t.key == wrong)
                return _told(node, key, v, known)
    return None


def _miscopied(tree: Surface, key: str | None, lefts: tuple[Surface, ...], wanted: tuple[Scalar, ...], expected: tuple[str, ...],
               known: Knowledge) -> Found | None:
    """Several numbers that are not those of the quantities in whose places they stand, where all else is as in the formula."""
    own = known.ledger.formulas.get(key or "")
    for formula in (*reversed(lefts), *((own,) if own is not None else ())):
        put_in = pairs(formula, tree, known.names.key) or ()
        wrong = [(node, k) for k, node in put_in if _stands(k, known) and not any(_is(node, other, known) for other in (k, *expected))]
        right = {id(node): abs(v) for node, k in wrong if (v := known.current(k)) is not None}
        if right and len(right) == len(wrong) and _among(_with(tree, right, known), wanted):
            told_of = [_told(node, k, right[id(node)], known) for node, k in {node.text: (node, k) for node, k in wrong}.values()]
            return replace(told_of[0], finding=replace(told_of[0].finding, because="; ".join(f.finding.because for f in told_of)))
    return None


def _is(node: Decimal, key: str, known: Knowledge) -> bool:
    """Whether a number is that of a quantity, as it was shown or with more or fewer digits."""
    size = number(node.text)
    return size is None or any(same(exactly(size), abs(v)) for v in _values(key, known)) or _kept(node, key, known)


def _factor(tree: Surface, s: Scalar, wanted: tuple[Scalar, ...], expected: tuple[str, ...], known: Knowledge) -> Found | None:
    """A factor that is missing, or too many."""
    for key in expected:
        for v in _values(key, known):
            for factor, said in ((v, "{}"), (ONE - v, "1 − {}")):
                name = said.format(known.names.said(key))
                if same(factor, ONE):
                    continue
                if _among(s * factor, wanted):
                    return Found(Finding("slip", f"the factor {name} is missing", kind="missing_factor"), tree.span)
                if not same(factor, ZERO) and _among(s / factor, wanted):
                    return Found(Finding("slip", f"the factor {name} is one too many", kind="extra_factor"), tree.span)
    return None
