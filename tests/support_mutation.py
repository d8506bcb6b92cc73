"""Wrong forms made from right ones: a sign, a factor, a term, an index, a branch, a number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

from support_reader import Tree
from support_transform import rebuilt, text

TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
STRICT = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}


def mutated(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Every form with one fault at the root, with the kind of the fault."""
    match tree:
        case ("+", parts):
            for n in range(len(parts)):
                rest = parts[:n] + parts[n + 1:]
                yield "dropped_term", rest[0] if len(rest) == 1 else ("+", rest)
                yield "sign", ("+", (*parts[:n], ("neg", parts[n]), *parts[n + 1:]))
        case ("*", parts):
            for n in range(len(parts)):
                rest = parts[:n] + parts[n + 1:]
                yield "missing_factor", rest[0] if len(rest) == 1 else ("*", rest)
        case ("/", left, right):
            yield "missing_factor", left
            yield "plus_for_times", ("*", (left, right))
        case ("^", base, exponent):
            yield "power_rule", base
            yield "power_rule", ("^", base, ("+", (exponent, ("num", Fraction(1)))))
        case ("neg", part):
            yield "sign", part
        case ("if", value, condition, otherwise):
            yield "missing_branch", value
            yield "missing_branch", otherwise
            yield "wrong_branch", ("if", otherwise, condition, value)
        case ("num", value):
            yield "wrong_digit", ("num", value + 1)
        case ("red", "mean", letter, parts):
            yield "missing_mean", ("red", "sum", letter, parts)
        case ("call", function, (argument,)):
            yield "wrong_function", argument
            yield "inner_sign", ("call", function, (("neg", argument),))
        case ("cmp" | "icmp" as kind, operator, left, right) if operator in TURNED:
            yield "wrong_branch", (kind, TURNED[operator], left, right)
            if kind == "cmp":
                yield "wrong_kink", (kind, STRICT[operator], left, right)
        case ("call", "max" | "min" as name, arguments):
            yield "wrong_tail", ("call", "min" if name == "max" else "max", arguments)
        case ("red", "sum", letter, parts) if len(parts) == 1:
            yield "extra_mean", ("red", "mean", letter, parts)
        case ("entry", name, indices) if len(indices) == 2 and indices[0] != indices[1]:
            yield "transposed", ("entry", name, indices[::-1])
            yield "wrong_index", ("entry", name, (indices[0], indices[0]))


def exchanged(tree: Tree, letters: frozenset[str]) -> Iterator[tuple[str, Tree]]:
    """The entry or delta with another letter in place of one of its own."""
    indices = tree[2] if tree[0] == "entry" else tree[1:]
    for n, own in enumerate(indices):
        for other in sorted(letters - {own[1]} if own[0] == "letter" else ()):
            new = (*indices[:n], ("letter", other), *indices[n + 1:])
            yield "wrong_index", ("entry", tree[1], new) if tree[0] == "entry" else ("delta", *new)


def faults(tree: Tree, letters: frozenset[str] = frozenset()) -> Iterator[tuple[str, Tree]]:
    """Every form with one fault anywhere but in derivatives left standing; `letters` are in scope."""
    yield from mutated(tree)
    if tree[0] in {"entry", "delta"}:
        yield from exchanged(tree, letters)
    if tree[0] in {"entry", "delta", "size", "d", "letter", "icmp"}:
        return
    if tree[0] in {"red", "vec"}:
        letters |= {tree[2]}
    parts: list[Tree] = []
    rebuilt(tree, lambda part: (parts.append(part), part)[1])
    for n, part in enumerate(parts):
        for kind, wrong in faults(part, letters):
            seen = iter(range(len(parts)))
            yield kind, rebuilt(tree, lambda t: wrong if next(seen) == n else t)


def wrong_forms(tree: Tree, count: int, seed: int = 0, letters: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Some wrong forms with the kinds of their faults, as text."""
    found = [(kind, text(wrong)) for kind, wrong in faults(tree, letters) if kind != "wrong_kink"]
    return random.Random(seed).sample(found, min(count, len(found)))
