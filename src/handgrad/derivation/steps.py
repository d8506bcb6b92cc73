"""The steps of a derivation, made from the trace of the backward pass: the chain-rule line, the lemmas, and the way to the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace

from handgrad import catalogue
from handgrad.axes import letter_for
from handgrad.derivation.backward import Adjoint, Backward, Contribution
from handgrad.derivation.links import Link, cancelled, chain_reason, leads_to
from handgrad.derivation.network import Name, Network, slope
from handgrad.expr import (
    MINUS_ONE,
    ZERO,
    Cases,
    Compare,
    Condition,
    Delta,
    Derivative,
    Entry,
    Expr,
    Index,
    IndexCompare,
    Letter,
    Mul,
    Node,
    add,
    mul,
    negative,
)
from handgrad.records import dataclass
from handgrad.rules import textbook
from handgrad.rules.algebra import product, total_of
from handgrad.rules.canonical import canonical, reduced
from handgrad.rules.rule import Rule
from handgrad.rules.shapes import factors
from handgrad.rules.sums import Collapse
from handgrad.rules.tidy import Tidy, reordered, symbols
from handgrad.trees import names, renamed, subtrees
from handgrad.verification import Certificate

Stage = tuple[Rule, Expr, str, tuple[str, ...]]
LABELS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
TRIVIAL = 3
FORMS = (textbook.collected, textbook.named, textbook.known_sum, textbook.cancelled, textbook.kink_value)
PLAIN = (textbook.constant, textbook.variable)
ROUTINE = (textbook.definition, textbook.constant, textbook.constant_factor, textbook.sum_rule, textbook.sum_of_derivatives)


@dataclass(frozen=True, slots=True)
class Step:
    """One equality of a derivation: `before` is `after` by the rule, where `condition` holds.

    `reason` says it in words, `place` is the part of the formula that changed, `label` numbers a lemma that is used again.
    """

    rule: Rule
    before: Expr
    after: Expr
    reason: str
    place: str = ""
    facts: tuple[str, ...] = ()
    substeps: tuple[Step, ...] = ()
    condition: Condition | None = None
    label: str = ""
    certificate: Certificate | None = None


@dataclass(slots=True)
class Narrator:
    """Tells the backward pass of one result by one entry as steps."""

    network: Network
    of: Entry
    run: Backward
    tidy: Tidy
    taken: frozenset[str]
    chosen: dict[Letter, Index]              # letters with names for the fresh ones of what is asked for
    lemmas: int = 0                          # how many lemmas were numbered before
    labels: dict[Expr, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)                  # the lemmas that stand already

    def tell(self, x: Entry, shown: Entry) -> list[Step]:
        """The steps of the derivative by the entry: its chain-rule line, the lemmas, then what leads to the result."""
        adjoint = self.run.results[x]
        if x.name == self.of.name:
            return [Step(textbook.variable, Derivative(self.of, (shown,)), self.tidy(renamed(adjoint.value, self.chosen)), "by itself")]
        own = self._lines(adjoint, shown)
        lemmas = self._lemmas(adjoint)
        if adjoint.contributions and adjoint.contributions[0].user is None and len(adjoint.contributions) == 1:
            return own
        return [*own[:1], *self._restatements(), *lemmas, *self._citing(own[1:])]

    def _restatements(self) -> list[Step]:
        """Definitions in which other names of the model were recognised."""
        found = []
        for name, written in self.network.restated.items():
            if name in self.run.adjoints and f"{name} restated" not in self.told:
                self.told.add(f"{name} restated")
                shown = self.network.model.definitions[name]
                new = ", ".join(sorted(names(shown.body) - names(written.body))) or name
                found.append(self._labelled(Step(textbook.named, written.body, shown.body, f"the definition of {name}, with {new}")))
        return found

    # ------------------------------------------------------------ lemmas

    def _lemmas(self, adjoint: Adjoint) -> list[Step]:
        """A step for every adjoint and every partial derivative that the lines of the result put in."""
        wanted: list[str] = []
        todo = [c.user for c in adjoint.contributions if c.user]
        while todo:
            name = todo.pop(0)
            if name not in wanted:
                wanted.append(name)
                todo += [c.user for c in self.run.adjoints[name].contributions if c.user]
        order = [n for n in reversed(list(self.network.names)) if n in wanted]
        steps: list[Step] = []
        for name in order:
            steps += self._partials(self.run.adjoints[name])
            if name not in self.told:
                self.told.add(name)
                steps.append(self._labelled(self._adjoint_step(self.run.adjoints[name])))
        return steps + self._partials(adjoint)

    def _adjoint_step(self, adjoint: Adjoint) -> Step:
        shown = self._shown(adjoint.entry, taken=frozenset(letter.name for letter in self.of.letters))
        lines = self._lines(adjoint, renamed(adjoint.entry, shown))
        return _joined(lines, self._citing(lines))

    def _partials(self, adjoint: Adjoint) -> list[Step]:
        """The lemmas of the partial derivatives in the chain rule of an adjoint that say more than a factor."""
        found = []
        for c in adjoint.contributions:
            link = f"{c.user} by {adjoint.entry.name}"
            if c.user is not None and link not in self.told and self._single_path(c.user, adjoint.entry) and self._worth_a_lemma(c):
                self.told.add(link)
                found.append(self._labelled(self._partial_step(self.network.names[c.user], adjoint.entry, c)))
        return found + self._vanishing(adjoint)

    def _vanishing(self, adjoint: Adjoint) -> list[Step]:
        """The paths of the chain rule that lead nowhere: a name stands in a definition, and the derivative by it is 0 all the same."""
        found = []
        for name in self.run.adjoints.keys() - {c.user for c in adjoint.contributions}:
            user, link = self.network.names[name], f"{name} by {adjoint.entry.name}"
            if adjoint.entry.name in names(user.body) and link not in self.told and self._single_path(name, adjoint.entry):
                self.told.add(link)
                shown = self._shown(adjoint.entry, user.entry)
                left = renamed(Derivative(user.entry, (adjoint.entry,)), shown)
                lines = self._local(left, renamed(self._raw_body(user, {}), shown), ZERO)
                found.append(self._labelled(replace(_joined(lines, lines), reason="this path adds nothing")))
        return found

    def _worth_a_lemma(self, c: Contribution) -> bool:
        plain = [n for n in subtrees(c.partial) if isinstance(n, Derivative)]
        return symbols(self.tidy(c.partial)) > TRIVIAL and not (len(plain) == 1 and len(factors(c.partial)) <= 2)

    def _partial_step(self, user: Name, entry: Entry, c: Contribution) -> Step:
        link = Link.of(user, c.partial)
        shown = self._shown(entry, renamed(user.entry, link.fixed))
        left = Derivative(renamed(user.entry, link.fixed), (entry,))
        body = self._raw_body(user, link.fixed)
        left = renamed(left, shown)
        lines = self._local(left, renamed(body, shown), renamed(link.partial, shown))
        return _joined(lines, self._by_cases(left, lines) or lines)

    def _labelled(self, step: Step) -> Step:
        number = self.lemmas + len(self.labels)
        label = LABELS[number] if number < len(LABELS) else f"({number + 1})"
        self.labels[step.before] = label
        return replace(step, label=label)

    def _citing(self, lines: list[Step]) -> list[Step]:
        """The lines with the labels of the lemmas that are put in."""
        def cited(step: Step) -> Step:
            if step.rule is not textbook.substituted:
                return step
            known = [label for left, label in self.labels.items() if _stands_in(left, step.before)]
            return replace(step, reason=f"by {', '.join(sorted(known, key=LABELS.find))}") if known else step

        return [cited(step) for step in lines]

    # ------------------------------------------------------------ the lines of one adjoint

    def _lines(self, adjoint: Adjoint, entry: Entry) -> list[Step]:
        """The equalities from the derivative by the entry to its value."""
        names_of = dict(zip(adjoint.entry.indices, entry.indices, strict=True))
        shown = {k: v for k, v in names_of.items() if isinstance(k, Letter) and k is not v}
        left = Derivative(self.of, (entry,))
        value = renamed(adjoint.value, shown)
        if all(c.user is None for c in adjoint.contributions):
            if not adjoint.contributions:
                return [Step(textbook.constant, left, ZERO, "does not depend on it")]
            own = self.network.names[self.of.name]
            body = self._raw_body(own, dict(zip(own.letters, self.of.indices, strict=True)))
            return self._local(left, body, value)
        links = [(c, Link.of(self.network.names[c.user], renamed(c.partial, shown))) for c in adjoint.contributions if c.user]
        direct = [renamed(c.partial, shown) for c in adjoint.contributions if c.user is None]
        first = add(*(self.tidy(d) for d in direct), *(self._chain_term(link, c, entry) for c, link in links))
        lines = [Step(textbook.chain_rule, left, first, chain_reason(links))]
        put_in = add(*(self.tidy(d) for d in direct), *(self._value_term(link, c) for c, link in links))
        if put_in is not first:
            lines.append(Step(textbook.substituted, first, put_in, "put in"))
        return lines + self._towards(put_in, total_of([*direct, *(self._uncollapsed(link, c) for c, link in links)]), value, links, adjoint.applied)

    def _chain_term(self, link: Link, c: Contribution, entry: Entry) -> Expr:
        user = renamed(link.user.entry, link.fixed)
        partial = Derivative(user, (entry,)) if self._single_path(link.user.entry.name, entry) else self.tidy(link.partial)
        return link.summed(mul(Derivative(self.of, (user,)), partial))

    def _value_term(self, link: Link, c: Contribution) -> Expr:
        adjoint = renamed(self.run.flowing(link.user.entry.name), link.fixed)
        value = textbook.cleaned(_signed_product(self.tidy(adjoint), self.tidy(link.partial)))
        return negative(link.summed(mul(*value.factors[1:]))) if isinstance(value, Mul) and value.factors[0] is MINUS_ONE else link.summed(value)

    def _uncollapsed(self, link: Link, c: Contribution) -> Expr:
        value = product(renamed(self.run.flowing(link.user.entry.name), link.fixed), link.partial)
        for letter in reversed(link.letters):
            value = reduced("sum", letter, (value,))
        return value

    def _towards(self, start: Expr, gathered: Expr, value: Expr, links: list[tuple[Contribution, Link]], applied: tuple[str, ...]) -> list[Step]:
        """The lines from what was put in to the value: products gathered, sums collapsed, facts used, the form chosen."""
        gone = cancelled(self.run, links)
        rule = textbook.cancelled if gone else textbook.collected
        lines = self._stages(start, [(rule, gathered, f"{', '.join(gone)} cancel{'s' if len(gone) == 1 else ''}" if gone else "gathered", ())])
        current = lines[-1].after if lines else start
        form = textbook.named if applied else textbook.collected
        return lines + self._stages(current, [*self._collapsed(gathered), (form, value, _named_reason(applied), ())])

    def _collapsed(self, e: Expr) -> list[Stage]:
        """The formula with its sums collapsed, first without and then with the known ones."""
        known = Collapse(self.network.collapse.known)
        picks = any(isinstance(n, Delta) for n in subtrees(e))
        plain = Collapse()(e)
        rule, reason = (textbook.sum_kronecker, textbook.sum_kronecker.title) if picks else (textbook.constant_leaves, "constants leave the sum")
        if plain is e:
            rule, reason = textbook.collected, "gathered"
        certain = known(plain)
        sources = tuple(sorted(known.used))
        used = [(textbook.known_sum, certain, _known_reason(sources), sources)] if certain is not plain else []
        return [(rule, plain, reason, ()), *used]

    def _stages(self, start: Expr, stages: Iterable[Stage]) -> list[Step]:
        lines, current = [], start
        for rule, e, reason, facts in stages:
            shown = self.tidy(e)
            if shown is not current and not (rule is textbook.collected and reordered(current, shown)):
                if _kinked(canonical(current)) != _kinked(canonical(shown)) or _joined_at_a_tie(current, shown):
                    rule, reason = textbook.kink_value, textbook.kink_value.title
                lines.append(Step(rule, current, shown, reason, facts=tuple(f for f in facts if f.startswith("F"))))
                current = shown
        return lines

    def _local(self, left: Expr, body: Expr, value: Expr) -> list[Step]:
        """The lines of a derivative in which every name stands for itself: the rules one after the other, then the form."""
        assert isinstance(left, Derivative)
        setting = textbook.Setting(lambda _: False, slope, catalogue.functions(), self.network.first)
        lines = [Step(textbook.definition, left, Derivative(body, left.by), "definition")]
        current: Expr = lines[0].after
        for state in textbook.carried_out(current, setting):
            lines.append(Step(state.rules[0], current, state.formula, ", ".join(dict.fromkeys(r.title for r in state.rules))))
            current = state.formula
        chosen = textbook.picked(current)
        if chosen is not current:
            lines.append(Step(textbook.sum_kronecker, current, chosen, textbook.sum_kronecker.title))
            current = chosen
        finished = canonical(current)
        stages = [(textbook.collected, finished, "gathered", ()), *self._collapsed(finished)]
        return lines + self._stages(current, [*stages, self._named_from(stages[-1][1], value)])

    def _named_from(self, e: Expr, value: Expr) -> Stage:
        new = sorted(names(value) - names(e), key=list(self.network.levels).index) if names(value) - names(e) else []
        used = tuple(n for n in new if n in self.network.names)
        return textbook.named if used else textbook.collected, value, _named_reason(used), ()

    def _by_cases(self, left: Derivative, lines: list[Step]) -> tuple[Step, ...]:
        """A Jacobian by the two cases of its indices, equal and different, where its rules leave a delta of two letters."""
        value, carried = lines[-1].after, [line for line in lines if line.rule not in FORMS]
        pairs = [n for n in subtrees(value) if isinstance(n, Delta) and isinstance(n.left, Letter) and isinstance(n.right, Letter)]
        if len(pairs) != 1 or value is pairs[0] or isinstance(value, Mul) and pairs[0] in value.factors or len(carried) < 2:
            return ()
        pair = pairs[0]
        if pair.left not in left.body.letters:
            pair = Delta(pair.right, pair.left)
        found: list[Step] = []
        for equal, operator in ((True, "=="), (False, "!=")):
            condition = IndexCompare(operator, pair.left, pair.right)
            start = textbook.decided(left, pair, equal) if equal else left
            raw = textbook.decided(carried[-1].after, pair, equal)
            end = self.tidy(self.run.simplify(self.network.collapse(canonical(textbook.decided(value, pair, equal)))))
            found.append(Step(_main(carried), start, raw, _main(carried).title, condition=condition))
            if end is not raw:
                found.append(replace(lines[-1], before=raw, after=end, condition=condition))
        return (*found, Step(textbook.collected, left, value, "both cases"))

    # ------------------------------------------------------------ letters and bodies

    def _raw_body(self, user: Name, fixed: dict[Letter, Index]) -> Expr:
        definition = self.network.model.definitions[user.entry.name]
        return definition.at(tuple(fixed.get(letter, letter) if isinstance(letter, Letter) else letter for letter in user.letters))

    def _single_path(self, user: str, entry: Entry) -> bool:
        """Whether the user depends on the entry by what stands in its own definition alone."""
        return not any(leads_to(self.network, name, entry.name) for name in names(self.network.names[user].body) if name != entry.name)

    def _shown(self, *entries: Entry, taken: frozenset[str] | None = None) -> dict[Letter, Index]:
        """Letters with names for the fresh ones of the entries."""
        used = set(self.taken if taken is None else taken)
        shown: dict[Letter, Index] = {}
        for letter in (i for entry in entries for i in entry.indices):
            if isinstance(letter, Letter) and letter.name.startswith("\u00b7") and letter not in shown:
                if letter in self.chosen:
                    shown[letter] = self.chosen[letter]
                    continue
                name = letter_for(letter.axis, self.network.model, frozenset(used))
                used.add(name)
                shown[letter] = Letter(name, letter.axis)
        return shown


def _signed_product(*factors_: Expr) -> Expr:
    """The raw product with its minus signs in front."""
    sign, shown = False, []
    for f in factors_:
        if isinstance(f, Mul) and f.factors[0] is MINUS_ONE:
            sign, f = not sign, mul(*f.factors[1:])
        shown.append(f)
    return mul(*([MINUS_ONE] if sign else []), *shown)


def _known_reason(sources: tuple[str, ...]) -> str:
    facts = [s for s in sources if s.startswith("F")]
    others = [s for s in sources if not s.startswith("F")]
    return "; ".join([*([f"by {', '.join(facts)}"] if facts else []), *dict.fromkeys(others)])


def _named_reason(applied: tuple[str, ...]) -> str:
    shown = [name for name in applied if name]
    return f"by the definition of {', '.join(shown)}" if shown else "collected"


def _joined(lines: list[Step], substeps: Iterable[Step]) -> Step:
    """One step from the left side of the lines to their end."""
    below = tuple(substeps)
    facts = tuple(sorted({f for line in lines for f in line.facts}))
    rule = _main(lines)
    return Step(rule, lines[0].before, lines[-1].after, rule.title, facts=facts, substeps=below if len(below) > 1 else ())


def _main(lines: Iterable[Step]) -> Rule:
    """The rule that says most about what was done."""
    used = [line.rule for line in lines]
    for routine in ((*FORMS, *ROUTINE, *PLAIN), (*FORMS, *PLAIN, textbook.definition)):
        telling = next((rule for rule in used if rule not in routine), None)
        if telling is not None:
            return telling
    return used[0]


def _joined_at_a_tie(before: Node, after: Node) -> bool:
    """Whether two cases that both leave their boundary out became one that gives it to a branch."""
    strict, wide = {"<", ">"}, {"<=", ">="}
    cases = [sum(isinstance(n, Cases) for n in subtrees(e)) for e in (before, after)]
    return cases[0] > cases[1] > 0 and not _kinked(before) & wide and bool(_kinked(before) & strict) and bool(_kinked(after) & wide)


def _kinked(e: Node) -> set[str]:
    return {n.operator for n in subtrees(e) if isinstance(n, Compare)}


def _stands_in(left: Expr, e: Expr) -> bool:
    """Whether a derivative with the same body and tensor stands in the formula."""
    if not isinstance(left, Derivative):
        return False

    def same(n: Node) -> bool:
        if not isinstance(n, Derivative) or n.by[0].name != left.by[0].name:
            return False
        return isinstance(n.body, Entry) and isinstance(left.body, Entry) and n.body.name == left.body.name
    return any(same(n) for n in subtrees(e))
