"""From what stands on a page to the notation: every formula of a part as the text that `notation` reads.

The text is the reading: it is what a report shows as `read_as` and what is evaluated. What cannot be said in the notation, or not with
certainty, is `Opaque`, with the reason; it is never guessed. What a writer left out by habit (the index of w in ∂g/∂w) is filled in and noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from handgrad.checking.naming import Name, identifier, is_label, letter_of, letters_in, name_of, occurrences
from handgrad.checking.rewriting import at_index, bare, dotted, moved, with_argument
from handgrad.checking.vocabulary import SQUARE, Vocabulary, bracket_of, call_of, known_function
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
    Span,
    Sum,
    Surface,
    Symbol,
    Term,
    Unread,
    spelled,
    walk,
)

SPARE = "qpruvzabcdefgh"
KINDS = {"sum": "sum", "prod": "prod", "max": "max", "min": "min", "mean": "mean"}
RUNNING = frozenset(("norm", "logsumexp", "mean", "sum", "prod"))       # with the letter along which they run
WORDS = frozenset("if else and or not in assume axes pi".split())


class Opaque(Exception):
    """A formula that the notation cannot say, or whose meaning is not certain."""

    def __init__(self, why: str, span: Span = (0, 0)) -> None:
        super().__init__(why)
        self.why, self.span = why, span


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Writes the formulas of a part in the notation, by what its vocabulary knows."""

    words: Vocabulary
    letters: tuple[str, ...] = ()                                       # those of the head, which fill in what is left out
    scope: frozenset[str] = frozenset()                                 # those that are bound around the formula, or free in the head
    partial: bool = False                                               # derivatives hold the other names in a formula fixed
    definitions: Mapping[str, Surface] = field(default_factory=dict)    # of defined names their bodies as surface trees
    fixed: Mapping[str, str] = field(default_factory=dict)              # spelled names and their text, before all else (a problem's names)
    noted: list[str] = field(default_factory=list)
    filler: tuple[str, ...] = ()                                        # letters for slots that vectors in a norm or a softmax leave out

    # ------------------------------------------------------------ formulas

    def text(self, node: Surface) -> str:
        """The formula in the notation."""
        match node:
            case Decimal(_, text):
                return text
            case Symbol() | Scripted():
                return self._scripted(node)
            case Sum(_, terms):
                return self._sum(terms, node.span)
            case Product(_, factors):
                return self._product(factors)
            case Fraction(_, top, bottom):
                return f"({self.text(top)})/({self.text(bottom)})"
            case Group(_, _, (Compared() as condition,)):
                return f"(1 if {self.condition(condition)} else 0)"         # the bracket that is 1 where it holds
            case Group(_, _, (item,)):
                return f"({self.text(item)})"
            case Bars(_, _, body):
                return self._bars(body)
            case Root(_, body, degree):
                return f"sqrt({self.text(body)})" if degree is None else f"({self.text(body)})^(1/({self.text(degree)}))"
            case Applied(_, function, arguments):
                return self._applied(function, arguments, node.span)
            case Big():
                return self._big(node)
            case Derivative(_, body, by):
                return self._derivative(body, by)
            case Piecewise(_, rows):
                return self._cases(rows, node.span)
            case Braced(_, body, _):
                return self.text(body)
            case Unread(span, _, why):
                raise Opaque(why, span)
            case Nabla(_, body, by) if (entries := gradient_of(body, by, self.words)) is not None:
                return self._derivative(body, entries)
            case Group() | Nabla() | Array() | Dots() | Compared():
                raise Opaque("a matrix, a list or a condition stands where a number should", node.span)

    def _sum(self, terms: tuple[Term, ...], span: Span) -> str:
        if any(isinstance(t.node, Dots) for t in terms):
            found = dotted(terms)
            if found is None:
                raise Opaque("the dots do not say how the sum goes on", span)
            letter, general = found
            inner = f"sum[{letter}]({self.within(letter).text(general)})"
            return inner if terms[0].sign > 0 else f"(-{inner})"
        return "(" + "".join((" - " if t.sign < 0 else " + " if n else "") + self._term(t.node) for n, t in enumerate(terms)).strip() + ")"

    def _term(self, node: Surface) -> str:
        text = self.text(node)
        return f"({text})" if text.startswith("-") else text

    def _product(self, factors: tuple[Factor, ...]) -> str:
        out: list[str] = []
        n = 0
        while n < len(factors):
            factor, node = factors[n], factors[n].node
            joint = "" if not out else "/" if factor.operator == "/" else "*"
            following = factors[n + 1] if n + 1 < len(factors) else None
            called = self._called(node, following)
            if called is not None:
                out.append(joint + called)
                n += 2
                continue
            if factor.operator == "outer" or factor.operator == "*" and n and _is_vector(node) and _is_vector(factors[n - 1].node):
                raise Opaque("a product of two vectors is not read here", node.span)
            out.append(joint + self._factor(node))
            n += 1
        return "".join(out)

    def _called(self, node: Surface, following: Factor | None) -> str | None:
        """The call that two factors are, or None."""
        name, group = name_of(node), bracket_of(following)
        if name is None or following is None or group is None or spelled(node) in self.fixed or not self.words.is_call(name, group):
            return None
        raised = following.node.sup if isinstance(following.node, Scripted) else None
        text = self._call(node, name if name.power is None else bare(name), group.items)
        for power in (name.power, raised):
            text = text if power is None else f"({text})^({self.text(power)})"
        return text

    def _factor(self, node: Surface) -> str:
        text = self.text(node)
        return f"({text})" if isinstance(node, (Fraction, Product)) or text.startswith("-") else text

    # ------------------------------------------------------------ names and powers

    def _scripted(self, node: Surface) -> str:
        if spelled(node) in self.fixed:
            return self.fixed[spelled(node)]
        name = name_of(node)
        if name is None:
            return self._compound(node)
        squared = self.words.squared(name)
        if squared is not None:
            return self._entry(squared, node)
        if name.power is not None and isinstance(node, Scripted):
            without = Scripted(node.span, node.base, node.sub, None, node.primes) if node.sub or node.primes else node.base
            if self.is_exponential(name):
                return f"exp({self.text(name.power)})"
            return f"{self._scripted(without)}^({self.text(name.power)})"
        if name.own == "pi" and not name.indices:
            return "pi"
        if name.own == "e" and not name.indices and not name.digits and "e" not in self.words.assigned and not self.words.counts.get("e"):
            return "exp(1)"
        if name.transposed:
            raise Opaque("a transpose is not read here", node.span)
        return self._entry(name, node)

    def is_exponential(self, name: Name) -> bool:
        """Whether what is raised to a power is the number e."""
        if name.own != "e" or name.indices or name.digits:
            return False
        return "e" not in self.words.assigned or bool(self.words.counts.get("e")) and not isinstance(name.power, Decimal)

    def _compound(self, node: Surface) -> str:
        assert isinstance(node, Scripted)
        if isinstance(node.base, Applied) and len(node.sub) == 1 and node.sup is None and not node.primes:
            function, given = name_of(node.base.function), node.base.arguments             # `softmax(z)_t`
            if function is not None and not function.indices:
                return self._call(node, replace(function, indices=node.sub), given[0].items if isinstance(given[0], Group) and len(given) == 1 else given)
        if isinstance(node.base, Bars) and node.base.kind == "norm" and len(node.sub) == 1:
            return self._norm(node, node.base.body, node.sub[0])
        if node.sub or node.primes or node.sup is None:
            raise Opaque("scripts on something that is no name", node.span)
        if isinstance(node.sup, Symbol) and node.sup.name in ("T", "top"):
            raise Opaque("a transpose is not read here", node.span)
        return f"({self.text(node.base)})^({self.text(node.sup)})"

    def _norm(self, node: Scripted, body: Surface, below: Surface) -> str:
        """`‖x‖₂`, or with the letter along which it runs, `‖xᵢₖ‖ₖ`."""
        letter = letter_of(below)
        if letter is not None:
            text = f"norm[{letter}]({self.within(letter).text(body)})"
        elif isinstance(below, Decimal) and below.text == "2":
            text = self._bars(body)
        else:
            raise Opaque("a norm of this kind is not read", node.span)
        return text if node.sup is None else f"({text})^({self.text(node.sup)})"

    def _entry(self, name: Name, node: Surface) -> str:
        found = self.words.resolved(name)
        own = found.own + "'" * found.primes
        if own == "delta" and len(found.indices) == 2:
            return f"delta[{','.join(map(self._index, found.indices))}]"
        if self._is_shortened(own, found):
            return self._shortened(own, node)
        if own in self.words.sizes and not found.indices and own not in self.words.assigned:
            tensor, slot = self.words.sizes[own]
            return f"size({safe(tensor)}, {slot + (tensor in self.words.sampled)})"
        return self._with_indices(own, found, node)

    def _is_shortened(self, own: str, name: Name) -> bool:
        return own in self.words.calls and own not in self.words.assigned and not name.indices and not name.above

    def _with_indices(self, own: str, name: Name, node: Surface) -> str:
        if own in self.words.squares and own not in self.words.assigned:        # σ, where the page says what σ^2 is
            return f"sqrt({self._with_indices(own + SQUARE, name, node)})"
        texts = [self._index(i) for i in name.indices]
        if len(texts) < self.words.arity(own):
            texts = self._filled(own, texts, node)
        above = [self._index(i) for i in name.above]
        if own in self.words.sampled and not above:
            sample = self.words.sample
            if sample not in self.scope:
                self.noted.append(f"{spelled(node)} is summed over the samples")
                return f"sum[{sample}]({safe(own)}[{','.join([sample, *texts])}])"
            above = [sample]
        texts = [*above, *texts]
        return f"{safe(own)}[{','.join(texts)}]" if texts else safe(own)

    def _filled(self, own: str, texts: list[str], node: Surface) -> list[str]:
        """The indices of a name with those filled in that the writer left out."""
        arity = self.words.arity(own)
        missing = arity - len(texts)
        if self.filler and missing <= len(self.filler):
            return [*texts, *self.filler[:missing]]
        if not texts:
            for letters, _ in self.words.used[own].most_common():
                if len(letters) == arity and all(x in self.letters for x in letters):
                    self.noted.append(f"the index of {spelled(node)} is left out")
                    return list(letters)
            if len(self.letters) >= arity:
                self.noted.append(f"the index of {spelled(node)} is left out")
                return list(self.letters[:arity])
        raise Opaque(f"{spelled(node)} has {len(texts)} {'index' if len(texts) == 1 else 'indices'} here and {arity} elsewhere", node.span)

    def _shortened(self, own: str, node: Surface) -> str:
        """A function named without its arguments: its value at those it has elsewhere."""
        if own in self.words.functions:
            return self._call(node, Name(own), self.words.functions[own].parameters)
        arguments = next((a for a in self.words.calls[own] if all(name_of(x) is not None for x in a)), None)
        if arguments is None:
            raise Opaque(f"{own} stands without arguments", node.span)
        return self._call(node, Name(own), arguments)

    def _index(self, node: Surface) -> str:
        match node:
            case Symbol(_, name):
                return "1" if name in self.words.pinned and name not in self.scope else name
            case Decimal(_, text) if text.isdigit() and text != "0":
                return text
            case Sum(_, terms):
                return "".join(("-" if t.sign < 0 else "+" if n else "") + self._index(t.node) for n, t in enumerate(terms))
            case Scripted():
                return self._scripted(node)
        raise Opaque("an index that is not read", node.span)

    # ------------------------------------------------------------ calls

    def _applied(self, function: Surface, arguments: tuple[Surface, ...], span: Span) -> str:
        name = name_of(function)
        if name is None:
            raise Opaque("a function that is not read", span)
        items = arguments[0].items if len(arguments) == 1 and isinstance(arguments[0], Group) else arguments
        text = self._call(function, bare(name), items)
        return text if name.power is None else f"({text})^({self.text(name.power)})"

    def _call(self, node: Surface, name: Name, items: tuple[Surface, ...]) -> str:
        own = name.own
        if name.primes:
            return self._primed(node, name, items)
        letter = letter_of(name.indices[0]) if len(name.indices) == 1 and len(items) == 1 else None
        if letter is not None and own in RUNNING and own not in self.words.functions:
            return f"{own}[{letter}]({self.within(letter).text(items[0])})"
        if own in self.words.aliases:
            return self._component(name, items, node)
        if own in self.words.functions:
            return self._page_function(own, name, items, node)
        standard = known_function(own)
        if standard is not None and own not in self.words.assigned:
            return self._standard(standard, name, items, node)
        if own in self.words.assigned:
            return self._entry(name, node)
        if own in self.words.by:
            return self.value_name(own)
        if own == "size" and len(items) == 2:
            return self._size(items, node)
        return f"{safe(own)}({', '.join(self._argument(i) for i in items)})"

    def _size(self, items: tuple[Surface, ...], node: Surface) -> str:
        """`size(x, 1)`: how many entries x has along its first index."""
        name, slot = name_of(items[0]), items[1]
        if name is None or name.indices or not isinstance(slot, Decimal) or not slot.text.isdigit():
            raise Opaque("a size that does not say of which index", node.span)
        return f"size({safe(self.words.resolved(name).own)}, {slot.text})"

    def _standard(self, standard: str, name: Name, items: tuple[Surface, ...], node: Surface) -> str:
        if standard == "log" and name.digits:
            raise Opaque(f"the logarithm to the base {name.digits[0]} is not read", node.span)
        if standard in ("softmax", "log_softmax"):
            return self._softmax(standard, name, items, node)
        if name.indices and standard not in ("max", "min"):
            raise Opaque(f"{standard} with an index is not read", node.span)
        return f"{standard}({', '.join(self.text(i) for i in items)})"

    def value_name(self, own: str) -> str:
        """The name of the value of an abstract function, where the page differentiates by it."""
        arguments = self.words.calls[own][0]
        letters = sorted({x for a in arguments for x in letters_in(a)})
        return f"{own}_value" + (f"[{','.join(letters)}]" if letters else "")

    def value_definitions(self) -> dict[str, str]:
        """The definitions that such names need."""
        found = {}
        for own in sorted(self.words.by & set(self.words.calls)):
            if own not in self.words.assigned | set(self.words.functions) and known_function(own) is None:
                found[self.value_name(own)] = f"{safe(own)}({', '.join(self._argument(a) for a in self.words.calls[own][0])})"
        return found

    def _argument(self, node: Surface) -> str:
        """An argument of an abstract function: a whole axis where a name stands without its index and none can be filled in."""
        name = name_of(node)
        if name is not None and name.power is None and not name.transposed and spelled(node) not in self.fixed:
            found = self.words.resolved(name)
            missing = self.words.arity(found.own) - len(found.indices)
            above = [self._index(i) for i in found.above] or ([self.words.sample] if found.own in self.words.sampled else [])
            if missing > 0 and not (self.letters and not found.indices and len(self.letters) >= missing):
                return f"{safe(found.own)}[{','.join([*above, *map(self._index, found.indices), *(':' * missing)])}]"
        return self.text(node)

    def _page_function(self, own: str, name: Name, items: tuple[Surface, ...], node: Surface) -> str:
        """A function that the page defines: its name where it is called as it was defined, else its body with the arguments."""
        defined = self.words.functions[own]
        same = [spelled(a) for a in items] == [spelled(p) for p in defined.parameters]
        if same or own in self.words.quantities:
            return self._with_indices(own, self.words.resolved(bare(name)), node)
        if len(items) != len(defined.parameters):
            raise Opaque(f"{own} is defined with {len(defined.parameters)} arguments", node.span)
        body = defined.body
        for parameter, item in zip(defined.parameters, items, strict=True):
            body = with_argument(body, spelled(parameter), item)
        return f"({self.text(body)})"

    def _component(self, name: Name, items: tuple[Surface, ...], node: Surface) -> str:
        """`S_k(ŷ)`, a component of a function of a whole vector."""
        argument, result = self.words.aliases[name.own]
        given = name_of(items[0]) if len(items) == 1 else None
        body = self.definitions.get(result)
        if given is None or len(name.indices) != 1 or body is None:
            raise Opaque("a function of a whole vector without a component, or of one that is not defined", node.span)
        found = self.words.resolved(given)
        if found.own == argument and not found.indices and not found.above:
            return f"{safe(result)}[{self._index(name.indices[0])}]"
        letter = self.words.used[result].most_common(1)[0][0][0] if result in self.words.used else "i"
        return f"({self.text(moved(body, letter, name.indices[0], argument, items[0]))})"

    def _softmax(self, standard: str, name: Name, items: tuple[Surface, ...], node: Surface) -> str:
        if len(items) != 1 or len(name.indices) != 1:
            raise Opaque("a softmax without its component", node.span)
        letter = next(x for x in SPARE if x not in self.words.letters)
        component, item = letter_of(name.indices[0]), items[0]
        if component is not None and component in letters_in(item):        # `softmax_m(a_m)`: of the whole vector, its component m
            item = at_index(item, component, Symbol(node.span, letter))
        return f"{standard}[{letter}]({replace(self.within(letter), filler=(letter,)).text(item)})[{self._index(name.indices[0])}]"

    def _primed(self, node: Surface, name: Name, items: tuple[Surface, ...]) -> str:
        """`σ'(z)`: the derivative by the argument, at a name."""
        if name.primes > 1 or len(items) != 1 or name_of(items[0]) is None:
            raise Opaque("a derivative with a prime at something that is no name", node.span)
        value = self._call(node, replace(name, primes=0), items)
        return f"d({value}, {self.text(items[0])})"

    # ------------------------------------------------------------ sums, derivatives, cases

    def within(self, *letters: str) -> Interpreter:
        """The interpreter of what stands below a sum over some letters."""
        return replace(self, scope=self.scope | frozenset(letters))

    def _bars(self, body: Surface) -> str:
        """A norm where the names in it lack an index, else the absolute value."""
        lacking = 0
        for _, name in occurrences(body):
            found = self.words.resolved(name)
            lacking = max(lacking, self.words.arity(found.own) - len(found.indices))
        if not lacking or self.filler:
            return f"abs({self.text(body)})"
        letter = next(x for x in SPARE if x not in self.words.letters)
        return f"norm[{letter}]({replace(self, filler=(letter,)).text(body)})"

    def _big(self, node: Big) -> str:
        if node.kind not in KINDS or not node.letters:
            raise Opaque("a sum that does not say over what it runs", node.span)
        return self.gathered(node, self.within(*(letter.name for letter in node.letters)).text(node.body))

    def gathered(self, node: Big, body: str) -> str:
        """The sum or product of a body that is written already, with its letters, their ranges and conditions."""
        letters = [letter.name for letter in node.letters]
        within = self.within(*letters)
        conditions = [*self._bounds(node), *([within.condition(node.condition)] if node.condition is not None else [])]
        if conditions:
            body = f"{body} if {' and '.join(conditions)} else 0"
        return f"{KINDS[node.kind]}[{','.join(map(partial(self._ranged, body=node.body), letters))}]({body})"

    def _ranged(self, letter: str, body: Surface) -> str:
        """The letter, with its range where it only stands in Kronecker deltas, beside labels or other letters: `Σₖ δ_{k,tᵢ}`, `Σⱼ yᵢ δᵢⱼ`."""
        names = [name for _, name in occurrences(body) if any(letter_of(i) == letter for i in (*name.indices, *name.above))]
        if not names or any(name.own != "delta" for name in names):
            return letter
        labels = [i for name in names for i in name.indices if is_label(i)]
        found = self.words.labelled.get(identifier(labels[0].base)) if labels else self._slot({x for n in names for x in map(letter_of, n.indices)})  # type: ignore[union-attr, arg-type]
        return f"{letter} in 1..size({safe(found[0])}, {found[1]})" if found is not None else letter

    def _slot(self, letters: set[str | None]) -> tuple[str, int] | None:
        """A name that is written with one of some letters, and as which of its indices."""
        for own, used in sorted(self.words.used.items()):
            for written in used if own != "delta" and own not in self.words.sampled else ():
                at = [n for n, x in enumerate(written, 1) if x in letters and written.count(x) == 1]
                if at and len(written) == self.words.arity(own):
                    return own, at[0]
        return None

    def _bounds(self, node: Big) -> list[str]:
        """The conditions that bounds make which are not the whole axis."""
        letter = node.letters[0].name
        found = []
        if isinstance(node.lower, Decimal) and node.lower.text not in ("0", "1"):
            found.append(f"{letter} >= {node.lower.text}")
        above = letter_of(node.upper) if node.upper is not None else None
        if above is not None and above in self.scope:
            found.append(f"{letter} <= {above}")
        return found

    def _derivative(self, body: Surface, by: tuple[Surface, ...]) -> str:
        entries = [self._by(b) for b in by]
        return f"d({self._held(body, by) if self.partial else self.text(body)}, {', '.join(entries)})"

    def _by(self, node: Surface) -> str:
        called = call_of(node)
        name = name_of(called[0] if called is not None else node)
        name = (self.words.squared(name) or name) if name is not None else None
        if name is None or name.power is not None or name.transposed:
            raise Opaque("a derivative by something that is no name", node.span)
        if spelled(node) in self.fixed:
            return self.fixed[spelled(node)]
        own = name.own
        if self._is_shortened(own, name) and known_function(own) is None and own not in self.words.functions:
            return self.value_name(own)
        return self._entry(name, node)

    def _held(self, body: Surface, by: tuple[Surface, ...]) -> str:
        """The formula of a defined name as it was written, the other defined names in it held fixed."""
        name = name_of(body)
        own = self.words.resolved(name).own if name is not None else ""
        if own not in self.definitions:
            return self.text(body)
        fixed = {spelled(b) for b in by}
        held = {spelled(node): f"stop({self.text(node)})" for node, found in occurrences(self.definitions[own])
                if self.words.resolved(found).own in self.definitions and spelled(node) not in fixed and found.power is None}
        return replace(self, fixed={**self.fixed, **held}).text(self.definitions[own])

    def _cases(self, rows: tuple[tuple[Surface, Surface | None], ...], span: Span) -> str:
        branches = [(f"({self.text(value)})", self.condition(condition)) for value, condition in rows if condition is not None]
        otherwise = next((f"({self.text(value)})" for value, condition in rows if condition is None), "")
        if not otherwise and len(branches) > 1:         # the last condition stands for the rest
            otherwise = branches.pop()[0]
        if not branches or not otherwise:
            raise Opaque("cases that do not say what holds else", span)
        return "(" + "".join(f"{value} if {condition} else " for value, condition in branches) + otherwise + ")"

    def condition(self, node: Surface) -> str:
        """A condition in the notation."""
        match node:
            case Compared(_, "and" | "or" as word, left, right):
                return f"({self.condition(left)} {word} {self.condition(right)})"
            case Compared(_, operator, left, right):
                if all(self._is_place(side) for side in (left, right)):
                    return f"{self._index(left)} {operator} {self._index(right)}"
                return f"{self.text(left)} {operator} {self.text(right)}"
            case Group(_, _, (item,)):
                return self.condition(item)
        raise Opaque("a condition that is not read", node.span)

    def _is_place(self, node: Surface) -> bool:
        letter = letter_of(node)
        return isinstance(node, Decimal) or (letter is not None and letter in self.words.letters and letter not in self.words.assigned)


def gradient_of(body: Surface, by: Surface | None, words: Vocabulary) -> tuple[Surface, ...] | None:
    """By what a gradient is taken: by what it says, or by the argument that the function is written with, here or where it is defined."""
    if by is not None:
        return (by,)
    called, name = call_of(body), name_of(body)
    defined = words.functions.get(name.own) if name is not None else None
    items = called[1] if called is not None else defined.parameters if defined is not None and not defined.component else ()
    return items if len(items) == 1 else None


def hessian_of(node: Product) -> tuple[Surface, Surface] | None:
    """The function and its argument where a product is `∇² f(w)`."""
    first = node.factors[0].node
    if not (isinstance(first, Scripted) and isinstance(first.base, Symbol) and first.base.name == "nabla" and isinstance(first.sup, Decimal)):
        return None
    called = call_of(replace(node, factors=node.factors[1:])) if first.sup.text == "2" and len(node.factors) == 3 else None
    return (replace(node, factors=node.factors[1:]), called[1][0]) if called is not None and len(called[1]) == 1 else None


def safe(own: str) -> str:
    """The identifier as a name of the notation: words of the notation get a bar below."""
    return f"{own}_" if own in WORDS else own


def _is_vector(node: Surface) -> bool:
    return any(isinstance(n, Symbol) and ("vec" in n.accents or n.bold) for n in walk(node))
