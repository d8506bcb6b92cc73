"""Models written otherwise: renamed, permuted, inlined, split. And what a form costs: its symbols.

Works on the tuples of `support_reader`, so that a change of the model shares nothing with the package.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from support_functions import FUNCTIONS
from support_reader import Tree, parse, read_model, statements, tokens, walk

Model = tuple[dict[str, tuple[tuple[str, ...], Tree]], list[Tree]]
LETTERS = "ijklmnpqrstuv"


# ---------------------------------------------------------------- printing


def text(tree: Tree) -> str:
    """The tree as notation, with more brackets than it needs."""
    match tree:
        case ("num", value):
            return str(value) if value.denominator == 1 else f"({value})"
        case ("letter", name) | ("call", "pi" as name, ()):
            return str(name)
        case ("slice",):
            return ":"
        case ("entry", name, indices):
            return f"{name}[{','.join(index(i) for i in indices)}]" if indices else str(name)
        case ("delta", left, right):
            return f"delta[{index(left)},{index(right)}]"
        case ("size", name, slot):
            return f"size({name}, {slot})"
        case ("+", parts):
            return term(parts[0]) + "".join(f" - {wrapped(p[1])}" if p[0] == "neg" else f" + {term(p)}" for p in parts[1:])
        case ("*", parts):
            return "*".join(wrapped(p) for p in parts)
        case ("/", left, right):
            return f"{wrapped(left)}/{wrapped(right)}"
        case ("^", base, exponent):
            return f"{wrapped(base)}^{wrapped(exponent)}"
        case ("neg", part):
            return f"-{wrapped(part)}"
        case ("if", value, condition, otherwise):
            return f"{wrapped(value)} if {text(condition)} else {wrapped(otherwise)}"
        case ("call", name, arguments):
            return f"{name}({', '.join(text(a) for a in arguments)})"
        case ("d", body, entries):
            return f"d({', '.join(text(e) for e in (body, *entries))})"
        case ("red", kind, letter, parts):
            return f"{kind}[{letter}]({', '.join(text(p) for p in parts)})"
        case ("vec", kind, letter, body, ("letter", at)) if at == letter or at not in free(body):
            return f"{kind}[{at}]({text(moved(body, {letter: ('letter', at)}))})"
        case ("vec", kind, letter, body, at):
            return spelled_out(kind, letter, body, at)
    return fact_text(tree)


def fact_text(tree: Tree) -> str:
    """A condition or a fact as notation."""
    match tree:
        case ("cmp", operator, left, right):
            return f"{term(left)} {operator} {term(right)}"
        case ("icmp", operator, left, right):
            return f"{index(left)} {operator} {index(right)}"
        case ("and" | "or" as word, parts):
            return f" {word} ".join(f"({text(p)})" for p in parts)
        case ("not", part):
            return f"not ({text(part)})"
        case ("member", entry, values):
            return f"{text(entry)} in {{{', '.join(map(str, values))}}}"
        case ("label", entry, size):
            return f"{text(entry)} in 1..{text(size)}"
    raise ValueError(f"no text for {tree}")


def index(tree: Tree) -> str:
    """An index, which takes no brackets."""
    if tree[0] == "+":
        return index(tree[1][0]) + "".join(f" - {index(p[1])}" if p[0] == "neg" else f" + {index(p)}" for p in tree[1][1:])
    return f"-{index(tree[1])}" if tree[0] == "neg" else text(tree)


def term(tree: Tree) -> str:
    """The tree as a term of a sum."""
    return f"({text(tree)})" if tree[0] == "if" else text(tree)


def wrapped(tree: Tree) -> str:
    """The tree as an operand."""
    return f"({text(tree)})" if tree[0] in {"+", "*", "/", "^", "neg", "if"} else text(tree)


def spelled_out(kind: str, letter: str, body: Tree, at: Tree) -> str:
    """A softmax at an index that is not a letter of its own: exp over sum."""
    own = next(c for c in fresh_letters(free(body) | {letter}))
    total = f"sum[{own}](exp({text(moved(body, {letter: ('letter', own)}))}))"
    here = text(moved(body, {letter: at}))
    return f"(exp({here})/{total})" if kind == "softmax" else f"({here} - log({total}))"


def model_text(model: Model) -> str:
    """The model as notation: facts first."""
    definitions, facts = model
    lines = [f"assume {text(f)}" for f in facts]
    lines += [f"{name}{'[' + ','.join(letters) + ']' if letters else ''} = {text(body)}" for name, (letters, body) in definitions.items()]
    return "\n".join(lines)


# ---------------------------------------------------------------- walking


def rebuilt(tree: Tree, f: Callable[[Tree], Tree]) -> Tree:
    """The tree with `f` applied to what lies directly below."""
    def each(part: Any) -> Any:
        if isinstance(part, tuple) and part:
            return f(part) if isinstance(part[0], str) else tuple(each(p) for p in part)
        return part
    return (tree[0], *(each(p) for p in tree[1:]))


def binder(tree: Tree) -> str | None:
    """The letter that the root binds."""
    return tree[2] if tree[0] in {"red", "vec"} else None


def free(tree: Tree) -> frozenset[str]:
    """The free letters."""
    if tree[0] == "letter":
        return frozenset((tree[1],))
    if tree[0] == "vec":
        return free(tree[3]) - {tree[2]} | free(tree[4])
    found: frozenset[str] = frozenset()
    for part in tree[1:]:
        for p in (part,) if isinstance(part, tuple) and part and isinstance(part[0], str) else part if isinstance(part, tuple) else ():
            found |= free(p) if isinstance(p, tuple) and p and isinstance(p[0], str) else frozenset()
    return found - {binder(tree)}


def fresh_letters(taken: frozenset[str] | set[str]) -> Iterator[str]:
    """Letters that are not taken."""
    yield from (c for c in itertools.chain(LETTERS, (f"i{n}" for n in itertools.count(1))) if c not in taken)


def moved(tree: Tree, letters: dict[str, Tree]) -> Tree:
    """The tree with free letters replaced by indices; bound ones make way."""
    if tree[0] == "letter":
        return letters.get(tree[1], tree)
    bound = binder(tree)
    if bound is None:
        return rebuilt(tree, lambda t: moved(t, letters))
    inner = {k: v for k, v in letters.items() if k != bound}
    arriving = {name for v in inner.values() for t in walk(v) if t[0] == "letter" for name in [t[1]]}
    own = bound
    if bound in arriving:
        own = next(fresh_letters(arriving | set(inner) | free(("group", tree[3] if tree[0] == "red" else (tree[3],)))))
        inner[bound] = ("letter", own)
    if tree[0] == "red":
        return ("red", tree[1], own, tuple(moved(p, inner) for p in tree[3]))
    return ("vec", tree[1], own, moved(tree[3], inner), moved(tree[4], letters))


# ---------------------------------------------------------------- transformations


def read(model: str) -> Model:
    """The model as definitions and facts."""
    definitions, facts, _ = read_model(model)
    return definitions, facts


def renaming(model: str) -> tuple[dict[str, str], dict[str, str]]:
    """New names and new letters: each takes the place of the next."""
    definitions, facts = read(model)
    bodies = [b for _, b in definitions.values()] + facts
    names = sorted({t[1] for b in bodies for t in walk(b) if t[0] == "entry"} | set(definitions))
    used = sorted({t[1] for b in bodies for t in walk(b) if t[0] == "letter"} | {c for own, _ in definitions.values() for c in own})
    for_names = dict(zip(names, names[1:] + names[:1], strict=True))
    scalars = {t[1] for b in bodies for t in walk(b) if t[0] == "letter"} & set(names)
    if scalars:        # labels stand in brackets as letters do: they keep their names
        return {n: n for n in names}, {c: c for c in used}
    return for_names, dict(zip(used, used[1:] + used[:1], strict=True))


def named_anew(tree: Tree, names: dict[str, str], letters: dict[str, str]) -> Tree:
    """The tree with names and letters exchanged."""
    below = rebuilt(tree, lambda t: named_anew(t, names, letters))
    match below:
        case ("letter", name):
            return ("letter", letters.get(name, name))
        case ("entry" | "size" as kind, name, rest):
            return (kind, names.get(name, name), rest)
        case ("red" | "vec" as kind, word, letter, *rest):
            return (kind, word, letters.get(letter, letter), *rest)
    return below


def renamed(model: str) -> str:
    """The model with every name and letter exchanged."""
    definitions, facts = read(model)
    names, letters = renaming(model)
    return model_text(({names[n]: (tuple(letters[c] for c in own), named_anew(b, names, letters)) for n, (own, b) in definitions.items()},
                       [named_anew(f, names, letters) for f in facts]))


def turned(tree: Tree) -> Tree:
    """The tree with all sums and products in the reverse order."""
    below = rebuilt(tree, turned)
    return (below[0], tuple(reversed(below[1]))) if below[0] in {"+", "*"} else below


def permuted(model: str) -> str:
    """The model with terms, factors and definitions in the reverse order."""
    definitions, facts = read(model)
    return model_text(({n: (own, turned(b)) for n, (own, b) in reversed(definitions.items())}, [turned(f) for f in reversed(facts)]))


def inlined(model: str, keep: set[str]) -> str | None:
    """The model with all definitions but those of `keep` put where they are used; None where there are none."""
    definitions, facts = read(model)
    gone = {n: d for n, d in definitions.items() if n not in keep}
    in_functions = {a[1] for _, b in definitions.values() for t in walk(b) if is_abstract(t) for a in t[2] if a[0] == "entry"}
    gone = {n: d for n, d in gone.items() if n not in in_functions}
    if not gone:
        return None

    def put(tree: Tree) -> Tree:
        if tree[0] == "entry" and tree[1] in gone:
            own, body = gone[tree[1]]
            return moved(put(body), dict(zip(own, (put(i) for i in tree[2]), strict=True)))
        return rebuilt(tree, put)

    return model_text(({n: (own, put(b)) for n, (own, b) in definitions.items() if n not in gone}, [put(f) for f in facts]))


def is_abstract(tree: Tree) -> bool:
    """Whether the tree is a call of an abstract function, whose arguments are entries and stay so."""
    return tree[0] == "call" and tree[1] not in FUNCTIONS and tree[1] != "stop"


def divisible(tree: Tree, root: bool = True) -> Iterator[Tree]:
    """The parts of a body that a definition of their own could take."""
    if tree[0] in {"d", "entry", "num", "size", "delta", "letter"} or is_abstract(tree):
        return
    if not root and tree[0] in {"+", "*", "/", "^", "call", "red", "if", "vec"} and tree != ("call", "pi", ()):
        yield tree
    match tree:
        case ("+" | "*", parts) | ("call", _, parts) | ("red", _, _, parts):
            below = parts
        case ("/" | "^", *parts):
            below = parts
        case ("if", value, _, otherwise):
            below = (value, otherwise)
        case ("neg", part) | ("vec", _, _, part, _):
            below = (part,)
        case _:
            below = ()
    for part in below:
        yield from divisible(part, False)


def split(model: str, seed: int = 0) -> str | None:
    """The model with one definition split in two; None where nothing can be split off."""
    definitions, facts = read(model)
    parts = [(n, p) for n, (_, b) in definitions.items() for p in divisible(b)]
    if not parts:
        return None
    owner, part = random.Random(seed).choice(parts)
    own = tuple(sorted(free(part)))
    new = ("entry", "part1", tuple(("letter", c) for c in own))

    def put(tree: Tree) -> Tree:
        return new if tree == part else rebuilt(tree, put)

    out: dict[str, tuple[tuple[str, ...], Tree]] = {}
    for name, (letters, body) in definitions.items():
        if name == owner:
            out["part1"] = (own, part)
        out[name] = (letters, put(body) if name == owner else body)
    return model_text((out, facts))


# ---------------------------------------------------------------- what a form costs, and when two are one


def symbols(form: str) -> int:
    """Numbers, names, letters, functions and operators of a form; brackets and commas are free."""
    return sum(1 for t in tokens(form) if t not in {"(", ")", "[", "]", "{", "}", ",", ":"})


def total(form: str, model: str) -> int:
    """The symbols of a form and of the right sides of all definitions that it leans on."""
    found = [re.split(r"(?<![<>=!])=(?!=)", s, maxsplit=1) for s in statements(model) if not s.startswith(("assume ", "axes "))]
    bodies = {re.split(r"[\[\s]", left.strip())[0]: body for left, body in found}
    needed, todo = set(), [form]
    while todo:
        for name in set(re.findall(r"[A-Za-z_][A-Za-z0-9_']*", todo.pop())) & set(bodies) - needed:
            needed.add(name)
            todo.append(bodies[name])
    return symbols(form) + sum(symbols(bodies[n]) for n in needed)


def canonical(tree: Tree, depth: tuple[str, ...] = ()) -> Any:
    """The tree up to the order of terms and factors and the names of bound letters."""
    match tree:
        case ("letter", name):
            return ("bound", depth[::-1].index(name)) if name in depth else tree
        case ("neg", part):
            return canonical(("*", (("num", -1), part)), depth)
        case ("/", left, right):
            return canonical(("*", (left, ("^", right, ("num", -1)))), depth)
        case ("+" | "*" as kind, parts):
            found = [canonical(p, depth) for p in parts]
            flat = [q for p in found for q in (p[1] if p[0] == kind else (p,))]
            rest = [q for q in flat if kind != "*" or q[0] != "num"]
            factor = 1
            for q in flat:
                factor = factor * q[1] if kind == "*" and q[0] == "num" else factor
            return (kind, tuple(sorted((*rest, *([("num", factor)] if factor != 1 else [])), key=repr)))
        case ("delta", left, right):
            return ("delta", *sorted((canonical(left, depth), canonical(right, depth)), key=repr))
        case ("red", kind, letter, parts):
            return ("red", kind, tuple(canonical(p, (*depth, letter)) for p in parts))
        case ("vec", kind, letter, body, at):
            return ("vec", kind, canonical(body, (*depth, letter)), canonical(at, depth))
    return rebuilt(tree, lambda t: canonical(t, depth))


def same_tree(left: str, right: str, letters: tuple[str, ...] = ()) -> bool:
    """Whether two forms are one tree up to order."""
    return bool(canonical(parse(left, letters)) == canonical(parse(right, letters)))
