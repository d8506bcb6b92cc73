"""From a formula to its boxes: here minus signs, quotients and brackets are decided, once for all printers in two dimensions."""

from __future__ import annotations

from fractions import Fraction as Value
from typing import assert_never

from handgrad import expr
from handgrad.axes import Definition
from handgrad.document import Formula
from handgrad.expr import Condition, Expr, Index
from handgrad.rendering import names, shape
from handgrad.rendering.boxes import (
    Applied,
    Below,
    Big,
    Box,
    Brackets,
    Branches,
    Differential,
    Digits,
    Exponential,
    Fraction,
    Joint,
    Letter,
    Name,
    Power,
    Product,
    Root,
    Row,
    Set,
    Shifted,
    Sign,
    Symbol,
    Terms,
    Transposed,
    Words,
)
from handgrad.rendering.shape import ATOM, POWER, PRODUCT, Context


def arranged(formula: Formula, context: Context) -> Box:
    """The boxes of the formula. Its free letters are never taken for a bound index."""
    context = context.around(formula)
    match formula:
        case Definition(name, letters, body):
            return Row((arranged(expr.Entry(name, letters), context), Sign("="), arranged(body, context)))
        case Expr():
            return _expression(formula, context)
        case expr.Letter() | expr.Bound() | expr.Literal() | expr.Shift():
            return _index(formula, context)
        case _:
            return _condition(formula, context)


def _condition(condition: Condition, context: Context) -> Box:
    match condition:
        case expr.Compare(operator, left, right):
            return Row((_expression(left, context), Sign(names.RELATIONS[operator]), _expression(right, context)))
        case expr.IndexCompare(operator, left, right):
            return Row((_index(left, context), Sign(names.RELATIONS[operator]), _index(right, context)))
        case expr.And(conditions) | expr.Or(conditions):
            parts: list[Box] = []
            for c in conditions:
                shown = _condition(c, context)
                parts += [*([Words(" and " if isinstance(condition, expr.And) else " or ")] if parts else []),
                          Brackets(shown) if isinstance(c, (expr.And, expr.Or)) else shown]
            return Row(tuple(parts))
        case expr.Not(inner):
            return Row((Words("not "), Brackets(_condition(inner, context))))
        case expr.Member(entry, values):
            return Row((_expression(entry, context), Sign("∈"), Set(tuple(map(Digits, values)))))
        case expr.Label(entry, axis):
            return Row((_expression(entry, context), Sign("∈"), Set((Digits(Value(1)), None, _expression(expr.Size(axis), context)))))
        case _:
            assert_never(condition)


def _expression(e: Expr, context: Context) -> Box:
    node = shape.closed(e)
    match node:
        case expr.Add():
            return _sum(node, context)
        case expr.Number(value) if not shape.is_plain_fraction(value):
            return Digits(value)
        case expr.Number() | expr.Mul():
            return _product(node, context)
        case expr.Pow():
            return _power(node, context)
        case expr.Entry(name, indices):
            return Name(name, tuple(_index(i, context) for i in indices), shape.is_whole(node, context.model))
        case expr.Size(axis):
            called = shape.size_name(node, context.model)
            return Name(called) if called else Applied(Symbol("size"), (Name(axis.tensor), Digits(Value(axis.slot))))
        case expr.Delta(left, right):
            return Name("delta", (_index(left, context), _index(right, context)))
        case expr.Call(function, arguments):
            return _call(node, function, arguments, context)
        case expr.Abstract(function, handed):
            return Applied(Name(function), tuple(_argument(a, context) for a in handed))
        case expr.Reduce():
            return _reduction(node, context)
        case expr.VectorCall():
            return _vector_call(node, context)
        case expr.Derivative():
            return _derivative(node, context)
        case expr.Cases(branches, otherwise):
            rows = tuple((_expression(value, context), _condition(condition, context)) for value, condition in branches)
            return Branches((*rows, (_expression(otherwise, context), None)))
        case _:
            assert_never(node)


def _within(e: Expr, least: int, context: Context) -> Box:
    """The formula, in brackets if it holds together less tightly than asked."""
    return Brackets(_expression(e, context)) if shape.level(e) < least else _expression(e, context)


# ---------------------------------------------------------------- sums and products


def _sum(e: expr.Add, context: Context) -> Terms:
    """The terms with their signs; sums over an index and cases are put in brackets where something follows them."""
    terms: list[tuple[bool, Box]] = []
    for place, (taken_away, term) in enumerate(shape.signed_terms(e)):
        open_ended = place < len(e.terms) - 1 and (shape.is_open(term) or shape.ends_in_cases(term))
        terms.append((taken_away, Brackets(_expression(term, context)) if open_ended else _within(term, PRODUCT, context)))
    return Terms(tuple(terms))


def _product(e: Expr, context: Context) -> Product:
    """The sign, then the factors and quotients of a product or a number."""
    negative, rest = shape.signed(e)
    parts = shape.quotients(rest)
    found: list[tuple[Joint, Box]] = []
    for place, part in enumerate(parts):
        joint = Joint.NOTHING if not place else Joint.DOT if shape.meet_as_numbers(parts[place - 1], part) else Joint.QUOTIENTS
        factors = [(joint, _quotient(part, context))] if part.denominator else _factors(part.numerator, place == len(parts) - 1, context)
        found += [(joint, factors[0][1]), *factors[1:]]
    return Product(negative, tuple(found))


def _quotient(part: shape.Quotient, context: Context) -> Box:
    return Fraction(_bar(part.numerator, context), _bar(part.denominator, context))


def _bar(factors: tuple[Expr, ...], context: Context) -> Box:
    """The factors above or below a fraction bar, which is a bracket of its own."""
    if len(factors) < 2:
        return _expression(factors[0], context) if factors else Digits(Value(1))
    return Product(False, tuple(_factors(factors, True, context)))


def _factors(factors: tuple[Expr, ...], last: bool, context: Context) -> list[tuple[Joint, Box]]:
    """Factors side by side; `last`: nothing follows that the last of them could take in."""
    found: list[tuple[Joint, Box]] = []
    for place, factor in enumerate(factors):
        followed = place < len(factors) - 1 or not last
        if followed and shape.is_bare(factor):
            shown: Box = _applied(factor, context)
        elif followed and shape.is_open(factor):
            shown = Brackets(_expression(factor, context))
        else:
            shown = _within(factor, PRODUCT, context)
        found.append((_joint(factors[place - 1], factor) if place else Joint.NOTHING, shown))
    return found


def _joint(left: Expr, right: Expr) -> Joint:
    if shape.are_bracketed(left, right):
        return Joint.NOTHING
    return Joint.DOT if shape.are_numbers(left, right) else Joint.FACTORS


def _power(e: expr.Pow, context: Context) -> Box:
    under = shape.root(e)
    if under is not None:
        return Root(_expression(under, context))
    if shape.split(e)[1] is not None:
        return _quotient(shape.quotients(e)[0], context)
    if shape.is_bare(e.base):
        base: Box = _applied(e.base, context)
    elif shape.is_exponential(e.base, context.model) or shape.root(e.base) is not None or shape.runs(e.base):
        base = Brackets(_expression(e.base, context))
    else:
        base = _within(e.base, ATOM, context)
    return Power(base, Digits(e.exponent.value, ratio=True) if isinstance(e.exponent, expr.Number) else _expression(e.exponent, context))


# ---------------------------------------------------------------- indices and arguments


def _index(index: Index, context: Context) -> Box:
    match index:
        case expr.Letter(name, _):
            return Letter(name) if len(name) == 1 else Name(name)
        case expr.Bound(depth):
            return Letter(depth)
        case expr.Literal(value):
            return Digits(Value(value))
        case expr.Shift(terms, constant):
            return Shifted(tuple((factor, _index(atom, context)) for factor, atom in terms), constant)
        case Expr():
            return _expression(index, context)
        case _:
            assert_never(index)


def _argument(argument: Expr | expr.Slice, context: Context) -> Box:
    """What a function is handed: an entry, or one with dots for the slots that are handed over whole, left out where they are the last ones."""
    if isinstance(argument, Expr):
        return _expression(argument, context)
    found = shape.sliced(argument)
    if found is not None:
        entry, kept = found
        while kept and kept[-1] is None:
            kept = kept[:-1]
        return Name(entry.name, tuple(Sign("·") if i is None else _index(i, context) for i in kept), whole=not kept)
    letter, (body,), inner = shape.opened(argument, context)
    return Below(Brackets(_argument(body, inner)), _index(letter, inner))


# ---------------------------------------------------------------- functions and binders


def _call(e: expr.Call, function: str, arguments: tuple[Expr, ...], context: Context) -> Box:
    match function, arguments:
        case "sqrt", (under,):
            return Root(_expression(under, context))
        case "abs", (under,):
            return Brackets(_expression(under, context), "||")
        case "pi", ():
            return Symbol("pi")
        case "exp", (exponent,) if shape.is_exponential(e, context.model):
            return Exponential(_expression(exponent, context))
        case "log", (expr.Entry() as under,):
            return Applied(Symbol("log"), (_expression(under, context),), bare=True)
        case "hadamard" | "outer", _:
            joint = Joint.HADAMARD if function == "hadamard" else Joint.OUTER
            return Product(False, tuple((joint if place else Joint.NOTHING, _within(a, POWER, context)) for place, a in enumerate(arguments)))
        case "transpose", (matrix,):
            return Transposed(_within(matrix, ATOM, context))
        case _:
            return _applied(e, context)


def _applied(e: expr.Call, context: Context) -> Applied:
    return Applied(Symbol(e.function), tuple(_expression(a, context) for a in e.arguments))


def _reduction(e: expr.Reduce, context: Context) -> Box:
    letter, bodies, inner = shape.opened(e, context)
    index = _index(letter, inner)
    if e.kind in ("sum", "prod"):
        return Big(e.kind, index, _within(bodies[0], PRODUCT, inner))
    arguments = tuple(_expression(body, inner) for body in bodies)
    if e.kind == "norm":
        return Below(Brackets(arguments[0], "‖‖"), index)
    return Applied(Symbol(e.kind, index, wide=True), arguments)


def _vector_call(e: expr.VectorCall, context: Context) -> Box:
    body = shape.at_own_letter(e)
    at = _index(e.at, context)
    if body is not None:
        return Applied(Symbol(e.kind, at), (_expression(body, context),))
    letter, (body,), inner = shape.opened(e, context)
    return Below(Applied(Symbol(e.kind, _index(letter, inner)), (_expression(body, inner),)), at)


def _derivative(e: expr.Derivative, context: Context) -> Box:
    by = tuple((_expression(entry, context), times) for entry, times in shape.orders(e.by))
    body = _expression(e.body, context)
    if shape.is_short_body(e.body):
        return Differential(len(e.by), body, by)
    return Product(False, ((Joint.NOTHING, Differential(len(e.by), None, by)), (Joint.NOTHING, Brackets(body))))
