"""The page of a derivation in neutral blocks, at three levels of detail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handgrad.axes import Definition, Model
from handgrad.derivation.steps import FORMS, ROUTINE, Step
from handgrad.document import Block, Chain, Document, Inline, Inset, Line, Paragraph
from handgrad.expr import Derivative, Entry, Expr, Node
from handgrad.rules import textbook
from handgrad.trees import replaced

if TYPE_CHECKING:
    from handgrad.derivation.derivation import Derivation, Gradients


def page(derivation: Derivation, detail: str) -> Document:
    """The page of one derivation."""
    by: Inline = tuple(part for n, x in enumerate(derivation.wrt) for part in ((", ", x) if n else (x,)))
    title: Inline = (Entry(derivation.of.name, ()), ", differentiated by ", *(Entry(p.name, ()) if isinstance(p, Entry) else p for p in by))
    hidden = (*derivation.where, *derivation.auxiliary)
    blocks = [*_givens(derivation.model, derivation.where, hidden), *_chain(derivation, detail), *_remarks(derivation, detail)]
    return Document(title, tuple(blocks), derivation.model)


def page_of_several(gradients: Gradients, detail: str) -> Document:
    """The page of several gradients that share their lemmas."""
    first = gradients.first
    names: Inline = tuple(part for n, d in enumerate(gradients.values()) for part in ((", ", Entry(d.wrt[0].name, ())) if n else (Entry(d.wrt[0].name, ()),)))
    title: Inline = (Entry(first.of.name, ()), ", differentiated by ", *names)
    blocks: list[Block] = [*_givens(first.model, first.where, first.where)]
    for d in gradients.values():
        blocks += _chain(d, detail)
    if gradients.cotangent is not None:
        blocks.append(Paragraph(("keep from the forward pass: ", *_kept(gradients))))
    return Document(title, (*blocks, *_remarks(first, detail, tuple(gradients.values()))), first.model)


def _kept(gradients: Gradients) -> Inline:
    found: list[str | Expr] = []
    for kept in gradients.keep:
        found += [", " if found else "", kept.shown, f" ({kept.size})"]
    return tuple(found) or ("nothing",)


# ---------------------------------------------------------------- givens


def _givens(model: Model, where: tuple[Definition, ...], hidden: tuple[Definition, ...]) -> tuple[Block, ...]:
    """The axes, the definitions and the facts, set in."""
    new = {d.name for d in hidden}
    lines: list[Line | Inset] = [Line(d.entry, d.body) for d in model.definitions.values() if d.name not in new]
    blocks: list[Block] = [Paragraph((text,)) for text in [_axes(model)] if text]
    if lines:
        blocks.append(Chain(tuple(lines)))
    if where:
        blocks.append(Chain(tuple(Line(d.entry, d.body, lead=("with",)) for d in where)))
    if model.facts:
        blocks.append(Chain(tuple(Line(fact, lead=("given",), label=f"(F{n})") for n, fact in enumerate(model.facts, 1))))
    return (Inset(tuple(blocks)),) if blocks else ()


def _axes(model: Model) -> str:
    said = [f"{', '.join(sorted({e.letter, *model.letters.get(axis, ())}))}: {e.size} {e.meaning}".strip() for axis, e in model.extents.items()]
    return "    ".join(said)


# ---------------------------------------------------------------- the chain


def _chain(derivation: Derivation, detail: str) -> tuple[Block, ...]:
    """The lines from what was asked to the boxed result, lemmas set in between."""
    result = Line(derivation.derivative, derivation.result, boxed=derivation.certificate.verdict == "agrees")
    steps = [s for s in derivation.steps if s.certificate is not None and s.certificate.verdict == "agrees"]
    chains: list[list[Line | Inset]] = [[]]
    if detail != "brief":
        chains = [_lines([s for s in part if not s.label], part, detail) for part in _orders(steps, derivation)] or [[]]
    last = chains[-1][-1] if chains[-1] else None
    if isinstance(last, Line) and last.right is derivation.result:
        chains[-1][-1] = replace(last, left=derivation.derivative, boxed=derivation.certificate.verdict == "agrees")
    else:
        chains[-1].append(result)
    for lines, named in zip(chains[1:], derivation.auxiliary, strict=False):
        sides = [side for line in lines if isinstance(line, Line) for side in (line.left, line.right) if isinstance(side, Node)]
        if any(named.name in side.tensors for side in sides):
            lines.insert(0, Line(named.entry, named.body, lead=("with",)))
    form = derivation.matrix
    matrix = () if form is None else (Chain((Line(form.left, form.right, lead=("matrix form",), reason=(form.shapes.replace(" x ", " × "),)),)),)
    return *(Chain(tuple(lines)) for lines in chains), *matrix


def _orders(steps: Sequence[Step], derivation: Derivation) -> list[list[Step]]:
    """The steps of each order: a line that does not go on from the one before begins the next.

    Where the lower derivative needs no name of its own, the left side of the next order is written as the higher derivative that it is.
    """
    found: list[list[Step]] = []
    reached = None
    for step in steps:
        if not step.label:
            if reached is None or step.before is not reached:
                found.append([])
            reached = step.after
        if found:
            found[-1].append(step)
    plain = [part if any(s.label for s in part) else [_raised(s, derivation) for s in part] for part in found[1:]]
    return [*found[:1], *plain]


def _raised(step: Step, derivation: Derivation) -> Step:
    """The step with the derivative of a lower derivative as a higher one."""
    orders = {d.name: n for n, d in enumerate(derivation.auxiliary, 1)}

    def change(node: object) -> object:
        if isinstance(node, Derivative) and isinstance(node.body, Entry) and node.body.name in orders:
            return Derivative(derivation.of, (*derivation.wrt[: orders[node.body.name]], *node.by))
        return None

    return replace(step, before=replaced(step.before, change), after=replaced(step.after, change))


def _lines(part: Sequence[Step], steps: Sequence[Step], detail: str) -> list[Line | Inset]:
    lemmas = [s for s in steps if s.label]
    lines: list[Line | Inset] = []
    main = condensed(part) if detail == "normal" else part
    for n, step in enumerate(main):
        lines.append(_line(step, detail, first=n == 0))
        if n == 0 and lemmas:
            lines.append(Inset(tuple(_lemma(lemma, detail) for lemma in lemmas)))
    return lines


def _lemma(lemma: Step, detail: str) -> Chain:
    """A lemma with the lines that prove it; its number stands at the last."""
    below = [s for s in lemma.substeps if s.certificate is not None and s.certificate.verdict == "agrees"] or [lemma]
    shown = below if detail == "full" or any(s.condition for s in below) else condensed(below)
    lines, left = [], None
    for step in shown:
        line = _line(step, detail, first=step.before is not left)
        if step.condition is not None and line.left is not None:
            line = replace(line, lead=(step.condition,))
        if step.reason == "both cases":
            line = replace(line, lead=("both",), reason=())
        lines.append(line)
        left = step.after
    lines[-1] = replace(lines[-1], label=lemma.label)
    return Chain(tuple(lines))


def _line(step: Step, detail: str, first: bool) -> Line:
    reason = step.reason
    if detail == "full" and step.certificate is not None:
        reason += f"; {step.certificate.points} points, {step.certificate.bits} bits"
    return Line(step.before if first else None, step.after, reason=(reason,))


def condensed(steps: Sequence[Step]) -> list[Step]:
    """The lines of a derivative carried out rule by rule, without those that every reader does in the head."""
    kept: list[Step] = []
    pending: list[Step] = []
    for step in steps:
        if _is_routine(step, kept):
            pending.append(step)
            continue
        start = pending[0].before if pending else step.before
        reason = step.reason
        if pending and step.rule in FORMS and step.reason == "gathered":
            reason = _said(pending) or step.reason
        kept.append(replace(step, before=start, reason=reason))
        pending = []
    if pending:
        kept.append(replace(pending[-1], before=pending[0].before, reason=_said(pending) or pending[-1].reason))
    return kept


def _is_routine(step: Step, kept: Sequence[Step]) -> bool:
    """Whether the line only carries on with derivatives, the first rule that matters being shown already."""
    if step.rule in (textbook.chain_rule, textbook.substituted, textbook.sum_kronecker, textbook.constant_leaves) or step.rule in FORMS:
        return False
    return step.rule in (*ROUTINE, textbook.variable) or any(s.rule not in FORMS for s in kept)


def _said(steps: Iterable[Step]) -> str:
    """The rules of the steps that are worth saying: those that matter, else the routine ones, never that a variable is one."""
    titles = [title for s in steps for title in s.reason.split(", ")]
    plain = {r.title for r in (textbook.definition, textbook.constant, textbook.variable, textbook.entry_of_input)}
    routine = plain | {r.title for r in ROUTINE}
    return ", ".join(dict.fromkeys([t for t in titles if t not in routine] or [t for t in titles if t not in plain]))


# ---------------------------------------------------------------- what is said at the end


def _remarks(derivation: Derivation, detail: str, beside: tuple[Derivation, ...] = ()) -> tuple[Block, ...]:
    """Kinks, certificates (those of the gradients beside it too), facts and notes."""
    blocks: list[Block] = [Paragraph((*_kinks(derivation), " ", *_certified(beside or (derivation,), detail)))]
    without = _without_facts(derivation)
    if without:
        blocks.append(Paragraph(without))
    for offer in derivation.facts_offered:
        blocks.append(Paragraph(("With ", offer.fact, ": ", derivation.derivative, " = ", offer.result, ".")))
    blocks += [Paragraph(_sentence(note)) for note in derivation.notes]
    return tuple(blocks)


def _kinks(derivation: Derivation) -> Inline:
    if not derivation.kinks:
        return ("No kinks.",)
    said: list[object] = []
    for kink in derivation.kinks:
        said.append(" At " if said else "At ")
        if kink.subdifferential is None or kink.taken is None:
            said += [kink.at, " the value jumps: no derivative there."]
        else:
            said += [kink.at, " the subgradients run from ", kink.subdifferential[0], " to ", kink.subdifferential[1], "; ", kink.taken, " is taken."]
    return tuple(said)  # type: ignore[arg-type]


def _certified(derivations: tuple[Derivation, ...], detail: str) -> Inline:
    """What the certificates say: of a result that is not certified why, of steps that are not that they are left out."""
    for d in derivations:
        if d.certificate.verdict != "agrees":
            which: Inline = (d.derivative,) if len(derivations) > 1 else ("The result",)
            return (*which, f" is not certified: {d.certificate.because or d.certificate.verdict}.")
    left_out = sum(s.certificate is None or s.certificate.verdict != "agrees" for d in derivations for s in d.steps)
    if left_out:
        result = "The result is" if len(derivations) == 1 else "The results are"
        said = "1 step is left out, since it could" if left_out == 1 else f"{left_out} steps are left out, since they could"
        return (f"{result} certified; {said} not be certified.",)
    derivation, found = derivations[0], derivations[0].certificate
    if derivation.network.plain:
        return ("Every step certified. No shorter form could be certified, so the result stands as it was differentiated.",)
    if detail == "full":
        return (f"Every step certified; the result at {found.points} points, to {found.bits} bits.",)
    return ("Every step certified; `--steps full` shows how.",)


def _sentence(note: Inline) -> Inline:
    """The note with a capital and a full stop."""
    first, *rest = note
    if isinstance(first, str) and first.startswith("for "):
        first = "For" + first[3:]
    whole: Inline = (first, *rest)
    return whole if isinstance(whole[-1], str) and whole[-1].endswith(".") else (*whole, ".")


def _without_facts(derivation: Derivation) -> Inline:
    for step in (_orders(derivation.steps, derivation) or [[]])[-1]:
        if step.facts and not step.label:
            return (f"Without {', '.join(step.facts)}: ", derivation.derivative, " = ", step.before, ".")
    return ()
