"""Who is what in a part of a page: which names are functions, which letters are indices, how many indices a name has.

Nothing is judged here. The first pass over a part collects it from how the names are used; the interpretation of each formula asks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from handgrad.checking.naming import Name, identifier, is_label, letter_of, letters_in, name_of, occurrences
from handgrad.notation import known
from handgrad.reading.surface import (
    Applied,
    Array,
    Big,
    Decimal,
    Derivative,
    Factor,
    Fraction,
    Group,
    Product,
    Scripted,
    Sum,
    Surface,
    Symbol,
    children,
    spelled,
    walk,
)
from handgrad.records import dataclass

SPOKEN = {"sigma": "sigmoid", "ln": "log", "sgn": "sign", "logistic": "sigmoid", "logit": "", "Softplus": "softplus"}
SQUARE = "_sq"
ACCENTS = frozenset(("hat", "bar", "tilde", "dot"))
COUNTING = frozenset("nNmMdDB")             # letters for how many there are of something
CONVENTIONAL = frozenset(("f", "g", "phi", "psi", "F", "G", "ell", "L", "J", "C", "mathcal"))


def known_function(own: str) -> str | None:
    """The function of the notation that a name on a page speaks of by convention, or None."""
    spoken = SPOKEN.get(own, own)
    for name in (spoken, spoken.lower()):
        if name in known and (len(name) > 1):
            return name
    return None


@dataclass(frozen=True, slots=True)
class Defined:
    """A function that the page defines by a formula: its parameters, the index of the component, and the body."""

    parameters: tuple[Surface, ...]
    body: Surface
    component: str = ""


@dataclass(slots=True)
class Vocabulary:
    """What the names of a part are. Names go by identifier."""

    letters: set[str] = field(default_factory=set)
    counts: dict[str, Counter[int]] = field(default_factory=dict)       # of a name used with letters: how often with how many
    labels: dict[str, set[str]] = field(default_factory=dict)
    functions: dict[str, Defined] = field(default_factory=dict)
    aliases: dict[str, tuple[str, str]] = field(default_factory=dict)   # a map `S(a): [a_1 …] -> [s_1 …]`: its argument and its result
    calls: dict[str, list[tuple[Surface, ...]]] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    by: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)                        # names given whole to what is differentiated by an entry of them: `∂g(w, x)/∂w_k`
    labelled: dict[str, tuple[str, int]] = field(default_factory=dict)         # labels of classes, `t` of `s_{i,t_i}`: the slot that they name
    _brackets: list[tuple[Name, Group]] = field(default_factory=list)
    labelling: set[str] = field(default_factory=set)                    # letters below that are labels and no indices: `δ_o` of the output o
    pinned: set[str] = field(default_factory=set)                       # letters of one place that is meant throughout: `L = −log p_t`
    squares: set[str] = field(default_factory=set)                      # names of which the square is a quantity of its own: `σ^2 = …`
    recurrent: set[str] = field(default_factory=set)                    # names defined by their own earlier entries: `h_t = … h_{t-1}`
    short: dict[str, str] = field(default_factory=dict)                 # names differentiated without the label they are defined with
    alike: dict[str, str] = field(default_factory=dict)                 # names that are never defined, and those that they were misread from
    primed: set[str] = field(default_factory=set)                       # functions whose derivative is called: `f'(z)`, of a vector entry by entry
    _operands: set[str] = field(default_factory=set)
    _touched: set[str] = field(default_factory=set)
    _zero: bool = False                                                 # sums begin with 0: elsewhere w_0 is no entry of w_i
    _roots: set[str] = field(default_factory=set)                       # what the page differentiates by, no square
    _bodies: set[str] = field(default_factory=set)
    split: set[str] = field(default_factory=set)                        # names defined with an index and without: `J_i` and `J = Σ J_i`
    quantities: set[str] = field(default_factory=set)                   # of functions those that are quantities written with what they depend on
    sizes: dict[str, tuple[str, int]] = field(default_factory=dict)
    used: dict[str, Counter[tuple[str, ...]]] = field(default_factory=dict)     # of a name: the letters it was used with
    sampled: set[str] = field(default_factory=set)                              # names with an index above, or made of such names
    samples: Counter[str] = field(default_factory=Counter)                      # the letters above

    # ------------------------------------------------------------ names

    def resolved(self, name: Name) -> Name:
        """The name with digits below taken for indices or for a part of the name, as its other uses say; labels of no weight dropped."""
        if self.labelling and any(letter_of(i) in self.labelling for i in name.indices):
            labels = [x for x in map(letter_of, name.indices) if x in self.labelling]
            rest = tuple(i for i in name.indices if letter_of(i) not in self.labelling)
            name = replace(name, own="_".join((name.own, *(x for x in labels if x))), indices=rest)
        own = name.own
        if own in self.recurrent and any(isinstance(i, Sum) for i in name.indices):
            return self._earlier(name)
        own = own if name.indices or name.above or name.digits else self.short.get(own, own)
        if own in self.split and not (name.indices or name.above or name.digits):
            return replace(name, own=f"{own}_all", label="")
        label = "" if len(self.labels.get(own, ())) < 2 else name.label
        if name.digits and ("0" not in name.digits or self._zero) and len(name.digits) + len(name.indices) in self.counts.get(own, ()):
            return replace(name, own=own, digits=(), label=label, indices=(*(Decimal((0, 0), d) for d in name.digits), *name.indices))
        if name.digits or label:
            own = Name(own, digits=name.digits, label=label).whole
        own = self.alike.get(own, own)
        return name if own == name.own and not name.digits and not name.label else replace(name, own=own, digits=(), label="")

    def squared(self, name: Name) -> Name | None:
        """The name of the square where that is a quantity of its own, else None."""
        if name.own in self.squares and isinstance(name.power, Decimal) and name.power.text == "2":
            return replace(name, own=f"{name.own}{SQUARE}", power=None)
        return None

    @staticmethod
    def _earlier(name: Name) -> Name:
        """The earlier entry of a name that is defined by it, as a name of its own."""
        shifts = [f"{'m' if i.terms[1].sign < 0 else 'p'}{i.terms[1].node.text}" for i in name.indices
                  if isinstance(i, Sum) and isinstance(i.terms[1].node, Decimal)]
        return replace(name, own=f"{name.own}_{''.join(shifts)}", indices=tuple(i.terms[0].node if isinstance(i, Sum) else i for i in name.indices), label="")

    @property
    def sample(self) -> str:
        """The letter of the samples, or empty."""
        return self.samples.most_common(1)[0][0] if self.samples else ""

    def arity(self, own: str) -> int:
        """How many indices a name has below: the most that it is written with."""
        counts = self.counts.get(own) or self.counts.get(own.removesuffix(SQUARE))
        return max(counts) if counts else 0

    def is_call(self, name: Name, group: Group) -> bool:
        """Whether a name in front of parentheses is called, and not multiplied."""
        own = name.own
        if name.transposed:
            return False
        if own in self.functions or own in self.aliases or len(group.items) > 1:
            return True
        if own in self.assigned:
            return False
        if known_function(own) is not None:
            return True
        plain = all(name_of(item) is not None for item in group.items)
        if plain:
            single = len(group.items) == 1 and not name.indices and own not in self.by       # nobody writes T x as T(x)
            return own in CONVENTIONAL or own not in self.bare or single
        return own not in self.bare | self.by and not name.indices and not name.digits

    # ------------------------------------------------------------ collecting

    def collect(self, heads: Iterable[tuple[Surface, Surface | None]], trees: Iterable[Surface]) -> None:
        """Learns from the trees of a part; of each chain the head with what it is said to be."""
        all_trees = list(trees)
        for tree in all_trees:
            self.letters |= letters_in(tree)
        self._zero = any(isinstance(n, Big) and isinstance(n.lower, Decimal) and n.lower.text == "0" for tree in all_trees for n in walk(tree))
        stated = list(heads)
        self._labels(all_trees, stated)
        for tree in all_trees:
            self._names(tree, operand=True)
        self._split(stated)
        for head, body in stated:
            self._head(head, body)
        for own in self._bodies - self.assigned - set(self.functions) - self.split:
            labelled = [x for x in self.assigned if x.startswith(f"{own}_") and x not in self.counts and x.removeprefix(f"{own}_") not in ACCENTS]
            if len(labelled) == 1:
                self.short[own] = labelled[0]
        for whole in self._touched - self.assigned - self._operands:
            likes = [own for own in (self.assigned | self._operands) - self._touched if _looks_like(whole, own)]
            if len(likes) == 1:
                self.alike[whole] = likes[0]
        for own in sorted(self.bare | self.by):
            small = own.lower()             # X of a matrix form, where the page writes x_{ij} and says nothing else of X
            unknown = own not in self.counts and own not in self.assigned | set(self.functions)
            if len(own) == 1 and own != small and unknown and max(self.counts.get(small, (0,))) > 1:
                self.alike.setdefault(own, small)
        for name, group in self._brackets:
            if self.is_call(name, group):
                self.calls.setdefault(name.own, []).append(group.items)
        for tree in all_trees:
            self._sizes(tree)
        for tree in all_trees:
            self._means(tree)

    def _labels(self, trees: list[Surface], heads: list[tuple[Surface, Surface | None]]) -> None:
        """The letters below names that are labels: bound nowhere, and a quantity of the page themselves or written below one name alone."""
        bound = {letter.name for tree in trees for node in walk(tree) if isinstance(node, Big) for letter in node.letters}
        below: dict[str, set[str]] = {}
        digits: set[str] = set()
        for tree in trees:
            for _, name in occurrences(tree):
                for letter in map(letter_of, name.indices):
                    below.setdefault(letter or "", set()).add(name.own)
                digits |= {name.own} if name.digits else set()
        quantities = {name.own for head, body in heads if body is not None and letter_of(body) is None           # `i = k` says nothing of a quantity
                      for name in (name_of(head),) if name is not None and not name.indices}
        self.labelling = {x for x, owns in below.items() if x and x not in bound and (x in quantities or (len(owns) == 1 and owns <= digits))}
        self.letters -= self.labelling

    def _split(self, heads: list[tuple[Surface, Surface | None]]) -> None:
        found = [name for head, body in heads if body is not None for name in (name_of(head),) if name is not None]
        indexed = {n.own for n in found if n.indices}
        self.split |= {n.own for n in found if not (n.indices or n.above or n.digits)} & indexed

    def _head(self, head: Surface, body: Surface | None) -> None:
        called = call_of(head)
        if called is not None and body is not None:
            function, arguments = called
            name = name_of(function)
            if name is not None and all(name_of(a) is not None for a in arguments):
                component = next((x for x in (letter_of(i) for i in name.indices) if x), "")
                self.functions.setdefault(name.own, Defined(arguments, body, component))
            return
        name = name_of(head)
        if name is not None and body is not None and isinstance(name.power, Decimal) and name.power.text == "2":
            if name.own in self._roots:         # the page differentiates by σ itself: `σ^2 = e^s` is an equation
                return
            self.squares.add(name.own)
            self.assigned.add(f"{name.own}{SQUARE}")
            return
        if name is not None and body is not None and name.power is None:
            if any(n.own == name.own and any(isinstance(i, Sum) for i in n.indices) for _, n in occurrences(body)):
                self.recurrent.add(name.own)
            self.assigned.add(self.resolved(name).own)

    def _names(self, node: Surface, operand: bool) -> None:
        name = name_of(node)
        if name is not None:
            self._name(name, operand)
            for below in (name.power,):
                if below is not None:
                    self._names(below, True)
            return
        match node:
            case Product(_, factors):
                self._product(factors)
            case Applied(_, function, arguments):
                found = name_of(function)
                if found is not None:
                    self.calls.setdefault(found.own, []).append(arguments)
                for a in arguments:
                    self._names(a, True)
            case Derivative(_, body, by):
                self._names(body, operand=False)
                differentiated = name_of(body)
                if differentiated is not None:
                    self._bodies.add(differentiated.own)
                    self._touched.add(differentiated.whole)
                for b in by:
                    self._names(b, operand=False)
                    found = name_of(b)
                    if found is not None:
                        self.by.add(found.own)
                        self._roots |= {found.own} if found.power is None else set()
                        called = call_of(body) if found.indices else None
                        if called is not None and any(name_of(a) == Name(found.own) for a in called[1]):
                            self.whole.add(found.own)
                        self._touched.add(found.whole)
            case Scripted(_, base, _, sup, _):
                self._names(base, True)
                if sup is not None:
                    self._names(sup, True)
            case Big(_, _, _, _, _, condition, body):
                for part in (body, condition):
                    if part is not None:
                        self._names(part, True)
            case _:
                for child in children(node):
                    self._names(child, True)

    def _product(self, factors: tuple[Factor, ...]) -> None:
        for n, factor in enumerate(factors):
            name = name_of(factor.node)
            following = factors[n + 1] if n + 1 < len(factors) else None
            group = bracket_of(following)
            if name is not None and group is not None and not name.transposed:
                self.primed |= {name.own} if name.primes and len(group.items) == 1 else set()
                self._brackets.append((name, group))
                self._name(name, False)
            else:
                self._names(factor.node, True)

    def _name(self, name: Name, operand: bool) -> None:
        if operand:
            self.bare.add(name.own)
            self._operands.add(name.whole)
        if name.label:
            self.labels.setdefault(name.own, set()).add(name.label)
        for index in name.above:
            self.sampled.add(name.own)
            self.samples[letter_of(index) or ""] += 1
        if name.own != "delta":
            for slot, index in enumerate(name.indices, 1 + len(name.above)):
                if is_label(index):
                    self.labelled.setdefault(identifier(index.base), (name.own, slot))  # type: ignore[union-attr, arg-type]
        if self.labelling and any(letter_of(i) in self.labelling for i in name.indices):
            name = replace(name, indices=tuple(i for i in name.indices if letter_of(i) not in self.labelling))
        spelled_letters = tuple(x for x in (letter_of(i) for i in name.indices) if x)
        if spelled_letters and not (name.own == "delta" and len(name.indices) == 2):        # of Kronecker, whatever else a delta is here
            self.counts.setdefault(name.own, Counter())[len(name.indices)] += 1
            self.used.setdefault(name.own, Counter())[tuple(spelled(i) for i in name.indices)] += 1

    def label_facts(self) -> tuple[str, ...]:
        """Of names that stand as an index: how far the slot runs in which they stand."""
        return tuple(f"{own}[i] in 1..size({tensor}, {slot})" for own, (tensor, slot) in self.labelled.items())

    def _sizes(self, tree: Surface) -> None:
        for node in walk(tree):
            if isinstance(node, Big) and isinstance(node.upper, Symbol) and len(node.letters) == 1:
                for slot in _slots(node.body, node.letters[0].name):
                    self.sizes.setdefault(identifier(node.upper), slot)
                    break

    def _means(self, tree: Surface) -> None:
        """The counts that means without bounds divide by: n of `1/n Σᵢ eᵢ²`."""
        for node in walk(tree):
            if not isinstance(node, Product) or not isinstance(node.factors[-1].node, Big):
                continue
            total = node.factors[-1].node
            slots = list(_slots(total.body, total.letters[0].name)) if total.kind == "sum" and total.upper is None and len(total.letters) == 1 else []
            for count in _divisors(node.factors[:-1]) if slots else ():
                if count.name in COUNTING and count.name not in self.letters | self.by | self.assigned and count.name not in self.counts:
                    self.sizes.setdefault(identifier(count), slots[0])


def _divisors(factors: tuple[Factor, ...]) -> Iterator[Symbol]:
    """The names that a number is divided by: of `1/n` and `\\frac{1}{2m}`; none where there are names above."""
    above: list[Surface] = []
    below: list[Surface] = []
    for factor in factors:
        node = factor.node
        if isinstance(node, Fraction):
            above.append(node.numerator)
            below += [f.node for f in node.denominator.factors] if isinstance(node.denominator, Product) else [node.denominator]
        else:
            (below if factor.operator == "/" else above).append(node)
    if all(isinstance(node, Decimal) for node in above):
        yield from (node for node in below if isinstance(node, Symbol) and not node.accents)


def _slots(body: Surface, letter: str) -> Iterator[tuple[str, int]]:
    for node in walk(body):
        name = name_of(node)
        if name is not None:
            for slot, index in enumerate(name.indices, 1):
                if letter_of(index) == letter:
                    yield name.own, slot


def bracket_of(factor: Factor | None) -> Group | None:
    """The brackets behind a name that may hold its arguments, also where they are raised to a power: `σ(z)^2`."""
    if factor is None or factor.operator:
        return None
    node = factor.node
    if isinstance(node, Scripted) and not node.sub and not node.primes and node.sup is not None:
        node = node.base
    return node if isinstance(node, Group) and node.bracket != "[" else None


LOOKS = frozenset(frozenset(pair.split()) for pair in (
    "0 theta", "0 o", "0 O", "o theta", "1 l", "1 I", "1 i", "5 s", "2 z", "w omega", "v nu", "a alpha", "n eta", "p rho", "x chi"))


def _looks_like(one: str, other: str) -> bool:
    """Whether two names are alike but for one part that is easily misread: `z_0` and `z_theta`."""
    a, b = one.split("_"), other.split("_")
    apart = [frozenset(pair) for pair in zip(a, b, strict=False) if pair[0] != pair[1]]
    return len(a) == len(b) and len(apart) == 1 and apart[0] in LOOKS


def call_of(node: Surface) -> tuple[Surface, tuple[Surface, ...]] | None:
    """The function and the arguments where a tree is a name with something in parentheses behind it, and nothing else."""
    match node:
        case Applied(_, function, arguments):
            items = arguments[0].items if len(arguments) == 1 and isinstance(arguments[0], Group) else arguments
            return function, items
        case Product(_, (first, second)) if not second.operator and isinstance(second.node, Group) and name_of(first.node) is not None:
            return first.node, second.node.items
    return None


def columns(node: Surface) -> str | None:
    """The name whose entries a column `[a_1 a_2 … a_c]` lists, or None."""
    if not isinstance(node, Array):
        return None
    owns = {name.own for row in node.rows for cell in row for name in (name_of(cell),) if name is not None}
    return owns.pop() if len(owns) == 1 else None
