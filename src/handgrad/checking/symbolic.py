"""Judging formulas: every link against the head of its chain, every definition against what else the page says.

A link is right when its side equals what the head of the chain truly is. Where it does not in the plain reading, it is read under the
conditions that stand beside it, with the facts that the prose states, and with derivatives that hold the other names fixed; a link is
accused only when it is apart in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace

from handgrad.checking.above import lifted
from handgrad.checking.chains import Chain
from handgrad.checking.claims import Reading, Readings, claim_of, readings, vocabulary
from handgrad.checking.definitions import Stated, hatted, is_numeric, is_place, is_step, is_substituted, leaned_on, maps, stated
from handgrad.checking.einstein import implies_sums, with_sums
from handgrad.checking.indexed import Opaque
from handgrad.checking.naming import letter_of, letters_in, name_of, occurrences
from handgrad.checking.ranks import assignments, declared, has_shapes
from handgrad.checking.report import Judgement
from handgrad.checking.scopes import Compiled, Scope
from handgrad.checking.sides import cases, kinked, signs
from handgrad.checking.slips import KINDS
from handgrad.checking.through import through
from handgrad.checking.vocabulary import Vocabulary
from handgrad.errors import HandgradError
from handgrad.expr import ZERO
from handgrad.reading.surface import Big, Decimal, Derivative, Nabla, Surface, Unread, spelled, walk
from handgrad.reading.typesetting import unicode
from handgrad.records import dataclass
from handgrad.trees import subtrees
from handgrad.verification import Certificate

MEMBER = frozenset(("in", "∈", "∼", "~", "∝"))
UPDATES = frozenset((":=", "<-", "←", "="))
# words in front of a formula that make it a condition or an equation to be solved, not a claim
CONDITIONAL = re.compile(
    r"\b(if|when|whenever|once|unless|until|as soon as|suppose|assum(?:e|ing)|subject to|such that|constraints?|requires?|given that|provided|setting|set|solve"
    r"|solving|equations?)\b[^.;:]{0,60}$", re.IGNORECASE)
# words in front of a formula that holds in one case of a definition
CASE = re.compile(r"\b(case|cases|if|when|inside|outside|region|branch|otherwise|interval|side|beyond|within|positive|negative"
                  r"|active|violated|nonzero)\b", re.IGNORECASE)
MOST_READINGS = 6       # assignments of ranks that are looked at


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a link in one reading."""

    reading: Reading
    compiled: Compiled
    number: int                 # of the pair in what was compiled
    certificate: Certificate
    convention: bool = False
    used: tuple[str, ...] = ()
    empty: bool = False         # both sides are 0 whatever they are

    @property
    def holds(self) -> bool:
        """Whether both sides agree."""
        return self.certificate.verdict == "agrees"


@dataclass(slots=True)
class Segment:
    """Chains of a part in which one set of definitions holds, with what was found about them."""

    chains: tuple[Chain, ...]
    earlier: dict[str, Stated]
    words_before: Vocabulary | None = None
    facts: Callable[[Vocabulary], tuple[str, ...]] = lambda words: ()
    skipped: frozenset[str] = frozenset()                   # ids of links that others judge
    seen: tuple[Chain, ...] = ()                            # of the whole page, up to here
    fixed: dict[str, str] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    definitions: dict[str, Stated] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    opaque: dict[str, Opaque] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    scope: Scope | None = None
    einstein: bool = False                                  # an index that stands twice is summed over
    shaped: tuple[dict[str, int], bool] | None = None
    models: dict[object, Compiled] = field(default_factory=dict)
    words: Vocabulary = field(default_factory=Vocabulary)

    # ------------------------------------------------------------ definitions

    def choose(self) -> None:
        """The definitions that hold: of a name that is stated twice the one with which more of the page holds."""
        candidates: dict[str, list[Stated]] = {}
        for chain in self.chains:
            found = stated(chain)
            if found is not None and found.link.id not in self.skipped:
                candidates.setdefault(found.key, []).append(found)
        candidates = {key: self._sayable(several) for key, several in candidates.items()}
        chosen = {key: several[0] for key, several in candidates.items()}
        for key, several in candidates.items():
            if len({spelled(s.body) for s in several}) > 1:
                chosen[key] = max(several, key=lambda s: (self._holding({**chosen, key: s}), -several.index(s)))
        self._shapes(chosen)
        self.definitions = self._with_hats(chosen)
        self._compare(self.definitions)

    def _sayable(self, several: list[Stated]) -> list[Stated]:
        """Of several definitions of one name those that can be said in the notation, if there are any."""
        return several if len({spelled(s.body) for s in several}) < 2 else [s for s in several if s.key in self._scope({s.key: s}).lines()] or several

    def _with_hats(self, chosen: dict[str, Stated]) -> dict[str, Stated]:
        """The definitions, one that lost the hat of its name with it: where its twin is used and never defined here, and more holds with it."""
        differentiated = self._differentiated()
        for key, found in list(chosen.items()):
            twin = hatted(found)
            if found.name.own.endswith("_hat") or found.called or twin.key in chosen or not self._stands_elsewhere(found):
                continue
            if not differentiated.get(twin.name.own, set()) & {name.own for _, name in occurrences(found.body)}:
                continue
            mended = {**{k: d for k, d in chosen.items() if k != key}, twin.key: twin}
            if self._holding(mended) >= self._holding(chosen):
                chosen = mended
        return chosen

    def _differentiated(self) -> dict[str, set[str]]:
        """Of every name that is differentiated by what."""
        found: dict[str, set[str]] = {}
        for chain in self.chains:
            for link in chain.links:
                for node in walk(link.side.tree):
                    body = name_of(node.body) if isinstance(node, (Derivative, Nabla)) else None
                    by = node.by if isinstance(node, Derivative) else (node.by,) if isinstance(node, Nabla) and node.by is not None else ()
                    if body is not None:
                        found.setdefault(body.own, set()).update(n.own for n in map(name_of, by) if n is not None)
        return found

    def _stands_elsewhere(self, found: Stated) -> bool:
        """Whether the name is also used beside its definition."""
        sides = (link.side.tree for chain in self.chains for link in chain.links if found.link not in chain.links)
        return any(name.own == found.name.own for tree in sides for _, name in occurrences(tree))

    def _shapes(self, chosen: dict[str, Stated]) -> None:
        """Where the part speaks of vectors and matrices: the ranks of its names with which most of it holds."""
        sides = [tuple(link.side.tree for link in chain.links) for chain in self.chains]
        inherited = self._scope(chosen).definitions
        sides += [(d.head, d.body) for key, d in inherited.items() if key not in chosen]
        if not has_shapes([tree for trees in sides for tree in trees], self.words):
            return
        plain = self._scope(chosen).interpreter()
        best: tuple[float, tuple[dict[str, int], bool] | None] = (float("-inf"), None)
        most = sum(1 for _ in self._links(chosen))
        told = declared([(tuple(link.side.tree for link in c.links), c.links[-1].side.relation) for c in self.chains])
        for ranks, upright, cost in assignments(sides, self.words, plain, told)[:MOST_READINGS]:
            if most - cost <= best[0]:
                break                               # not even if all of it held
            self.shaped = (ranks, upright)
            worth = self._holding(chosen) - cost
            if worth > best[0]:
                best = (worth, self.shaped)
        self.shaped = best[1]

    def _holding(self, chosen: dict[str, Stated]) -> int:
        """How many links hold with these definitions."""
        self._compare(chosen, deep=False)
        return sum(findings[0].holds for findings in self.findings.values() if findings)

    # ------------------------------------------------------------ comparing

    def _links(self, chosen: dict[str, Stated]) -> Iterator[tuple[Chain, int]]:
        defining = {d.link.id for d in chosen.values()}
        for chain in self.chains:
            for number, link in enumerate(chain.links):
                if number and link.id not in defining and link.id not in self.skipped and not isinstance(link.side.tree, Unread):
                    yield chain, number

    def _scope(self, chosen: dict[str, Stated]) -> Scope:
        trees = [link.side.tree for chain in self.chains for link in chain.links]
        before = self.words_before.aliases if self.words_before is not None else {}
        called = {name.own for tree in trees for _, name in occurrences(tree)}
        vectors = {f"{result}_i" for own, (_, result) in before.items() if own in called} & set(self.earlier) - set(chosen)
        known = {**leaned_on(trees, lifted({**self.earlier, **chosen}), set(chosen)), **{key: self.earlier[key] for key in vectors}, **chosen}
        known = through(known, self._differentiated())
        self.words = vocabulary(self.chains, known, self.words_before)
        ranks, upright = self.shaped or (None, True)
        if self.einstein or any(implies_sums(d.head, d.body) for d in known.values()):
            self.einstein = True
            known = {key: replace(d, body=with_sums(d.body, letters_in(d.head))) for key, d in known.items()}
        return Scope(self.words, known, (), self.fixed, {}, self.given, ranks, einstein=self.einstein, upright=upright, models=self.models)

    def _compare(self, chosen: dict[str, Stated], deep: bool = True) -> None:
        self.findings, self.opaque, self.dropped = {}, {}, {}
        self.scope = scope = self._scope(chosen)
        links = list(self._links(chosen))
        self._pass(readings(iter(links), scope), scope)
        if not deep:
            return
        failing = self._failing(links)
        if failing:
            beside = [(c, n) for c, n in failing if (*c.links[n].conditions, *c.near)]
            self._pass(readings(iter(beside), scope, condition=True), scope)
            for condition in cases(d.body for d in scope.definitions.values()):
                inside = [(replace(c, near=(condition,)), n) for c, n in self._failing(failing) if CASE.search(self._before(c)) and not c.links[n].side.boxed]
                self._pass(readings(iter(inside), scope, condition=True), scope)
            facts = (*self.facts(self.words), *self._constraints())
            if facts:
                with_facts = replace(scope, facts=facts)
                self._pass(readings(iter(self._failing(failing)), with_facts), with_facts, facts)
            numbers = self._given_numbers()
            mixed = [(c, n) for c, n in self._failing(failing) if any(isinstance(node, Decimal) for node in walk(c.links[n].side.tree))]
            if numbers and mixed:
                with_numbers = replace(scope, numbers=numbers)
                self._pass(readings(iter(mixed), with_numbers), with_numbers)
            self._pass(readings(iter(self._failing(failing)), scope, partial=True), scope)
            sides = signs(self.seen, scope) if self._failing(failing) else ()
            if sides:
                with_sides = replace(scope, facts=(*facts, *sides))
                self._pass(readings(iter(self._failing(failing)), with_sides), with_sides, sides)
            surrogated = [(c, n) for c, n in self._failing(failing) if any(f.compiled.surrogates for f in self.findings.get(c.links[n].id, ()))]
            if surrogated:
                self._pass(readings(iter(surrogated), plain := replace(scope, surrogating=False)), plain)

    def _is_constraint(self, chain: Chain) -> bool:
        """Whether a chain says that something made of inputs is a constant: `Σ p_k = 1`."""
        if len(chain.links) != 2 or not is_numeric(chain.links[1].side.tree) or chain.head.side.boxed:
            return False
        head = chain.head.side.tree
        defined = {self.words.resolved(d.name).own for d in self.scope.definitions.values()} if self.scope is not None else set()
        owns = {self.words.resolved(name).own for _, name in occurrences(head)}
        return isinstance(head, Big) and not owns & defined and not any(isinstance(n, Derivative) for n in walk(head))

    def _given_numbers(self) -> dict[str, str]:
        """The names that are given as a number and not differentiated by: a writer may put the number in their place."""
        found = {}
        for chain in self.chains:
            name = name_of(chain.head.side.tree)
            last = chain.links[-1].side.tree
            if name is not None and len(chain.links) == 2 and isinstance(last, Decimal) and name.own not in self.words.by:
                found[self.words.resolved(name).own] = last.text
        return found

    def _constraints(self) -> tuple[str, ...]:
        """The facts that such chains state."""
        assert self.scope is not None
        found = []
        for chain in self.chains:
            if self._is_constraint(chain):
                with suppress(Opaque):
                    claim, _ = claim_of(self.scope, chain.head.side.tree, chain.links[1].side.tree)
                    found.append(f"{claim.left} == {claim.right}")
        return tuple(found)

    def _before(self, chain: Chain) -> str:
        """The words in front of a chain, or of the chain in front of it in its line."""
        n = self.chains.index(chain)
        while n and not self.chains[n].before and self.chains[n - 1].links[-1].line == self.chains[n].links[0].start:
            n -= 1
        return self.chains[n].before

    def _failing(self, links: Sequence[tuple[Chain, int]]) -> list[tuple[Chain, int]]:
        return [(c, n) for c, n in links if not any(f.holds for f in self.findings.get(c.links[n].id, ()))]

    def _pass(self, found: Readings, scope: Scope, used: tuple[str, ...] = ()) -> None:
        """Compares the links in one reading."""
        for key, reason in found.opaque.items():
            self.opaque.setdefault(key, reason)
        if not found.found:
            return
        compiled = scope.compiled([r.claim for r in found.found])
        self.dropped |= scope.dropped
        for n, reading in enumerate(found.found):
            if n in compiled.faults:
                fault = compiled.faults[n] if "pair_" not in compiled.faults[n] else "the indices of both sides do not go together"
                self.opaque.setdefault(reading.link.id, Opaque(fault, reading.link.side.span))
                continue
            finding = _found(reading, compiled, n, used, scope.surrogating)
            if finding.empty and reading.link.id in self.findings:
                continue            # a reading in which nothing is said does not speak against the others
            self.findings.setdefault(reading.link.id, []).append(finding)

    # ------------------------------------------------------------ verdicts

    def judged(self) -> list[Judgement]:
        """The judgements of all links that are not judged elsewhere, without diagnosis."""
        out = []
        for chain in self.chains:
            for number, link in enumerate(chain.links):
                if link.id not in self.skipped and (number or isinstance(link.side.tree, Unread)):
                    out.append(self.verdict(chain, number))
        return out

    def verdict(self, chain: Chain, number: int) -> Judgement:
        """The judgement of one link."""
        link = chain.links[number]
        blank = self._blank(chain, number)
        if isinstance(link.side.tree, Unread):
            return replace(blank, verdict="unread", because=link.side.tree.why)
        if {letter_of(side.tree) for side in chain.sides} <= self.words.letters:
            return replace(blank, verdict="right", role="condition", because="says where something holds")
        for definition in self.definitions.values():
            if definition.link.id == link.id:
                return self._definition(definition, blank)
        if link.side.relation in UPDATES and is_step(chain.head.side.tree, link.side.tree):
            return replace(blank, verdict="right", role="definition", because="a step that gives a name a new value")
        if link.side.relation in MEMBER:
            return replace(blank, verdict="right", role="condition", because="says what a quantity is")
        if maps(chain) is not None:
            return replace(blank, verdict="right", role="definition", because="says what a function of a vector is")
        if is_place(chain):
            return replace(blank, verdict="not_checked", role="condition", because="says where something holds")
        findings = self.findings.get(link.id, [])
        held = next((f for f in findings if f.holds), None)
        if held is not None:
            return _held(held, blank)
        if not findings:
            opaque = self.opaque.get(link.id)
            return replace(blank, verdict="undecided", because=opaque.why if opaque is not None else "nothing says what stands on the left")
        return self._failed(findings, blank)

    def _failed(self, findings: list[Finding], blank: Judgement) -> Judgement:
        """What does not hold in any reading: a slip, unless something about it is open."""
        first = findings[0]
        read_as = first.reading.claim.right
        undefined = first.compiled.unknown(first.number)
        if undefined:
            return self._on_its_own(first, replace(blank, because=f"the page does not say what {undefined} is", read_as=read_as))
        unknown = first.compiled.reaches(first.number)
        if unknown:
            return self._on_its_own(first, replace(blank, because=unknown, read_as=read_as))
        if is_substituted(first.reading.link.side.tree):
            return replace(blank, verdict="not_checked", because="numbers that nothing on the page is known to be", read_as=read_as)
        if self._is_constraint(first.reading.chain):
            return replace(blank, verdict="right", role="condition", because="taken as a fact", read_as=read_as)
        if CONDITIONAL.search(first.reading.chain.before) and not first.reading.chain.head.side.boxed:
            return replace(blank, verdict="not_checked", role="condition", because="stands as a condition or an equation", read_as=read_as)
        for finding in findings:
            if finding.certificate.verdict == "undecided":
                return replace(blank, verdict="undecided", because=finding.certificate.because, read_as=read_as)
        return replace(blank, verdict="slip", because="the two sides differ", read_as=read_as)

    def _on_its_own(self, first: Finding, blank: Judgement) -> Judgement:
        """The judgement of a link whose head the page says nothing about: the first is taken as given, the others are held against it."""
        chain, number = first.reading.chain, first.reading.number
        if number == 1:
            return replace(blank, verdict="not_checked", role="given")
        assert self.scope is not None
        try:
            claim, _ = claim_of(self.scope, chain.links[1].side.tree, chain.links[number].side.tree)
            sides = first.compiled.expression(claim.left, first.number), first.compiled.expression(claim.right, first.number)
        except (Opaque, HandgradError):
            return replace(blank, verdict="undecided")
        found = first.compiled.verifier.compare(*sides, 5).verdict
        if found != "agrees":
            return replace(blank, verdict="undecided")
        return replace(blank, verdict="right", because="held against the first side")

    def _definition(self, definition: Stated, blank: Judgement) -> Judgement:
        assert self.scope is not None
        if definition.hatless:
            kind = KINDS["missing_hat"]
            return replace(blank, verdict="slip", role="definition", kind=kind.kind, code=kind.code, fault=definition.link.side.span,
                           right=f"{unicode(definition.head)} = {unicode(definition.body)}",
                           because=f"the hat is missing: {unicode(definition.head)} is what the model gives")
        try:
            text = self.scope.statement(definition)
        except Opaque as reason:
            return replace(blank, verdict="undecided", role="definition", because=reason.why)
        if definition.key in self.dropped:
            return replace(blank, verdict="undecided", role="definition", because=self.dropped[definition.key], read_as=text)
        return replace(blank, verdict="right", role="definition", because="a definition", read_as=text)

    def _blank(self, chain: Chain, number: int) -> Judgement:
        link, left, quantity = chain.links[number], chain.links[number - 1].side.tree if number else None, _quantity(chain.head.side.tree)
        return Judgement(link.id, link.side.span, link.start, link.line, "undecided", tree=link.side.tree, left=left, quantity=quantity, link=number or None)


def _quantity(tree: Surface) -> str:
    return "" if isinstance(tree, Unread) else unicode(tree)


def _found(reading: Reading, compiled: Compiled, n: int, used: tuple[str, ...], surrogating: bool) -> Finding:
    certificate = compiled.compare(n)
    pair = compiled.pairs[n]
    nowhere = compiled.reaches(n) if certificate.verdict == "agrees" and pair.right is not ZERO else ""
    held = ("stop(" in reading.claim.left or not surrogating) and certificate.verdict == "agrees" and pair.right is not ZERO
    if held and compiled.verifier.compare(pair.left, ZERO, 3).verdict == "agrees":
        nowhere = "both sides are 0 as they are read"
    if nowhere:         # 0 = 0 says nothing
        certificate = Certificate("undecided", 0, 0, because=nowhere)
    convention = False
    if certificate.verdict == "agrees" and any(kinked(node) for side in (pair.left, pair.right) for node in subtrees(side)):
        convention = compiled.compare(n, at_kinks=True).verdict == "apart"
    return Finding(reading, compiled, n, certificate, convention, used, bool(nowhere))


def _held(finding: Finding, blank: Judgement) -> Judgement:
    claim = finding.reading.claim
    because = "; ".join((*(f"with {fact}" for fact in finding.used), *finding.reading.noted))
    if finding.convention:
        return replace(blank, verdict="convention", read_as=claim.right, because="another value is taken at a kink")
    return replace(blank, verdict="notation" if finding.reading.noted else "right", read_as=claim.right, because=because)
