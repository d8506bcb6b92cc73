"""The problem file of a page: its formulas as the model, its numbers as the givens, its decimals as the rounding.

Each quantity of the page is one number with a name of its own: `w_1` and `w_2`, not the entries of a matrix. Formulas with indices are written out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import field, replace
from decimal import Decimal as Exact
from fractions import Fraction

from handgrad.checking.assigning import Assignment, alternatives, assigned, number
from handgrad.checking.chains import parts_of
from handgrad.checking.evaluation import function_of
from handgrad.checking.naming import RESERVED, name_of
from handgrad.checking.notating import UnwritableError, notation
from handgrad.checking.report import Report
from handgrad.checking.rows import is_number
from handgrad.checking.unrolling import unrolled
from handgrad.checking.words import listed, minus, plural
from handgrad.errors import HandgradError
from handgrad.problem import gradient, read_problem
from handgrad.reading.mathematics import formula
from handgrad.reading.page import read_page
from handgrad.reading.plain import unicode
from handgrad.reading.surface import Array, Derivative, Product, Scripted, Side, Surface, Symbol, children, spelled, walk
from handgrad.records import dataclass

LOOK_ALIKE = {"omega": "w", "upsilon": "v", "nu": "v"}      # letters that one page uses for one another


@dataclass(frozen=True, slots=True)
class Made:
    """A problem file and what is in it, in a sentence."""

    text: str
    said: str


def problem_file(report: Report) -> Made:
    """The problem file of the page; it can be read, or it is refused with what the page lacks."""
    page = _Page(report)
    text = page.text()
    try:
        read_problem(text)
    except HandgradError as error:
        raise UnwritableError(f"the numbers and formulas of the page make no problem: {error.what}", remedy="state each formula and each given once") from None
    return Made(text, page.said())


@dataclass
class _Page:
    report: Report
    statements: list[tuple[Side, ...]] = field(default_factory=list)
    formulas: dict[str, Surface] = field(default_factory=dict)          # by name, in order
    heads: dict[str, Surface] = field(default_factory=dict)
    given: dict[str, Exact] = field(default_factory=dict)
    shown: dict[str, list[str]] = field(default_factory=dict)           # decimals shown for each quantity
    spellings: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)                         # names in formulas, once those are known

    def __post_init__(self) -> None:
        numbers = [j.span[0] for j in self.report.judgements if is_number(j)]
        repaired = [j.span for j in self.report.judgements if j.verdict == "transcription"]
        for part in parts_of(read_page(self.report.source)):
            if not numbers or any(part.span[0] <= at < part.span[1] for at in numbers):
                for chain in part.chains:
                    start, end = chain.sides[0].span[0], chain.sides[-1].span[1]
                    self.statements += _apart(chain.sides, any(start <= at[0] < end for at in repaired))
        self.statements = unrolled(self.statements)
        self._define()
        self._show()
        self._give()
        self._alias()

    # ------------------------------------------------------------ what the page says

    def name(self, node: Surface) -> str | None:
        """The name of a quantity in the problem."""
        found = name_of(node) if isinstance(node, (Symbol, Scripted)) and function_of(node) is None else None
        if found is None or found.indices or found.above or found.power is not None or found.transposed:
            return None
        name = found.whole + "_prime" * found.primes
        name = f"{name}_" if name in RESERVED else name
        own, _, below = name.partition("_")
        alike = LOOK_ALIKE.get(own)
        twin = "_".join(part for part in (alike or "", below) if part)
        return twin if alike and twin in self.heads else name

    def _define(self) -> None:
        for sides in self.statements:
            for a, b in ((0, 1), (1, 0)):
                if len(sides) < 2:
                    break
                head, body = sides[a].tree, sides[b].tree
                name = self.name(head)
                if name is not None and name not in self.formulas and _is_formula(body) and (a == 0 or len(sides) == 2):
                    try:
                        notation(body, self.name)
                    except UnwritableError:
                        continue
                    self.formulas[name], self.heads[name] = body, head
                    self.spellings.setdefault(spelled(head), name)
                    break
        self.formulas = {name: body for name, body in self.formulas.items() if name not in self._below(name)}

    def _below(self, name: str) -> set[str]:
        """What a formula uses."""
        return set(self._names(self.formulas[name]))

    def _names(self, tree: Surface) -> Iterator[str]:
        """The quantities in a formula, in order."""
        return (name for node in self._named(tree) if (name := self.name(node)) is not None)

    def _named(self, tree: Surface) -> Iterator[Surface]:
        """The nodes that are quantities; what such a name is made of is none."""
        if self.name(tree) is not None:
            yield tree
        else:
            below = children(tree) if not isinstance(tree, Scripted) else (tree.base, *((tree.sup,) if tree.sup is not None else ()))
            for node in below:
                yield from self._named(node)

    def _show(self) -> None:
        meant = {j.span[1]: formula(j.quantity) for j in self.report.judgements if j.verdict == "transcription" and j.quantity and is_number(j)}
        for sides in self.statements:
            head = next((meant[side.span[1]] for side in sides if side.span[1] in meant), sides[0].tree)
            name = self.name(head)
            if isinstance(head, Derivative) and len(head.by) == 1:
                of, by = self.name(head.body), self.name(head.by[0])
                name = gradient(of, self._known(by)) if of and by else None
                if by and self._known(by) != by:
                    self.spellings.setdefault(spelled(head.by[0]), self._known(by))
            values = [_decimals(side) for side in sides[1:]]
            found = [v for v in values if v]
            # of two values for one gradient the later stands: the earlier has, as a rule, the name of another
            if name is not None and found and (name not in self.shown or name.startswith("d(")):
                self.shown[name] = found

    def _drop(self) -> None:
        """Leaves out formulas that are only spoken of: no number is shown for them, nothing uses them, and they use what has no number."""
        numbers = {self.name(sides[0].tree) for sides in self.statements if len(sides) > 1 and number(sides[-1].tree) is not None}
        used = {below for name in self.formulas for below in self._below(name)}
        spoken = {name for name in self.formulas if name not in used | numbers and not self._below(name) <= numbers | set(self.formulas)}
        if len(spoken) < len(self.formulas):
            self.formulas = {name: body for name, body in self.formulas.items() if name not in spoken}
            self.spellings = {spelling: name for spelling, name in self.spellings.items() if name not in spoken}

    def _known(self, name: str) -> str:
        """The name by which a quantity stands in the formulas, where the page has two letters for one."""
        if not self.used:
            self.used = {n for body in self.formulas for n in self._below(body)} | set(self.formulas)
        own, _, below = name.partition("_")
        twins = [f"{other}_{below}" if below else other for other, alike in LOOK_ALIKE.items() if alike == own]
        return name if name in self.used else next((twin for twin in twins if twin in self.used), name)

    def _give(self) -> None:
        self._drop()
        inputs = [n for body in self.formulas.values() for n in self._names(body) if n not in self.formulas]
        stated: Assignment = {}
        choices: list[tuple[Assignment, ...]] = []
        for statement in self.statements:
            sides = [side.tree for side in statement]
            name = self.name(sides[0])
            if len(sides) == 2 and name in inputs and (value := number(sides[1])) is not None:
                stated.setdefault(name or "", value)
                self.spellings.setdefault(spelled(sides[0]), name or "")
            body = self.formulas.get(name or "")
            for side in sides[1:]:
                if body is not None and not isinstance(side, Array):
                    choices += alternatives(body, side, self.name)
        shown = {name: frozenset(Fraction(v) for v in self.shown.get(name, ())) for name in self.formulas}
        found = assigned(choices, stated, shown)
        for name, other in (("t", "target"), ("target", "t")):          # a page has both for one
            stated_so = (number(sides[1].tree) for sides in self.statements if len(sides) == 2 and self.name(sides[0].tree) == other)
            said = next((v for v in stated_so if v is not None), None)
            if name in inputs and name not in found and said is not None:
                found[name] = said
                self.spellings.setdefault(other, name)
        missing = [name for name in dict.fromkeys(inputs) if name not in found]
        if missing:
            raise UnwritableError(f"the page gives no number for {listed(missing[:6])}", remedy=f"add a line such as {missing[0]} = 0.5 to the page")
        if not self.formulas:
            raise UnwritableError("the page has no formula in numbers", remedy="a formula is a line such as z = b + w x, with numbers for b, w and x")
        self.given = {name: _exact(found[name]) for name in dict.fromkeys(inputs)}
        for node in (node for body in self.formulas.values() for node in self._named(body)):
            self.spellings.setdefault(spelled(node), self.name(node) or "")

    def _alias(self) -> None:
        """Other names for results: where θ = σ(z_θ) alone is known, the z₀ of ∂θ/∂z₀ is z_θ."""
        for node in (node for sides in self.statements for side in sides for node in walk(side.tree)):
            if isinstance(node, Derivative) and len(node.by) == 1 and self.name(node.body) in self.formulas:
                name = self.name(node.by[0])
                used = [n for n in self._below(self.name(node.body) or "") if n in self.formulas]
                if name is not None and self._known(name) == name and name not in self.formulas and name not in self.given and len(used) == 1:
                    self.spellings.setdefault(spelled(node.by[0]), used[0])

    # ------------------------------------------------------------ the file

    @property
    def of(self) -> str:
        """The quantity that is differentiated: that of the gradients, else the last one defined."""
        asked = [name[2:].partition(",")[0] for name in self.shown if name.startswith("d(")]
        found = [name for name in asked if name in self.formulas]
        return found[0] if found else list(self.formulas)[-1]

    def text(self) -> str:
        """The problem file."""
        asked = [name for name in self.given if gradient(self.of, name) in self.shown] or list(self.given)
        default, listed_places = self._rounding()
        statements = [f"{name} = {notation(body, self.name)}" for name, body in self.formulas.items()]
        lines = [f'title = "{_title(self.report.page)}"', 'model = """', *statements, '"""',
                 f'gradient = {{ of = "{self.of}", by = [{", ".join(map(_quoted, asked))}] }}', "", "[given]",
                 *(f"{name} = {value}" for name, value in self.given.items()), "", "[rounding]", f"default = {default}",
                 *(f"{_key(name)} = {places}" for name, places in listed_places.items()), "", "[names]",
                 *(f"{_quoted(spelling)} = {_quoted(name)}" for spelling, name in self.spellings.items())]
        return "\n".join(lines) + "\n"

    def _rounding(self) -> tuple[int, dict[str, int | list[int]]]:
        """The decimals that most quantities have, and those of the others."""
        found: dict[str, int | list[int]] = {}
        for name, values in self.shown.items():
            if name in self.formulas or name.startswith(f"d({self.of}, ") and self._is_known(name):
                counts = list(dict.fromkeys(len(v.partition(".")[2]) for v in values))
                found[name] = counts if len(counts) > 1 else counts[0]
        single = Counter(places for places in found.values() if isinstance(places, int))
        default = single.most_common(1)[0][0] if single else 4
        kept = {name: places for name, places in found.items() if places != default or name.startswith("d(") and not self._is_input(name)}
        return default, kept

    def _is_known(self, name: str) -> bool:
        return name.partition(", ")[2].rstrip(")") in self.given or name.partition(", ")[2].rstrip(")") in self.formulas

    def _is_input(self, name: str) -> bool:
        return name.partition(", ")[2].rstrip(")") in self.given

    def said(self) -> str:
        """What is in the file."""
        default, others = self._rounding()
        by: dict[str, list[str]] = {}
        for name, places in others.items():
            by.setdefault(" then ".join(map(str, places)) if isinstance(places, list) else str(places), []).append(name)
        rounded = [f"{listed(names)} to {places} decimals" for places, names in by.items() if places != str(default)]
        unused = [f"{minus(j.shown or '')} in line {j.line} not used" for j in self.report.judgements
                  if j.role in ("given", "entry") and j.verdict in ("undecided", "slip") and j.shown and j.cause is None]
        told = f"{plural(len(self.formulas), 'statement')} as the page has them, {plural(len(self.given), 'given number')}; {default} decimals"
        return "; ".join([", ".join([told, *rounded]), *unused]) + "."


def _apart(sides: tuple[Side, ...], repaired: bool) -> list[tuple[Side, ...]]:
    """The chain as it was read: with a repair `B = 0.26 · t = -1.29` is two statements."""
    middle = sides[1].tree if len(sides) == 3 else None
    if repaired and isinstance(middle, Product) and len(middle.factors) == 2 and number(middle.factors[0].node) is not None:
        first, second = (replace(sides[1], tree=factor.node) for factor in middle.factors)
        return [(sides[0], first), (second, sides[2])]
    return [sides]


def _is_formula(body: Surface) -> bool:
    """Whether a side has names in it that stand for numbers."""
    return any(isinstance(n, Symbol) and function_of(n) is None for n in walk(body)) and not any(isinstance(n, (Derivative, Array)) for n in walk(body))


def _decimals(side: Side) -> str:
    """The number that a side shows."""
    value = number(side.tree)
    shown = unicode(side.tree).replace("−", "-").strip("()") if value is not None and not isinstance(side.tree, Product) else ""
    return shown if re.fullmatch(r"-?\d+(\.\d+)?", shown) else ""


def _exact(value: Fraction) -> Exact:
    return Exact(value.numerator) / Exact(value.denominator)


def _title(page: str) -> str:
    return "".join(c for c in page if c.isprintable() and c not in '"\\') or "page"


def _quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
