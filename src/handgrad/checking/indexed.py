"""Names with their indices in the notation: what a writer left out by habit (the index of w in ∂g/∂w) is filled in and noted.

What cannot be said in the notation, or not with certainty, is `Opaque`, with the reason; it is never guessed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Self

from handgrad.checking.naming import Name, letter_of, name_of, occurrences
from handgrad.checking.vocabulary import SQUARE, Vocabulary, known_function
from handgrad.reading.surface import Applied, Bars, Decimal, Group, Scripted, Span, Sum, Surface, Symbol, spelled
from handgrad.records import dataclass

SPARE = "qpruvzabcdefgh"
RUNNING = frozenset(("norm", "logsumexp", "mean", "sum", "prod"))       # with the letter along which they run
WORDS = frozenset("if else and or not in assume axes pi".split())


class Opaque(Exception):
    """A formula that the notation cannot say, or whose meaning is not certain."""

    def __init__(self, why: str, span: Span = (0, 0)) -> None:
        super().__init__(why)
        self.why, self.span = why, span


@dataclass(frozen=True, slots=True)
class Indexed(ABC):
    """Writes names in the notation, by what the vocabulary of a part knows."""

    words: Vocabulary
    letters: tuple[str, ...] = ()                                       # those of the head, which fill in what is left out
    scope: frozenset[str] = frozenset()                                 # those that are bound around the formula, or free in the head
    partial: bool = False                                               # derivatives hold the other names in a formula fixed
    definitions: Mapping[str, Surface] = field(default_factory=dict)    # of defined names their bodies as surface trees
    fixed: Mapping[str, str] = field(default_factory=dict)              # spelled names and their text, before all else (a problem's names)
    noted: list[str] = field(default_factory=list)
    filler: tuple[str, ...] = ()                                        # letters for slots that vectors in a norm or a softmax leave out

    @abstractmethod
    def text(self, node: Surface) -> str:
        """The formula in the notation."""

    @abstractmethod
    def _call(self, node: Surface, name: Name, items: tuple[Surface, ...]) -> str:
        """A function of something."""

    @abstractmethod
    def _bars(self, body: Surface) -> str:
        """A norm or an absolute value."""

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
        if found.primes and own not in self.words.assigned and found.own in self.words.assigned and len(self.words.by) == 1:
            return self._differentiated(found, node)
        if own == "delta" and len(found.indices) == 2:
            return f"delta[{','.join(map(self._index, found.indices))}]"
        if self._is_shortened(own, found):
            return self._shortened(own, node)
        if own in self.words.sizes and not found.indices and own not in self.words.assigned:
            tensor, slot = self.words.sizes[own]
            return f"size({safe(tensor)}, {slot + (tensor in self.words.sampled)})"
        return self._with_indices(own, found, node)

    def _differentiated(self, name: Name, node: Surface) -> str:
        """`q'`, where the page defines q and differentiates by one name alone."""
        text, by = self._entry(replace(name, primes=0), node), safe(next(iter(self.words.by)))
        return f"d({text}, {', '.join([by] * name.primes)})"

    def _is_shortened(self, own: str, name: Name) -> bool:
        quantity = own in self.words.by and known_function(own) is not None         # somebody called it exp
        return own in self.words.calls and own not in self.words.assigned and not name.indices and not name.above and not quantity

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
            for letters, _ in self.words.used.get(own, self.words.used.get(own.removesuffix(SQUARE), Counter())).most_common():
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
            arguments: tuple[Surface, ...] | None = self.words.functions[own].parameters
        else:
            arguments = next((a for a in self.words.calls[own] if all(name_of(x) is not None for x in a)), None)
        if arguments is None:
            raise Opaque(f"{own} stands without arguments", node.span)
        if own in self._reached(arguments, set()):
            raise Opaque(f"{own} stands without arguments, and among its own", node.span)
        return self._call(node, Name(own), arguments)

    def _reached(self, arguments: tuple[Surface, ...], seen: set[str]) -> set[str]:
        """The names in arguments, and in those of the functions among them that stand without theirs."""
        for name in (found for x in arguments for _, found in occurrences(x)):
            resolved = self.words.resolved(name)
            own = resolved.own + "'" * resolved.primes
            if own not in seen:
                seen.add(own)
                further = [self.words.functions[own].parameters] if own in self.words.functions else self.words.calls.get(own, [])
                for items in further:
                    self._reached(items, seen)
        return seen

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

    def within(self, *letters: str) -> Self:
        """The interpreter of what stands below a sum over some letters."""
        return replace(self, scope=self.scope | frozenset(letters))


def safe(own: str) -> str:
    """The identifier as a name of the notation: words of the notation get a bar below."""
    return f"{own}_" if own in WORDS else own
