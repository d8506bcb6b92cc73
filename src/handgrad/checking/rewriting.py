"""Changes to surface trees that keep their meaning: arguments put in place of parameters, a row of terms with dots as a sum."""

from __future__ import annotations

from handgrad.checking.naming import Name, letter_of, letters_in, name_of
from handgrad.reading.surface import Big, Compared, Decimal, Dots, Factor, Group, Product, Scripted, Surface, Symbol, Term, rebuilt, spelled, substituted, walk

NOWHERE = (0, 0)


def with_argument(body: Surface, parameter: str, item: Surface) -> Surface:
    """The body of a function with an argument in place of the parameter, which is known by its spelling."""
    name = name_of(body)
    if name is not None and spelled(body) == parameter:
        return item if name_of(item) is not None or isinstance(item, (Decimal, Group)) else Group(item.span, "(", (item,))
    return rebuilt(body, lambda child: with_argument(child, parameter, item))


def moved(body: Surface, letter: str, index: Surface, argument: str, given: Surface | None) -> Surface:
    """The body of a component with its letter at another index, and its argument (an identifier) another vector."""
    match body:
        case Symbol(_, name) if name == letter:
            return index
        case Big(span, kind, letters, lower, upper, condition, inner) if any(x.name == letter_of(index) for x in letters):
            taken = letters_in(inner) | {letter_of(index), letter}
            new = Symbol(NOWHERE, next(x for x in "mpqruv" if x not in taken))
            renamed = at_index(inner, letters[0].name, new)
            return Big(span, kind, (new,), lower, upper, condition, moved(renamed, letter, index, argument, given))
        case Scripted(span, Symbol(_, name), sub, None, primes) if name == argument and given is not None:
            places = tuple(moved(s, letter, index, argument, given) for s in sub)
            return _with_below(given, places, span, primes)
    return rebuilt(body, lambda child: moved(child, letter, index, argument, given))


def _with_below(vector: Surface, places: tuple[Surface, ...], span: tuple[int, int], primes: int) -> Surface:
    if isinstance(vector, Scripted):
        return Scripted(span, vector.base, (*vector.sub, *places), vector.sup, primes)
    return Scripted(span, vector, places, None, primes)


def at_index(node: Surface, letter: str, index: Surface) -> Surface:
    """The tree with an index in place of a letter."""
    if isinstance(node, Symbol) and node.name == letter:
        return index
    return rebuilt(node, lambda child: at_index(child, letter, index))


def dotted(terms: tuple[Term, ...]) -> tuple[str, Surface] | None:
    """The letter and the general term of `t_1 + t_2 + … + t_n`; None where the terms do not say how it goes on."""
    first, last = terms[0], terms[-1]
    if isinstance(last.node, Dots) or any(t.sign != first.sign for t in terms):
        return None
    letter = next(x for x in "ijklmpqr" if x not in letters_in(first.node) | letters_in(last.node))
    general = _general(last.node, letter)
    if general is None:
        return None
    for number, term in enumerate(terms[:-1], 1):
        if isinstance(term.node, Dots):
            return (letter, general) if number > 1 else None
        if spelled(at_index(general, letter, Decimal(NOWHERE, str(number)))) != spelled(term.node):
            return None
    return None


def _general(node: Surface, letter: str) -> Surface | None:
    """A term with the index in which it ends replaced by a letter."""
    ends = [n for part in walk(node) if isinstance(part, Scripted) for n in part.sub if isinstance(n, Symbol) and letter_of(n) is not None]
    found: Surface = node
    for end in ends:
        if end.name == ends[0].name:
            found = substituted(found, end, Symbol(end.span, letter))
    return found if ends else None


def with_indicators(node: Surface) -> Surface:
    """The tree with `1[a > 0]`, `1_{a > 0}` and `I(a > 0)` as the bracket `[a > 0]`, which is 1 where the condition holds."""
    node = rebuilt(node, with_indicators)
    match node:
        case Scripted(span, base, (condition,), None, 0) if _is_one(base) and _condition(condition) is not None:
            return Group(span, "[", (_condition(condition) or condition,))
        case Product(span, factors):
            kept: list[Factor] = []
            for factor in factors:
                inside = _condition(factor.node)
                if kept and inside is not None and not factor.operator and _is_one(kept[-1].node):
                    kept[-1] = Factor(kept[-1].operator, Group(factor.node.span, "[", (inside,)))
                else:
                    kept.append(factor)
            if len(kept) < len(factors):
                return kept[0].node if len(kept) == 1 else Product(span, tuple(kept))
    return node


def _is_one(node: Surface) -> bool:
    return isinstance(node, Decimal) and node.text == "1" or isinstance(node, Symbol) and node.name in ("I", "chi") and not node.accents


def _condition(node: Surface) -> Surface | None:
    if isinstance(node, Compared):
        return node
    return node.items[0] if isinstance(node, Group) and len(node.items) == 1 and isinstance(node.items[0], Compared) else None


def bare(name: Name) -> Name:
    """The name without its power."""
    return Name(name.own, name.indices, name.above, None, False, name.primes, name.digits, name.label)
