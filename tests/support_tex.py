"""Surface trees written in LaTeX, for the pages that tests make."""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Dots,
    Factor,
    Fraction,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Unread,
    spelled,
)


def is_plain_name(node: Surface) -> bool:
    """A name: letters with scripts, no power."""
    if isinstance(node, Scripted):
        return is_plain_name(node.base) and not isinstance(node.sup, (Decimal, Sum, Fraction, Product))
    return isinstance(node, Symbol)


FUNCTION = frozenset("sigma g f S phi softplus sigmoid relu ReLU size".split())


def is_call(factors: Sequence[Factor], n: int) -> bool:
    """Whether the n-th factor is the argument of the one before it."""
    if n == 0 or not isinstance(factors[n].node, Group) or factors[n].operator:
        return False
    head = factors[n - 1].node
    base = head.base if isinstance(head, Scripted) and is_plain_name(head) else head
    return isinstance(base, Symbol) and (base.name in FUNCTION or isinstance(head, Scripted) and head.primes > 0)


GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi varphi chi psi omega ell top "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega partial nabla infty".split())
OPERATORS = frozenset("log exp tanh sin cos sinh cosh max min ln".split())
SIGNS = {"<": "<", ">": ">", "<=": r"\leq", ">=": r"\geq", "==": "=", "!=": r"\neq", "in": r"\in", "and": r"\text{ and }", "or": r"\text{ or }"}


def latex(node: Surface) -> str:
    """The formula in LaTeX."""
    match node:
        case Decimal(_, text):
            return text
        case Symbol():
            return _symbol(node)
        case Scripted(_, base, sub, sup, primes):
            comma = "" if all(isinstance(s, (Symbol, Decimal)) and len(spelled(s)) == 1 for s in sub) else ","
            below = "_{" + comma.join(map(latex, sub)) + "}" if sub else ""
            return _base(base) + "'" * primes + below + (f"^{{{latex(sup)}}}" if sup is not None else "")
        case Sum(_, terms):
            return " ".join(("-" if t.sign < 0 else "+" if n else "") + " " + _term(t.node) for n, t in enumerate(terms)).strip()
        case Product(_, factors):
            return "".join({"": " ", "*": r" \cdot ", "/": " / ", "hadamard": r" \odot ", "outer": r" \otimes "}[f.operator] * bool(n) + _term(f.node)
                           for n, f in enumerate(factors))
        case Fraction(_, top, bottom):
            return rf"\frac{{{latex(top)}}}{{{latex(bottom)}}}"
        case Group(_, bracket, items):
            left, right = {"(": (r"\left(", r"\right)"), "[": (r"\left[", r"\right]"), "{": (r"\left\{", r"\right\}")}[bracket]
            return left + ", ".join(map(latex, items)) + right
        case Bars(_, kind, body):
            bar = "|" if kind == "abs" else r"\|"
            return rf"\left{bar} {latex(body)} \right{bar}"
        case Root(_, body, degree):
            return r"\sqrt" + (f"[{latex(degree)}]" if degree is not None else "") + f"{{{latex(body)}}}"
        case Applied(_, function, arguments):
            bare = (a.items[0] if isinstance(a, Group) and len(a.items) == 1 else a for a in arguments)
            return latex(function) + r"\left(" + ", ".join(map(latex, bare)) + r"\right)"
        case Big():
            return _big_text(node)
        case Derivative(_, body, by):
            return _derivative(body, by)
        case Nabla(_, body, by):
            return r"\nabla" + (f"_{{{latex(by)}}}" if by is not None else "") + " " + latex(body)
        case Piecewise(_, rows):
            shown = r" \\ ".join(f"{latex(v)} & " + (rf"\text{{if }} {latex(c)}" if c is not None else r"\text{else}") for v, c in rows)
            return rf"\begin{{cases}} {shown} \end{{cases}}"
        case Array(_, rows):
            return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(map(latex, row)) for row in rows) + r" \end{pmatrix}"
        case Compared(_, operator, left, right):
            return f"{latex(left)} {SIGNS[operator]} {latex(right)}"
        case Braced(_, body, _):
            return latex(body)
        case Dots():
            return r"\dots"
        case Unread(_, text):
            return text
    raise AssertionError(node)


def _derivative(body: Surface, by: tuple[Surface, ...]) -> str:
    power = f"^{{{len(by)}}}" if len(by) > 1 else ""
    under = " ".join("\\partial " + latex(b) for b in by)
    if is_plain_name(body):
        return rf"\frac{{\partial{power} {latex(body)}}}{{{under}}}"
    return rf"\frac{{\partial{power}}}{{{under}}} " + (latex(body) if isinstance(body, Group) else rf"\left({latex(body)}\right)")


def _symbol(node: Symbol) -> str:
    name = node.name
    own = "\\" + name if name in GREEK or name in OPERATORS else name if len(name) == 1 else rf"\mathrm{{{name}}}"
    for accent in node.accents:
        own = rf"\{accent}{{{own}}}"
    return rf"\mathbf{{{own}}}" if node.bold else own


def _base(node: Surface) -> str:
    if isinstance(node, (Symbol, Group, Bars, Decimal)):
        return latex(node)
    return f"{{{latex(node)}}}" if is_plain_name(node) else r"\left(" + latex(node) + r"\right)"


def _term(node: Surface) -> str:
    """A term or factor: what would fall apart in parentheses."""
    return r"\left(" + latex(node) + r"\right)" if isinstance(node, Sum) else latex(node)


def _big_text(node: Big) -> str:
    sign = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min", "mean": r"\mathop{\mathrm{mean}}"}[node.kind]
    letters = ", ".join(map(latex, node.letters))
    under = letters + (f" = {latex(node.lower)}" if node.lower is not None else "")
    if node.condition is not None:
        under = latex(node.condition)
    body = _term(node.body) if node.kind in ("sum", "prod") else rf"\left({latex(node.body)}\right)"
    return rf"{sign}_{{{under}}}" + (f"^{{{latex(node.upper)}}}" if node.upper is not None else "") + " " + body
