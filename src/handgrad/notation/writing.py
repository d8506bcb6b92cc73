"""From trees to text: ASCII that reads back to the very same tree.

Levels of binding, loose to tight: 0 cases, 1 or, 2 and, 3 not, 4 comparison, 5 sum, 6 product, 7 sign, 8 power, 9 operand. A part is put in
parentheses where its level is looser than its place asks for. Where several texts would do, the one is taken that a person would
write (`a - b/2`), as long as the reader builds the same tree from it: `x*y^-1` is never written for `x/y`, but `1*x^-1` is, for a
product that holds the factor 1.
"""

from __future__ import annotations

import re
from typing import Any

from handgrad.axes import Definition, Extent, Model, named
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    Abstract,
    Add,
    And,
    Axis,
    Bound,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    IndexCompare,
    Label,
    Letter,
    Literal,
    Member,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
)
from handgrad.notation.atoms import REDUCTIONS
from handgrad.trees import instantiate, subtrees

CASES, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, OPERAND = range(10)


def write(node: Any, model: Model, scope: frozenset[str] = frozenset()) -> str:
    """The text of a formula, condition or index. `scope` holds names of letters in use around it, which bound letters avoid."""
    return _Writer(model).at(node, CASES, scope | {letter.name for letter in node.letters})


def write_definition(definition: Definition, model: Model) -> str:
    """The statement that defines the name."""
    scope = frozenset(letter.name for letter in definition.letters)
    return f"{write(definition.entry, model)} = {write(definition.body, model, scope)}"


def write_model(model: Model) -> str:
    """All statements of the model, one a line, in the order in which they were made."""
    rows = ["axes " + ", ".join(_extent(e) for e in model.extents.values())] if model.extents else []
    order = dict.fromkeys((*model.order, *model.definitions, *range(len(model.facts))))
    for made in order:
        if isinstance(made, int):
            rows.append(f"assume {write(model.facts[made], model)}")
        elif made in model.definitions:
            rows.append(write_definition(model.definitions[made], model))
    return "\n".join(rows) + "\n"


def _extent(extent: Extent) -> str:
    return f"{extent.letter}: {extent.size} {extent.meaning}".rstrip()


class _Writer:
    """Writes nodes in the names of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def at(self, node: Any, least: int, scope: frozenset[str]) -> str:
        """The text of a node, in parentheses if it binds looser than `least`."""
        text, level = self.text(node, scope)
        return text if level >= least else f"({text})"

    def text(self, node: Any, scope: frozenset[str]) -> tuple[str, int]:
        """The text of a node and how tight it binds."""
        match node:
            case Number(value):
                return str(value), PRODUCT if value.denominator != 1 else SIGN if value < 0 else OPERAND
            case Entry(name, indices):
                return name + self.brackets(indices, scope), OPERAND
            case Size(axis):
                return self.size(axis), OPERAND
            case Delta(left, right):
                return "delta" + self.brackets((left, right), scope), OPERAND
            case Add(terms):
                return self.sum(terms, scope), SUM
            case Mul(factors):
                return self.product(factors, scope), PRODUCT
            case Pow(base, exponent):
                return self.power(base, exponent, scope)
            case Call("pi", ()):
                return "pi", OPERAND
            case Call(name, arguments) | Abstract(name, arguments):
                return f"{name}({self.listed(arguments, scope)})", OPERAND
            case Reduce():
                return self.reduction(node, scope), OPERAND
            case VectorCall():
                return self.vector(node, scope), OPERAND
            case Slice():
                return self.slice(node, scope), OPERAND
            case Derivative(body, by):
                return f"d({self.listed((body, *by), scope)})", OPERAND
            case Cases(branches, otherwise):
                parts = [f"{self.at(v, OR, scope)} if {self.at(c, OR, scope)} else " for v, c in branches]
                return "".join(parts) + self.at(otherwise, OR, scope), CASES
            case Letter() | Bound() | Literal() | Shift():
                return self.index(node, scope), SUM
            case _:
                return self.condition(node, scope)

    def condition(self, node: Any, scope: frozenset[str]) -> tuple[str, int]:
        """The text of a condition or fact."""
        match node:
            case Compare(operator, left, right):
                one, other = self.at(left, SUM, scope), self.at(right, SUM, scope)
                sides = (_like_index(left, one, scope), _like_index(right, other, scope))
                plus = "+" if all(sides) and ("gather" not in sides or ("letter" in sides and operator in ("==", "!="))) else ""
                return f"{plus}{one} {operator} {other}", COMPARISON
            case IndexCompare(operator, left, right):
                return f"{self.index(left, scope)} {operator} {self.index(right, scope)}", COMPARISON
            case And(conditions):
                return " and ".join(self.at(c, NOT, scope) for c in conditions), AND
            case Or(conditions):
                return " or ".join(self.at(c, AND, scope) for c in conditions), OR
            case Not(below):
                return f"not {self.at(below, NOT, scope)}", NOT
            case Member(entry, values):
                return f"{self.at(entry, SUM, scope)} in {{{', '.join(map(str, values))}}}", CASES
            case Label(entry, axis):
                return f"{self.at(entry, SUM, scope)} in 1..{self.size(axis)}", CASES
            case _:
                raise TypeError(f"{node!r} has no text")

    # ------------------------------------------------------------ indices

    def index(self, index: Any, scope: frozenset[str]) -> str:
        """The text of an index."""
        match index:
            case Letter(name, _):
                return name
            case Literal(value):
                return str(value)
            case Shift(terms, constant):
                text = ""
                for factor, atom in terms:
                    size = "" if abs(factor) == 1 else f"{abs(factor)}*"
                    text += ("-" if factor < 0 else "+" if text else "") + size + (self.size(atom.axis) if isinstance(atom, Size) else self.index(atom, scope))
                return text + (f"{constant:+d}" if constant else "")
            case Bound():
                raise TypeError("a bound index has no name outside its binder")
            case _:
                return self.at(index, SUM, scope)

    def brackets(self, indices: tuple[Any, ...], scope: frozenset[str]) -> str:
        """The indices in brackets, or nothing."""
        return f"[{','.join(self.index(i, scope) for i in indices)}]" if indices else ""

    def size(self, axis: Axis) -> str:
        """The size of an axis, through the slot by which it is known."""
        return f"size({axis.tensor}, {axis.slot})"

    # ------------------------------------------------------------ sums, products, powers

    def sum(self, terms: tuple[Any, ...], scope: frozenset[str]) -> str:
        """The terms with their signs."""
        text = self.at(terms[0], PRODUCT, scope)
        for term in terms[1:]:
            match term:
                case Number(value) if value < 0:
                    text += f" - {-value}"
                case Mul((first, *rest)) if first is MINUS_ONE and not (len(rest) == 1 and isinstance(rest[0], Number)):
                    text += " - " + (self.product(tuple(rest), scope) if len(rest) > 1 else self.at(rest[0], PRODUCT, scope))
                case _:
                    text += " + " + self.at(term, PRODUCT, scope)
        return text

    def product(self, factors: tuple[Any, ...], scope: frozenset[str]) -> str:
        """The factors from left to right, as quotients where the reader makes the same tree of it."""
        sign = factors[0] is MINUS_ONE and not isinstance(factors[1], Number)
        first, *rest = factors[1:] if sign else factors
        text = ("-" if sign else "") + (str(first.value) if isinstance(first, Number) else self.inverse(first, scope) or self.at(first, POWER, scope))
        for place, factor in enumerate(rest):
            lone = first if place == 0 and not sign else None
            match factor:
                case Pow(base, exponent) if exponent is MINUS_ONE and _inverts(base):
                    text += "*" + self.raised(base, exponent, scope) if lone is ONE else "/" + self.at(base, POWER, scope)
                case Number(value) if value.numerator == 1 and value.denominator > 1 and not isinstance(lone, Number):
                    text += f"/{value.denominator}"
                case _:
                    text += "*" + self.at(factor, POWER, scope)
        return text

    def power(self, base: Any, exponent: Any, scope: frozenset[str]) -> tuple[str, int]:
        """A power, or `1/x`."""
        inverse = self.inverse(Pow(base, exponent), scope)
        return (inverse, PRODUCT) if inverse else (self.raised(base, exponent, scope), POWER)

    def inverse(self, node: Any, scope: frozenset[str]) -> str:
        """`1/x`, where the node is that."""
        return f"1/{self.at(node.base, POWER, scope)}" if isinstance(node, Pow) and node.exponent is MINUS_ONE and _inverts(node.base) else ""

    def raised(self, base: Any, exponent: Any, scope: frozenset[str]) -> str:
        """The power with its sign of power."""
        whole = isinstance(exponent, Number) and exponent.value.denominator == 1
        return f"{self.at(base, OPERAND, scope)}^{exponent.value if whole else self.at(exponent, OPERAND, scope)}"

    # ------------------------------------------------------------ binders

    def listed(self, nodes: tuple[Any, ...], scope: frozenset[str]) -> str:
        """Arguments."""
        return ", ".join(self.at(n, CASES, scope) for n in nodes)

    def reduction(self, node: Reduce, scope: frozenset[str]) -> str:
        """A reduction; those directly inside it of the same kind share the brackets."""
        kind, bound = node.kind, []
        while True:
            letter, arguments = named(node, self.model, scope)
            bound.append(self.binder(letter, arguments))
            scope = scope | {letter.name}
            inner = arguments[0]
            if kind not in REDUCTIONS or not isinstance(inner, Reduce) or inner.kind != kind:
                return f"{kind}[{','.join(bound)}]({self.listed(arguments, scope)})"
            node = inner

    def binder(self, letter: Letter, below: tuple[Any, ...]) -> str:
        """The bound letter, with its range where it stands alone in no slot."""
        for node in below:
            for part in subtrees(node):
                if (isinstance(part, Entry) and letter in part.indices) or (isinstance(part, VectorCall) and part.at is letter):
                    return letter.name
        if not letter.axis.slot:          # a letter that nothing has typed yet
            return letter.name
        return f"{letter.name} in 1..{self.size(letter.axis)}"

    def vector(self, node: VectorCall, scope: frozenset[str]) -> str:
        """An entry of a vector function: `softmax[k](f)`, or `softmax[m](f at m)[k]`."""
        at = node.at
        if isinstance(at, Letter) and at.axis is node.axis and all(letter.name != at.name for letter in node.body.letters):
            body = instantiate(node.body, at)
            return f"{node.kind}[{self.binder(at, (body,))}]({self.at(body, CASES, scope | {at.name})})"
        letter, (body,) = named(node, self.model, scope)
        inner = self.at(body, CASES, scope | {letter.name})
        return f"{node.kind}[{self.binder(letter, (body,))}]({inner})[{self.index(at, scope)}]"

    def slice(self, node: Any, scope: frozenset[str]) -> str:
        """An entry with whole axes."""
        while isinstance(node, Slice):
            node = node.body
        shown = (":" if isinstance(i, Bound) else self.index(i, scope) for i in node.indices)
        return f"{node.name}[{','.join(shown)}]"


_INDEX_PARTS = re.compile(r"size\([^()]*\)|[A-Za-z_][A-Za-z0-9_']*|[0-9]+|[-+* ]|.")


def _like_index(side: Any, text: str, scope: frozenset[str]) -> str:
    """What the reader would take a side of a comparison for: "letter", "constant" or "gather", or "" for a value."""
    if isinstance(side, Entry) and side.indices:
        return "gather"
    parts = _INDEX_PARTS.findall(text)
    if not all(p in scope or p.isdigit() or p in "-+* " or p.startswith("size(") for p in parts):
        return ""
    return "letter" if any(p in scope for p in parts) else "constant"


def _inverts(base: Any) -> bool:
    """Whether `1/base` is a power; of a number other than zero it is a number."""
    return not isinstance(base, Number) or not base.value
