"""What a name on a page is made of: its own part, its indices, a power, a transpose.

`z_{h_1}` is one name; `w_{ij}` is the tensor w with two indices; `x^{(i)}_k` has the index i of the sample in front; `W^{[1]}` and `y^o` carry
labels, which belong to the name. Whether a digit below is an index or a label is seen from the other uses of the name on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from handgrad.reading.remembering import by_identity
from handgrad.reading.surface import Big, Decimal, Group, Product, Scripted, Sum, Surface, Symbol, children, walk
from handgrad.records import dataclass

LETTER = re.compile(r"[a-z]\Z")
TRANSPOSED = frozenset(("T", "top", "intercal", "transpose", "prime"))
RESERVED = frozenset("if else and or not in assume axes pi sum mean prod max min norm logsumexp softmax d delta size log exp".split())
LAYER = "layer"             # the accent of a letter above a name that says of which layer it is
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
    """Whether it can be an index: a letter, or one shifted by whole numbers and other letters, `t + k - 1`."""
    if letter_of(node) is not None:
        return True
    if isinstance(node, Sum) and len(node.terms) > 1:
        first, *others = node.terms
        return first.sign > 0 and letter_of(first.node) is not None and all(_shifts(t.node) for t in others)
    return False


def _shifts(node: Surface) -> bool:
    """Whether an index may be shifted by it: a whole number or a letter."""
    return isinstance(node, Decimal) and node.text.isdigit() or letter_of(node) is not None


def is_label(node: Surface) -> bool:
    """Whether it is a label with its index, as in `s_{i,t_i}`: the entry of s that t_i names."""
    return isinstance(node, Scripted) and letter_of(node.base) is not None and len(node.sub) == 1 and is_index(node.sub[0]) \
        and node.sup is None and not node.primes


def index_letters(node: Surface) -> frozenset[str]:
    """The letters of an index; of a label those that it has itself."""
    return frozenset(x for part in (walk(node.sub[0]) if isinstance(node, Scripted) and is_label(node) else walk(node)) if (x := letter_of(part)))


@lru_cache(maxsize=4096)
def _identifier(name: str, accents: tuple[str, ...]) -> str:
    own = re.sub(r"\W", "_", name)
    own = own if own[:1].isalpha() or own[:1] == "_" else f"n{own}"
    return "_".join((own, *(a for a in accents if a not in SILENT)))


def identifier(symbol: Symbol) -> str:
    """The identifier of a symbol: `y_hat`, `theta`, `net`."""
    return _identifier(symbol.name, symbol.accents)


@dataclass(slots=True)
class _Naming:
    """A name while its scripts are read."""

    own: str
    indices: tuple[Surface, ...] = ()
    above: tuple[Surface, ...] = ()
    power: Surface | None = None
    transposed: bool = False
    primes: int = 0
    digits: tuple[str, ...] = ()
    label: str = ""

    def lower(self, sub: tuple[Surface, ...]) -> None:
        """Takes the subscripts: letters are indices, digits wait, everything else belongs to the name."""
        several = len(sub) > 1 and any(is_index(item) or isinstance(item, Decimal) for item in sub) or self.own == "delta" and len(sub) == 2
        for item in sub:
            if is_index(item) or several and is_label(item):
                self.indices = (*self.indices, item)
            elif isinstance(item, Decimal):
                if self.indices:
                    self.indices = (*self.indices, item)
                else:
                    self.digits = (*self.digits, item.text)
            else:
                self.own = f"{self.own}_{_label(item)}"
        if self.digits and self.indices:        # `w_{1j}`: the digit is an index as the letter is
            self.indices, self.digits = (*(Decimal((0, 0), d) for d in self.digits), *self.indices), ()

    def raise_to(self, sup: Surface | None) -> None:
        """Takes what stands above: the layer, an index of the sample, a label, a transpose, or else a power."""
        layer = _layer(sup)
        if layer:
            self.own = f"{self.own}_{layer}"
            return
        match sup:
            case None:
                return
            case Symbol(_, text) if text in TRANSPOSED:
                self.transposed = True
            case Group(_, bracket, (item,)) if bracket in ("(", "["):
                if is_index(item):
                    self.above = (*self.above, item)
                elif isinstance(item, (Decimal, Symbol, Scripted)) and self.own != "e":
                    self.own = f"{self.own}_{_label(item)}"
                else:
                    self.power = item
            case Symbol(_, text, ()) if text in TIMES and self.own != "e":
                self.own = f"{self.own}_{text}"
            case Symbol(_, text, ()) if text == "*" or (letter_of(sup) is not None and text in LABELS):
                self.label = "star" if text == "*" else text
            case Product(_, (first, second)) if isinstance(first.node, Group) and isinstance(second.node, Symbol) and second.node.name in TRANSPOSED:
                self.raise_to(first.node)
                self.transposed = True
            case Product(_, factors) if self.own != "e" and all(isinstance(f.node, Group) and f.node.bracket in "([" and not f.operator for f in factors) \
                    and any(isinstance(f.node, Group) and f.node.bracket == "[" for f in factors):
                for factor in factors:              # `a^{[2](i)}`
                    self.raise_to(factor.node)
            case _:
                self.power = sup


@by_identity
def name_of(node: Surface) -> Name | None:
    """The name that a node is, or None: numbers, groups and compound bases are none."""
    if isinstance(node, Symbol):
        return Name(_identifier(node.name, node.accents))
    made = _naming(node)
    if made is None:
        return None
    return Name(made.own, made.indices, made.above, made.power, made.transposed, made.primes, made.digits, made.label)


def _naming(node: Surface) -> _Naming | None:
    if isinstance(node, Symbol):
        return _Naming(_identifier(node.name, node.accents))
    if not isinstance(node, Scripted):
        return None
    found = _naming(node.base)
    if found is None or (node.sub and (found.indices or found.digits)) or (node.sup is not None and found.power is not None):
        return None
    found.primes += node.primes
    found.lower(node.sub)
    found.raise_to(node.sup)
    return found


TIMES = frozenset("new old next prev previous updated initial init before after neu alt".split())      # words above that say when, and no power
def _layer(sup: Surface | None) -> str:
    """The layer that stands above a name, as part of its identifier; the last one is the next."""
    if isinstance(sup, Group) and len(sup.items) == 1:
        sup = sup.items[0]
    shift = 0
    if isinstance(sup, Sum) and len(sup.terms) == 2 and isinstance(sup.terms[1].node, Decimal) and sup.terms[1].node.text.isdigit():
        shift, sup = sup.terms[1].sign * int(sup.terms[1].node.text), sup.terms[0].node
    if not isinstance(sup, Symbol) or LAYER not in sup.accents:
        return ""
    shift += sup.name == "L"
    return f"l{'p' if shift > 0 else 'm'}{abs(shift)}" if shift else "l"


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


@by_identity
def occurrences(node: Surface) -> tuple[tuple[Surface, Name], ...]:
    """The names in a tree, outermost first: of `z_{h_1}` the whole, and not `h_1`."""
    name = name_of(node)
    if name is None:
        return tuple(found for child in _below(node) for found in occurrences(child))
    return ((node, name), *(occurrences(name.power) if name.power is not None else ()))


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


@by_identity
def letters_in(node: Surface) -> frozenset[str]:
    """The index letters that stand below names or under sum signs in a tree, bound ones too."""
    found: set[str] = set()
    for part in walk(node):
        if isinstance(part, Big):
            found |= {letter.name for letter in part.letters}
        name = name_of(part)
        if name is not None:
            for index in (*name.indices, *name.above):
                found |= index_letters(index)
    return frozenset(found)
