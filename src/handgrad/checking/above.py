"""What is defined for a layer l, `z^l = W^l a^{l-1} + b^l`, holds for the next layer too; the last one, L, is taken to be the next."""

from __future__ import annotations

from dataclasses import replace

from handgrad.checking.definitions import Stated
from handgrad.checking.layers import LAST, letter_above
from handgrad.checking.naming import LAYER, name_of
from handgrad.reading.surface import Decimal, Scripted, Sum, Surface, Term, rebuilt


def lifted(definitions: dict[str, Stated]) -> dict[str, Stated]:
    """The definitions, those for a layer l also for the next one and those for the next one also for l, where these have none of their own."""
    found = dict(definitions)
    own = {d.name.own for d in definitions.values()}
    for definition in definitions.values():
        at = _layer_of(definition.head)
        if at not in (0, 1):
            continue
        shift = 1 - 2 * at
        head = _shifted(definition.head, shift)
        name = name_of(head)
        if name is not None and name.own not in own:
            made = replace(definition, head=head, name=name, body=_shifted(definition.body, shift))
            found.setdefault(made.key, made)
            own.add(name.own)
    return found


def _layer_of(head: Surface) -> int | None:
    """How far above the layer l a head stands; None of what holds for the last layer alone, and of what has no layer."""
    found = letter_above(head.sup) if isinstance(head, Scripted) else None
    return found[1] if found is not None and LAYER in found[0].accents and found[0].name != LAST else None


def _shifted(tree: Surface, shift: int) -> Surface:
    """A formula for the layer that many steps on."""
    tree = rebuilt(tree, lambda child: _shifted(child, shift))
    found = letter_above(tree.sup) if isinstance(tree, Scripted) else None
    if found is None or LAYER not in found[0].accents or not isinstance(tree, Scripted):
        return tree
    letter, now = found[0], found[1] + shift
    span = letter.span
    number = Term(1 if now > 0 else -1, Decimal(span, str(abs(now))), span)
    return replace(tree, sup=Sum(span, (Term(1, letter, span), number)) if now else letter)
