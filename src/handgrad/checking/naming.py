"""What a name on a page is made of: its own part, its indices, a power, a transpose.

`z_{h_1}` is one name; `w_{ij}` is the tensor w with two indices; `x^{(i)}_k` has the index i of the sample in front; `W^{[1]}` and `y^o` carry
labels, which belong to the name. Whether a digit below is an index or a label is seen from the other uses of the name on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from handgrad.reading.surface import Big, Decimal, Group, Product, Scripted, Sum, Surface, Symbol, children, walk

LETTER = re.compile(r"[a-z]\Z")
TRANSPOSED = frozenset(("T", "top", "intercal", "transpose", "prime"))
RESERVED = frozenset("if else and or not in assume axes pi sum mean prod max min norm logsumexp softmax d delta size log exp".split())
SILENT = frozenset(("vec", "bold", "overline_vector"))


@dataclass(frozen=True, slots=True)
class Name:
    """A name: the identifier of its own part, its indices below and above, the power that it is raised to, whether it is transposed, its primes."""

    own: str
    indices: tuple[Surface, ...] = ()
    above: tuple[Surface, ...] = ()     # of the sample, as in `x^{(i)}`
    power: Surface | None = None
    transposed: bool = False
    primes: int = 0
    digits: tuple[str, ...] = ()        # digits below that may be indices: then `own` is without them
    label: str = ""                     # a single letter above, which may be a label of no weight

    @property
    def whole(self) -> str:
        """The identifier with digits and label taken into the name."""
        return "_".join((self.own, *(d.replace(".", "p") for d in self.digits), *((self.label,) if self.label else ())))


def letter_of(node: Surface) -> str | None:
    """The index letter that a node is, or None."""
    if isinstance(node, Symbol) and not node.accents and LETTER.match(node.name):
        return node.name
    return None


def is_index(node: Surface) -> bool:
    """Whether it can be an index: a letter, or a letter shifted by a whole number."""
    if letter_of(node) is not None:
        return True
    if isinstance(node, Sum) and len(node.terms) == 2:
        first, second = node.terms
        return first.sign > 0 and letter_of(first.node) is not None and isinstance(second.node, Decimal) and second.node.text.isdigit()
    return False


def identifier(symbol: Symbol) -> str:
    """The identifier of a symbol: `y_hat`, `theta`, `net`."""
    own = re.sub(r"\W", "_", symbol.name)
    own = own if own[:1].isalpha() or own[:1] == "_" else f"n{own}"
    return "_".join((own, *(a for a in symbol.accents if a not in SILENT)))


def name_of(node: Surface) -> Name | None:
    """The name that a node is, or None: numbers, groups and compound bases are none."""
    match node:
        case Symbol():
            return Name(identifier(node))
        case Scripted(_, base, sub, sup, primes):
            found = name_of(base)
            if found is None or (sub and (found.indices or found.digits)) or (sup is not None and found.power is not None):
                return None
            found = replace(found, primes=found.primes + primes)
            return _raised(_lowered(found, sub), sup)
    return None


def _lowered(name: Name, sub: tuple[Surface, ...]) -> Name:
    """The name with its subscripts: letters are indices, digits wait, everything else belongs to the name."""
    for item in sub:
        if is_index(item):
            name = replace(name, indices=(*name.indices, item))
        elif isinstance(item, Decimal):
            if name.indices:
                name = replace(name, indices=(*name.indices, item))
            else:
                name = replace(name, digits=(*name.digits, item.text))
        else:
            name = replace(name, own=f"{name.own}_{_label(item)}")
    if name.digits and name.indices:        # `w_{1j}`: the digit is an index as the letter is
        name = replace(name, indices=(*(Decimal((0, 0), d) for d in name.digits), *name.indices), digits=())
    return name


def _raised(name: Name, sup: Surface | None) -> Name:
    match sup:
        case None:
            return name
        case Symbol(_, text) if text in TRANSPOSED:
            return replace(name, transposed=True)
        case Group(_, bracket, (item,)) if bracket in ("(", "["):
            if is_index(item):
                return replace(name, above=(*name.above, item))
            if isinstance(item, (Decimal, Symbol, Scripted)) and name.own != "e":
                return replace(name, own=f"{name.own}_{_label(item)}")
            return replace(name, power=item)
        case Symbol(_, text, ()) if text == "*" or (letter_of(sup) is not None and text in LABELS):
            return replace(name, label="star" if text == "*" else text)
        case Product(_, (first, second)) if isinstance(first.node, Group) and isinstance(second.node, Symbol) and second.node.name in TRANSPOSED:
            return replace(_raised(name, first.node), transposed=True)
        case _:
            return replace(name, power=sup)


LABELS = frozenset("o")      # letters above that are read as labels (`y^o`, the correct output)


def _label(node: Surface) -> str:
    """A label as part of an identifier."""
    match node:
        case Symbol():
            return identifier(node)
        case Decimal(_, text):
            return text.replace(".", "p")
        case Scripted(_, base, sub, sup, _):
            return "".join((_label(base), *(_label(s) for s in sub), _label(sup) if sup is not None else ""))
        case Group(_, _, items):
            return "_".join(_label(i) for i in items)
        case Product(_, factors):
            return "".join(_label(f.node) for f in factors)
        case Sum(_, terms):
            return "".join(("m" if t.sign < 0 else "p" if n else "") + _label(t.node) for n, t in enumerate(terms))
    return "x"


def occurrences(node: Surface) -> Iterator[tuple[Surface, Name]]:
    """The names in a tree, outermost first: of `z_{h_1}` the whole, and not `h_1`."""
    name = name_of(node)
    if name is not None:
        yield node, name
        if name.power is not None:
            yield from occurrences(name.power)
        return
    for child in _below(node):
        yield from occurrences(child)


def _below(node: Surface) -> Iterator[Surface]:
    if isinstance(node, Big):
        yield node.body
        if node.condition is not None:
            yield node.condition
        if node.upper is not None:
            yield node.upper
    elif isinstance(node, Scripted):
        yield node.base
        if node.sup is not None:
            yield node.sup
    else:
        yield from children(node)


def letters_in(node: Surface) -> frozenset[str]:
    """The index letters that stand below names or under sum signs in a tree, bound ones too."""
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, Big):
            found |= {letter.name for letter in part.letters}
        name = name_of(part)
        if name is not None:
            for index in (*name.indices, *name.above):
                found |= {x for x in (letter_of(n) for n in walk(index)) if x}
    return frozenset(found)
