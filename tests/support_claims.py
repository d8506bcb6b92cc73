"""What the package takes to be true, as claims `left = right` over a model: rules, stated derivatives, tidy partials, relations of names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from handgrad.catalogue import CatalogueEntry, elementary, entries, functions
from handgrad.errors import HandgradError
from handgrad.expr import Entry, Expr
from handgrad.notation import read, read_expression, write
from handgrad.rules import textbook
from handgrad.rules.canonical import canonical
from handgrad.rules.relations import ExpRelation, Relation, relations_of
from handgrad.rules.rule import Rule, rules
from handgrad.verification import Verifier
from support_cases import CASES
from support_catalogue import stated
from support_mutation import faults
from support_oracle import disagreement
from support_reader import Tree, parse, read_model
from support_transform import rebuilt, text

# what stands for any expression in a rule: something that moves with x and differs from letter to letter
PLAIN = {"f": "(p1*x^2 + q1*x + 3)", "g": "(p2*x^3 + q2*x + 2)", "h": "(p3*x^2 - q3*x + 1)"}
UNDER = {"f": "(p[{0}]*x^2 + q[{0}]*x + 2)", "z": "z[{0}]"}
CHAIN = "z[k] = p[k]*x^2 + q[k]*x\nf = sum[m](r[m]*z[m]^2 + z[m]^3)\n"


@dataclass(frozen=True)
class Claim:
    """`left = right` for all values of the free letters; `kind` is how it was made wrong, empty if it is right."""

    source: str
    name: str
    model: str
    left: str
    right: str
    letters: tuple[str, ...] = ()
    kind: str = ""
    kinked: bool = False        # whether the value on a boundary is stated too

    def __str__(self) -> str:
        return f"{self.source} {self.name}" + (f", {self.kind}: {self.right}" if self.kind else "")

    @property
    def whole(self) -> str:
        """The model with the left side as a definition."""
        letters = f"[{','.join(self.letters)}]" if self.letters else ""
        return f"{self.model}\nleftside{letters} = {self.left}"


def verdict(claim: Claim, points: int = 32) -> str:
    """What verification says; `refused` where the right side cannot even be read."""
    made = read(claim.whole)
    own = made.definitions["leftside"]
    try:
        right = read_expression(claim.right, made, {c.name: c.axis for c in own.letters})
    except HandgradError:
        return "refused"
    return Verifier(made, functions()).compare(own.body, right, points, claim.kind == "wrong_kink" or None).verdict


def equivalent(claim: Claim) -> bool:
    """Whether numbers alone find no difference; a kink is told from a kink at the kink only."""
    if claim.kind == "wrong_kink":
        return not claim.kinked
    letters = f"[{','.join(claim.letters)}]" if claim.letters else ""
    return disagreement(claim.whole, f"leftside{letters}", [], claim.right, points=12) is None


def mutants(claim: Claim) -> Iterator[Claim]:
    """The claim with one fault on the right, each once."""
    seen = {claim.right}
    for kind, wrong in faults(parse(claim.right, claim.letters), frozenset(claim.letters)):
        form = text(wrong)
        if form not in seen and (kind != "wrong_kink" or claim.source == "partial"):
            seen.add(form)
            yield replace(claim, right=form, kind=kind)


# ---------------------------------------------------------------- where claims come from


def of_rules() -> Iterator[Claim]:
    """The statements of the textbook rules, with expressions for their names."""
    assert textbook.sum_rule.name in rules()
    for rule in rules().values():
        if rule.statement:
            yield of_rule(rule)


def of_rule(rule: Rule) -> Claim:
    """A statement with an expression for each of its names."""
    left, _, right = rule.statement.partition(" = ")
    letters = tuple(rule.free.split(",")) if rule.free else ()
    if "z[" in right:
        return Claim("rule", rule.name, CHAIN, left, right, letters)
    tie = f"tie = sum[{rule.free}](leftside[{rule.free}]*x[{rule.free}])" if f"x[{rule.free}]" in right else ""     # gives the free letter its axis
    return Claim("rule", rule.name, tie, put(left, letters), put(right, letters), letters)


def put(side: str, letters: tuple[str, ...]) -> str:
    """A side of a statement with expressions in place of f, g and h."""
    def change(tree: Tree) -> Tree:
        if tree[0] == "entry" and tree[1] in PLAIN and not tree[2]:
            return parse(PLAIN[tree[1]])
        if tree[0] == "entry" and tree[1] == "f":
            index = tree[2][0][1]
            return parse(UNDER["f"].format(index), (index,))
        return rebuilt(tree, change)
    return text(change(parse(side, letters)))


def of_elementary() -> Iterator[Claim]:
    """The derivatives that are stated of elementary functions."""
    for name, function in elementary.elementary().items():
        if function.partial:
            facts = f"assume {function.where}" if function.where else ""
            yield Claim("elementary", name, facts, f"d({name}(x), x)", function.partial)


def of_partials() -> Iterator[Claim]:
    """The tidy partials of the catalogue."""
    for entry in entries():
        for parameter in entry.partials:
            yield of_partial(entry, parameter)


def of_partial(entry: CatalogueEntry, parameter: str) -> Claim:
    """A tidy partial, read back from its text."""
    model = stated(entry, tidy=entry.partials[parameter])
    definitions, _, _ = read_model(model)
    letters, tidy = definitions["tidy"]
    own, _ = definitions["value"]
    index = f"[{','.join(letters)}]" if letters else ""
    lines = "\n".join(line for line in model.splitlines() if not line.startswith("tidy"))
    left = f"d(value{'[' + ','.join(own) + ']' if own else ''}, {parameter}{index})"
    return Claim("partial", f"{entry.name} by {parameter}", lines, left, text(tidy), letters, kinked=bool(entry.facet.kinks))


def of_relations() -> Iterator[Claim]:
    """The relations that the definitions of the corpus give."""
    for question in CASES:
        model = read(question.model)
        for definition in model.definitions.values():
            if any(c.isupper() or c.isdigit() for c in definition.name) and len(model.definitions) > 6:
                continue
            for number, relation in enumerate(relations_of(definition.entry, definition.letters, canonical(definition.body))):
                if isinstance(relation, (Relation, ExpRelation)) and not isinstance(relation.value, Entry):
                    yield of_relation(question.name, question.model, number, relation)


def of_relation(case: str, model: str, number: int, relation: Relation | ExpRelation) -> Claim:
    """A relation as an equation."""
    made = read(model)
    own = next(d for d in made.definitions.values() if d.name == relation.name)
    index = ",".join(c.name for c in own.letters)
    tied = f"{model}\ntie = sum[{index}](leftside[{index}]*{own.name}[{index}])" if index else model       # the letters are those of the definition
    left: Expr = relation.pattern if isinstance(relation, Relation) else exp_power(relation)
    scope = frozenset(c.name for c in own.letters)
    sides = write(left, made, scope), write(relation.value, made, scope)
    return Claim("relation", f"{relation.name} {number} of {case}", tied, *sides, tuple(c.name for c in own.letters))


def exp_power(relation: ExpRelation) -> Expr:
    """The left side of a relation of an exponential."""
    return elementary.exp(relation.argument) ** relation.step


def claims() -> list[Claim]:
    """All claims, each equation once."""
    found = {(c.left, c.right, c.source): c for source in (of_rules, of_elementary, of_partials, of_relations) for c in source()}
    return list(found.values())


def survivors(claim: Claim) -> tuple[int, list[Claim], list[Claim]]:
    """How many mutants of the claim there are, which say the same as it, and which verification wrongly agrees with."""
    made = list(mutants(claim))
    agreed = [m for m in made if verdict(m) == "agrees"]
    same = [m for m in agreed if equivalent(m)]
    return len(made), same, [m for m in agreed if m not in same]
