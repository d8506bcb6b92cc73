"""What all printers agree on: precedence, signs, fractions, roots, the letters of binders, and which names are whole tensors.

The trees know only sums, products and powers; a person sees minus signs, quotients and roots. This module reads the one as the other.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeGuard, Union

from handgrad.axes import Definition, Model, named
from handgrad.document import Chain, Formula, Line
from handgrad.expr import (
    Abstract,
    Add,
    Bound,
    Call,
    Cases,
    Delta,
    Derivative,
    Entry,
    Expr,
    Index,
    Letter,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Slice,
    VectorCall,
    mul,
)
from handgrad.records import dataclass
from handgrad.trees import instantiate, subtrees

# How tightly a formula holds together; a looser one in a tighter place is put in brackets.
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4


AnyExpr = Union[Number, Size, Entry, Delta, Add, Mul, Pow, Call, Reduce, VectorCall, Abstract, Derivative, Cases]


def closed(e: Expr) -> AnyExpr:
    """The expression as one of the closed set, so that the type checker sees which nodes a printer leaves out."""
    return e  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Context:
    """What a formula is printed in: its model, and the names of the letters that its surroundings use."""

    model: Model
    scope: frozenset[str] = frozenset()

    def under(self, letter: Letter) -> Context:
        """The context below a binder with this letter."""
        return replace(self, scope=self.scope | {letter.name})

    def around(self, *formulas: Formula | str | None) -> Context:
        """The context in which the free letters of the formulas are in use."""
        return replace(self, scope=self.scope | letters_of(*formulas))


def opened(node: Reduce | VectorCall | Slice, context: Context) -> tuple[Letter, tuple[Any, ...], Context]:
    """The letter of the binder, what stands under it, and the context there."""
    letter, bodies = named(node, context.model, context.scope)
    return letter, bodies, context.under(letter)


def letters_of(*formulas: Formula | str | None) -> frozenset[str]:
    """The names of the free letters of the formulas."""
    found: frozenset[Letter] = frozenset()
    for formula in formulas:
        if isinstance(formula, Definition):
            found |= formula.body.letters.union(formula.letters)
        elif formula is not None and not isinstance(formula, str):
            found |= formula.letters
    return frozenset(letter.name for letter in found)


def scopes(chain: Chain) -> tuple[frozenset[str], ...]:
    """For each item of a chain the letters in use around its bound indices: those of its line and of the lines that continue it."""
    found: list[frozenset[str]] = []
    start = 0
    for place, item in enumerate((*chain.lines, Line("end"))):
        if isinstance(item, Line) and item.left is not None:
            run = [line for line in chain.lines[start:place] if isinstance(line, Line)]
            found += [letters_of(*(side for line in run for side in (line.left, line.right)))] * (place - start)
            start = place
    return tuple(found)


# ---------------------------------------------------------------- signs, sums, products


def signed(e: Expr) -> tuple[bool, Expr]:
    """Whether the formula begins with a minus sign, and what follows it."""
    if isinstance(e, Number):
        return e.value < 0, Number(abs(e.value))
    if isinstance(e, Mul) and isinstance(e.factors[0], Number) and e.factors[0].value < 0:
        size = -e.factors[0].value
        return True, mul(*e.factors[1:]) if size == 1 else mul(Number(size), *e.factors[1:])
    return False, e


def signed_terms(e: Expr) -> tuple[tuple[bool, Expr], ...]:
    """The terms of a sum, each with whether it is taken away."""
    return tuple(signed(term) for term in e.terms) if isinstance(e, Add) else (signed(e),)


def is_plain_fraction(value: Fraction) -> bool:
    """Whether the number is written as a fraction and not as a decimal."""
    return value.denominator > 1 and (value.denominator in (2, 3, 4, 6) or decimal(value) is None)


def decimal(value: Fraction) -> str | None:
    """The number as a decimal if it ends within 12 digits."""
    scaled = value * 10**12
    if scaled.denominator > 1:
        return None
    whole, rest = divmod(abs(int(scaled)), 10**12)
    digits = f"{rest:012d}".rstrip("0")
    return ("-" if value < 0 else "") + str(whole) + (f".{digits}" if digits else "")


@dataclass(frozen=True, slots=True)
class Quotient:
    """Factors over factors. Without a denominator it is a product; without a numerator it is one over the denominator."""

    numerator: tuple[Expr, ...]
    denominator: tuple[Expr, ...] = ()


def split(e: Expr) -> tuple[Expr | None, Expr | None]:
    """The factor as what stands above and what stands below a fraction bar."""
    match e:
        case Pow(base, Number(value)) if value < 0:
            return None, base if value == -1 else Pow(base, Number(-value))
        case Number(value) if is_plain_fraction(value):
            return None if value.numerator == 1 else Number(Fraction(value.numerator)), Number(Fraction(value.denominator))
        case _:
            return e, None


def quotients(e: Expr) -> tuple[Quotient, ...]:
    """The product, without its sign, as quotients in the order of its factors: `1/2*a*b/c*d` is 1/2, ab/c, d."""
    found: list[Quotient] = []
    for factor in e.factors if isinstance(e, Mul) else (e,):
        above, below = split(factor)
        if above is not None:
            if found and not found[-1].denominator:
                found[-1] = Quotient((*found[-1].numerator, above))
            else:
                found.append(Quotient((above,)))
        if below is not None:
            last = found.pop() if found else Quotient(())
            found.append(Quotient(last.numerator, (*last.denominator, below)))
    return tuple(found)


def root(e: Expr) -> Expr | None:
    """What stands under the root sign if the formula is a square root."""
    match e:
        case Pow(base, Number(value)) if value == Fraction(1, 2):
            return base
        case Call("sqrt", (argument,)):
            return argument
        case _:
            return None


def level(e: Expr) -> int:
    """How tightly the formula holds together as it is printed; products entry by entry stand in brackets beside matrix products."""
    if isinstance(e, Add) or signed(e)[0] or (isinstance(e, Call) and e.function in ("hadamard", "outer")):
        return SUM
    if isinstance(e, (Mul, Derivative)) or split(e)[1] is not None or is_open(e):
        return PRODUCT
    return POWER if isinstance(e, Pow) and root(e) is None else ATOM


def runs(e: Expr) -> bool:
    """Whether the formula is a word that runs over an index with brackets behind it: `mean_k (x_k)`, whose power could be one of its terms."""
    return isinstance(e, Reduce) and e.kind not in ("sum", "prod", "norm")


def is_open(e: Expr) -> bool:
    """Whether the formula takes in what stands to its right: sums and products over an axis, and cases."""
    return (isinstance(e, Reduce) and e.kind in ("sum", "prod")) or isinstance(e, Cases)


def ends_in_cases(e: Expr) -> bool:
    """Whether the last thing of the formula are cases under a brace that nothing closes."""
    match e:
        case Cases():
            return True
        case Mul(factors):
            return ends_in_cases(factors[-1])
        case Reduce("sum" | "prod", _, (body,)):
            return isinstance(body, Expr) and not isinstance(body, Add) and ends_in_cases(body)
        case _:
            return False


def are_numbers(left: Expr, right: Expr) -> bool:
    """Whether two neighbouring factors would run together as digits: `2 3`, `2 3^k`, `1/2 2`."""
    following = right.base if isinstance(right, Pow) else right
    return isinstance(left, Number) and isinstance(following, Number) and following.value >= 0


def meet_as_numbers(left: Quotient, right: Quotient) -> bool:
    """Whether a quotient of numbers stands before a number: `½ · 2 x`."""
    numbers = all(isinstance(factor, Number) for factor in (*left.numerator, *left.denominator))
    return numbers and bool(right.numerator) and are_numbers(Number(Fraction(1)), right.numerator[0])


def are_bracketed(left: Expr, right: Expr) -> bool:
    """Whether both factors are numbers in brackets: `(0.68)(0.32)`."""
    return all(isinstance(e, Entry) and e.name.startswith("(") for e in (left, right))


def is_bare(e: Expr) -> TypeGuard[Call]:
    """Whether the formula is printed as `log x`, without brackets, where nothing follows it."""
    return isinstance(e, Call) and e.function == "log" and isinstance(e.arguments[0], Entry)


def is_exponential(e: Expr, model: Model) -> bool:
    """Whether the formula is printed as e with an exponent: `exp` of what stands well in small print, where the model calls nothing else e."""
    if not (isinstance(e, Call) and e.function == "exp") or "e" in model.tensors or "e" in model.definitions:
        return False
    return not any(isinstance(n, (Reduce, VectorCall, Derivative, Cases, Call, Abstract)) or (isinstance(n, Expr) and split(n)[1] is not None)
                   for n in subtrees(e.arguments[0]))


# ---------------------------------------------------------------- derivatives, slices, whole tensors


def orders(by: tuple[Entry, ...]) -> tuple[tuple[Entry, int], ...]:
    """The entries of a derivative in their order, equal neighbours counted together."""
    found: list[tuple[Entry, int]] = []
    for entry in by:
        if found and found[-1][0] is entry:
            found[-1] = (entry, found[-1][1] + 1)
        else:
            found.append((entry, 1))
    return tuple(found)


def is_short_body(e: Expr) -> bool:
    """Whether a derivative has its body in the numerator: names and calls of abstract functions."""
    return isinstance(e, (Entry, Abstract))


def sliced(node: Slice) -> tuple[Entry, tuple[Index | None, ...]] | None:
    """The entry with None for each slot that is handed over whole; None when the slice is no mere entry."""
    body: Expr | Slice = node
    depth = 0
    while isinstance(body, Slice):
        body, depth = body.body, depth + 1
    if not isinstance(body, Entry):
        return None
    own = [Bound(d) for d in range(depth)]
    kept = tuple(None if index in own else index for index in body.indices)
    if any(body.indices.count(bound) != 1 for bound in own) or any(index is not None and index.loose for index in kept):
        return None
    return body, kept


def is_whole(entry: Entry, model: Model) -> bool:
    """Whether the entry without indices stands for a whole tensor: its name, or the name in small letters, has slots in the model."""
    if entry.indices:
        return False
    slots = model.tensors.get(entry.name, model.tensors.get(entry.name.lower(), ()))
    return bool(slots) or entry.name == "1"


def size_name(size: Size, model: Model) -> str | None:
    """The name that an `axes` line gives the size."""
    extent = model.extents.get(size.axis)
    return extent.size if extent else None


def at_own_letter(node: VectorCall) -> Expr | None:
    """The body at the letter of the entry, where that letter stands nowhere else in it: `softmax[k](a[i,k])`."""
    if isinstance(node.at, Letter) and node.at not in node.body.letters:
        return instantiate(node.body, node.at)  # type: ignore[no-any-return]
    return None
