"""What holds in a part of a page: its definitions, taken together as one model in which every formula of the part is read.

The formulas of the part stand in the model as pairs `max(left, right)`, so that the letters of both sides are on one axis. A quantity that
the page differentiates and never defines is a surrogate: an abstract function of what it is differentiated by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.checking.definitions import Stated
from handgrad.checking.indexed import Opaque, safe
from handgrad.checking.interpretation import Interpreter
from handgrad.checking.naming import letter_of
from handgrad.checking.shapes import Shaped
from handgrad.checking.vocabulary import Vocabulary
from handgrad.errors import HandgradError
from handgrad.expr import Abstract, Axis, Call, Derivative, Entry, Expr, Letter
from handgrad.notation import read, read_expression
from handgrad.records import dataclass
from handgrad.trees import names, subtrees
from handgrad.verification import Certificate, Verifier

UNJOINED = re.compile(r"`delta\[(\w+),\s*(\w+)\]` compares")
DEFINITION = 4              # parts that a definition counts for: what is derived through many takes long
ROWS, COLUMNS = "r0", "c0"      # the letters of entries of vectors and matrices


@dataclass(frozen=True, slots=True)
class Claim:
    """Two sides in the notation, and their free letters."""

    left: str
    right: str
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides as trees of one model."""

    left: Expr
    right: Expr
    letters: Mapping[str, Axis]


@dataclass(slots=True)
class Scope:
    """A part of a page in which formulas are read and compared."""

    words: Vocabulary
    definitions: dict[str, Stated]
    facts: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)        # names with the numbers that the page gives them
    given: tuple[str, ...] = ()                                     # statements that hold before all others: those of a problem
    ranks: Mapping[str, int] | None = None                          # of names without indices, where the part speaks of vectors and matrices
    surrogating: bool = True                                        # what is differentiated and never defined is an abstract function
    einstein: bool = False                                          # an index that stands twice in a product is summed over
    upright: bool = True                                            # vectors are columns
    dropped: dict[str, str] = field(default_factory=dict)           # definitions that cannot be read, and why
    models: dict[object, Compiled] = field(default_factory=dict)    # what was made of which statements

    def interpreter(self, letters: Iterable[str] = (), partial: bool = False) -> Interpreter:
        """The interpreter of formulas here; `letters` are free in them."""
        bodies = {self.words.resolved(d.name).own: d.body for d in self.definitions.values()}
        return Interpreter(self.words, tuple(letters), frozenset(letters), partial, bodies, self.fixed, [])

    def lines(self) -> dict[str, str]:
        """The definitions as statements of the notation, by what they define; what cannot be said is left out."""
        rows: dict[str, str] = {}
        owns: set[str] = set()
        for key, definition in self.definitions.items():
            own = self.words.resolved(definition.name).own
            try:
                if own not in owns:         # a name that is defined for one sample and for all of them is one name
                    rows[key] = self.statement(definition)
                    owns.add(own)
            except Opaque as reason:
                self.dropped[key] = reason.why
        rows |= {f"number {own}": f"{safe(own)} = {text}" for own, text in self.numbers.items() if own not in owns}
        with suppress(Opaque):
            rows |= {name: f"{name} = {body}" for name, body in self.interpreter().value_definitions().items()}
        return rows

    def statement(self, definition: Stated) -> str:
        """A definition as a statement of the notation; one that leans on samples gets their letter."""
        name = self.words.resolved(definition.name)
        letters = [x for x in (letter_of(i) for i in (*name.above, *name.indices)) if x]
        if name.own in self.words.sampled and not name.above:
            letters = [self.words.sample, *letters]
        interpreter = self.interpreter(letters)
        if self.ranks is None:
            body = interpreter.text(definition.body)
        else:
            shaped = Shaped(interpreter, self.ranks, self.upright)
            shape = shaped.shape(definition.head)
            body = shaped.entry(definition.body, ROWS, COLUMNS)
            letters += [*([ROWS] if shape.rows else []), *([COLUMNS] if shape.columns else [])]
        own = safe(name.own)
        return f"{own}[{','.join(letters)}] = {body}" if letters else f"{own} = {body}"

    def compiled(self, claims: Sequence[Claim]) -> Compiled:
        """The claims as trees of one model with all definitions; what was made of the same statements before is taken again."""
        rows = {**{f"given {n}": row for n, row in enumerate(self.given)}, **self.lines()}
        pairs = {n: f"pair_{n}{'[' + ','.join(c.letters) + ']' if c.letters else ''} = max({c.left}, {c.right})" for n, c in enumerate(claims)}
        facts = [f"assume {fact}" for fact in (*self.words.label_facts(), *self.facts)]
        place = (tuple(rows.items()), tuple(pairs.values()), tuple(facts), self.surrogating)
        if place not in self.models:
            self.models[place] = _Modelling(rows, pairs, facts, self.surrogating).made()
        found = self.models[place]
        self.dropped |= found.dropped
        return found


@dataclass(slots=True)
class _Modelling:
    """The statements of a model while those are left out that cannot be read together with the others."""

    rows: dict[str, str]
    pairs: dict[int, str]
    facts: list[str]
    surrogating: bool
    faults: dict[int, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    surrogates: dict[str, str] = field(default_factory=dict)

    def made(self) -> Compiled:
        """The model of what can be read."""
        claims = range(len(self.pairs))
        for _ in range(2 * len(self.rows) + len(self.pairs) + len(self.facts) + 4):
            kinds = (("row", self.rows), ("surrogate", self.surrogates), ("fact", dict(zip(self.facts, self.facts, strict=True))), ("pair", self.pairs))
            table = [(kind, key, row) for kind, of_kind in kinds for key, row in of_kind.items()]
            if not table:
                break
            try:
                model = read("\n".join(row for _, _, row in table))
            except HandgradError as error:
                self._drop(table[max(0, min(error.line - 1, len(table) - 1))] if error.line else table[-1], error)
                continue
            needed = self._surrogates(model) if self.surrogating and not self.surrogates else {}
            if not needed:
                return Compiled(model, {n: _pair(model, n) for n in self.pairs}, self.faults, self.dropped, frozenset(self.surrogates))
            self.surrogates = needed
        return Compiled(Model({}), {}, {n: self.faults.get(n, "nothing here can be read") for n in claims}, self.dropped)

    def _drop(self, found: tuple[str, object, str], error: HandgradError) -> None:
        kind, key, row = found
        letters = UNJOINED.match(error.what)
        if kind == "pair" and letters and "probe_" not in row:
            head, _, body = row.partition(" = max(")
            self.pairs[key] = f"{head} = max(0*probe_{key}[{letters[1]}] + 0*probe_{key}[{letters[2]}] + {body}"  # type: ignore[index]
        elif kind == "pair":
            self.faults[key] = error.what  # type: ignore[index]
            del self.pairs[key]  # type: ignore[arg-type]
        elif kind == "fact":
            self.facts.remove(row)
        elif kind == "surrogate":
            del self.surrogates[key]  # type: ignore[arg-type]
        else:
            self.dropped[str(key)] = error.what
            del self.rows[key]  # type: ignore[arg-type]

    # ------------------------------------------------------------ what the page never defines

    def _surrogates(self, model: Model) -> dict[str, str]:
        """Statements for the names that are differentiated and not defined."""
        wanted: dict[str, dict[Entry, Entry]] = {}
        for definition in model.definitions.values():
            for node in subtrees(definition.body):
                if isinstance(node, Derivative) and isinstance(node.body, Entry) and node.body.name not in model.definitions:
                    for by in node.by:
                        if node.body.name not in _reached(by.name, model):          # what m is made of does not hang on m
                            wanted.setdefault(node.body.name, {})[by] = node.body
        reach = {name: _reached(name, model) for name in model.tensors}
        found = {}
        for name, entries in wanted.items():
            last = {by for by in entries if not any(by.name in reach[other.name] and other.name != by.name for other in entries)}
            found[name] = self._surrogate(name, {by: entries[by] for by in last}, model)
        return found

    def _surrogate(self, name: str, entries: Mapping[Entry, Entry], model: Model) -> str:
        letters = [f"s{n}" for n in range(len(model.tensors[name]))]
        head = f"{name}[{','.join(letters)}]" if letters else name
        arguments = []
        for by, body in entries.items():
            slots = len(by.indices)
            alike = bool(slots) and by.indices == body.indices        # ∂ŷ_i/∂a_i alone: entry by entry
            arguments.append(f"{by.name}[{','.join(letters if alike else ':' * slots)}]" if slots else by.name)
        if letters:
            arguments.append(f"{name}_at[{','.join(letters)}]")
        return f"{head} = {name}_of({', '.join(arguments)})"


@dataclass(slots=True)
class Compiled:
    """A part as one model, with the pairs that could be read, the faults of the others, and the verifier of the model."""

    model: Model
    pairs: Mapping[int, Pair]
    faults: Mapping[int, str]
    dropped: Mapping[str, str]
    surrogates: frozenset[str] = frozenset()
    _verifier: Verifier | None = None
    _certificates: dict[tuple[int, int, bool], Certificate] = field(default_factory=dict)

    @property
    def verifier(self) -> Verifier:
        """What compares."""
        if self._verifier is None:
            self._verifier = Verifier(self.model, functions())
        return self._verifier

    def compare(self, n: int, points: int = 6, at_kinks: bool = False) -> Certificate:
        """What is found about the sides of pair n."""
        place = (n, points, at_kinks)
        if place not in self._certificates:
            pair = self.pairs[n]
            try:
                self._certificates[place] = self.verifier.compare(pair.left, pair.right, points, at_kinks)
            except HandgradError as error:              # facts that no point satisfies
                self._certificates[place] = Certificate("undecided", 0, 0, because=error.what)
        return self._certificates[place]

    def expression(self, text: str, n: int) -> Expr:
        """A further formula, with the letters of pair n."""
        return read_expression(text, self.model, self.pairs[n].letters)

    def weight(self, side: Expr) -> int:
        """How many different parts a formula has, with the definitions that it leans on; each of these counts for several."""
        reached = frozenset().union(*(_reached(name, self.model) for name in names(side)))
        bodies = [self.model.definitions[name].body for name in reached if name in self.model.definitions]
        return sum(1 for tree in (side, *bodies) for _ in subtrees(tree)) + DEFINITION * len(bodies)

    def inputs_of(self, side: Expr) -> frozenset[str]:
        """The inputs that a formula is made of."""
        reached = frozenset().union(*(_reached(name, self.model) for name in names(side)))
        return reached - frozenset(self.model.definitions)

    def unknown(self, n: int) -> str:
        """Empty, or the quantity on the left of pair n that the page differentiates and never defines, where the right side does not."""
        def differentiated(side: Expr) -> set[str]:
            return {node.body.name for node in subtrees(side) if isinstance(node, Derivative) and isinstance(node.body, Entry)}

        left = differentiated(self.pairs[n].left) & self.surrogates
        return ", ".join(sorted(left - differentiated(self.pairs[n].right)))

    def unsaid(self, n: int) -> str:
        """Empty, or the functions that the page never defines and that are differentiated on the left of pair n, and not on the right."""
        def differentiated(side: Expr) -> set[str]:
            bodies = [node.body for node in subtrees(side) if isinstance(node, Derivative)]
            reached = {name for body in bodies for entry in names(body) for name in _reached(entry, self.model)}
            inside = [*bodies, *(self.model.definitions[name].body for name in reached if name in self.model.definitions)]
            return {node.function for tree in inside for node in subtrees(tree) if isinstance(node, Abstract)}

        return ", ".join(sorted(differentiated(self.pairs[n].left) - differentiated(self.pairs[n].right) - {f"{name}_of" for name in self.surrogates}))

    def reaches(self, n: int, right: bool = False) -> str:
        """Empty, or the derivative on the left (or right) of pair n that is 0 since nothing on the page says how the one depends on the other."""
        for node in subtrees(self.pairs[n].right if right else self.pairs[n].left):
            if isinstance(node, Derivative):
                reached = frozenset().union(*(_reached(name, self.model) for name in names(node.body)))
                for by in node.by:
                    if reached and by.name not in reached:         # the derivative of a number is 0 beyond doubt
                        return f"nothing on the page says how {', '.join(sorted(names(node.body)))} depends on {by.name}"
        return ""


def _pair(model: Model, n: int) -> Pair:
    definition = model.definitions[f"pair_{n}"]
    assert isinstance(definition.body, Call)
    left, right = definition.body.arguments
    return Pair(left, right, {letter.name: letter.axis for letter in definition.letters if isinstance(letter, Letter)})


def _reached(name: str, model: Model) -> frozenset[str]:
    """The name and all that it is made of."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            if current in model.definitions:
                todo.extend(names(model.definitions[current].body))
    return frozenset(seen)
