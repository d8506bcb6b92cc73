"""Matrix products among the parts of a program: found, with their factors as parts of their own, so that they can be computed as such.

    r[n,j] = sum[i](W[i,j]*x[n,i])                                  rows n, columns j, terms i
    d_W[i,j] = sum[n](x[n,i]*(dh[n,j] if z[n,j] > 0 else 0))        the second factor becomes a part

A part is one where its terms are a product of what hangs on its first letter and on the index of the sum, and of what hangs on its second letter and that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from handgrad.axes import Definition
from handgrad.derivation.network import unused
from handgrad.expr import ONE, ZERO, Axis, Cases, Entry, Expr, Letter, Mul, Reduce, mul
from handgrad.kernels.nans import is_nan
from handgrad.kernels.program import Program
from handgrad.records import dataclass
from handgrad.trees import bind, opened


@dataclass(frozen=True, slots=True)
class Product:
    """The part `name[row,column]` as the sum over `term` of `left` and `right`, each an entry with two of the letters."""

    name: str
    row: Letter
    column: Letter
    term: Letter
    left: Entry
    right: Entry


def with_products(program: Program, batch: Axis | None) -> tuple[Program, Mapping[str, Product]]:
    """The program with the factors of its matrix products as parts, and the products by the names of their parts."""
    taken = {*program.model.tensors, *(p.name for p in program.parts), *(i.name for i in program.inputs)}
    parts: list[Definition] = []
    found: dict[str, Product] = {}
    known: dict[Expr, Entry] = {}
    for part in program.parts:
        product = _found(part)
        if product is not None:
            letters, (left, right) = product
            row, column, term = letters
            factors: list[Entry] = []
            for factor, own in ((left, (row, term)), (right, (column, term))):
                if not _is_plain(factor, own, program):
                    if factor not in known:
                        further = Definition(unused("f1", taken), _samples_first(own, batch), factor)
                        taken.add(further.name)
                        parts.append(further)
                        known[factor] = further.entry
                    factor = known[factor]
                assert isinstance(factor, Entry)
                factors.append(factor)
            found[part.name] = Product(part.name, row, column, term, *factors)
            part = replace(part, body=Reduce("sum", term.axis, (bind(mul(*factors), term),)))
        parts.append(part)
    return replace(program, parts=tuple(parts)), found


def _samples_first(letters: tuple[Letter, Letter], batch: Axis | None) -> tuple[Letter, ...]:
    """The letters of a factor, that of the samples in front."""
    return tuple(sorted(letters, key=lambda letter: letter.axis is not batch))


def _is_plain(factor: Expr, letters: tuple[Letter, Letter], program: Program) -> bool:
    """Whether the factor is an entry of an array at the two letters."""
    if not isinstance(factor, Entry) or len(factor.indices) != 2 or set(factor.indices) != set(letters):
        return False
    return all(i.label is None for i in program.inputs if i.name == factor.name) and factor.name not in program.labels


def _found(part: Definition) -> tuple[tuple[Letter, Letter, Letter], tuple[Expr, Expr]] | None:
    """The letters of row, column and term, and the two factors, where the part is a product."""
    if not isinstance(part.body, Reduce) or part.body.kind != "sum" or len(part.letters) != 2:
        return None
    term, (body,) = opened(part.body)
    row, column = part.letters
    left: list[Expr] = []
    right: list[Expr] = []
    for factor in _factors(body):
        if row in factor.letters and column in factor.letters:
            return None
        (right if column in factor.letters else left).append(factor)
    first, second = mul(*left), mul(*right)
    if first.letters >= {row, term} and second.letters >= {column, term} and first.letters <= {row, term} and second.letters <= {column, term}:
        return (row, column, term), (first, second)
    return None


def _factors(e: Any) -> Iterator[Expr]:
    """The factors of a term; of one that is there under a condition and else 0, its own and the condition. A nan that is shown makes the condition one."""
    if isinstance(e, Mul):
        for factor in e.factors:
            yield from _factors(factor)
    elif isinstance(e, Cases) and e.otherwise is ZERO and all(is_nan(*branch) for branch in e.branches[:-1]):
        value, condition = e.branches[-1]
        outside, inside = _split(_factors(value), condition.letters)
        yield from outside
        yield Cases((*e.branches[:-1], (mul(*inside) if inside else ONE, condition)), ZERO)
    else:
        yield e


def _split(factors: Iterable[Expr], letters: frozenset[Letter]) -> tuple[list[Expr], list[Expr]]:
    """The factors with a letter that is not among those, and the others."""
    outside: list[Expr] = []
    inside: list[Expr] = []
    for factor in factors:
        (inside if factor.letters <= letters else outside).append(factor)
    return outside, inside
