"""Slips with numbers, found and named: `python -m benchmarks.diagnosis_numbers [--pages N] [--slips N] [--first SEED] [--misses]`.

The pages are worked networks of random shapes, with 2 to 5 decimals in turn. Each is checked as it is: whatever is accused there is a false
accusation. Then slips of both sets are made, one at a time: numbers put in wrongly, where the result is left as it was or follows the wrong numbers,
and wrong results of right workings; only such as show by more than one unit of the last place.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.diagnosis import Outcome, Site, _text, accusations, outcome, show_miss, summary
from handgrad import render
from handgrad.arithmetic.decimals import Places
from handgrad.checking.chains import Chain, parts_of
from handgrad.checking.judging import check
from handgrad.errors import HandgradError
from handgrad.problem import Problem, Rounding, read_problem
from handgrad.reading.page import read_page
from handgrad.reading.surface import Decimal, Derivative, Dots, Scripted, Surface, Symbol, spelled, walk
from handgrad.worksheet import Worksheet
from handgrad.worksheet.numbers import numbers
from handgrad.worksheet.plan import plan_of

from support_networks import generated  # isort: skip
from support_injection import Page, slips  # isort: skip
from support_number_slips import put_in, reckoned  # isort: skip
from support_tex import latex  # isort: skip
from support_values import value  # isort: skip

DECIMALS = (2, 3, 4, 5)
GOALS = "goals: detected 99 %, top 1 80 % (2 decimals 75 %), top 3 92 %"
SETS = ("first", "second")


@dataclass(frozen=True, slots=True)
class Place:
    """Numbers on a page that may be wrong: their span and tree, the working if it is a result, and the numbers shown behind them in the chain."""

    span: tuple[int, int]
    tree: Surface
    working: Surface | None
    behind: tuple[tuple[tuple[int, int], str], ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A slip: its kind, what stands in which place, and what else it changes on the page."""

    kind: str
    text: str
    also: tuple[tuple[tuple[int, int], str], ...] = ()


def worked(seed: int) -> tuple[str, Problem, int] | None:
    """A worked page of a random network, its problem, and its decimals; None where a rounded number has no logarithm."""
    decimals = DECIMALS[seed % len(DECIMALS)]
    rounding = Rounding((Places(decimals),))
    problem = read_problem(generated(random.Random(seed)))
    plan = plan_of(problem)
    try:
        return render(Worksheet(problem, plan, numbers(plan, rounding, problem.values)).blocks(), "markdown"), problem, decimals
    except HandgradError:
        return None


# ---------------------------------------------------------------- places


def places(source: str) -> Iterator[Place]:
    """The substitutions and results of a page."""
    for chain in (c for part in parts_of(read_page(source)) for c in part.chains):
        for n, side in list(enumerate(chain.sides))[1:]:
            if not _is_numeric(side.tree):
                continue
            before = chain.sides[n - 1].tree
            behind = tuple((s.span, source[slice(*s.span)]) for s in chain.sides[n + 1:] if _is_shown(s.tree))
            if not _is_shown(side.tree):
                yield Place(side.span, side.tree, None, behind)
            elif _is_numeric(before) and not _is_shown(before):
                yield Place(side.span, side.tree, before, behind)


def _is_shown(tree: Surface) -> bool:
    nodes = [node for node in walk(tree) if isinstance(node, Decimal)]
    return len(nodes) == 1 and "." in nodes[0].text and len(list(walk(tree))) <= 2


def _is_numeric(tree: Surface) -> bool:
    names = (node for node in walk(tree) if isinstance(node, (Derivative, Dots)) or isinstance(node, Scripted) and node.sub
             or isinstance(node, Symbol) and node.name not in ("sigma", "tanh", "log", "exp", "e"))
    return not any(True for _ in names) and any(isinstance(n, Decimal) for n in walk(tree)) and value(tree) is not None


def known(source: str, problem: Problem) -> dict[str, str]:
    """The numbers of a page by the name of their quantity."""
    found = {f"{name}_{','.join(map(str, at))}": f"{float(number):g}" for (name, at), number in problem.values.items()}
    chains: list[Chain] = [c for part in parts_of(read_page(source)) for c in part.chains]
    for chain in chains:
        if _is_shown(chain.sides[-1].tree):
            found[spelled(chain.head.side.tree)] = latex(chain.sides[-1].tree).replace(" ", "")
    return {name: text for name, text in found.items() if "." in text}


# ---------------------------------------------------------------- slips


def wrong(place: Place, origin: str, numbers_known: dict[str, str], order: random.Random) -> Wrong | None:
    """A slip that shows; None if there is none."""
    by_kind: dict[str, list[Wrong]] = defaultdict(list)
    for slip in _results(place, origin, numbers_known, order) if place.working is not None else _substitutions(place, origin, numbers_known, order):
        by_kind[slip.kind].append(slip)
    for kind in order.sample(sorted(by_kind), len(by_kind)):
        return order.choice(by_kind[kind])
    return None


def _results(place: Place, origin: str, numbers_known: dict[str, str], order: random.Random) -> Iterator[Wrong]:
    assert place.working is not None
    text = latex(place.tree).replace(" ", "")
    digits = len(text.partition(".")[2])
    if origin == "second":
        found = list(reckoned(place.working, text, numbers_known))
    else:
        found = [("sign", text[1:] if text.startswith("-") else f"-{text}")]
        found += [(s.kind, latex(s.tree).replace(" ", "")) for s in slips(place.tree, order.randrange(2 ** 30)) if s.kind == "wrong_digit"]
        found += [(s.kind, f"{got:.{digits}f}") for s in slips(place.working, order.randrange(2 ** 30)) if (got := value(s.tree)) is not None]
    for kind, wrong_text in found:
        if abs(Fraction(wrong_text) - Fraction(text)) > Fraction(1, 10 ** digits) and float(wrong_text):
            yield Wrong(kind, wrong_text)


def _substitutions(place: Place, origin: str, numbers_known: dict[str, str], order: random.Random) -> Iterator[Wrong]:
    right = value(place.tree)
    digits = len(place.behind[-1][1].partition(".")[2].rstrip("} ")) if place.behind else 9
    decimals = tuple(sorted({text.lstrip("-") for text in numbers_known.values()}))
    if origin == "second":
        found = list(put_in(place.tree, numbers_known))
    else:
        found = [(s.kind, s.tree) for s in slips(place.tree, order.randrange(2 ** 30), Page(decimals=decimals[:6]))]
    for kind, tree in order.sample(found, min(len(found), 60)):
        got = value(tree)
        text = _text(tree, "markdown") if right is not None and got is not None and abs(got - right) > 10.0 ** -digits else None
        if text is None:
            continue
        follows = order.random() < 0.5
        also = tuple((span, f" {got:.{len(shown.strip().partition('.')[2])}f} ") for span, shown in place.behind) if follows else ()
        yield Wrong(kind, text, also)


def changed(source: str, place: Place, slip: Wrong) -> str:
    """The page with the slip."""
    for (start, end), text in sorted([(place.span, f" {slip.text} "), *slip.also], reverse=True):
        source = source[:start] + text + source[end:]
    return source


# ---------------------------------------------------------------- measuring


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=24, help="how many pages")
    options.add_argument("--slips", type=int, default=4, help="how many slips of each set in each")
    options.add_argument("--first", type=int, default=3000, help="the first seed")
    options.add_argument("--misses", action="store_true", help="print what was not found, or named otherwise")
    options.add_argument("--seconds", type=float, default=1e9, help="stop after this time")
    given, _ = options.parse_known_args()
    outcomes: dict[int, list[Outcome]] = defaultdict(list)
    lines = false = 0
    begun = time.perf_counter()
    for seed in range(given.first, given.first + given.pages):
        made = worked(seed)
        if made is None or time.perf_counter() - begun > given.seconds:
            continue
        source, problem, decimals = made
        clean = check(source, problem)
        lines += len(clean.judgements)
        false += len(accusations(clean))
        for origin in SETS:
            found = list(tried(source, problem, seed, origin, given.slips))
            outcomes[decimals] += found
            for o in found if given.misses else ():
                show_miss(o)
    print(f"{false} false accusations on {lines} clean lines")
    print(f"{'':18} {'slips':>5}   detected   on line   undecided     top 1     top 3")
    every = [o for found in outcomes.values() for o in found]
    for decimals, found in sorted(outcomes.items()):
        summary(found, f"{decimals} decimals")
    for kind in sorted({o.kind for o in every}):
        summary([o for o in every if o.kind == kind], kind)
    for origin in SETS:
        summary([o for o in every if o.origin == origin], f"{origin} set")
    summary([o for o in every if o.numeric], "results")
    summary([o for o in every if not o.numeric], "numbers put in")
    summary(every, "all")
    print(f"{GOALS}; {sum(o.seconds for o in every) / max(1, len(every)):.2f} s a page")


def tried(source: str, problem: Problem, seed: int, origin: str, count: int) -> Iterator[Outcome]:
    """What becomes of some slips in a page, one at a time."""
    found, numbers_known = list(places(source)), known(source, problem)
    order = random.Random(f"{seed}:{origin}")
    for place in order.sample(found, min(count, len(found))):
        slip = wrong(place, origin, numbers_known, order)
        if slip is None:
            continue
        begun = time.perf_counter()
        report = check(changed(source, place, slip), problem)
        site = Site(place.span, place.tree, place.working)
        yield outcome(f"network {seed}", origin, slip.kind, site, slip.text, report, time.perf_counter() - begun)


if __name__ == "__main__":
    main()
