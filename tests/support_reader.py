"""A reader of the notation that shares nothing with the package: formulas as nested tuples (`("+", terms)`, `("entry", name, indices)`, …)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

Tree = tuple[Any, ...]
TOKEN = re.compile(r"\s*(?:(\d+\.\d+(?:[eE][-+]?\d+)?|\d+(?:[eE]-\d+)?)|([A-Za-z_][A-Za-z0-9_']*)|(\*\*|<=|>=|==|!=|\.\.|[-+*/^<>()\[\]{},:=;]))")
REDUCTIONS = {"sum", "mean", "prod", "max", "min", "norm", "logsumexp"}
VECTORS = {"softmax", "log_softmax"}
LOSSES = {"softmax_cross_entropy", "cosine", "kl_divergence"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}


# ---------------------------------------------------------------- reading


def tokens(text: str) -> list[str]:
    """The tokens of a formula."""
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"no token at {text[at:at + 20]!r}")
        found.append(match.group().strip())
        at = match.end()
    return found


class Reader:
    """A recursive-descent reader of one formula; `scope` holds the letters in use."""

    def __init__(self, text: str, scope: Iterable[str] = ()) -> None:
        self.found = tokens(text)
        self.at = 0
        self.scope = set(scope)

    def peek(self, ahead: int = 0) -> str:
        return self.found[self.at + ahead] if self.at + ahead < len(self.found) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            raise ValueError(f"expected {wanted}, found {token!r} in {' '.join(self.found)}")
        self.at += 1
        return token

    def whole(self) -> Tree:
        tree = self.cases()
        if self.peek():
            raise ValueError(f"left over: {' '.join(self.found[self.at:])}")
        return tree

    def cases(self) -> Tree:
        value = self.either()
        if self.peek() == "if":
            self.take()
            condition = self.either()
            self.take("else")
            return ("if", value, condition, self.cases())
        return value

    def either(self) -> Tree:
        return self.chain("or", lambda: self.chain("and", self.negation))

    def chain(self, word: str, below: Callable[[], Tree]) -> Tree:
        parts = [below()]
        while self.peek() == word:
            self.take()
            parts.append(below())
        return parts[0] if len(parts) == 1 else (word, tuple(parts))

    def negation(self) -> Tree:
        if self.peek() == "not":
            self.take()
            return ("not", self.negation())
        left = self.terms()
        if self.peek() in COMPARE:
            operator = self.take()
            return self.comparison(operator, left, self.terms())
        if self.peek() == "in":
            self.take()
            return self.membership(left)
        return left

    def membership(self, left: Tree) -> Tree:
        if self.peek() == "{":
            inner = " ".join(self.found[self.at + 1:self.found.index("}", self.at)])
            self.at = self.found.index("}", self.at) + 1
            return ("member", left, tuple(Fraction(v.replace(" ", "")) for v in inner.split(",")))
        for word in ("1", "..", "size", "("):
            self.take(word)
        name = self.take()
        self.take(",")
        slot = int(self.take())
        self.take(")")
        return ("label", left, ("size", name, slot))

    def comparison(self, operator: str, left: Tree, right: Tree) -> Tree:
        atoms = list(leaves(left)) + list(leaves(right))
        index = all(a[0] in {"num", "size"} or (a[0] == "entry" and not a[2] and a[1] in self.scope) for a in atoms)
        if index and any(a[0] != "num" for a in atoms):
            return ("icmp", operator, as_index(left), as_index(right))
        return ("cmp", operator, left, right)

    def terms(self) -> Tree:
        parts = [self.factors()]
        while self.peek() in {"+", "-"}:
            minus = self.take() == "-"
            term = self.factors()
            parts.append(("neg", term) if minus else term)
        return parts[0] if len(parts) == 1 else ("+", tuple(parts))

    def factors(self) -> Tree:
        value = self.signed()
        while self.peek() in {"*", "/"}:
            divide = self.take() == "/"
            factor = self.signed()
            value = ("/", value, factor) if divide else ("*", (value[1] if value[0] == "*" else (value,)) + (factor,))
        return value

    def signed(self) -> Tree:
        if self.peek() == "-":
            self.take()
            return ("neg", self.signed())
        base = self.atom()
        if self.peek() in {"^", "**"}:
            self.take()
            return ("^", base, self.signed())
        return base

    def atom(self) -> Tree:
        token = self.take()
        if token == "(":
            inner = self.cases()
            self.take(")")
            return inner
        if token[0].isdigit():
            return ("num", Fraction(token))
        if not re.match(r"[A-Za-z_]", token):
            raise ValueError(f"unexpected {token!r} in {' '.join(self.found)}")
        if self.peek() == "(":
            return self.call(token)
        if self.peek() == "[":
            return self.bracketed(token)
        return ("call", "pi", ()) if token == "pi" else ("entry", token, ())

    def call(self, name: str) -> Tree:
        arguments = self.arguments()
        if name == "size":
            return ("size", arguments[0][1], int(arguments[1][1]))
        if name == "d":
            return ("d", arguments[0], arguments[1:])
        return ("call", name, arguments)

    def arguments(self) -> tuple[Tree, ...]:
        self.take("(")
        found: list[Tree] = []
        while self.peek() != ")":
            found.append(self.cases())
            if self.peek() == ",":
                self.take()
        self.take(")")
        return tuple(found)

    def bracketed(self, name: str) -> Tree:
        if name in REDUCTIONS | VECTORS | LOSSES and self.binds():
            letters = self.letters()
            before = set(self.scope)
            self.scope |= set(letters)
            arguments = self.arguments()
            self.scope = before | (set(letters) if name in VECTORS else set()) & before
            if name in VECTORS:
                return ("vec", name, letters[0], arguments[0], ("letter", letters[0]))
            for letter in reversed(letters):
                arguments = (("red", name, letter, arguments),)
            return arguments[0]
        self.take("[")
        indices: list[Tree] = []
        while self.peek() != "]":
            if self.peek() == ":":
                self.take()
                indices.append(("slice",))
            else:
                indices.append(as_index(self.terms()))
            if self.peek() == ",":
                self.take()
        self.take("]")
        return ("delta", *indices) if name == "delta" and len(indices) == 2 else ("entry", name, tuple(indices))

    def binds(self) -> bool:
        close = self.found.index("]", self.at)
        return close + 1 < len(self.found) and self.found[close + 1] == "("

    def letters(self) -> list[str]:
        close = self.found.index("]", self.at)
        found = [t for t in self.found[self.at + 1:close] if t != ","]
        self.at = close + 1
        return found


def leaves(tree: Tree) -> Iterator[Tree]:
    """The atoms of a sum of products; anything else is an atom itself."""
    if tree[0] in {"+", "*"}:
        for part in tree[1]:
            yield from leaves(part)
    elif tree[0] == "neg":
        yield from leaves(tree[1])
    else:
        yield tree


def as_index(tree: Tree) -> Tree:
    """The tree as an index: a bare name is a letter."""
    match tree:
        case ("entry", name, ()):
            return ("letter", name)
        case ("+" | "*" as kind, parts):
            return (kind, tuple(as_index(p) for p in parts))
        case ("neg", part):
            return ("neg", as_index(part))
        case _:
            return tree


def parse(text: str, scope: Iterable[str] = ()) -> Tree:
    """The tree of a formula in which the letters of `scope` are free."""
    return Reader(text, scope).whole()


def statements(text: str) -> Iterator[str]:
    """The statements of a model: lines and `;`, a line that leaves a bracket open goes on."""
    held = ""
    for line in re.split(r"[\n;]", re.sub(r"#[^\n]*", "", text)):
        held += " " + line.strip()
        if held.strip() and sum(map(held.count, "([{")) == sum(map(held.count, ")]}")):
            yield held.strip()
            held = ""
    if held.strip():
        raise ValueError(f"unfinished: {held}")


Definition = tuple[tuple[str, ...], Tree]


def read_model(text: str) -> tuple[dict[str, Definition], list[Tree], list[str]]:
    """Definitions, facts and the letters that `axes` lines name."""
    definitions: dict[str, Definition] = {}
    facts: list[Tree] = []
    common: list[str] = []
    for statement in statements(text):
        if statement.startswith("axes "):
            common += re.findall(r"(?:^axes|,)\s*([A-Za-z_]\w*)\s*:", statement)
        elif statement.startswith("assume "):
            facts.append(parse(statement[7:], every_letter(statement[7:])))
        else:
            left, right = re.split(r"(?<![<>=!])=(?!=)", statement, maxsplit=1)
            head = parse(left)
            letters = tuple(i[1] for i in head[2])
            if head[1] in definitions:
                raise ValueError(f"{head[1]} is defined twice")
            definitions[head[1]] = (letters, parse(right, letters))
    return definitions, facts, common


def every_letter(text: str) -> set[str]:
    """All names that stand inside square brackets of the text."""
    return {name for inner in re.findall(r"\[([^\]]*)\]", text) for name in re.findall(r"[A-Za-z_]\w*", inner)}


def children(tree: Tree) -> Iterator[Tree]:
    """The trees directly below."""
    for part in tree[1:]:
        if isinstance(part, tuple) and part:
            if isinstance(part[0], str):
                yield part
            elif isinstance(part[0], tuple):
                yield from part


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and all trees below it."""
    yield tree
    for child in children(tree):
        yield from walk(child)
