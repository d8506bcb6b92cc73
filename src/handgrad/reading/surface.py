"""What stands in a formula of a page, before anybody says what its names mean.

The reader turns text into these nodes; every node knows its span, the offsets of its first character and of the one after its last in the
source of the page. Nothing is decided here that needs to know a name: `a(b)` is a product whose second factor stands in parentheses, and
whoever knows that `a` is a function reads it as a call. Numbers keep the digits as they are shown.

    statement = statements("h_1 = \\sigma(0.7384) = 0.6767")[0]
    [spelled(side.tree) for side in statement.sides]        # ['h_1', '\\sigma(0.7384)', '0.6767']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, TypeVar, Union, get_args

from handgrad.records import dataclass

Span = tuple[int, int]
S = TypeVar("S")


# ---------------------------------------------------------------- atoms


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number as it is shown, without a sign: `0.570`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name: one letter, a Greek letter by its LaTeX name without backslash (`sigma`), or a word (`net`, `target`, `ReLU`).

    Accents go from the inner to the outer one: `hat bar vec tilde dot`. Fonts are dropped; `bold` remembers that one said vector or matrix.
    """

    span: Span
    name: str
    accents: tuple[str, ...] = ()
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Dots:
    """An ellipsis: what stands before it goes on."""

    span: Span


@dataclass(frozen=True, slots=True)
class Unread:
    """A stretch that could not be read, and why."""

    span: Span
    text: str
    why: str


# ---------------------------------------------------------------- compounds


@dataclass(frozen=True, slots=True)
class Scripted:
    """A base with its scripts. Subscripts stand one by one (`a_{ij}` and `a_{i,j}` have two), superscripts as one formula; primes are counted.

    Powers, transposes and labels are all superscripts here: `x^{2}`, `W^{T}`, `x^{(i)}` (a `Group`), `y^{o}`.
    """

    span: Span
    base: Surface
    sub: tuple[Surface, ...] = ()
    sup: Surface | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a sum with its sign, 1 or -1."""

    sign: int
    node: Surface
    span: Span


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms that are added; one negative term is a sum of one."""

    span: Span
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor and the operator in front of it: `""` (implied, or the first), `*` (also dot and cross), `/`, `hadamard`, `outer`."""

    operator: str
    node: Surface


@dataclass(frozen=True, slots=True)
class Product:
    """Two or more factors from left to right."""

    span: Span
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """A fraction with a bar."""

    span: Span
    numerator: Surface
    denominator: Surface


@dataclass(frozen=True, slots=True)
class Group:
    """Something in brackets `(`, `[` or `{`; what commas separate stands one by one."""

    span: Span
    bracket: str
    items: tuple[Surface, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """`|x|` (kind `abs`) or `‖x‖` (kind `norm`)."""

    span: Span
    kind: str
    body: Surface


@dataclass(frozen=True, slots=True)
class Root:
    """A root; without a degree the square root."""

    span: Span
    body: Surface
    degree: Surface | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """A named operator (`log exp tanh max ReLU softmax …`, a `Symbol`, possibly `Scripted`) and its arguments, in parentheses or not."""

    span: Span
    function: Surface
    arguments: tuple[Surface, ...]


@dataclass(frozen=True, slots=True)
class Big:
    """A sum or product sign (kind `sum prod max min mean`) over letters, with its bounds or condition as far as they are shown, and its body."""

    span: Span
    kind: str
    letters: tuple[Symbol, ...]
    lower: Surface | None
    upper: Surface | None
    condition: Surface | None
    body: Surface


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative, partial or total, of `body` by one thing after the other: `∂E/∂w`, `d/dx (…)`, `∂²f/∂x∂y`."""

    span: Span
    body: Surface
    by: tuple[Surface, ...]
    partial: bool = True


@dataclass(frozen=True, slots=True)
class Nabla:
    """`∇_W J`, or with `by` None `∇W₁`, the gradient by the thing named."""

    span: Span
    body: Surface
    by: Surface | None = None


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Values with the condition under which each holds; None is `else`."""

    span: Span
    rows: tuple[tuple[Surface, Surface | None], ...]


@dataclass(frozen=True, slots=True)
class Array:
    """A matrix or a column: rows of cells."""

    span: Span
    rows: tuple[tuple[Surface, ...], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A condition: a comparison `< <= > >= == != in`, or `and` and `or` of two."""

    span: Span
    operator: str
    left: Surface
    right: Surface


@dataclass(frozen=True, slots=True)
class Braced:
    """Something with a note below or above it: `\\underbrace{…}_{…}`."""

    span: Span
    body: Surface
    note: Surface | None


Surface = Union[
    Decimal, Symbol, Dots, Unread, Scripted, Sum, Product, Fraction, Group, Bars, Root, Applied, Big, Derivative, Nabla, Piecewise, Array, Compared, Braced,
]


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a chain `a = b = c`, with the relation in front of it (`""` at the head, `=`, `≈`, `->`, `<=` …)."""

    relation: str
    tree: Surface
    span: Span
    boxed: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """A chain of sides. The head of one that continues the statement above it has a relation.

    `conditions` stand behind it (`for i ≠ j`), `words` are the texts in it (`by chain rule`), `tag` is its label (`①`, `(2)`).
    """

    span: Span
    sides: tuple[Side, ...]
    conditions: tuple[Surface, ...] = ()
    words: tuple[str, ...] = ()
    tag: str = ""

    @property
    def continues(self) -> bool:
        """Whether it goes on with the chain above it."""
        return bool(self.sides and self.sides[0].relation)


# ---------------------------------------------------------------- walking

# of every kind of node the fields that hold nodes
HOLDING: dict[type, tuple[str, ...]] = {
    kind: tuple(f.name for f in fields(kind) if "Surface" in str(f.type) or "Term" in str(f.type) or "Factor" in str(f.type) or "Symbol" in str(f.type))
    for kind in get_args(Surface)
}

FIELDS: dict[type, tuple[str, ...]] = {kind: tuple(f.name for f in fields(kind)) for kind in get_args(Surface)}


def children(node: Surface) -> Iterator[Surface]:
    """What stands directly below a node."""
    for name in HOLDING[type(node)]:
        value = getattr(node, name)
        if value.__class__ is tuple:
            yield from _listed(value)
        elif value is not None:
            yield value


def _listed(values: tuple[Any, ...]) -> Iterator[Surface]:
    for value in values:
        if isinstance(value, (Term, Factor)):
            yield value.node
        elif value.__class__ is tuple:
            yield from _listed(value)
        elif value is not None:
            yield value


def walk(node: Surface) -> Iterator[Surface]:
    """The node and everything below it, parents first."""
    todo = [node]
    while todo:
        found = todo.pop()
        yield found
        if HOLDING[type(found)]:
            todo += [*children(found)][::-1]


def rebuilt(node: Surface, change: Callable[[Surface], Surface]) -> Surface:
    """The node with `change` made of each thing directly below it."""
    found = node
    for name in HOLDING[type(node)]:
        value = getattr(node, name)
        new = _changed(value, change)
        if new is not value:
            found = with_field(found, name, new)
    return found


def with_field(node: Surface, name: str, value: Any) -> Surface:
    """The node with something else in one field."""
    kind = type(node)
    return kind(*(value if field == name else getattr(node, field) for field in FIELDS[kind]))


def _changed(value: Any, change: Callable[[Surface], Surface]) -> Any:
    if isinstance(value, (Term, Factor)):
        node = change(value.node)
        return value if node is value.node else with_node(value, node)
    if isinstance(value, tuple):
        items = tuple(_changed(item, change) for item in value)
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return change(value) if hasattr(value, "span") else value


def with_node(part: Term | Factor, node: Surface) -> Term | Factor:
    """The term or factor with another node."""
    return Term(part.sign, node, part.span) if isinstance(part, Term) else Factor(part.operator, node)


def substituted(node: Surface, old: Surface, new: Surface) -> Surface:
    """The tree with the one occurrence `old` (this very object) replaced."""
    return new if node is old else rebuilt(node, lambda child: substituted(child, old, new))


# ---------------------------------------------------------------- names


def spelled(node: Surface) -> str:
    """A short spelling of a name, the same however its LaTeX was written: `w_7`, `z_{h_1}`, `\\hat y_i^{(n)}`, `\\nabla W_1`.

    Names are compared by it: without fonts, spaces and redundant braces, case kept. Other formulas get a spelling that is stable, no more.
    """
    match node:
        case Symbol(_, name, accents):
            found = name if len(name) == 1 or name.isalpha() and not name.isascii() else ("\\" + name if name in GREEK else name)
            for accent in accents:
                found = found if accent in ("vec", "bold") else f"\\{accent} {found}"
            return found
        case Decimal(_, text):
            return text
        case Scripted(_, base, sub, sup, primes):
            below = ",".join(spelled(s) for s in sub)
            return spelled(base) + "'" * primes + (f"_{_braced(below)}" if sub else "") + (f"^{_braced(spelled(sup))}" if sup is not None else "")
        case Group(_, bracket, items):
            return bracket + ",".join(spelled(i) for i in items) + CLOSING[bracket]
        case Derivative(_, body, by):
            return f"d{spelled(body)}/" + "".join(f"d{spelled(b)}" for b in by)
        case Nabla(_, body, by):
            return "\\nabla " + (f"_{_braced(spelled(by))} " if by is not None else "") + spelled(body)
        case Sum(_, terms):
            return "".join(("-" if t.sign < 0 else "+" if n else "") + spelled(t.node) for n, t in enumerate(terms))
        case Product(_, factors):
            return "".join(("*" if f.operator == "*" else f.operator) + spelled(f.node) for f in factors)
        case _:
            return type(node).__name__ + "(" + ",".join(spelled(c) for c in children(node)) + ")"


CLOSING = {"(": ")", "[": "]", "{": "}"}
GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi varphi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell".split())


def _braced(text: str) -> str:
    return text if len(text) == 1 else "{" + text + "}"
