"""S112, a transpose too many or too few, or factors in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, edit, farther
from handgrad.checking.parts import all_names, is_call
from handgrad.checking.places import Place, is_transposed, values
from handgrad.reading.surface import Array, Derivative, Factor, Group, Nabla, Product, Scripted, Surface, Symbol

WORDS = frozenset("Delta Sigma Theta Lambda Gamma Omega Phi Psi delta".split())      # Greek names that layers and matrices have


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        if isinstance(place.node, Product):
            yield from _swapped(place)
            yield from _reversed(place)
        if isinstance(place.node, Array) and (len(place.node.rows) > 1 or len(place.node.rows[0]) > 1):
            turned = replace(place.node, rows=tuple(zip(*place.node.rows, strict=True))) if len({len(r) for r in place.node.rows}) == 1 else None
            if turned is not None:
                yield Edit("transposed", place, turned, place.node.span, 0.2, "the matrix is transposed")
        if _is_matrix(place.node) and not is_transposed(place.above.node if place.above else place.node) or is_transposed(place.node):
            yield _turned(place)
    yield from _indices(tree)


def _is_matrix(node: Surface) -> bool:
    """Whether a name may be that of a vector or matrix: a capital, bold, a Greek one, or a gradient."""
    head = node.base if isinstance(node, Scripted) and node.sup is None else node
    if isinstance(head, Nabla):
        return True
    return isinstance(head, Symbol) and (head.bold or head.name[:1].isupper() or head.name in WORDS or len(head.name) == 1)


def _turned(place: Place) -> Edit:
    node = place.node
    if is_transposed(node) and isinstance(node, Scripted):
        made: Surface = replace(node, sup=None) if node.sub or node.primes else node.base
        return edit("transposed", place, made, 0.1, (made, " belongs there, not its transpose"))
    made = _transpose(node)
    return edit("transposed", place, made, (0.1 if _is_large(node) else 0.6), (node, " must be transposed"))


def _is_large(node: Surface) -> bool:
    head = node.base if isinstance(node, Scripted) else node
    return isinstance(head, Symbol) and (head.bold or head.name[:1].isupper())


def _transpose(node: Surface) -> Surface:
    above = Symbol(node.span, "T")
    if isinstance(node, Scripted) and node.sup is None:
        return replace(node, sup=above)
    return Scripted(node.span, node if isinstance(node, (Symbol, Group)) else Group(node.span, "(", (node,)), (), above)


def _swapped(place: Place) -> Iterator[Edit]:
    """Two neighbours of a matrix product the other way round, with and without the transposes that this takes."""
    node = place.node
    assert isinstance(node, Product)
    for n in range(len(node.factors) - 1):
        first, second = node.factors[n], node.factors[n + 1]
        if is_call(first.node, second) or "hadamard" in (second.operator,) or not (_is_factor(first.node) and _is_factor(second.node)):
            continue
        span = (first.node.span[0], second.node.span[1])
        turned = (Factor(first.operator, second.node), Factor(second.operator, first.node))
        made = replace(node, factors=(*node.factors[:n], *turned, *node.factors[n + 2:]))
        yield edit("transposed", place, made, 0.5, (second.node, " must stand in front of ", first.node), span)
        yield edit("transposed", place, replace(made, factors=_twice(made, n)), 0.6,
                   ("the product of ", first.node, " and ", second.node, " is transposed"), span)


def _reversed(place: Place) -> Iterator[Edit]:
    """Both factors of a product transposed or not, in their order: `δ xᵀ` for `δᵀ x`."""
    node = place.node
    assert isinstance(node, Product)
    for n in range(len(node.factors) - 1):
        pair = node.factors[n:n + 2]
        if any(is_transposed(f.node) for f in pair) and all(_is_factor(f.node) for f in pair):
            made = replace(node, factors=(*node.factors[:n], *_twice(replace(node, factors=pair), 0), *node.factors[n + 2:]))
            yield Edit("transposed", place, made, (pair[0].node.span[0], pair[1].node.span[1]), 0.4 + farther(place),
                       ("the transpose belongs to ", pair[0].node if is_transposed(pair[1].node) else pair[1].node))


def _is_factor(node: Surface) -> bool:
    return _is_matrix(node) or is_transposed(node) or isinstance(node, (Derivative, Nabla))


def _twice(node: Product, n: int) -> tuple[Factor, ...]:
    changed = tuple(Factor(f.operator, _opposite(f.node)) for f in node.factors[n:n + 2])
    return (*node.factors[:n], *changed, *node.factors[n + 2:])


def _opposite(node: Surface) -> Surface:
    if is_transposed(node) and isinstance(node, Scripted):
        return replace(node, sup=None) if node.sub or node.primes else node.base
    return _transpose(node)


def _indices(tree: Surface) -> Iterator[Edit]:
    """The two indices of an entry the other way round."""
    for place in all_names(tree):
        node = place.node
        if isinstance(node, Scripted) and len(node.sub) == 2 and node.sub[0] != node.sub[1]:
            made = replace(node, sub=(node.sub[1], node.sub[0]))
            yield edit("transposed", place, made, 0.2, ("the indices of ", node, " stand the wrong way round"))


SLIP = Slip(
    code="S112", kind="transposed", title="transposed, or in the wrong order", frequency=4,
    looks="W stands where Wᵀ belongs, xδᵀ where δxᵀ does, wᵢⱼ where wⱼᵢ does, or the factors of a matrix product are in the wrong order.",
    why="Going backwards through z = Wx multiplies by Wᵀ: ∂J/∂xᵢ = Σⱼ wⱼᵢ ∂J/∂zⱼ; the shapes of the factors have to fit.",
    fine="A page that keeps gradients as rows has everything transposed, and means the same.",
    wrong=r"\frac{\partial J}{\partial x_i} = \sum_{j} w_{ij} \frac{\partial J}{\partial z_j}",
    right=r"\frac{\partial J}{\partial x_i} = \sum_{j} w_{ji} \frac{\partial J}{\partial z_j}",
    hint="look at the shapes of the factors", edits=_edits, commits=_edits)
