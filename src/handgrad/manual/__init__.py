"""The manual of the catalogue, as pages: the list, one entry, all of a kind.

Nothing on a page is written by hand except what an entry says of itself: derivatives, their steps and their certificates are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry, entries, entry, functions
from handgrad.catalogue.entry import Kind
from handgrad.catalogue.models import Form, respelled, spelling, value
from handgrad.catalogue.models import model as text_of
from handgrad.derivation import Derivation, model
from handgrad.document import Block, Document, Figure, Heading, Inline, Paragraph, Table
from handgrad.expr import Axis, Compare, Condition, Entry
from handgrad.manual.floats import Place, Scene
from handgrad.notation import read, read_condition
from handgrad.rendering.plot import Curve, figure

TITLES: dict[Kind, str] = {"activation": "Activations and their derivatives", "loss": "Losses and their gradients"}
FORMS: dict[Form, str] = {"plain": "Derivative", "through": "Through g", "samples": "Over n samples"}

LEFT, RIGHT, SAMPLES, NEAR = -4.0, 4.0, 321, 1e-9        # of a plot; every integer is among the samples


def contents() -> Document:
    """The list of all entries."""
    blocks: list[Block] = []
    for kind, title in TITLES.items():
        rows = tuple(((e.name,), (e.title,)) for e in entries(kind))
        blocks += [Heading((title,)), Table((("name",), ("what it is",)), rows)]
    return Document(("The catalogue",), tuple(blocks), Model({}))


def page(entry: CatalogueEntry) -> Document:
    """The manual page of an entry: definition, derivative with its steps, kinks, domain, shapes, source and plot."""
    derived = derivation(entry)
    shown = derived.blocks("normal")
    blocks = [
        *(Paragraph((" ".join(text.split()),)) for text in _said(entry)),
        *shown.blocks,
        _facts(entry),
        plotted(entry, derived),
    ]
    return Document((entry.headline,), tuple(blocks), shown.model)


def _said(entry: CatalogueEntry) -> list[str]:
    """The paragraphs of the manual, without the headline."""
    rest = entry.manual[len(entry.headline):].lstrip(":. ")
    first, *others = rest.split("\n\n")
    return [text for text in (first[:1].upper() + first[1:], *others) if text.strip()]


def overview(kind: Kind) -> Document:
    """All entries of a kind as one derived page: definition, derivative, through g, over n samples."""
    return Document((TITLES[kind],), tuple(document for e in entries(kind) for document in _section(e)), Model({}))


def derivation(entry: CatalogueEntry, form: Form = "plain") -> Derivation:
    """The derivative of the entry by its first argument, or by the weight of g."""
    by = spelling(entry)[entry.function.parameters[0]] if form == "plain" else "w"
    derived = model(text_of(entry, form)).derive(value(entry, form).name, by)
    return derived


def described(name: str | None) -> Any:
    """What is known of an entry, of all of a kind, or of all, as JSON."""
    if name in TITLES:
        return [_described(e) for e in entries() if e.kind == name]
    if name is None:
        return [{"name": e.name, "kind": e.kind, "title": e.title} for e in entries()]
    found = entry(name)
    return _described(found) if found else None


def _described(entry: CatalogueEntry) -> dict[str, Any]:
    facet = entry.facet
    return {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "manual": entry.manual,
        "arguments": list(entry.function.parameters),
        "defaults": dict(facet.defaults),
        "where": list(facet.where),
        "kinks": [{"at": k.at, "subdifferential": list(k.subdifferential), "taken": k.taken} for k in facet.kinks],
        "shapes": facet.shapes,
        "source": facet.source,
        "latex": facet.latex,
        "models": {form: {"text": text_of(entry, form), "derivative": derivation(entry, form).json()["result"]} for form in FORMS},
    }


def _section(entry: CatalogueEntry) -> Iterator[Document]:
    yield Document((), (Heading((entry.headline,)), *(Paragraph((text,)) for text in _said(entry)[:1])), Model({}))
    texts: set[str] = set()
    for form, title in FORMS.items():
        if text_of(entry, form) in texts:
            continue
        texts.add(text_of(entry, form))
        shown = derivation(entry, form).blocks("normal" if form == "plain" else "brief")
        yield Document((), (Heading((title,), 2), *shown.blocks), shown.model)


def _facts(entry: CatalogueEntry) -> Table:
    facet, context = entry.facet, read(text_of(entry))
    called = [part for p, symbol in spelling(entry).items() for part in (", ", f"{p} " if p != symbol else "", Entry(symbol, ())) if part != ""][1:]
    domain = [part for fact in facet.where for part in ("; ", read_condition(respelled(entry, fact), context))][1:]
    rows: list[tuple[str, Inline]] = [
        ("arguments", tuple(called)),
        ("left out", (", ".join(f"{p} is {given}" for p, given in facet.defaults.items()),)),
        ("domain", tuple(domain) or ("all numbers",)),
        ("shapes", (facet.shapes,)),
        ("source", (facet.source,)),
    ]
    return Table((("about",), (f"{entry.kind} {entry.name}",)), tuple(((name,), said) for name, said in rows if said != ("",)))


# ---------------------------------------------------------------- the plot


def curves(entry: CatalogueEntry) -> tuple[Curve, Curve]:
    """The graphs over the first argument of the entry and of its derivative as it was derived."""
    return _curves(entry, derivation(entry))[0]


def plotted(entry: CatalogueEntry, derived: Derivation) -> Figure:
    """The plot of the entry and of its derivative, with the kinks marked."""
    drawn, scene = _curves(entry, derived)
    conditions = (read_condition(respelled(entry, kink.at), scene(0).model) for kink in entry.facet.kinks)
    kinks = [place for condition in conditions for place in _met(condition, drawn[0], scene)]
    return figure(drawn, f"{entry.name} and its derivative from -4 to 4", kinks)


def _curves(entry: CatalogueEntry, derived: Derivation) -> tuple[tuple[Curve, Curve], Callable[[float], Scene]]:
    context = derived.model
    sizes = _sizes(context)

    def scene(x: float) -> Scene:
        return Scene(context, functions(), sizes, _inputs(entry, context, sizes, x))

    return (_curve(entry.name, lambda x: scene(x).at(value(entry))), _curve("derivative", lambda x: scene(x).at(derived.result))), scene


def _curve(name: str, function: Callable[[float], float]) -> Curve:
    points: list[tuple[float, float | None]] = []
    for number in range(SAMPLES):
        x = LEFT + (RIGHT - LEFT) * number / (SAMPLES - 1)
        try:
            points.append((x, function(x)))
        except (ArithmeticError, ValueError):
            points.append((x, None))
    return Curve(name, tuple(points))


def _met(condition: Condition, drawn: Curve, scene: Callable[[float], Scene]) -> Iterator[tuple[float, float]]:
    """The points of the curve at which the two sides of the condition meet."""
    if isinstance(condition, Compare):
        gap = condition.left - condition.right
        yield from ((x, y) for x, y in drawn.points if y is not None and abs(scene(x).at(gap)) < NEAR)


def _sizes(context: Model) -> dict[Axis, int]:
    """One sample and two classes."""
    axes = {axis for slots in context.tensors.values() for axis in slots}
    return {axis: 1 if context.letters.get(axis, ("",))[0] == "i" else 2 for axis in axes}


def _inputs(entry: CatalogueEntry, context: Model, sizes: dict[Axis, int], x: float) -> dict[Place, float]:
    """The first entry of the first argument is `x`; the others stand where the entry says."""
    facet, found = entry.facet, dict[Place, float]()
    for number, (parameter, symbol) in enumerate(spelling(entry).items()):
        stated = facet.plotted.get(parameter, facet.defaults.get(parameter, "1 0" if entry.function.letter and number else "0")).split()
        slots = context.tensors[symbol]
        for place in range(1, (sizes[slots[-1]] if slots else 1) + 1):
            indices = (1,) * (len(slots) - 1) + (place,) if slots else ()
            chosen = stated[min(place, len(stated)) - 1].split("/")
            found[symbol, indices] = float(chosen[0]) / float(chosen[1] if len(chosen) > 1 else 1)
        if number == 0:
            found[symbol, (1,) * len(slots)] = x
    return found
