"""The models in which an entry is shown and derived, as notation text made from its one definition.

    plain      J = -sum[i,k](y[i,k]*log(s[i,k])) of its arguments (over classes: summed over samples)
    through    the same of one sample, its first argument the value of an abstract g(w, x)
    samples    that, summed over n samples
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from handgrad.axes import Model
from handgrad.catalogue.entry import CatalogueEntry, entry
from handgrad.expr import MINUS_ONE, Abstract, Axis, Call, Entry, Expr, Index, Letter, Mul, VectorCall, mul
from handgrad.notation import write
from handgrad.records import dataclass
from handgrad.trees import reduction, replaced

Form = Literal["plain", "through", "samples"]
FORMS: tuple[Form, ...] = ("plain", "through", "samples")
SAMPLE = Letter("i", Axis("samples", 1))


@dataclass(frozen=True, slots=True)
class Writing:
    """How the names of a definition are written in one form of its model."""

    entry: CatalogueEntry
    form: Form

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The letters of the samples and of the classes, as far as the form has them."""
        classes = (self.classes,) if self.classes else ()
        return (SAMPLE, *classes) if self.over_samples else classes

    @property
    def classes(self) -> Letter | None:
        """The letter of the axis along which the entry runs."""
        return self.entry.function.letter

    @property
    def over_samples(self) -> bool:
        """Whether the form has a letter for samples."""
        if self.entry.facet.single:       # a gather is written by the label of a sample, `s[i,t[i]]`
            return True
        return self.form == "samples" or (self.form == "plain" and self.entry.kind == "loss" and self.classes is not None)

    @property
    def data(self) -> tuple[str, ...]:
        """The arguments of which every sample has its own."""
        return self.entry.function.parameters[:2 if self.entry.kind == "loss" else 1]

    def at(self, name: str, indices: tuple[Index, ...]) -> Expr:
        """The argument as it stands in the model."""
        sample: tuple[Index, ...] = (SAMPLE,) if self.over_samples and name in self.data else ()
        apart = self.entry.kind == "activation" and self.form != "plain" and name in self.data      # x is what g is given there
        return Entry("z" if apart else spelling(self.entry)[name], (*sample, *indices))

    def formula(self, node: Any) -> Any:
        """The tree over the names of the model."""
        arguments = self.entry.function.parameters
        return replaced(node, lambda n: self.at(n.name, n.indices) if isinstance(n, Entry) and n.name in arguments else None)


def spelling(entry: CatalogueEntry) -> Mapping[str, str]:
    """What the arguments are called in the entry's models."""
    return {p: entry.facet.symbols.get(p, p) for p in entry.function.parameters}


def model(entry: CatalogueEntry, form: Form = "plain") -> str:
    """The model of the entry, as text. What is differentiated is defined last."""
    writing = Writing(entry, form)
    inner = _through(writing)
    named: list[tuple[Expr, Expr]] = []
    if inner is not None and entry.kind == "activation" and not entry.facet.lets:
        further = tuple(Entry(p, ()) for p in entry.function.parameters[1:])
        body = entry(inner, *further) if writing.classes is None else entry(writing.classes, inner, *further)
    else:
        named, body = _named(writing)
        if inner is not None:
            named = [(writing.at(entry.function.parameters[0], (writing.classes,) if writing.classes else ()), inner), *named]
    context = Model({}, letters={SAMPLE.axis: ("i",), **({writing.classes.axis: (writing.classes.name, "m", "l")} if writing.classes else {})})
    lines = [f"{write(left, context)} = {write(right, context)}" for left, right in [*named, *_valued(writing, body)]]
    return "\n".join([*_axes(writing), *lines, *(f"assume {_fact(writing, fact)}" for fact in _facts(writing))])


def value(entry: CatalogueEntry, form: Form = "plain") -> Entry:
    """What the model of the form differentiates, with its letters."""
    writing = Writing(entry, form)
    return _value(writing)


def respelled(entry: CatalogueEntry, text: str, form: Form = "plain") -> str:
    """A fact or formula over the arguments of the entry, over the names of its model: `sum[k](targets[k]) == 1` is `sum[k](y[i,k]) == 1`."""
    return _fact(Writing(entry, form), text)


def _value(writing: Writing) -> Entry:
    owner = writing.entry
    indexed = owner.kind == "activation" and (owner.is_vector or not writing.over_samples)
    return Entry(owner.facet.symbol if indexed or owner.kind == "loss" else "J", writing.letters if indexed else ())


def _valued(writing: Writing, body: Expr) -> list[tuple[Expr, Expr]]:
    left = _value(writing)
    if not writing.over_samples or left.indices:
        return [(left, body)]
    if writing.entry.kind == "loss":
        return [(left, _summed(body))]
    own = Entry(writing.entry.facet.symbol, (SAMPLE,))
    return [(own, body), (left, _summed(own))]


def _through(writing: Writing) -> Expr | None:
    if writing.form == "plain":
        return None
    weight = Entry("w", (writing.classes,) if writing.classes else ())
    if writing.entry.kind == "activation" and not writing.over_samples:
        return Abstract("g", (weight,))
    return Abstract("g", (weight, Entry("x", (SAMPLE,) if writing.over_samples else ())))


def _named(writing: Writing) -> tuple[list[tuple[Expr, Expr]], Expr]:
    """The values that have a name of their own, and the definition in which the names stand for them."""
    found: dict[Expr, Expr] = {}
    sample: tuple[Index, ...] = (SAMPLE,) if writing.over_samples else ()

    def change(node: Any) -> Any:
        match node:
            case Call(function, _) if function in writing.entry.facet.lets and not node.loose:
                own = Entry(writing.entry.facet.lets[function], sample)
                found.setdefault(own, _unfolded(node, writing.form))
                return own
            case VectorCall(kind, axis, body, at) if kind in writing.entry.facet.lets:
                letter = writing.classes or Letter("k", axis)
                name = writing.entry.facet.lets[kind]
                found.setdefault(Entry(name, (*sample, letter)), _unfolded(VectorCall(kind, axis, body, letter), writing.form))
                return Entry(name, (*sample, at))
            case _:
                return None

    body = replaced(writing.entry.function.body, change)
    return [(left, writing.formula(right)) for left, right in found.items()], writing.formula(body)


def _unfolded(node: Call | VectorCall, form: Form) -> Expr:
    if form != "plain":
        return node
    if isinstance(node, Call):
        called = entry(node.function)
        return called.function.at(node.arguments) if called else node
    called = entry(node.kind)
    return called.function.at((node.body,), node.axis, node.at) if called else node


def _summed(body: Expr) -> Expr:
    """The sum over samples; a leading minus stays in front of it."""
    match body:
        case Mul((first, *rest)) if first is MINUS_ONE:
            return mul(MINUS_ONE, reduction("sum", SAMPLE, mul(*rest)))
        case _:
            return reduction("sum", SAMPLE, body)


def _axes(writing: Writing) -> list[str]:
    said = {"i": "n samples", "k": "C classes"}
    names = [f"{letter.name}: {said[letter.name]}" for letter in writing.letters if letter.name in said]
    return [f"axes {', '.join(names)}"] if names else []


def _facts(writing: Writing) -> Iterator[str]:
    """The facts that the form states: none of the first argument where that is a value of g, except how long it is."""
    first = writing.entry.function.parameters[0]
    for fact in writing.entry.facet.where:
        if writing.form == "plain" or not re.search(rf"\b{first}\b(?!,)", fact):
            yield fact


def _fact(writing: Writing, fact: str) -> str:
    def sized(found: re.Match[str]) -> str:
        return f"size({found[1]}, {int(found[2]) + writing.over_samples})"

    def named(found: re.Match[str]) -> str:
        name, indices = found[1], found[2]
        if name not in writing.entry.function.parameters:
            return found[0]
        symbol = spelling(writing.entry)[name]
        sample = ["i"] if writing.over_samples and name in writing.data else []
        every = ",".join(sample + ([indices] if indices else []))
        return f"{symbol}[{every}]" if every and not found.string.endswith(f"size({name}", 0, found.end()) else symbol

    return re.sub(r"\b([A-Za-z_]\w*)(?:\[([^\]]*)\])?", named, re.sub(r"size\((\w+), (\d+)\)", sized, fact))


def over_samples(entry: CatalogueEntry, text: str) -> str:
    """The plain model of an entry for single numbers, taken over n samples: a loss is summed, an activation has a value for each."""
    spelled = spelling(entry)
    own = [spelled[name] for name in entry.function.parameters[:2 if entry.kind == "loss" else 1]]
    lines = [line for line in text.splitlines() if not line.startswith("axes ")]
    statements = [line for line in lines if not line.startswith("assume ")]
    defined = [line.partition(" = ")[0] for line in statements]
    each = "|".join(map(re.escape, [*own, *(defined[:-1] if entry.kind == "loss" else defined)]))
    made = ["axes i: n samples", *(re.sub(rf"\b({each})\b(?![\[(])", r"\1[i]", line) for line in lines)]
    if entry.kind == "loss":
        last = next(n for n, line in enumerate(made) if line.startswith(f"{defined[-1]} = "))
        made[last] = f"{defined[-1]} = sum[i]({made[last].partition(' = ')[2]})"
    return "\n".join(made)
