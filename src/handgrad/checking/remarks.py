"""What is said about a page of numbers besides its verdicts: targets out of reach, saturated functions, the habit, which rounding costs most."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from handgrad.arithmetic.balls import Scalar, ball
from handgrad.arithmetic.decimals import in_full
from handgrad.checking.evaluation import exactly
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.quantities import family_of
from handgrad.checking.shown import minus
from handgrad.expr import Add, Call, Entry, Expr, Mul, Number
from handgrad.reading.surface import Scripted
from handgrad.trees import subtrees
from handgrad.worksheet.hand import place
from handgrad.worksheet.plan import spelled

REACH = {"sigmoid": (0, 1), "tanh": (-1, 1)}
MOST = 5                        # remarks of one sort
NOTABLE = Fraction(1, 100)      # a rounding that changes a number by less is not told


def remarks(known: Knowledge) -> tuple[str, ...]:
    """The remarks on a page that was gone through."""
    wrong_set = ("the given numbers are those of another set: nothing else is compared with the problem",) if known.wrong_set else ()
    habit = habit_of(known)
    return (*wrong_set, *_unreachable(known), *_saturated(known), *((habit,) if habit else ()))


# ---------------------------------------------------------------- the exercise


def _unreachable(known: Knowledge) -> list[str]:
    """The given targets that what they are compared with can never reach."""
    if known.certain is None:
        return []
    made = {item.entry: item.formula for item in known.certain.sheet.plan.forward}
    found: dict[str, str] = {}
    sums = (node for formula in made.values() for node in subtrees(formula) if isinstance(node, Add) and len(node.terms) == 2)
    for one, other in (pair for node in sums for pair in (node.terms, node.terms[::-1])):
        left, target = _bare(one), _bare(other)
        of = made.get(left) if isinstance(left, Entry) else None
        if isinstance(of, Call) and of.function in REACH and isinstance(target, Entry):
            key, (low, high) = spelled(*place(target)), REACH[of.function]
            given = known.certain.given(key)
            if given is not None and not low < given < high:
                text = minus(in_full(given, 30) or str(given))
                found[key] = f"{known.names.said(key)} = {text} is out of reach: a {of.function} stays between {minus(str(low))} and {high}"
    return list(found.values())[:MOST]


def _bare(e: Expr) -> Expr:
    return e.factors[1] if isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[0], Number) else e


def _saturated(known: Knowledge) -> list[str]:
    """Numbers that a function never takes, shown for it by rounding: its slope there is 0 by hand."""
    if known.certain is None:
        return []
    found = []
    for item in known.certain.sheet.plan.forward:
        record = known.ledger.last(item.quantity)
        if record is not None and isinstance(item.formula, Call) and item.formula.function in REACH and record.number.value in REACH[item.formula.function]:
            said = f"{known.names.said(item.quantity)} = {minus(record.number.text)}"
            found.append(f"{said} is saturated: with these digits the slope of {item.formula.function} is 0")
    return found[:MOST]


# ---------------------------------------------------------------- the habit


def habit_of(known: Knowledge) -> str:
    """The rounding habit of the page in words: `h, θ, E to 2, ∇W₁ to 4 decimals`."""
    counts: dict[str, Counter[int]] = {}
    first: dict[str, str] = {}
    for key, records in known.ledger.by_key.items():
        computed = [r for r in records if not r.given and not r.copied and r.hand is not None]
        if computed and _rounded(computed[-1]):
            counts.setdefault(family_of(key), Counter())[computed[-1].number.decimals] += 1
            first.setdefault(family_of(key), key)
    groups: dict[int, list[str]] = {}
    for family, counter in counts.items():
        groups.setdefault(counter.most_common(1)[0][0], []).append(_family(family, first[family], known))
    if not groups:
        return ""
    told = ", ".join(f"{', '.join(dict.fromkeys(names))} to {n}" for n, names in sorted(groups.items()))
    return f"rounding as on the page: {told} decimals, {'cut' if known.habit.cutting else 'rounded'}"


def _rounded(record: Record) -> bool:
    """Whether the number may have been rounded: one that ends earlier by itself says nothing."""
    return record.hand is not None and (not isinstance(record.hand, type(exactly(Fraction(0)))) or record.hand != exactly(record.number.value))


def _family(family: str, key: str, known: Knowledge) -> str:
    """What a family is called: by its own name, or by that of its first number without the index."""
    if family in known.names.surfaces:
        return known.names.said(family)
    tree = known.names.surfaces.get(key)
    return known.names.written(tree.base) if isinstance(tree, Scripted) and family != key else known.names.said(family if known.certain is not None else key)


# ---------------------------------------------------------------- what costs most


def costliest(known: Knowledge) -> str:
    """The rounding that changes a number most that others are made of, and what it does to them."""
    used = _users(known)
    ranked = sorted(((_cost(r), r) for key, users in used.items() if users and (r := _last(key, known)) is not None), key=lambda c: -c[0])
    if not ranked or ranked[0][0] < NOTABLE:
        return ""
    size, record = ranked[0]
    said = f"Rounding costs most in {known.names.said(record.key)} = {minus(record.number.text)} ({_percent(size)})"
    off = [(key, part) for key in used[record.key] if (r := _last(key, known)) is not None and r.fault is None and (part := _off(r)) is not None]
    if not off:
        return said + "."
    names = ", ".join(known.names.said(key) for key, _ in off[:MOST])
    worst = max(abs(part) for _, part in off)
    way = "small" if all(part < 0 for _, part in off) else "large" if all(part > 0 for _, part in off) else "off"
    verb = "is" if len(off) == 1 else "are"
    return f"{said}: {names} {verb} up to {_percent(worst)} {way}, and right as rounded."


def _last(key: str, known: Knowledge) -> Record | None:
    return next((r for r in reversed(known.ledger.of(key)) if not r.copied and not r.given and r.hand is not None), None)


def _users(known: Knowledge) -> dict[str, list[str]]:
    """Which numbers of the page are worked from each number of the page."""
    found: dict[str, list[str]] = {}
    for key in known.ledger.by_key:
        for worked in known.certain.worked(key)[:1] if known.certain is not None else ():
            for operand in dict.fromkeys(worked.keys.values()):
                if operand in known.ledger.by_key:
                    found.setdefault(operand, []).append(key)
    return found


def _cost(record: Record) -> Fraction:
    """By how much the rounding changes the number, relative to it."""
    found = _relative(exactly(record.number.value), record.hand)
    return abs(found) if found is not None else Fraction(0)


def _off(record: Record) -> Fraction | None:
    """How far in size the number lies from the one of the unrounded run, relative to that."""
    return _relative(abs(exactly(record.number.value)), abs(record.full)) if record.full is not None else None


def _relative(a: Scalar, b: Scalar | None) -> Fraction | None:
    """(a - b)/b to six digits, for print."""
    if b is None or not abs(ball(b)).abs_lower() > 0:
        return None
    near = ((ball(a) - ball(b)) / ball(b) * 10**6).mid().floor().unique_fmpz()
    return Fraction(int(near), 10**6) if near is not None else None


def _percent(part: Fraction) -> str:
    return f"{float(abs(part)) * 100:.1f} %"

