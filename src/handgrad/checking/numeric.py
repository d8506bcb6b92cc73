"""The judge of numbers: every value that a page shows, against the numbers that the page shows before it.

    judge = NumericJudge(Names(problem), Certain(problem))
    found = judge.page(chains)              # by the id of a side: its judgements, several for a matrix; sides without numbers are absent

A page is gone through twice: the first time to see what is shown of each quantity anywhere, and by which habit it is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Literal

from handgrad.arithmetic.balls import Scalar, working_precision
from handgrad.checking import matrices, number_slips, steps, stray, substitutions, templates
from handgrad.checking.agreement import Renaming, agrees, renaming_of, substituted
from handgrad.checking.certain import BITS, Certain
from handgrad.checking.chains import Chain
from handgrad.checking.evaluation import constant_of, exactly, function_of, same, value
from handgrad.checking.givens import is_wrong_set, judged_given
from handgrad.checking.habit import decimals_of
from handgrad.checking.inferring import inferred, joined
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.logarithms import in_base, other_base
from handgrad.checking.missing import missing
from handgrad.checking.operands import Operands
from handgrad.checking.quantities import Names
from handgrad.checking.remarks import costliest, remarks
from handgrad.checking.report import Absent, Explanation, Judgement
from handgrad.checking.separation import two_statements
from handgrad.checking.shown import Shown, digits, fits, relation, shown
from handgrad.checking.tensors import tensor
from handgrad.checking.used import put_in, valueless
from handgrad.checking.valuing import Finding, judged
from handgrad.errors import HandgradError
from handgrad.reading.surface import Scripted, Span, Surface, Symbol, spelled, walk
from handgrad.records import dataclass

EQUAL = frozenset(("=", "≈", ":=", "≡", "->", "=>", "→", "⇒", "~", "≃", "≅", "==", "<-", "←", ":"))
ASSIGNING = frozenset(("<-", "←"))
ARROWS = frozenset(("->", "→", "=>", "⇒"))
MOST_LEFTS = 12         # sides to the left of a number that are asked which quantities it is made of
Role = Literal["link", "definition", "given", "entry", "condition"]


@dataclass(slots=True)
class NumericJudge:
    """Judges the chains of one page in order; it remembers what was shown."""

    names: Names
    certain: Certain | None = None
    source: str = ""
    known: Knowledge = field(init=False)

    def __post_init__(self) -> None:
        self.known = Knowledge(self.names, self.certain)

    def page(self, chains: Iterable[Chain]) -> dict[str, tuple[Judgement, ...]]:
        """The judgements of all sides with numbers, by the id of the side; without a problem the page's own model is asked too."""
        chains = tuple(chains)
        found = self._page(chains)
        problem = inferred(self.source, found) if self.certain is None and self.source else None
        if problem is None:
            return found
        judge = NumericJudge(Names(problem, self.names.within), Certain(problem), self.source)
        try:
            return joined(found, judge._page(chains), chains, lambda name: judge.names.listed.get(name) in problem.model.definitions)
        except HandgradError:           # the numbers of the page give its model no value
            return found

    def _page(self, chains: tuple[Chain, ...]) -> dict[str, tuple[Judgement, ...]]:
        with working_precision(BITS):
            for chain in chains:
                self.judge(chain)
            first = self.known
            self.known = Knowledge(self.names, self.certain, whole=first.ledger, habit=first.habit, used=put_in(chains))
            self.known.named = self._named(chains)
            self.known.overruled = first.overruling()
            self.known.wrong_set = is_wrong_set(first.ledger, self.certain)
            decimals_of(first.ledger, first.habit)
            found: dict[str, tuple[Judgement, ...]] = {}
            for chain in chains:
                found |= {link.id: made for link, made in zip(chain.links, self.judge(chain), strict=True) if made}
        return found

    def _named(self, chains: Iterable[Chain]) -> frozenset[str]:
        """The quantities that formulas of a page use by name."""
        formulas = (side.tree for chain in chains for side in chain.sides if self.names.key(side.tree) is None)
        return frozenset(key for tree in formulas for node in walk(tree) if (key := self.names.key(node)) is not None)

    def missing(self) -> tuple[Absent, ...]:
        """What the problem asks for and the page lacks; ask it after the page."""
        return missing(self.known)

    def remarks(self) -> tuple[str, ...]:
        """Remarks on the exercise and on the habit of the page; ask for them after the page."""
        with working_precision(BITS):
            return remarks(self.known)

    def closing(self) -> str:
        """Which rounding costs most; ask it after the page."""
        with working_precision(BITS):
            return costliest(self.known)

    def judge(self, chain: Chain) -> list[tuple[Judgement, ...]]:
        """The judgements of each side, the head first; none where a side is no matter of numbers."""
        with working_precision(BITS):
            return _Judging(self.known, chain, self.source).sides()


@dataclass(slots=True)
class _Judging:
    """One chain while it is judged: its trees, which a repair may have changed, and the quantity that it is about."""

    known: Knowledge
    chain: Chain
    source: str
    trees: list[Surface] = field(default_factory=list)
    key: str | None = None
    named: Surface | None = None
    repair: Renaming | None = None
    explanations: tuple[Explanation, ...] = ()
    wanted: tuple[Scalar, ...] = ()         # what the formula gives where numbers put in are wrong
    made: dict[int, Judgement] = field(default_factory=dict)

    def sides(self) -> list[tuple[Judgement, ...]]:
        self.trees = [side.tree for side in self.chain.sides]
        self._about()
        two = two_statements(self.trees, self.known)
        if two is not None:
            return self._separated(*two)
        if self.key is not None:
            self.repair = renaming_of(self.trees, self.key, self.known)
            if self.repair is not None:
                self.trees = list(self.repair.trees)
                self._about()
        found: list[tuple[Judgement, ...]] = [()]
        for n in range(1, len(self.trees)):
            found.append(self._side(n) if self.chain.sides[n].relation in EQUAL else ())
        self._formulas()
        return found

    def _separated(self, first: Surface, name: Surface) -> list[tuple[Judgement, ...]]:
        """The judgements of `a = 1 · b = 2` where the dot is a comma."""
        head, last = self.trees[0], self.trees[2]
        made = []
        for n, named, tree in ((1, head, first), (2, name, last)):
            self.named, self.key, number = named, self.known.names.key(named), shown(tree)
            assert number is not None
            self.trees[n] = tree
            found = self._stated(number, n)
            said = replace(found, because="two statements: a dot stands on the page for the comma between them")
            made.append((replace(said, verdict="transcription") if found.verdict in ("right", "not_checked") else said,))
        return [(), *made]

    def _about(self) -> None:
        """The quantity that the chain is about: its first or its last side, where that is a name."""
        self.key = self.named = None
        for tree in (self.trees[0], self.trees[-1]):
            key = self.known.names.key(tree)
            if key is not None:
                self.key, self.named = key, tree
                return

    def _formulas(self) -> None:
        """Notes what the page says that the quantity is."""
        if self.key is None or self.known.certain is not None:
            return
        for tree in self.trees:
            if tree is not self.named and any(self.known.names.key(n) is not None for n in walk(tree)):
                self.known.ledger.formulas[self.key] = tree
                templates.note(self.known.ledger, self.chain, self.trees[0], tree)

    def _side(self, n: int) -> tuple[Judgement, ...]:
        tree = self.trees[n]
        found = shown(tree)
        if found is not None:
            return self._shown(n, found)
        cells = matrices.numbers(tree)
        if cells is not None:
            listed = matrices.is_list(tree)
            return matrices.judged(cells, self.key or "", self.known, lambda *entry: self._entry(n, *entry), self._working(n), listed)
        if substituted(tree) and value(tree, self.known.lookup) is not None:
            return (self._substitution(n),)
        entries = tensor(tree, self.known.lookup, self.known.matrix) if substituted(tree) else None
        if entries is not None:
            return (self._judgement(n, matrices.put_in(entries, self._working(n))),)
        return self._symbolic(n)

    def _working(self, n: int) -> matrices.Working | None:
        """The entries of what stands nearest to the left of a matrix, or of the formula that the page gives for it."""
        formula = self.known.ledger.formulas.get(self.key or "")
        for tree in (*(t for t in reversed(self.trees[:n]) if t is not self.named), *((formula,) if formula is not None else ())):
            found = tensor(tree, self.known.lookup, self.known.matrix)
            if found is not None:
                fault = self.known.faulty_entry(tree)
                return matrices.Working(found, self.known.full_tensor(tree), fault, self.known.true_tensor(tree) if fault is not None else None)
        return None

    # ------------------------------------------------------------ formulas

    def _symbolic(self, n: int) -> tuple[Judgement, ...]:
        """A formula that the problem decides; wrong ones, and those without a problem, are no matter of numbers."""
        if self.known.certain is None and n == 1 and self._defines():
            return (self._judgement(n, Finding("right"), role="definition"),)
        agreed = agrees(self.trees[0], self.trees[n], self.known)
        if agreed is False and self.repair is None and self.known.whole.records:
            return self._contradicted(n)
        return (self._judgement(n, self._repaired(Finding("right"))),) if agreed else ()

    def _defines(self) -> bool:
        """Whether the chain says what a quantity is after a step, such as w⁺, with the right numbers put in behind the formula."""
        named = self.named
        if self.key is None or named is not self.trees[0] or not isinstance(named, Scripted) or named.sup is None or len(self.trees) < 3:
            return False
        if self.key in self.known.ledger.formulas or self.known.ledger.last(self.key) is not None:
            return False
        before = spelled(replace(named, sup=None))
        if not any(isinstance(node, (Symbol, Scripted)) and spelled(node) == before for node in walk(self.trees[1])):
            return False
        x, after = self.known.value(self.trees[1]), shown(self.trees[2])
        return x is None or (fits(after, x) if after is not None else same(x, value(self.trees[2])))

    def _contradicted(self, n: int) -> tuple[Judgement, ...]:
        """A formula that is not what the problem has, where a slip explains it; what nothing explains is left to those who judge formulas."""
        before = next((j for m, j in self.made.items() if m < n and j.verdict == "slip" and agrees(self.trees[m], self.trees[n], self.known)), None)
        if before is not None:
            return (self._judgement(n, Finding("carried", "follows from its left neighbour", cause=before.id)),)
        found = number_slips.of_formula(self.trees[0], self.trees[n], self.known)
        if not found:
            return ()
        self.explanations = found
        return (self._judgement(n, Finding("slip", found[0].message, kind=found[0].kind, right=found[0].right)),)

    def _repaired(self, finding: Finding) -> Finding:
        """The finding under a name that was read otherwise."""
        if self.repair is None or finding.verdict not in ("right", "exact", "rounding", "carried"):
            return finding
        if self.repair.alike:
            return replace(finding, verdict="transcription", because=f"read as {self.repair.new}; the page shows {self.repair.old}")
        accused = next((j for j in self.made.values() if j.verdict == "slip"), None)
        if accused is not None:
            return replace(finding, verdict="carried", because="the same name", cause=accused.id)
        said = f"this is the one for {self.repair.new}, not for {self.repair.old}"
        return replace(finding, verdict="slip", because=said, kind="wrong_left_side", right=self.repair.new)

    def _substitution(self, n: int) -> Judgement:
        tree = self.trees[n]
        steps.noted(self.known.ledger, self.key or "", tree)
        lefts = tuple(t for t in self.trees[:n] if t is not self.named)
        found = substitutions.judged(tree, self.key, lefts, self.known)
        self.wanted = found.wanted
        if found.contradicts is not None:
            self.known.contradicted[found.contradicts] += 1
        finding, x = stray.judged(found, tree, self.key, self.known), value(tree, self.known.lookup)
        if (found.near or finding.verdict in ("slip", "undecided")) and self.known.whole.records and not any(same(x, v) for v in found.wanted):
            self.explanations = number_slips.of_substitution(tree, found, lefts, self.known)
            best = number_slips.structural(self.explanations) if found.near or found.weak else next(iter(self.explanations), None)
            if best is not None and (found.weak or finding.verdict != "slip"):
                finding = Finding("slip", best.message, kind=best.kind, right=best.right)
        if finding.verdict == "slip" and substitutions.without_effect(tree, self.wanted, self.trees[n + 1:], self.known):
            finding = replace(finding, because=f"{finding.because}; without effect on the result")
        return self._judgement(n, self._repaired(finding), fault=found.fault, x=x)

    # ------------------------------------------------------------ values

    def _shown(self, n: int, number: Shown) -> tuple[Judgement, ...]:
        """The judgement of a number; an arrow may also say that one number becomes another, and then accuses nobody."""
        relation_of = self.chain.sides[n].relation
        if relation_of in ASSIGNING and n == 1 and self.trees[0] is self.named:
            return (self._recorded(n, number, Finding("right"), None, None, role="definition"),)
        before = shown(self.trees[n - 1])
        if relation_of in ARROWS and before is not None and not fits(number, exactly(before.value)):
            return (self._recorded(n, number, Finding("right"), None, None, role="definition"),)
        return (self._value(n, number),)

    def _value(self, n: int, number: Shown) -> Judgement:
        if n == 1 and self.trees[0] is self.named:
            return self._stated(number)
        left, x = self._left(n)
        if x is None and not any(isinstance(node, Symbol) and function_of(node) is None for node in walk(self.trees[n - 1])):
            return self._recorded(n, number, Finding("undecided", valueless(self.trees[n - 1])), None, None)
        if left is None or x is None:
            return self._recorded(n, number, Finding("right"), None, None)
        operands = self.known.operands(left, self._expected(n))
        finding = self._against_head(n, number, judged(number, x, left, self.known, operands, self.key))
        base = other_base(left, number, self.known) if finding.verdict in ("slip", "last_digit") else None
        if base is not None:
            finding = in_base(base, self.known, self.source)
        if finding.verdict == "slip" and self.known.whole.records:
            self.explanations = number_slips.of_number(number, x, self.trees[n], left, tuple(self.trees[: n - 1]), self.known)
            finding = number_slips.explained(finding, number, self.explanations)
        if not finding.follows and self.key is not None:
            x = self._right(number) or x
        return self._recorded(n, number, finding, x, self._full(operands))

    def _left(self, n: int) -> tuple[Surface | None, Scalar | None]:
        """The nearest side to the left that has a value."""
        for m in range(n - 1, -1, -1):
            found = self.known.value(self.trees[m])
            if found is not None:
                return self.trees[m], found
        return (self.named, self.known.computed(self.key)) if self.key is not None else (None, None)

    def _expected(self, n: int) -> tuple[str, ...]:
        """The quantities whose numbers are expected in the side before."""
        lefts = tuple(t for t in self.trees[max(0, n - 1 - MOST_LEFTS): n - 1] if t is not self.named)
        return substitutions.expected_keys(substitutions.targets_of(self.key, lefts, self.known))

    def _against_head(self, n: int, number: Shown, finding: Finding) -> Finding:
        """A number that is wrong for its neighbour may be right for the head; one that follows a wrong neighbour carries its fault."""
        before = self.made.get(n - 1)
        if before is not None and before.verdict == "carried" and before.shown is None and finding.verdict in ("exact", "rounding"):
            return Finding("carried", before.because, cause=before.cause)
        right = self._right(number)
        if before is not None and before.shown is None and before.verdict == "slip" and before.kind != "wrong_left_side":
            if right is not None and finding.verdict not in ("exact", "rounding"):
                return Finding("right", "right, but it does not follow from the numbers put in", follows=False)
            if right is not None and fits(number, right):
                return finding
            if finding.verdict in ("exact", "rounding", "carried", "truncation"):
                return Finding("carried", "follows from the numbers put in", cause=before.id)
        if finding.verdict == "slip" and right is not None and fits(number, right) and shown(self.trees[n - 1]) is None:
            return Finding("right", "right, but it does not follow from its left neighbour", follows=False)
        return finding

    def _right(self, number: Shown) -> Scalar | None:
        """The value that the head of the chain should have, if the number shows it to one unit of its last place."""
        computed = self.known.computed(self.key) if self.key is not None else None
        values = (*self.wanted, *((computed,) if computed is not None else ()))
        near = [v for v in values if relation(number, v) != "apart"]
        return next((v for v in near if fits(number, v)), near[0] if near else None)

    def _full(self, operands: Operands) -> Scalar | None:
        known = self.known
        worked = known.certain is not None and self.key is not None and known.certain.given(self.key) is None
        return known.full(self.key) if worked and self.key is not None else known.full_of(operands)

    def _stated(self, number: Shown, n: int = 1) -> Judgement:
        """A number that is said of a quantity without working: a given, a copy, or a value."""
        assert self.key is not None and self.named is not None
        last = self.known.ledger.last(self.key)
        if last is None and self.key not in self.known.ledger.formulas and (formula := templates.instance(self.known.ledger, self.named, self.known.lookup)):
            self.known.ledger.formulas[self.key] = formula
        constant = constant_of(self.named)
        if constant is not None and fits(number, constant):
            return self._recorded(n, number, Finding("rounding"), constant, constant)
        step = steps.judged(self.known.ledger, self.key, number) if last is not None and self.known.certain is None else None
        if step is not None:
            return self._recorded(n, number, step, None, None)
        given = judged_given(self.key, number, self.known, last)
        if given is not None:
            return self._recorded(n, number, given, None, self.known.full(self.key), role="given")
        if last is not None:
            finding = matrices.copied(number, last, self.key, self.known)
            return self._recorded(n, number, finding, last.hand, last.full, copied=True)
        x = self.known.computed(self.key)
        if x is None:
            return self._recorded(n, number, Finding("right"), None, None, role="definition")
        tree = self.known.ledger.formulas.get(self.key, self.named)
        operands = self.known.operands(tree, self._expected(1))
        return self._recorded(n, number, self._repaired(judged(number, x, tree, self.known, operands, self.key)), x, self._full(operands))

    def _recorded(self, n: int, number: Shown, finding: Finding, x: Scalar | None, full: Scalar | None,
                  role: Role = "link", copied: bool = False) -> Judgement:
        made = self._judgement(n, finding, number, x, full, role)
        fault = made.id if finding.verdict == "slip" else finding.cause
        worked = self.trees[n - 1] is not self.named
        self.known.add(Record(self.key or "", number, made.id, made.line, x, full, fault, role == "given", copied, worked, self.repair is not None))
        if x is not None and not copied and not self.known.whole.records:
            self.known.habit.explained(relation(number, x), number, x)
        return made

    def _entry(self, n: int, at: tuple[int, int], number: Shown, finding: Finding, key: str, hand: Scalar | None, full: Scalar | None,
               given: bool) -> Judgement:
        made = self._judgement(n, finding, number, hand, full, "given" if given else "entry")
        made = replace(made, entry=at, id=f"{made.id}[{at[0]},{at[1]}]", link=n)
        fault = made.id if finding.verdict == "slip" else finding.cause
        self.known.add(Record(key, number, made.id, made.line, hand, full, fault, given, not given, False))
        return made

    # ------------------------------------------------------------ judgements

    def _judgement(self, n: int, finding: Finding, number: Shown | None = None, x: Scalar | None = None, full: Scalar | None = None,
                   role: Role = "link", fault: Span | None = None) -> Judgement:
        link = self.chain.links[n]
        span = link.side.span
        made = Judgement(
            id=link.id, span=span, start=link.start, line=link.line, verdict=finding.verdict, source=self.source[span[0]:span[1]],
            tree=self.trees[n], left=self.trees[n - 1], quantity=spelled(self.named) if self.named is not None else "", role=role, link=n,
            shown=number.text if number is not None else None, by_hand=digits(x), exact=digits(full), kind=finding.kind,
            fault=fault or (span if finding.verdict == "slip" else None), right=finding.right, follows=finding.follows, cause=finding.cause,
            because=finding.because, code=number_slips.code_of(finding.kind), explanations=self.explanations if finding.verdict == "slip" else ())
        self.made[n] = made
        self.explanations = ()
        return made
