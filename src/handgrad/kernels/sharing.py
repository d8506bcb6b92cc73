"""A function that a part computes is read where another part needs it too.

    c1[j,n] = sigmoid(-b[j] - r1[n,j])
    d_b[j] = sum[n](sigmoid(-b[j] - r1[n,j])*dh[n,j])        sum[n](c1[j,n]*dh[n,j])
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from handgrad.axes import Definition
from handgrad.expr import Call, Entry, Letter, Reduce, rebuilt
from handgrad.kernels.splitting import CHEAP, in_order
from handgrad.trees import bind, names, opened, renamed

Owners = Mapping[Any, tuple[str, tuple[int, ...]]]          # by the body with letters of its own: the part, and which of the letters are its slots


def shared(parts: Iterable[Definition], results: Container[str]) -> tuple[Definition, ...]:
    """The parts, each behind those that it reads. Results are not read: they may have been rounded."""
    parts = tuple(parts)
    owners: dict[Any, tuple[str, tuple[int, ...]]] = {}
    for part in parts:
        letters = in_order(part.body)
        if part.name not in results and _is_costly(part.body) and {*letters} == {*part.letters}:
            owners.setdefault(_canonical(part.body, letters), (part.name, tuple(letters.index(letter) for letter in part.letters)))
    if not owners:
        return parts
    return tuple(_in_turn({p.name: Definition(p.name, p.letters, _inside(p.body, owners) if _is_costly(p.body) else _read(p.body, owners)) for p in parts}))


def _is_costly(body: Any) -> bool:
    return isinstance(body, Call) and bool(body.arguments) and body.function not in CHEAP


def _canonical(body: Any, letters: list[Letter]) -> Any:
    return renamed(body, {letter: Letter(f"\u00b7c{n}", letter.axis) for n, letter in enumerate(letters)})


def _read(node: Any, owners: Owners) -> Any:
    """The formula, with an entry in the place of what a part computes."""
    if isinstance(node, Reduce):
        letter, (body,) = opened(node)
        return Reduce(node.kind, node.axis, (bind(_read(body, owners), letter),))
    if _is_costly(node):
        letters = in_order(node)
        owner = owners.get(_canonical(node, letters))
        if owner is not None:
            return Entry(owner[0], tuple(letters[n] for n in owner[1]))
    return _inside(node, owners)


def _inside(node: Any, owners: Owners) -> Any:
    return rebuilt(node, lambda n: _read(n, owners), lambda n: n)


def _in_turn(parts: Mapping[str, Definition]) -> Iterator[Definition]:
    """Each part behind those that it reads, in the order given else."""
    given: set[str] = set()

    def with_those_before(part: Definition) -> Iterator[Definition]:
        if part.name not in given:
            given.add(part.name)
            for name in parts:
                if name != part.name and name in read[part.name]:
                    yield from with_those_before(parts[name])
            yield part

    read = {name: names(part.body) for name, part in parts.items()}
    for part in parts.values():
        yield from with_those_before(part)
