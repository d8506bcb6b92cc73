"""Calls in the notation: functions of the catalogue and of the page, abstract ones, components of functions of vectors, derivatives with primes."""

from __future__ import annotations

from dataclasses import replace

from handgrad.checking.indexed import RUNNING, SPARE, Indexed, Opaque, safe
from handgrad.checking.naming import Name, letter_of, letters_in, name_of
from handgrad.checking.rewriting import at_index, bare, moved, with_argument
from handgrad.checking.vocabulary import known_function
from handgrad.reading.surface import Decimal, Group, Span, Surface, Symbol, spelled

# functions that have a meaning of their own everywhere, and that the notation does not have
OTHERS = frozenset("arctan arcsin arccos arccot atan asin acos arctan2 atan2 arsinh arcosh artanh asinh acosh atanh sinc cot sec csc erfc gamma digamma det tr"
                   " trace".split())


class Calls(Indexed):
    """Writes calls in the notation."""

    __slots__ = ()

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
        if own in OTHERS:
            raise Opaque(f"the function {own} is not known here", node.span)
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
            if missing > 0 and (found.own in self.words.whole or not (self.letters and not found.indices and len(self.letters) >= missing)):
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
        whole = name_of(items[0]) if len(items) == 1 and not name.indices and len(self.letters) == 1 else None
        if whole is not None and not whole.indices and self.words.arity(self.words.resolved(whole).own) == 1:
            self.noted.append(f"the index of {standard} is left out")                   # `softmax(a) − y`, entry by entry
            name = replace(name, indices=(Symbol(node.span, self.letters[0]),))
        if len(items) != 1 or len(name.indices) != 1:
            raise Opaque("a softmax without its component", node.span)
        letter = next(x for x in SPARE if x not in self.words.letters)
        component, item = letter_of(name.indices[0]), items[0]
        if component is not None and component in letters_in(item):        # `softmax_m(a_m)`: of the whole vector, its component m
            item = at_index(item, component, Symbol(node.span, letter))
        return f"{standard}[{letter}]({replace(self.within(letter), filler=(letter,)).text(item)})[{self._index(name.indices[0])}]"

    def _primed(self, node: Surface, name: Name, items: tuple[Surface, ...]) -> str:
        """`σ'(z)`, `f''(x)`: the derivative by the argument, at a name."""
        if len(items) != 1 or name_of(items[0]) is None:
            raise Opaque("a derivative with a prime at something that is no name", node.span)
        value = self._call(node, replace(name, primes=0), items)
        by = self.text(items[0])
        for _ in range(name.primes):
            value = f"d({value}, {by})"
        return value
