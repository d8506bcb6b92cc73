"""Sums in the ring of normal forms.

What does not hang on the index stands before the sum, a Kronecker delta picks its term, and the rest is an atom whose index has a name that only
tells how deep it stands.
"""

from __future__ import annotations

from flint import fmpq

from handgrad.expr import Delta, Index, Letter, Literal, Size
from handgrad.trees import renamed
from handgrad.verification.algebra import Atom, Beyond, Poly, Ratio, Ring

RESERVED = "\u03a3"                     # begins the name of the index of a sum, which no model can write


def summed(ring: Ring, letter: Letter, body: Ratio) -> Ratio:
    """The sum over a letter."""
    top, bottom = ring.reduced(body)
    outside, inside = _parted(ring, bottom, letter)
    total: Ratio = (ring.zero, ring.one)
    for monomial, coefficient in top.to_dict().items():
        before, within = ring.one * coefficient, ring.one
        for number, k in enumerate(monomial):
            if k:
                power = ring.generators[number] ** int(k)
                if letter in ring.atoms[number].letters:
                    within = within * power
                else:
                    before = before * power
        one = _one_term(ring, letter, (within, inside))
        total = ring.added(total, ring.multiplied((before, ring.one), one))
    return ring.multiplied(total, (ring.one, outside))


def _parted(ring: Ring, p: Poly, letter: Letter) -> tuple[Poly, Poly]:
    """The factors that do not hang on the letter, and those that do."""
    outside, inside = ring.one, ring.one
    if p == ring.one:
        return outside, inside
    content, below = ring.factors(p)
    for factor, k in below:
        if any(letter in ring.atoms[n].letters for n in ring.used(factor)):
            inside = inside * factor**k
        else:
            outside = outside * factor**k
    return outside * content, inside


def _one_term(ring: Ring, letter: Letter, body: Ratio) -> Ratio:
    top, bottom = body
    if top == ring.one and bottom == ring.one:
        return ring.quantity(Size(letter.axis), positive=True)
    for number in ring.used(top):
        atom = ring.atoms[number]
        if atom.kind == "quantity" and isinstance(atom.data, Delta) and letter in atom.letters:
            at = _other(atom.data, letter)
            rest = top / ring.generators[number] ** ring.used_degree(top, number)
            return moved(ring, (rest, bottom), letter, at)
    level = max((ring.atoms[n].nested for part in body for n in ring.used(part)), default=0)
    named = Letter(f"{RESERVED}{level}", letter.axis)
    renamed_body = ring.reduced(moved(ring, body, letter, named))
    return ring.sum_atom(letter.axis, named, renamed_body)


def _other(delta: Delta, letter: Letter) -> Index:
    """What the letter equals where the delta is 1."""
    for one, other in ((delta.left, delta.right), (delta.right, delta.left)):
        if one is letter and (isinstance(other, Literal) or (isinstance(other, Letter) and other.axis is letter.axis)):
            return other
    raise Beyond


def moved(ring: Ring, a: Ratio, letter: Letter, index: Index) -> Ratio:
    """The ratio with an index in place of a letter."""
    top, bottom = (_moved(ring, p, letter, index) for p in a)
    return ring.multiplied(top, ring.inverse(bottom))


def _moved(ring: Ring, p: Poly, letter: Letter, index: Index) -> Ratio:
    if not any(letter in ring.atoms[n].letters for n in ring.used(p)):
        return p, ring.one
    total: Ratio = (ring.zero, ring.one)
    for monomial, coefficient in p.to_dict().items():
        term: Ratio = (ring.one * coefficient, ring.one)
        for number, k in enumerate(monomial):
            if k:
                term = ring.multiplied(term, ring.whole_power(_moved_atom(ring, number, letter, index), int(k)))
        total = ring.added(total, term)
    return total


def _moved_atom(ring: Ring, number: int, letter: Letter, index: Index) -> Ratio:
    atom: Atom = ring.atoms[number]
    if letter not in atom.letters:
        return ring.generators[number], ring.one
    match atom.kind:
        case "quantity":
            return ring.quantity(renamed(atom.data, {letter: index}), atom.positive)
        case "power":
            top, bottom = moved(ring, atom.data, letter, index)
            return ring.exponential((top * fmpq(1, atom.unit), bottom))
        case "log":
            return ring.logarithm(_moved(ring, atom.data, letter, index))
        case "function":
            name, *flat = atom.data
            return ring.function(name, tuple(moved(ring, (flat[n], flat[n + 1]), letter, index) for n in range(0, len(flat), 2)))
        case _:
            axis, own, top, bottom = atom.data
            return ring.sum_atom(axis, own, ring.reduced(moved(ring, (top, bottom), letter, index)))
