"""What slipped in a formula that does not hold: corrections are tried until the link holds, and a witness is sought that shows the fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

from handgrad.checking.chains import Chain
from handgrad.checking.claims import ANY, claim_of, head_letters, sample_letters, under
from handgrad.checking.claims import Reading as ReadAs
from handgrad.checking.deriving import matrix_right, right_form
from handgrad.checking.explaining import Budget, explain, gathered
from handgrad.checking.indexed import Opaque
from handgrad.checking.naming import name_of, occurrences
from handgrad.checking.quick import Quick
from handgrad.checking.repairs import repairs
from handgrad.checking.report import Explanation, Judgement, Reading
from handgrad.checking.scopes import Scope
from handgrad.checking.slips import KINDS
from handgrad.checking.symbolic import Finding, Segment
from handgrad.checking.vocabulary import known_function
from handgrad.checking.witness import smallest
from handgrad.errors import HandgradError
from handgrad.reading.surface import Array, Bars, Big, Derivative, Dots, Nabla, Piecewise, Surface, spelled, walk
from handgrad.reading.typesetting import unicode
from handgrad.records import dataclass

PLACES, MOST_NUMBERS, MOST_POINTS, MOST_SHOWN = 2, 8, 60, 5      # of a witness: entries an axis, numbers, points that are tried, numbers that are shown
NEAR, MOST, MOST_QUICK = 3, 300, 1500       # formulas above that are looked into, and corrections that are tried, with a quick look first
NAMING = frozenset(("missing_hat", "wrong_index", "free_index", "wrong_left_side", "copied_wrong", "pre_activation"))   # kinds that are a wrong name
FACTORS = frozenset(("sign", "missing_factor", "extra_factor", "power_rule", "missing_mean"))
ONE_FACTOR = 0.7            # the weight of one constant factor beside explanations of other kinds
MOST_DIGITS, LARGEST = 60, 400      # of a number that is shown, and parts of a formula that is explained
FEW_HOLD = 3                # links that must hold near by for a reading to be sure
SIGNS = (Array, Bars, Big, Derivative, Dots, Nabla, Piecewise)        # what is not read in one way alone
TOTAL = re.compile(r"Σ\S+ (\w)\S*(?= is missing)")            # of a target or of a teacher
FIRST, ENOUGH = 1, 5        # points at which a correction is looked at first, and those at which it must hold


def diagnosed(judgement: Judgement, chain: Chain, segment: Segment, known: Sequence[Surface]) -> Judgement:
    """The slip with its kind and what would be right; one that nothing explains is undecided where the reading is not beyond doubt."""
    number = judgement.link or 0
    among = _one_of_many(chain.head.side.tree, segment)
    if among:
        return replace(judgement, verdict="undecided", because=f"the page does not say whether one {among} is among those that are summed over")
    if number == 1 and _is_new(chain.head.side.tree, segment):
        return replace(judgement, verdict="right", role="definition", because="a value of its own, with a prime")
    unread = _dropped(chain, number, segment)
    if unread:
        return replace(judgement, verdict="undecided", because=f"what the page says of {unread} is not read")
    finding = _plainest(segment.findings[judgement.id], _is_conditioned(chain, segment))
    size = sum(1 for _ in walk(chain.links[number].side.tree))
    if size > LARGEST:
        return replace(judgement, verdict="undecided", because=f"limit: a formula of {size} parts that differs is not explained")
    found = _explanations(chain, number, finding, segment, known)
    under_facts = next((f for f in segment.findings[judgement.id] if f.used), None)
    if not found and under_facts is not None:          # what would be right is right only with a fact that the page states
        found = _explanations(chain, number, under_facts, segment, known)
    witness = witnessed(finding)
    if not found:
        unsaid = finding.compiled.unsaid(finding.number)
        if unsaid:
            return replace(judgement, verdict="undecided", because=f"the page does not say what {unsaid} is")
        if _doubtful(chain, number, segment):
            return replace(judgement, verdict="undecided", because="the two sides differ as they are read, and no slip explains it: look at it", see=witness)
        return replace(judgement, verdict="slip", because="the two sides differ, and no single slip explains it", see=witness)
    best = found[0]
    unknown = finding.compiled.reaches(finding.number, right=True)
    if unknown and (best.kind not in NAMING or best.kind == "wrong_left_side"):       # what is 0 on the right fits any left side that is 0
        return replace(judgement, verdict="undecided", because=unknown, explanations=found)
    whole = TOTAL.search(best.message) if best.kind == "missing_factor" else None
    if whole is not None and not any(unicode(d.head).startswith(whole[1]) for d in segment.definitions.values()):
        return replace(judgement, verdict="undecided", because=f"it holds if {whole[0]} is 1, which the page does not say", explanations=found)
    readings = tuple(Reading(e.right, round(e.weight, 3)) for e in found)
    return replace(judgement, kind=best.kind, code=best.code, right=best.right, because=best.message, fault=best.span, explanations=found,
                   readings=readings, see=witness)


def _one_of_many(head: Surface, segment: Segment) -> str:
    """The vectors u_o and u_k of which one is differentiated by, where sums run over k and nothing says whether o is one of these."""
    ranks = segment.shaped[0] if segment.shaped is not None else {}
    for node in walk(head):
        for name in filter(None, map(name_of, node.by if isinstance(node, Derivative) else ())):
            pinned = [bool(set(letters) & segment.words.pinned) for letters in segment.words.used.get(name.own, ())]
            if any(pinned) and not all(pinned) and ranks.get(name.own, 0) > len(name.indices):
                return name.own
    return ""


def _is_new(head: Surface, segment: Segment) -> bool:
    """Whether a head with a prime is no derivative: `P' = (1 - K) P`, where P is no function and given by no formula."""
    name, words = name_of(head), segment.words
    return name is not None and bool(name.primes) and name.own not in words.assigned | set(words.functions) | set(words.calls) \
        and known_function(name.own) is None


def _dropped(chain: Chain, number: int, segment: Segment) -> str:
    """The first name that a link leans on of which the definition could not be read."""
    definitions = {d.name.own: d for d in segment.scope.definitions.values()} if segment.scope is not None and segment.dropped else {}
    todo, seen = [chain.head.side.tree, chain.links[number].side.tree] if definitions else [], set[str]()
    while todo:
        for _, name in occurrences(todo.pop()):
            found = definitions.get(name.own)
            if found is not None and name.own not in seen:
                if found.key in segment.dropped:
                    return unicode(found.head)
                seen.add(name.own)
                todo.append(found.body)
    return ""


def strayed(judgement: Judgement, chain: Chain, segment: Segment, known: Sequence[Surface]) -> Judgement | None:
    """The slip of a side that says nothing as it stands, such as `Σ_j x_k δ_{ki}`: its chain and its words are read elsewhere, and a slip explains it."""
    number = judgement.link or 0
    if not number or not _vouched(chain, number, segment) or sum(1 for _ in walk(chain.links[number].side.tree)) > LARGEST:
        return None
    held = next(_holding(chain, segment), None) or _anchored(chain, number, segment)
    if held is None:
        return None
    found = _explanations(chain, number, held, segment, known)
    if not found:
        return None
    best = found[0]
    readings = tuple(Reading(e.right, round(e.weight, 3)) for e in found)
    return replace(judgement, verdict="slip", kind=best.kind, code=best.code, right=best.right, because=best.message, fault=best.span, explanations=found,
                   readings=readings)


def _holding(chain: Chain, segment: Segment) -> Iterator[Finding]:
    """What holds in a chain, and in others with the same head."""
    head = spelled(chain.head.side.tree)
    for other in (chain, *(c for c in segment.chains if c is not chain and spelled(c.head.side.tree) == head)):
        yield from (f for link in other.links[1:] for f in segment.findings.get(link.id, ()) if f.holds)


def _anchored(chain: Chain, number: int, segment: Segment) -> Finding | None:
    """What a chain is held against where nothing of it can be read but its head, in a part of which enough holds."""
    if segment.scope is None or sum(f[0].holds for f in segment.findings.values() if f) < FEW_HOLD:
        return None
    try:
        claim, _ = claim_of(segment.scope, chain.head.side.tree, chain.head.side.tree)
    except Opaque:
        return None
    compiled = segment.scope.compiled([claim])
    if 0 not in compiled.pairs or compiled.reaches(0) or compiled.surrogates:
        return None
    return Finding(ReadAs(chain.links[number], chain, number, claim), compiled, 0, compiled.compare(0))


def _plainest(findings: Sequence[Finding], conditioned: bool) -> Finding:
    """The finding that a fault is sought in: under the conditions of the link or of its chain; else where names that are never defined are plain inputs."""
    under_conditions = next((f for f in findings if f.reading.conditioned and (conditioned or f.reading.link.conditions)), None)
    return under_conditions or next((f for f in findings if not f.compiled.surrogates), findings[0])


def _is_conditioned(chain: Chain, segment: Segment) -> bool:
    """Whether what holds in a chain holds only under the conditions beside it."""
    found = [next((f for f in segment.findings.get(link.id, ()) if f.holds), None) for link in chain.links[1:]]
    return any(f is not None and f.reading.conditioned for f in found)


def repaired(judgement: Judgement, chain: Chain, segment: Segment) -> Judgement | None:
    """The judgement where one misreading undone makes the link hold, and no other of the same cost does."""
    number = judgement.link or 0
    finding = segment.findings[judgement.id][0]
    assert segment.scope is not None
    checker = Checker(chain, number, finding, segment.scope)
    found = [r for r in repairs(chain.links[number].side.tree, chain.head.side.tree, segment.words) if checker.holds(r.tree)]
    cheapest = [r for r in found if r.cost <= found[0].cost]
    if len({spelled(r.tree) for r in cheapest}) != 1:          # none, or several that say different things
        return None
    repair = cheapest[0]
    return replace(judgement, verdict="transcription", read_as=unicode(repair.tree), because=f"read as {repair.read}; the page shows {repair.shown}")


def _doubtful(chain: Chain, number: int, segment: Segment) -> bool:
    """Whether the reading is not sure: too little of what stands near by holds, or what holds has not all the words of the link."""
    others = [f[0].holds for f in segment.findings.values() if f]
    if next(_holding(chain, segment), None) is not None:
        return not _vouched(chain, number, segment)
    return sum(others) < FEW_HOLD


def _vouched(chain: Chain, number: int, segment: Segment) -> bool:
    """Whether all that a link is written with also stands in what holds or is defined: each name with as many indices, and each kind of sign."""
    defined = [tree for d in segment.definitions.values() for tree in (d.head, d.body)]
    holding = [tree for c in segment.chains for link in c.links[1:] if _held(segment, link.id) for tree in (c.head.side.tree, link.side.tree)]
    whole = segment.scope is not None and segment.scope.ranks is not None         # without indices a name is that of the vector
    known = frozenset().union(*(_written_with(tree, whole) for tree in (*defined, *holding)))
    side, head = chain.links[number].side.tree, chain.head.side.tree
    return _written_with(side, whole) <= known and not repairs(side, head, segment.words)        # a misreading may be one of several


def _written_with(tree: Surface, whole: bool) -> frozenset[str]:
    """The names in a formula with the numbers of their indices, these apart where names stand for whole vectors, and the kinds of signs in it."""
    found = [name for _, name in occurrences(tree) if known_function(name.own) is None and not (name.own == "delta" and len(name.indices) == 2)]
    names = {name.own if whole else f"{name.own}{len(name.above)}:{len(name.indices)}" for name in found}
    return frozenset(names | {f"{type(node).__name__} {node.kind if isinstance(node, Bars) else ''}" for node in walk(tree) if isinstance(node, SIGNS)})


def _explanations(chain: Chain, number: int, finding: Finding, segment: Segment, known: Sequence[Surface]) -> tuple[Explanation, ...]:
    scope = segment.scope
    assert scope is not None
    head, side = chain.head.side.tree, chain.links[number].side.tree
    checker = Checker(chain, number, finding, scope)
    right = next((f.reading.link.side.tree for f in _holding(chain, segment)), None)
    beside: list[Surface] = [*known[-NEAR:], *(t for d in segment.definitions.values() for t in (d.head, d.body))]
    whole = matrix_right(finding.compiled.pairs[finding.number].left, finding.compiled) if right is None and _is_of_vectors(side, scope) else None
    if whole is not None:
        beside.append(whole)
        right = whole if scope.ranks is not None else None
    budget = Budget(MOST if checker.quick is None else MOST_QUICK, not _doubtful(chain, number, segment))
    first = right if right is not None or scope.ranks is not None else _derived(finding, segment)
    found = explain(side, checker.holds, gathered(side, head, first, beside, budget=budget), checker.fits)
    if not found and right is not None and scope.ranks is None and (derived := _derived(finding, segment)) is not None:
        found = explain(side, checker.holds, gathered(side, head, derived, beside, budget=budget), checker.fits)
    factor = _factor(side, checker, first)
    if not factor or (found and found[0].kind in FACTORS):
        return found or factor
    return (replace(factor[0], weight=ONE_FACTOR), *(replace(e, weight=e.weight * (1 - ONE_FACTOR)) for e in found)) if found else factor


def _derived(finding: Finding, segment: Segment) -> Surface | None:
    """What would be right, derived and written in the names of the page."""
    scope = segment.scope
    assert scope is not None
    trees = [link.side.tree for c in segment.chains for link in c.links] + [t for d in scope.definitions.values() for t in (d.head, d.body)]
    return right_form(finding.compiled.pairs[finding.number].left, finding.compiled, scope.words, trees)


def _is_of_vectors(side: Surface, scope: Scope) -> bool:
    """Whether a formula has names of whole vectors or matrices, written without the indices that they have elsewhere."""
    names = [scope.words.resolved(name) for _, name in occurrences(side)]
    return scope.ranks is not None or any(len(name.indices) < scope.words.arity(name.own) for name in names)


def _factor(side: Surface, checker: Checker, right: Surface | None) -> tuple[Explanation, ...]:
    """The slip of a side that is the right one times a simple number."""
    ratio = checker.quick.ratio(side) if checker.quick is not None else None
    if ratio is None or ratio == 1 or right is None:
        return ()
    kind = KINDS["sign" if ratio == -1 else "missing_factor" if abs(ratio) < 1 else "extra_factor"]
    said = f"a factor {abs(1 / ratio)} is missing" if abs(ratio) < 1 else f"a factor {abs(ratio)} is one too many"
    message = f"{'the sign is wrong' if ratio == -1 else said} (this line = {ratio} × the gradient)"
    return (Explanation(kind.kind, kind.code, message, unicode(right), side.span),)


def _held(segment: Segment, key: str) -> bool:
    return any(f.holds for f in segment.findings.get(key, ()))


def witnessed(finding: Finding) -> str | None:
    """Where both sides differ: at small numbers, that a person can check in the head, if there are any; else at the point that was found."""
    compiled, pair = finding.compiled, finding.compiled.pairs[finding.number]
    made = frozenset().union(*(compiled.inputs_of(side) for side in (pair.left, pair.right)))
    slots = {name: len(compiled.model.tensors[name]) for name in sorted(made) if name in compiled.model.tensors}
    if compiled.model.functions or sum(PLACES ** n for n in slots.values()) > MOST_NUMBERS or compiled.model.least:
        return _as_found(finding)
    names = [_entry_name(name, at) for name, n in slots.items() for at in product(range(1, PLACES + 1), repeat=n)]
    seen: list[tuple[str, str]] = []

    def apart(point: Mapping[str, Fraction]) -> bool:
        try:
            inputs = {name: _nested(name, n, (), point) for name, n in slots.items()}
            where = compiled.verifier.at(inputs)
            letters = {letter: int(point[letter]) for letter in pair.letters}
            sides = [_modest(compiled.verifier.value(side, where, 12, letters)) for side in (pair.left, pair.right)]
        except (HandgradError, ValueError, ArithmeticError, KeyError):
            return False
        seen[:] = [(_short(sides[0]), _short(sides[1]))]
        return seen[0][0] != seen[0][1]

    point = smallest(names, list(pair.letters), apart, MOST_POINTS)
    if point is None:
        return _as_found(finding)
    values = ", ".join(f"{name} = {_short(value)}" for name, value in point.items())
    return f"{values}: {seen[0][1]}, right {seen[0][0]}"


def _as_found(finding: Finding) -> str | None:
    certificate = finding.certificate
    if certificate.point is None or certificate.left is None or certificate.right is None:
        return None
    point = [(name, value) for name, value in certificate.point.items() if not name.startswith("size(")]
    functions = [f"some {name[:-3]}" for name, _ in point if name.endswith("(0)")]         # of which nothing is known but what they are made of
    shown = [(name, value) for name, value in point if not name.endswith("(0)")]
    if len(shown) > MOST_SHOWN:
        return None
    try:
        values = ", ".join([*functions, *(f"{name} = {_short(_modest(value))}" for name, value in shown)])
        return f"{values}: {_short(_modest(certificate.right))}, right {_short(_modest(certificate.left))}".removeprefix(": ")
    except ValueError:
        return None


def _modest(value: Fraction | str) -> Fraction:
    """A value as an exact fraction; `ValueError` for one with so many digits that nobody reads it."""
    mantissa, _, exponent = str(value).partition("e")
    if len(mantissa) > MOST_DIGITS or exponent and abs(int(exponent)) > MOST_DIGITS:
        raise ValueError("too many digits")
    return Fraction(value)


def _short(value: Fraction) -> str:
    """A number as it is read in a sentence: whole, or with six digits at most."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.6g}".replace("-", "\u2212") if value.denominator > 8 else str(value)


def _entry_name(name: str, at: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, at))}]" if at else name


def _nested(name: str, slots: int, at: tuple[int, ...], point: Mapping[str, Fraction]) -> object:
    if len(at) == slots:
        return point[_entry_name(name, at)]
    return [_nested(name, slots, (*at, n), point) for n in range(1, PLACES + 1)]


@dataclass(slots=True)
class Checker:
    """Whether a corrected side, or another left side, makes a link hold."""

    chain: Chain
    number: int
    finding: Finding
    scope: Scope
    quick: Quick | None = None

    def __post_init__(self) -> None:
        head = self.chain.head.side.tree
        own = (*sample_letters(head, self.scope.words), *head_letters(head), *((ANY,) if ANY in self.finding.reading.claim.letters else ()))
        pair = self.finding.compiled.pairs[self.finding.number]
        quick = Quick(self.finding.compiled, pair, replace(self.scope.interpreter(own), scope=frozenset(pair.letters)))
        if self.scope.ranks is None and not self.finding.reading.conditioned and quick.prepare():
            self.quick = quick

    def holds(self, tree: Surface) -> bool:
        """Whether the side is equal to the head of the chain."""
        return (self.quick is None or self.quick.may_hold(tree)) and self._agree(self.chain.head.side.tree, tree)

    def fits(self, left: Surface) -> bool:
        """Whether the side as it stands is equal to another left side."""
        return self._agree(left, self.chain.links[self.number].side.tree)

    def _agree(self, left: Surface, right: Surface) -> bool:
        compiled, number = self.finding.compiled, self.finding.number
        pair = compiled.pairs[number]
        try:
            claim, _ = claim_of(self.scope, left, right)
            if self.finding.reading.conditioned:
                claim = under(self.scope, self.chain, self.finding.reading.link, claim)
            if not set(claim.letters) <= set(pair.letters):
                return False
            sides = (pair.left if left is self.chain.head.side.tree else compiled.expression(claim.left, number)), compiled.expression(claim.right, number)
        except (Opaque, HandgradError):
            return False
        return all(compiled.verifier.compare(*sides, points).verdict == "agrees" for points in (FIRST, ENOUGH))
