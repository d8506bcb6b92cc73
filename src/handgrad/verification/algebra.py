"""Ratios of polynomials over atoms, in which formulas are written down in one way: what becomes the same there is equal, and that is a proof.

An atom is a quantity, a power of e (`exp` of one term), the logarithm of the size of an irreducible factor, or a function of which nothing is
known but a relation. `exp` of a sum is a product of such powers, a root is the power of a logarithm, and so a size, a root and a logarithm of a
product fall apart into those of its factors. The sign of a factor that is not known is asked for (`Split`); whoever proves looks at each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpz_poly

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.expr import Delta
from handgrad.records import dataclass

Poly = Any                      # fmpq_mpoly; flint carries no types
Ratio = tuple[Poly, Poly]
SIZES = (8, 20)             # how many atoms a ring has room for: more of them are slower
MOST_TERMS, MOST_EXPONENT, MOST_BITS, MOST_PRIME_BITS = 600, 2**40, 20000, 64


class Beyond(Exception):
    """What the ring does not express, or what would grow too large."""


class Rescaled(Exception):
    """An atom is needed in smaller units than it was made in: all is worked out again."""


class Vacuous(Exception):
    """Under the signs that are assumed a formula has no value."""


class Split(Exception):
    """The sign of a factor, or whether a condition holds, would have to be assumed, where nothing may be."""

    def __init__(self, subject: Any, values: tuple[int, ...] = (1, -1, 0)) -> None:
        super().__init__()
        self.subject, self.values = subject, values


@dataclass(slots=True)
class Atom:
    """A generator: what it is, and what is known of its sign.

    A power is exp(basis/unit), and of a logarithm alone a root of its factor; a log is that of the size of a factor.
    """

    kind: str                   # quantity, power, log, function, sum
    data: Any
    positive: bool = False
    never_negative: bool = False
    unit: int = 1
    factor: Poly | None = None
    letters: frozenset[Any] = frozenset()           # free indices that it depends on
    nested: int = 0                                 # how many sums stand inside one another in it


@lru_cache(maxsize=8)
def _context(size: int) -> Any:
    return fmpq_mpoly_ctx.get(tuple(f"x{n}" for n in range(size)), Ordering.lex)


@lru_cache(maxsize=8)
def _generators(size: int) -> tuple[Poly, ...]:
    return tuple(_context(size).gens())


class Ring:
    """The atoms met so far, with the signs that are assumed."""

    def __init__(self, size: int, units: dict[int, int], free: frozenset[Any] = frozenset()) -> None:
        self.context, self.generators, self.units = _context(size), _generators(size), units
        self.atoms: list[Atom] = []
        self.quantities: dict[Any, int] = {}
        self.one, self.zero = self.context.constant(1), self.context.constant(0)
        self.unit: Ratio = (self.one, self.one)
        self.assumed: tuple[tuple[Any, int], ...] = ()      # factors with their signs, and conditions with 1 or 0
        self.others: list[tuple[tuple[Any, int], ...]] | None = None    # what else could have been assumed; None where nothing new may be
        self.free = free                                    # the indices that stand for one number each; others are those of sums
        self.asked = 0                                      # how often a sign was taken from what is assumed
        self.met: list[Poly] = []                           # the factors that were taken to vanish
        self._related: list[int] = []                       # sines and roots, of which a power is something else
        self._signs: list[tuple[Poly, tuple[int, ...]]] = []
        self._factored: list[tuple[Poly, tuple[fmpq, list[tuple[Poly, int]]]]] = []

    # ------------------------------------------------------------ atoms

    def constant(self, value: fmpq) -> Ratio:
        """A number."""
        if value.height_bits() > MOST_BITS:
            raise Beyond
        return self.context.constant(value), self.one

    def _new(self, atom: Atom) -> int:
        number = len(self.atoms)
        if number >= len(self.generators):
            raise Beyond
        atom.unit = self.units.get(number, 1)
        if atom.kind == "quantity":
            atom.letters = atom.data.letters
        else:
            for p in atom.data if isinstance(atom.data, tuple) else (atom.data,):
                if isinstance(p, type(self.one)):
                    for n in self.used(p):
                        atom.letters |= self.atoms[n].letters
                        atom.nested = max(atom.nested, self.atoms[n].nested)
        self.atoms.append(atom)
        return number

    def quantity(self, key: Any, positive: bool = False) -> Ratio:
        """The atom that is known by its key alone."""
        number = self.quantities.get(key)
        if number is None:
            number = self.quantities[key] = self._new(Atom("quantity", key, positive, positive))
            if isinstance(key, Delta):
                self.atoms[number].never_negative = True
                self._related.append(number)
        return self.generators[number], self.one

    def _found(self, kind: str, data: Any) -> int | None:
        return next((n for n, atom in enumerate(self.atoms) if atom.kind == kind and atom.data == data), None)

    def function(self, name: str, arguments: tuple[Ratio, ...]) -> Ratio:
        """A function of which nothing is known: the same of the same arguments."""
        data = (name, *(part for argument in arguments for part in self.reduced(argument)))
        number = self._found("function", data)
        if number is None:
            number = self._new(Atom("function", data))
            if name == "sin":
                self._related.append(number)
        return self.generators[number], self.one

    def sum_atom(self, axis: Any, letter: Any, body: Ratio) -> Ratio:
        """The sum over an axis of what hangs on the letter in all its factors."""
        data = (axis, letter, *body)
        number = self._found("sum", data)
        if number is None:
            number = self._new(Atom("sum", data))
            atom = self.atoms[number]
            atom.letters, atom.nested = atom.letters - {letter}, atom.nested + 1
            atom.positive = atom.never_negative = all(self.surely_positive(p) for p in body)
        return self.generators[number], self.one

    def surely_positive(self, p: Poly) -> bool:
        """Whether a polynomial is positive whatever values its atoms have."""
        lead = p.leading_coefficient()
        return bool(lead > 0) and (p.is_constant() or self._possible_signs(p / lead) == (1,))

    def used_degree(self, p: Poly, number: int) -> int:
        """The degree of a polynomial in an atom."""
        return int(p.degrees()[number])

    def _power_of_e(self, basis: Ratio, exponent: fmpq) -> Ratio:
        number = self._found("power", basis)
        if number is None:
            sure = not any(self.atoms[n].kind == "log" for n in self.used(basis[0]))
            number = self._new(Atom("power", basis, sure, True, factor=self._logarithm(basis)))
            if self.atoms[number].factor is not None and self.atoms[number].unit > 1:
                self._related.append(number)
        atom = self.atoms[number]
        times = exponent * atom.unit
        if times.q != 1:
            self.units[number] = atom.unit * int(times.q)
            raise Rescaled
        return self.whole_power((self.generators[number], self.one), int(times.p))

    def used(self, p: Poly) -> list[int]:
        """The numbers of the atoms in a polynomial."""
        return [n for n, degree in enumerate(p.degrees()) if degree > 0]

    # ------------------------------------------------------------ arithmetic

    def added(self, a: Ratio, b: Ratio) -> Ratio:
        """The sum."""
        (top, bottom), (other, below) = a, b
        if bottom == below:
            return top + other, bottom
        if below == self.one:
            return top + self.times(other, bottom), bottom
        if bottom == self.one:
            return self.times(top, below) + other, below
        common = bottom.gcd(below)
        left, right = below / common, bottom / common
        return self.times(top, left) + self.times(other, right), self.times(bottom, left)

    def multiplied(self, a: Ratio, b: Ratio) -> Ratio:
        """The product."""
        if a[0] == b[1]:
            return b[0], a[1]
        if b[0] == a[1]:
            return a[0], b[1]
        return self.times(a[0], b[0]), self.times(a[1], b[1])

    def inverse(self, a: Ratio) -> Ratio:
        """The reciprocal."""
        top, bottom = self._relieved(a)
        if not top:
            raise Vacuous
        return bottom, top

    @staticmethod
    def times(p: Poly, q: Poly) -> Poly:
        """The product of polynomials, unless it is too long."""
        if len(p) * len(q) > MOST_TERMS:
            raise Beyond
        return p * q

    def whole_power(self, a: Ratio, n: int) -> Ratio:
        """The power by a whole number."""
        if n < 0:
            a, n = self.inverse(a), -n
        for part in a:
            if n > 1 and (n > MOST_EXPONENT if len(part) == 1 else n > 40 or len(part) ** n > MOST_TERMS):
                raise Beyond
            if n > 60 and any(x.height_bits() * n > MOST_BITS for x in part.coeffs()):
                raise Beyond
        return a[0] ** n, a[1] ** n

    def reduced(self, a: Ratio) -> Ratio:
        """The ratio in lowest terms, its denominator monic."""
        top, bottom = self._relieved(a)
        if bottom == self.one:
            return top, bottom
        if not bottom:
            raise Vacuous
        common = top.gcd(bottom)
        top, bottom = top / common, bottom / common
        lead = bottom.leading_coefficient()
        return top / lead, bottom / lead

    def difference(self, a: Ratio, b: Ratio) -> Poly:
        """What is zero if and only if the two ratios are one, as far as the atoms are independent."""
        top = self.relieved(self.times(a[0], b[1]) - self.times(b[0], a[1])) if a[1] != b[1] else self.relieved(a[0] - b[0])
        return self._on_assumed(top)

    def _on_assumed(self, p: Poly) -> Poly:
        """The polynomial where the factors vanish that are assumed to."""
        for factor, sign in self.assumed:
            if sign == 0 and type(factor) is type(p):
                p = divmod(p, factor)[1]
        return p

    # ------------------------------------------------------------ relations: the square of a sine, the n-th power of an n-th root

    def _relieved(self, a: Ratio) -> Ratio:
        return self.relieved(a[0]), self.relieved(a[1])

    def relieved(self, p: Poly) -> Poly:
        """The polynomial with whole powers of roots and even powers of sines replaced by what they are."""
        for _ in range(8 if self._related else 0):
            degrees = p.degrees()
            number = next((n for n in self._related if degrees[n] >= self._limit(n)), None)
            if number is None:
                return p
            limit, value, total = self._limit(number), self._limit_value(number), self.zero
            for monomial, coefficient in p.to_dict().items():
                times, rest = divmod(int(monomial[number]), limit)
                kept = list(monomial)
                kept[number] = rest
                total = total + self.times(self.context.from_dict({tuple(kept): coefficient}), value**times)
            p = total
        if self._related:
            raise Beyond
        return p

    def _limit(self, number: int) -> int:
        """The power of an atom that is something else."""
        atom = self.atoms[number]
        return atom.unit if atom.kind == "power" else 2

    def _limit_value(self, number: int) -> Poly:
        atom = self.atoms[number]
        if atom.kind == "quantity":
            return self.generators[number]                  # the square of a Kronecker delta is itself
        if atom.factor is None:
            return self.one - self.function("cos", (atom.data[1:],))[0] ** 2
        return self.absolute_power(atom.factor, fmpq(1))[0]

    def _logarithm(self, basis: Ratio) -> Poly | None:
        """The factor of which the basis is the logarithm, if it is one and nothing else."""
        top, bottom = basis
        if bottom != self.one or len(top) != 1 or top.total_degree() != 1:
            return None
        atom = self.atoms[top.degrees().index(1)]
        return atom.data if atom.kind == "log" else None

    # ------------------------------------------------------------ factors and their signs

    def factors(self, p: Poly) -> tuple[fmpq, list[tuple[Poly, int]]]:
        """The content and the monic irreducible factors with their powers."""
        if not p:
            raise Vacuous
        for known, found in self._factored:
            if known == p:
                return found
        if p.total_degree() <= 1 and len(p) > 1:
            lead = p.leading_coefficient()
            made = lead, [(p / lead, 1)]
        elif len(p) == 1:
            made = p.leading_coefficient(), [(self.generators[n], int(k)) for n, k in enumerate(p.monoms()[0]) if k]
        else:
            content, below = p.factor()
            pieces = []
            for f, k in below:
                lead = f.leading_coefficient()
                content = content * lead ** int(k)
                pieces.append((f / lead, int(k)))
            made = content, pieces
        self._factored.append((p, made))
        return made

    def parts(self, a: Ratio) -> tuple[fmpq, list[tuple[Poly, int]]]:
        """The content and the factors of a ratio, those of the denominator with negative powers."""
        top, bottom = self.reduced(a)
        content, above = self.factors(top)
        if bottom == self.one:
            return content, above
        under, below = self.factors(bottom)
        return content / under, [*above, *((f, -k) for f, k in below)]

    def sign_of(self, factor: Poly) -> int:
        """The sign of a factor: known, or assumed, or asked for."""
        if factor.is_constant():
            value = factor.leading_coefficient() if factor else fmpq(0)
            return (value > 0) - (value < 0)
        single = self._single(factor)
        if single is not None and single.kind == "power" and not single.positive:
            if single.factor is None:
                raise Beyond                                # x^y, which is 0 where x is
            return abs(self.sign_of(single.factor))
        signs = next((known for p, known in self._signs if p == factor), ())
        if not signs:
            signs = self._possible_signs(factor)
            self._signs.append((factor, signs))
        if len(signs) == 1:
            return signs[0]
        return self.assumption(factor, signs)

    def assumption(self, subject: Any, values: tuple[int, ...]) -> int:
        """What is assumed of a factor or a condition; asked for where nothing is."""
        self.asked += 1
        for assumed, value in self.assumed:
            if type(assumed) is type(subject) and assumed == subject:
                if value == 0:
                    self.met.append(assumed)
                return value
        if self.others is None or self._runs(subject):
            raise Split(subject, values)
        self.others += [(*self.assumed, (subject, value)) for value in values[1:]]
        self.assumed = (*self.assumed, (subject, values[0]))
        return values[0]

    def _runs(self, subject: Any) -> bool:
        """Whether a factor or a condition hangs on the index of a sum, so that it differs from term to term."""
        letters = subject.letters if hasattr(subject, "letters") else frozenset().union(*(self.atoms[n].letters for n in self.used(subject)))
        return not letters <= self.free

    def _possible_signs(self, p: Poly) -> tuple[int, ...]:
        """The signs that a factor can have where it has a value, as far as its form tells."""
        strict = False
        for monomial, coefficient in zip(p.monoms(), p.coeffs(), strict=True):
            if coefficient < 0:                             # the leading one is 1
                return self._rootless(p)
            sure = True
            for atom, k in zip(self.atoms, monomial, strict=False):
                if k and not atom.positive:
                    sure = False
                    if k % 2 and not atom.never_negative:
                        return self._rootless(p)
            strict = strict or sure
        return (1,) if strict else (1, 0)

    def _rootless(self, p: Poly) -> tuple[int, ...]:
        """The sign of a polynomial of one atom that has no root where the atom is."""
        used = self.used(p)
        if len(used) != 1 or not 1 < p.total_degree() <= 12:
            return (1, -1, 0)
        coefficients = {int(m[used[0]]): c for m, c in p.to_dict().items()}
        scale = 1
        for c in coefficients.values():
            scale *= int(c.q)
        whole = fmpz_poly([int((coefficients.get(n, fmpq(0)) * scale).p) for n in range(max(coefficients) + 1)])
        positive = self.atoms[used[0]].positive
        if any(not (positive and root < 0) for root in balls.real_roots(whole)):
            return (1, -1, 0)
        value = sum(coefficients.values(), fmpq(0))             # at 1
        return ((value > 0) - (value < 0),)

    def sign(self, a: Ratio) -> int:
        """The sign of a ratio."""
        if not self.relieved(a[0]):
            return 0
        content, below = self.parts(a)
        found = 1 if content > 0 else -1
        for factor, k in below:
            one = self.sign_of(factor)
            if one == 0 and k < 0:
                raise Vacuous
            found *= one if k % 2 or not one else 1
        return found

    # ------------------------------------------------------------ sizes, powers, logarithms

    def absolute(self, a: Ratio) -> Ratio:
        """The size of a ratio."""
        if not self.relieved(a[0]):
            return self.zero, self.one
        return self.real_power(a, fmpq(1))

    def real_power(self, a: Ratio, exponent: fmpq) -> Ratio:
        """The power of the size of a ratio."""
        content, below = self.parts(a)
        found = self._number_power(abs(content), exponent)
        for factor, k in below:
            found = self.multiplied(found, self.absolute_power(factor, exponent * k))
        return found

    def _number_power(self, number: fmpq, exponent: fmpq) -> Ratio:
        if exponent.q == 1:
            return self.whole_power(self.constant(number), int(exponent.p))
        found = self.unit
        for prime, k in _primes(number):
            found = self.multiplied(found, self.absolute_power(self.context.constant(prime), exponent * k))
        return found

    def absolute_power(self, factor: Poly, exponent: fmpq) -> Ratio:
        """The power of the size of an irreducible factor: a whole one, times one of the root atom."""
        single = self._single(factor)
        if single is not None and single.kind == "power":
            top, bottom = single.data
            return self.exponential((top * exponent / single.unit, bottom))
        whole = int(exponent.p // exponent.q)
        rest = exponent - whole
        sign = self.sign_of(factor) if whole % 2 or any(type(f) is type(factor) and f == factor and not v for f, v in self.assumed) else 1
        if sign == 0:
            if exponent < 0:
                raise Vacuous
            return self.zero, self.one
        found = self.whole_power((factor, self.one), whole)
        if sign < 0 and whole % 2:
            found = (-found[0], found[1])
        return self.multiplied(found, self._power_of_e((self._log_atom(factor), self.one), rest)) if rest else found

    def _single(self, factor: Poly) -> Atom | None:
        """The atom that the factor is."""
        if len(factor) != 1 or factor.total_degree() != 1:
            return None
        atom: Atom = self.atoms[factor.degrees().index(1)]
        return atom

    def _log_atom(self, factor: Poly) -> Poly:
        number = self._found("log", factor)
        if number is None:
            number = self._new(Atom("log", factor))
        return self.generators[number]

    def logarithm(self, a: Ratio) -> Ratio:
        """The logarithm of the size of a ratio."""
        if not self.relieved(a[0]):
            raise Vacuous
        content, below = self.parts(a)
        terms: list[tuple[Poly, fmpq]] = [(self.context.constant(prime), fmpq(k)) for prime, k in _primes(abs(content))]
        terms += [(factor, fmpq(k)) for factor, k in below]
        found: Ratio = (self.zero, self.one)
        for factor, times in terms:
            single = self._single(factor)
            if single is not None and single.kind == "power":
                top, bottom = single.data
                found = self.added(found, (top * (times / single.unit), bottom))
            else:
                found = self.added(found, (self._log_atom(factor) * times, self.one))
        return found

    def exponential(self, a: Ratio) -> Ratio:
        """The exponential: a product over the terms of its argument."""
        top, bottom = self.reduced(a)
        found = self.unit
        if bottom != self.one:
            whole, top = divmod(top, bottom)
            found = self.exponential((whole, self.one)) if whole else found
        for monomial, coefficient in zip(top.monoms(), top.coeffs(), strict=True):
            basis: Ratio = (self.context.from_dict({monomial: fmpq(1)}), bottom)
            if bottom != self.one:
                basis = self.reduced(basis)
            factor = self._logarithm(basis)
            found = self.multiplied(found, self._power_of_e(basis, coefficient) if factor is None else self.absolute_power(factor, coefficient))
        return found

    # ------------------------------------------------------------ values

    def value(self, p: Poly, quantity: Callable[[Any], Scalar]) -> Scalar:
        """The value of a polynomial, from those of the quantities."""
        total: Scalar = fmpq(0)
        for monomial, coefficient in p.to_dict().items():
            term: Scalar = coefficient
            for number, k in enumerate(monomial):
                if k:
                    term = term * balls.power(self._atom_value(number, quantity), fmpq(int(k)))
            total = total + term
        return total

    def _atom_value(self, number: int, quantity: Callable[[Any], Scalar]) -> Scalar:
        atom = self.atoms[number]
        match atom.kind:
            case "quantity":
                return quantity(atom.data)
            case "sum":
                raise balls.Unclear("a sum has no value here")
            case "log":
                return balls.value("log", balls.value("abs", self.value(atom.data, quantity)))
            case "power":
                top, bottom = (self.value(p, quantity) for p in atom.data)
                return balls.value("exp", balls.divided(top, bottom) / atom.unit)
            case _:
                name, top, bottom, *more = atom.data
                if more or name not in balls.FUNCTIONS:
                    raise balls.Unclear(f"{name} has no value here")
                return balls.value(name, balls.divided(self.value(top, quantity), self.value(bottom, quantity)))


def _primes(number: fmpq) -> list[tuple[Any, int]]:
    """The prime factors of a positive number; what is too long to factor stands for itself."""
    found = []
    for part, sign in ((number.p, 1), (number.q, -1)):
        if part == 1:
            continue
        if part.bit_length() > MOST_PRIME_BITS:
            found.append((part, sign))
        else:
            found += [(prime, sign * int(k)) for prime, k in part.factor()]
    return found
