"""From what stands on a page to the notation: every formula of a part as the text that `notation` reads.

The text is the reading: it is what a report shows as `read_as` and what is evaluated. What cannot be said in the notation, or not with
certainty, is `Opaque`, with the reason; it is never guessed. What a writer left out by habit (the index of w in ∂g/∂w) is filled in and noted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from handgrad.checking.calls import Calls
from handgrad.checking.indexed import SPARE, Opaque, safe
from handgrad.checking.naming import identifier, is_index, is_label, letter_of, name_of, occurrences
from handgrad.checking.rewriting import bare, dotted
from handgrad.checking.vocabulary import Vocabulary, bracket_of, call_of, known_function
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

KINDS = {"sum": "sum", "prod": "prod", "max": "max", "min": "min", "mean": "mean"}


class Interpreter(Calls):
    """Writes the formulas of a part in the notation, by what its vocabulary knows."""

    __slots__ = ()

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
                    return f"{self._place(left)} {operator} {self._place(right)}"
                return f"{self.text(left)} {operator} {self.text(right)}"
            case Group(_, _, (item,)):
                return self.condition(item)
        raise Opaque("a condition that is not read", node.span)

    def _place(self, node: Surface) -> str:
        """What is compared of indices, without the brackets that would make a value of it."""
        return self.text(node) if isinstance(node, Product) else self._index(node)

    def _is_place(self, node: Surface) -> bool:
        if isinstance(node, Sum):
            return is_index(node) and all(self._is_place(t.node) for t in node.terms)
        if isinstance(node, Product):
            called = call_of(node)
            return called is not None and called[0] == Symbol(called[0].span, "size") and "size" not in self.words.assigned
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
    """The function and what it is differentiated by where a product is `∇² f(w)` or `∇_w² J`."""
    first = node.factors[0].node
    if not (isinstance(first, Scripted) and isinstance(first.base, Symbol) and first.base.name == "nabla" and isinstance(first.sup, Decimal)):
        return None
    if len(first.sub) == 1 and first.sup.text == "2" and len(node.factors) > 1:
        return (replace(node, factors=node.factors[1:]) if len(node.factors) > 2 else node.factors[1].node), first.sub[0]
    called = call_of(replace(node, factors=node.factors[1:])) if first.sup.text == "2" and len(node.factors) == 3 else None
    return (replace(node, factors=node.factors[1:]), called[1][0]) if called is not None and len(called[1]) == 1 else None


def _is_vector(node: Surface) -> bool:
    return any(isinstance(n, Symbol) and ("vec" in n.accents or n.bold) for n in walk(node))
