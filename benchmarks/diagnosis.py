"""Slips put into right pages, found and named: `python -m benchmarks.diagnosis [--pages N] [--slips N] [--seed N …] [--set first] [--dialect all] [--misses]`.

The pages are what `derive` and `work` write. Each is checked as it is: whatever is accused there is a false accusation. Then slips of the two sets of
the tests are put in, one at a time and only such as show (a formula differs somewhere; a number by more than one unit of its last place), and the
page is checked again, those of `work` with their problem. Detected is a slip that is accused, on the line itself or where it shows; the kind is the
first, or one of the first three, that the report gives.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from benchmarks.right_pages import DIALECTS, RightPage, pages
from handgrad.checking.judging import check
from handgrad.checking.report import Judgement, Report
from handgrad.problem import Problem
from handgrad.reading.mathematics import statements
from handgrad.reading.page import Formula, read_page
from handgrad.reading.plain import unicode
from handgrad.reading.surface import Decimal, Derivative, Scripted, Side, Statement, Sum, Surface, Symbol, Unread, spelled, walk

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support_injection import Injected, Page, slips  # noqa: E402  # the slips live with the tests
from support_slips import made  # noqa: E402
from support_tex import is_plain_name, latex  # noqa: E402
from support_typed import typed  # noqa: E402
from support_values import differs, value  # noqa: E402

GOALS = {"detected": 0.99, "top 1": 0.80, "top 3": 0.92}
WRITERS: dict[str, Callable[[Surface], str]] = {"markdown": latex, "latex": latex, "unicode": unicode, "ascii": typed}
TYPED = ("unicode", "ascii")        # where what is drawn over several lines, such as cases, is left as it is
SETS: dict[str, Callable[[Surface, int, Page], list[Injected]]] = {"first": slips, "second": lambda tree, seed, page: _shuffled(made(tree, page), seed)}


@dataclass(frozen=True, slots=True)
class Site:
    """A side of a page where a slip may be made: its span, its tree, the working in front of it if it is a number, and what it shows."""

    span: tuple[int, int]
    tree: Surface
    working: Surface | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a slip."""

    page: str
    origin: str                 # the set that the slip is of
    kind: str
    numeric: bool
    detected: bool              # something on the page, which was right before, is accused
    placed: bool                # and it is this line
    seen: bool                  # the line is not accused, but not passed either: undecided or unread
    kinds: tuple[str, ...]
    verdicts: tuple[str, ...]
    because: str
    right: str
    wrong: str
    seconds: float


# ---------------------------------------------------------------- pages


def sites(source: str, known: Problem | None) -> list[Site]:
    """The sides of a page that can be valued, heads apart. What a page defines without a problem is what it means, and never wrong."""
    found = []
    head: Surface | None = None
    for statement in _statements(source):
        if statement.sides and not statement.continues:
            head = statement.sides[0].tree
        if known is None and not isinstance(head, Derivative):
            continue
        for before, side in zip(statement.sides, statement.sides[1:], strict=False):
            if any(isinstance(node, Unread) for node in walk(side.tree)) or value(side.tree, dict.fromkeys("ijklmn", 1)) is None:
                continue
            found.append(Site(side.span, side.tree, before.tree if _is_number(side) and not _has_names(before.tree) else None))
    return found


def _statements(source: str) -> Iterator[Statement]:
    for item in read_page(source).items:
        if isinstance(item, Formula):
            yield from item.statements


def _is_number(side: Side) -> bool:
    tree = side.tree
    if isinstance(tree, Sum) and len(tree.terms) == 1:
        tree = tree.terms[0].node
    return isinstance(tree, Decimal) and "." in tree.text


def _has_names(tree: Surface) -> bool:
    return any(isinstance(node, (Scripted, Derivative)) or isinstance(node, Symbol) and node.name not in ("sigma", "tanh", "e") for node in walk(tree))


def surroundings(found: Sequence[Site]) -> Page:
    """What may be taken for what on a page."""
    trees = [site.tree for site in found]
    names = {spelled(node): node for tree in trees for node in walk(tree) if isinstance(node, (Symbol, Scripted)) and _is_quantity(node)}
    inside = {spelled(node.base) for node in names.values() if isinstance(node, Scripted)}
    scripts = {spelled(sub) for node in names.values() if isinstance(node, Scripted) for sub in node.sub}
    kept = {text: node for text, node in names.items() if text not in inside | scripts}
    pairs = tuple((a, b) for a in kept for b in kept if a[0] in "zu" and b[0] in "hoa" and a[1:].strip("{}") in (b[1:], f"_{b}", f"_{{{b}}}"))
    letters = tuple(sorted({text for text in scripts if text in tuple("ijklm")}))
    decimals = tuple(sorted({node.text for tree in trees for node in walk(tree) if isinstance(node, Decimal) and "." in node.text}))
    return Page(tuple(kept.values()), pairs, letters, decimals[:6])


def _is_quantity(node: Surface) -> bool:
    base = node.base if isinstance(node, Scripted) else node
    return is_plain_name(node) and isinstance(base, Symbol) and base.name not in NO_QUANTITIES


NO_QUANTITIES = frozenset("sigma tanh e g f delta size T log exp max min sign softmax".split())


# ---------------------------------------------------------------- slips


def _shuffled(found: Iterable[Injected], seed: int) -> list[Injected]:
    distinct = list({(wrong.kind, latex(wrong.tree)): wrong for wrong in islice(found, 4000)}.values())
    random.Random(seed).shuffle(distinct)
    return distinct


def wrong(site: Site, around: Page, seed: int, given: Setting) -> tuple[str, str] | None:
    """A kind of slip and what then stands in the place, one that shows; None if there is none."""
    order = random.Random(seed)
    if site.working is not None:
        return _wrong_number(site, around, order)
    by_kind = defaultdict(list)
    for slip in SETS[given.slips](site.tree, seed, around):
        by_kind[slip.kind].append(slip.tree)
    for kind in order.sample(sorted(by_kind), len(by_kind)):
        for tree in by_kind[kind][:6]:
            text = _text(tree, given.dialect) if differs(site.tree, tree) else None
            if text is not None:
                return kind, text
    return None


def _text(tree: Surface, dialect: str) -> str | None:
    """A formula in a dialect; None where it would be read as another."""
    try:
        text = WRITERS[dialect](tree)
    except ValueError:
        return None
    found = statements(text, typed=dialect in TYPED)
    read = found[0].sides[0].tree if len(found) == 1 and len(found[0].sides) == 1 else None
    return text if read is not None and not any(isinstance(n, Unread) for n in walk(read)) and not differs(tree, read) else None


def _wrong_number(site: Site, around: Page, order: random.Random) -> tuple[str, str] | None:
    """A number that somebody gets who slips in the working, or who writes it down wrongly."""
    assert site.working is not None
    text = latex(site.tree).replace(" ", "")
    places = len(text.partition(".")[2])
    made: dict[str, list[str]] = defaultdict(list)
    for slip in slips(site.working, order.randrange(2 ** 30), around):
        got = value(slip.tree)
        if got is not None:
            made[slip.kind].append(f"{got:.{places}f}")
    made["sign"].append(text[1:] if text.startswith("-") else f"-{text}")
    made["wrong_digit"] += [latex(s.tree).replace(" ", "") for s in slips(site.tree, order.randrange(2 ** 30)) if s.kind == "wrong_digit"]
    for kind in order.sample(sorted(made), len(made)):
        for number in made[kind]:
            if abs(Fraction(number) - Fraction(text)) > Fraction(1, 10 ** places) and float(number) != 0:
                return kind, number
    return None


# ---------------------------------------------------------------- measuring


@dataclass(frozen=True, slots=True)
class Setting:
    """Which set the slips are of, in which dialect they are written, how many are made in a page, and the seed."""

    slips: str
    dialect: str
    count: int
    seed: int


def tried(page: RightPage, given: Setting) -> Iterator[Outcome]:
    """What becomes of some slips in a page, one at a time."""
    found = [site for site in sites(page.source, page.problem) if page.dialect not in TYPED or "\n" not in page.source[slice(*site.span)]]
    around = surroundings(found)
    order = random.Random(f"{page.name}:{given.seed}")
    for n, site in enumerate(order.sample(found, min(given.count, len(found)))):
        slip = wrong(site, around, given.seed + n, given)
        if slip is None:
            continue
        kind, text = slip
        start, end = site.span
        begun = time.perf_counter()
        report = check(f"{page.source[:start]} {text} {page.source[end:]}", page.problem)
        yield outcome(f"{page.name} ({page.dialect})", given.slips, kind, site, text, report, time.perf_counter() - begun)


def outcome(page: str, origin: str, kind: str, site: Site, text: str, report: Report, seconds: float) -> Outcome:
    """Whether the report accuses the place, and of what."""
    start, end = site.span[0], site.span[0] + len(text) + 2
    there = [j for j in report.judgements if j.span[0] < end and j.span[1] > start]
    accused = [j for j in there if j.verdict == "slip"] or [j for j in report.judgements if j.verdict == "slip"]
    kinds = tuple(dict.fromkeys(k for j in accused for k in _kinds(j)))
    seen = any(j.verdict in ("undecided", "unread", "last_digit", "transcription") for j in there)
    placed, verdicts = any(j in there for j in accused), tuple(j.verdict for j in there)
    because = "; ".join(j.because for j in there if j.verdict not in ("right", "slip"))
    return Outcome(page, origin, kind, site.working is not None, bool(accused), placed, seen, kinds, verdicts, because, latex(site.tree), text, seconds)


def _kinds(judgement: Judgement) -> Iterator[str]:
    if judgement.kind:
        yield judgement.kind
    yield from (e.kind for e in judgement.explanations)


def accusations(report: Report) -> list[Judgement]:
    """What a report says against a page."""
    return [j for j in report.judgements if j.verdict in ("slip", "last_digit")]


def share(part: int, whole: int) -> str:
    """A part as a percentage."""
    return f"{100 * part / whole:5.1f} %" if whole else "    –  "


def summary(outcomes: Sequence[Outcome], title: str) -> None:
    """A line of a table: how many were found, and how many named."""
    found = [o for o in outcomes if o.detected]
    first, three = sum(o.kind in o.kinds[:1] for o in found), sum(o.kind in o.kinds[:3] for o in found)
    open_, placed = sum(o.seen and not o.detected for o in outcomes), sum(o.placed for o in outcomes)
    shares = (share(len(found), len(outcomes)), share(placed, len(outcomes)), share(open_, len(outcomes)), share(first, len(found)), share(three, len(found)))
    print(f"{title:18} {len(outcomes):5}   {'   '.join(shares)}")


def show_miss(o: Outcome) -> None:
    """Prints a slip whose kind was not told first."""
    if o.kind not in o.kinds[:1]:
        told = f"told {', '.join(o.kinds[:3]) or 'none'} ({', '.join(o.verdicts)}) {o.because}"
        print(f"{o.page}, {o.origin} set: {o.kind}, {told}\n    {o.right}\n    {o.wrong}", flush=True)


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=1000, help="how many pages")
    options.add_argument("--slips", type=int, default=6, help="how many slips in each")
    options.add_argument("--seed", type=int, nargs="*", default=[1])
    options.add_argument("--set", choices=[*SETS, "both"], default="both", help="which slips")
    options.add_argument("--dialect", choices=[*DIALECTS, "all"], default="markdown", help="how the pages of formulas are written")
    options.add_argument("--formulas", action="store_true", help="leave the pages with numbers out")
    options.add_argument("--only", default="", help="pages whose name holds this text")
    options.add_argument("--misses", action="store_true", help="print what was not found, or named otherwise")
    options.add_argument("--json", type=Path, help="where to write all outcomes")
    given, _ = options.parse_known_args()
    dialects = DIALECTS if given.dialect == "all" else (given.dialect,)
    outcomes: list[Outcome] = []
    lines = false = 0
    for page in [p for p in pages(dialects, not given.formulas) if given.only in p.name][:given.pages]:
        clean = check(page.source, page.problem)
        lines += len(clean.judgements)
        for judgement in accusations(clean):
            false += 1
            print(f"FALSE {page.name} ({page.dialect}): {judgement.verdict} {judgement.kind or ''} {judgement.source!r}: {judgement.because}")
        for origin in SETS if given.set == "both" else (given.set,):
            for seed in given.seed:
                found = list(tried(page, Setting(origin, page.dialect, given.slips, seed)))
                outcomes += found
                for o in found if given.misses else ():
                    show_miss(o)
    print(f"{false} false accusations on {lines} clean lines")
    tables(outcomes)
    if given.json:
        given.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1), encoding="utf-8")


def tables(outcomes: Sequence[Outcome]) -> None:
    """The shares by kind, by set, and of numbers and formulas."""
    print(f"{'kind':18} {'slips':>5}   detected   on line   undecided     top 1     top 3")
    for kind in sorted({o.kind for o in outcomes}):
        summary([o for o in outcomes if o.kind == kind], kind)
    for origin in SETS:
        summary([o for o in outcomes if o.origin == origin], f"{origin} set")
    summary([o for o in outcomes if o.numeric], "numbers")
    summary([o for o in outcomes if not o.numeric], "formulas")
    summary(outcomes, "all")
    print("goals:", ", ".join(f"{name} {100 * goal:.0f} %" for name, goal in GOALS.items()))


if __name__ == "__main__":
    main()
