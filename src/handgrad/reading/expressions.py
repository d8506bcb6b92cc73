"""Formulas: sums of products of factors, and what stands between commas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handgrad.reading.cases import as_cases
from handgrad.reading.environments import ELSE, Environments
from handgrad.reading.surface import (
    Applied,
    Array,
    Decimal,
    Derivative,
    Dots,
    Factor,
    Fraction,
    Group,
    Piecewise,
    Product,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Term,
)


class Expressions(Environments):
    """Reads whole formulas."""

    def expression(self) -> Surface:
        """A sum of terms; one without a sign is itself."""
        kinds = self.kinds
        while kinds[self.at] == "gap":
            self.at += 1
        begin = self.starts[self.at]
        terms: list[Term] = []
        if kinds[self.at] != "sign":
            node = self.term()
            if kinds[self.at] != "sign":
                return node if kinds[self.at] != "over" else self._over_all(node, begin)
            terms.append(Term(1, node, node.span))
        while kinds[self.at] == "sign":
            at = self.at
            self.at = at + 1
            node = self.term()
            terms.append(Term(-1 if self.texts[at] == "-" else 1, node, self.span(at)))
        node = Sum(self.since(begin), tuple(terms))
        return node if kinds[self.at] != "over" else self._over_all(node, begin)

    def _over_all(self, above: Surface, begin: int) -> Surface:
        """`{a \\over b}`: all that stands before in the braces, over all that follows."""
        self.at += 1
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.refused(f"limit: nesting {self.limits.nesting}")
        below = self.expression()
        self.depth -= 1
        return Fraction(self.since(begin), above, below)

    def term(self) -> Surface:
        """A product of factors; one alone is itself."""
        begin = self.starts[self.at]
        kinds = self.kinds
        node = self.operand() if kinds[self.at] in BEGINS else self.signed()
        factors: list[Factor] | None = None
        while True:
            at = self.at
            kind = kinds[at]
            if kind in BEGINS:
                if kind in CAREFUL and not self._goes_on(at, kind):
                    break
                if kind == "number" and kinds[at - 1] in ("number", "strokes") and not self._ones(at):
                    raise self.refused("two numbers stand side by side")
                factor = Factor("", self.operand())
            elif kind == "times":
                self.at = at + 1
                factor = Factor(self.texts[at], self.signed())
            elif kind == "gap":
                if not self._past_gap(at):
                    break
                continue
            elif kind == "strokes" and kinds[at - 1] in ("number", "}", "close"):
                self.at = at + 1
                continue
            else:
                break
            if factors is None:
                factors = [Factor("", node)]
            factors.append(factor)
        return node if factors is None else Product(self.since(begin), tuple(factors))

    def _goes_on(self, at: int, kind: str) -> bool:
        """Whether a bar, a text or a bracket with words belongs to the product."""
        if kind == "dots":
            return self.level > 0 or not self.tag_at(at + 1)
        if kind in ("bar", "norm"):
            if kind == "norm" and "bar" in self.bars and self.texts[at] == "||":
                return False
            return kind not in self.bars and not (self.level and not self.bars and self._separates(at))
        if kind == "text":
            text = self.texts[at]
            bound = self.level > 0 or self.adjacent(at) or self.kinds[at + 1] in ("_", "^", "(", "number") \
                or self.kinds[at + 1] in ("relation", "times", "sign") and text == text.strip()
            return bound and not self.is_words(at) and text.strip().lower() not in ("ans", "answer")
        if kind == "circled":
            return False
        if self.level == 0 and self._far(at) and self.tag_at(at):
            return False
        return not self._said(at)

    def _far(self, at: int) -> bool:
        """Whether a wide space stands before the token, made of several small ones."""
        gap = self.tokens.source[self.ends[at - 1]:self.starts[at]]
        return gap.count("\\") > 1 or gap.count("~") > 1 or len(gap) > 2 and gap.isspace() and "\n" not in gap

    def _separates(self, at: int) -> bool:
        """Whether one `|` or `‖` alone in its brackets stands between two arguments: `KL(p ‖ q)`, `p(y | x)`."""
        kind, place = self.kinds[at], at + 1
        while self.kinds[place] not in ("close", "stop", "break", "}", "&", "row"):
            if self.kinds[place] == kind:
                return False
            place = self.partner.get(place, place) + 1
        return self.kinds[place] in ("close", "}")

    def _past_gap(self, at: int) -> bool:
        """Step over a wide space inside a formula; False if something else begins behind it."""
        after = at
        while self.kinds[after] == "gap":
            after += 1
        kind = self.kinds[after]
        if self.level and kind in BEGINS and kind not in CAREFUL or kind == "times" or kind == "sign" and not self.equation_from(after):
            self.at = after
            return True
        return False

    def equation_from(self, at: int) -> bool:
        """Whether a relation stands between the token and the next separator on this level."""
        while self.kinds[at] not in PART_ENDS:
            if self.kinds[at] in ("relation", "arrow") and self.kinds[at + 1] not in ("circled", "stop", "break", "text"):
                return True
            at = self.partner.get(at, at) + 1
        return False

    def signed(self) -> Surface:
        """A factor, which may have a sign of its own behind an operator: `a · −b`."""
        at = self.at
        while self.kinds[self.at] == "gap":
            self.at += 1
        if self.kinds[self.at] != "sign":
            return self.operand()
        at = self.at
        self.at = at + 1
        if self.kinds[self.at] == "sign":
            raise self.refused("three signs in a row")
        node = self.operand()
        return Sum(self.span(at), (Term(-1 if self.texts[at] == "-" else 1, node, self.span(at)),))

    def operand(self) -> Surface:
        """A factor with its scripts."""
        begin = self.starts[self.at]
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.refused(f"limit: nesting {self.limits.nesting}")
        read = ATOMS.get(self.kinds[self.at])
        if read is None:
            raise self.unexpected()
        node = read(self)
        kind = self.kinds[self.at]
        if kind in SCRIPTS:
            node = self.scripted(node, begin)
            kind = self.kinds[self.at]
        if kind == "(" and self.typed and self.indexed(self.at) and isinstance(node, (Symbol, Scripted)) and self._indices(self.at):
            found = self.items(self.at)
            node = Scripted(self.since(begin), node.base, node.sub + found, node.sup, node.primes) if isinstance(node, Scripted) \
                else Scripted(self.since(begin), node, found)
            if self.kinds[self.at] in SCRIPTS:
                node = self.scripted(node, begin)
        self.depth -= 1
        return node

    def _ones(self, at: int) -> bool:
        """Whether ones as a column and as a row stand side by side: `1 1^T`."""
        row = self.kinds[at + 1] == "^" and any(text in ("T", "top") for text in self.texts[at + 2:at + 4])
        return row and self.texts[at - 1] == self.texts[at] == "1"

    def _indices(self, at: int) -> bool:
        """Whether letters, whole numbers and shifts stand in the square brackets, and nothing else."""
        close = self.partner[at]
        inside = [k for k in range(at + 1, close) if self.kinds[k] not in ("(", "close") or self.texts[k] not in "[]"]
        if close - at > 24 or close == at + 1 or any(self.kinds[k] not in ("name", "number", ",", "sign", ":", "letters") for k in inside):
            return False
        return not any(self.kinds[k] == "number" and (not self.texts[k].isdigit() or self.kinds[k + 1] == "sign") for k in inside)

    def atom(self) -> Surface:
        """A factor without its scripts."""
        read = ATOMS.get(self.kinds[self.at])
        if read is None:
            raise self.unexpected()
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.refused(f"limit: nesting {self.limits.nesting}")
        node = read(self)
        self.depth -= 1
        return node

    def starts_operand(self, at: int) -> bool:
        """Whether a factor begins at the token."""
        kind = self.kinds[at]
        return kind in BEGINS and (kind not in CAREFUL or self._goes_on(at, kind))

    # ------------------------------------------------------------ atoms

    def decimal(self) -> Surface:
        """A number as it is shown."""
        at = self.at
        self.at = at + 1
        if self.kinds[at + 1] == "{" and self.kinds[at + 2] == "," and self.partner.get(at + 1) == at + 3:
            if self.limits.comma and self.kinds[at + 4] == "number" and (self.texts[at] + self.texts[at + 4]).isdigit():
                self.at = at + 5
                return Decimal((self.starts[at], self.ends[at + 4]), f"{self.texts[at]}.{self.texts[at + 4]}")
            raise self.refused(comma(self.texts[at], self.texts[at + 4]), at)
        return Decimal((self.starts[at], self.ends[at]), self.texts[at])

    def word(self) -> Surface:
        """Letters: a name, factors, or the top of a derivative on the line."""
        at = self.at
        text = self.texts[at]
        if text[0] == "d":
            if at != self.top and self.over(at):
                return self.leibniz()
            if self.typed and self.underscored(at):
                return self.code_name()
        if self.kinds[at] == "letters":
            return self.letters()
        if text == "d" and self.typed and self.kinds[at + 1] == "(":
            return self._called_d()
        self.at = at + 1
        if text == "Delta" and self.kinds[at + 1] in ("name", "accent", "font"):
            return self.laid(self.atom(), text, at)             # a change of something: Δw is a name
        symbol = Symbol((self.starts[at], self.ends[at]), text, self.tokens.accents.get(at, ()))
        return self.numbered(symbol) if self.kinds[at + 1] == "number" else symbol

    def _called_d(self) -> Surface:
        """`d(f, x)`, a derivative in the plain notation."""
        first = self.at
        self.at = first + 1
        node = Symbol((self.starts[first], self.ends[first]), "d")
        place, close = self.at + 1, self.closing(self.at)
        while place < close and self.kinds[place] != ",":
            place = self.partner.get(place, place) + 1
        if place >= close:
            return node
        found = self.items(self.at)
        return Derivative(self.span(first), found[0], found[1:])

    def dots(self) -> Surface:
        """An ellipsis."""
        at = self.at
        self.at = at + 1
        return Dots((self.starts[at], self.ends[at]))

    def group(self) -> Surface:
        """Something in brackets."""
        first = self.at
        bracket = self.texts[first]
        rows = self._rows(first) if bracket == "[" else None
        if rows is not None:
            return Array(self.span(first), rows)
        found = self.items(first)
        span = self.span(first)
        if bracket == "<":
            return Applied(span, Symbol((self.starts[first], self.ends[first]), "inner"), found)
        if len(found) == 1 and isinstance(found[0], Array) and bracket in "([{":
            if self.kinds[self.at - 1] == "null" and bracket == "{":
                return as_cases(found[0], span)
            return replace(found[0], span=span)
        return Group(span, bracket, found)

    def under(self) -> Surface:
        """`\\underset{w}{\\operatorname{argmin}}`: what stands below an operator is its subscript."""
        first = self.at
        below = self.closing(first + 1)
        inside = below + 2 if self.kinds[below + 1] == "{" else below + 1
        if self.kinds[inside] not in ("function", "big") or inside == below + 2 and self.closing(below + 1) != inside + 1:
            raise self.refused("something stands below a formula that is no operator", first)
        last = inside if inside == below + 1 else inside + 1
        self.at = first + 1
        found = self.items(self.at)
        if last != inside:
            self.change(last, self.kinds[inside], self.texts[inside], self.starts[inside])
        self.at = last
        return self.function(found, first) if self.kinds[last] == "function" else self.big(found, first)

    def _rows(self, first: int) -> tuple[tuple[Surface, ...], ...] | None:
        """The rows of a matrix as it is typed, `[1, 2; 3, 4]`; None if no `;` stands in the brackets."""
        close, place = self.closing(first), first + 1
        spaced = close > first + 2 and self.kinds[first + 1] in ("number", "sign") and self._spaced(first, close)
        while not spaced and place < close and self.kinds[place] != ";":
            place = self.partner.get(place, place) + 1
        if not spaced and place >= close:
            return None
        bars, self.bars = self.bars, []
        self.level += 1
        self.at = first + 1
        read = self.signed if spaced else self.item
        rows: list[list[Surface]] = [[read()]]
        while self.at < close and (spaced or self.kinds[self.at] in (",", ";")):
            if self.kinds[self.at] == ";":
                rows.append([])
            if self.kinds[self.at] in (",", ";"):
                self.at += 1
            rows[-1].append(read())
        self.finish(close)
        self.level -= 1
        self.bars = bars
        return tuple(map(tuple, rows))

    def _spaced(self, first: int, close: int) -> bool:
        """Whether numbers stand in the brackets with nothing but spaces between some of them: `[0.1 -0.2; 0.3 0.4]`."""
        kinds, apart = self.kinds, False
        for at in range(first + 1, close):
            if kinds[at] not in ("number", "sign", ",", ";"):
                return False
            if kinds[at] == "sign" and kinds[at - 1] == "number":
                if self.adjacent(at) or not self.adjacent(at + 1):
                    return False
                apart = True
            apart = apart or kinds[at] == kinds[at - 1] == "number"
        return apart

    def in_braces(self) -> Surface:
        """Braces that only hold together; typed, they may hold cases, or a set: `{0, 1}`."""
        first = self.at
        found = self.typed_cases(first) if self.typed else None
        if found is None and self.typed and self.partner.get(first) is not None:
            inside = self.items(first)
            if len(inside) > 1:
                return Group(self.span(first), "{", inside)
            self.at = first
        return found or self.braced()

    def item(self) -> Surface:
        """What stands between commas: a formula, a comparison, or cases on one line."""
        self._skip_gaps()
        first, begin = self.at, self.starts[self.at]
        if self.kinds[first] == ":":
            self.at = first + 1
            return Symbol((begin, self.ends[first]), ":")
        if self.kinds[first] == "times" and self.kinds[first + 1] in ("close", ",", "}"):
            self.at = first + 1                         # g(·): whatever stands there
            return Symbol((begin, self.ends[first]), "*")
        node = self.expression()
        kind = self.kinds[self.at]
        if kind in ("relation", "not", "arrow"):
            node = self.comparison(node)
            kind = self.kinds[self.at]
        if kind == "text":
            node = self.conditional(node, begin)
        return node

    def conditional(self, value: Surface, begin: int) -> Surface:
        """`a if c else b` on one line; anything else is left where it stands."""
        if self.texts[self.at].strip().lower() != "if":
            return value
        at = self.at
        rows: list[tuple[Surface, Surface | None]] = []
        while self.kinds[self.at] == "text" and self.texts[self.at].strip().lower() == "if":
            self.at += 1
            rows.append((value, self.condition()))
            if self.kinds[self.at] != "text" or self.texts[self.at].strip().lower() not in ELSE:
                self.rewind(at)
                return rows[0][0]
            self.at += 1
            value = self.expression()
        rows.append((value, None))
        return Piecewise(self.since(begin), tuple(rows))


def comma(whole: str, rest: str) -> str:
    """Why a decimal comma is not read: it has two meanings."""
    return f"{whole},{rest} is {whole}.{rest} or the two numbers {whole} and {rest}: write a point, or a space behind the comma"


ATOMS: dict[str, Callable[[Expressions], Surface]] = {
    "name": Expressions.word, "letters": Expressions.word, "number": Expressions.decimal, "text": Expressions.written,
    "function": Expressions.function, "(": Expressions.group, "{": Expressions.in_braces, "frac": Expressions.fraction,
    "accent": Expressions.accented, "font": Expressions.font, "partial": Expressions.partial, "nabla": Expressions.nabla,
    "big": Expressions.big, "Sigma": Expressions.sigma, "root": Expressions.root, "begin": Expressions.environment,
    "bar": Expressions.between, "norm": Expressions.between, "lbar": Expressions.between, "lnorm": Expressions.between,
    "brace": Expressions.noted, "box": Expressions.plain, "under": Expressions.plain, "colour": Expressions.plain,
    "underset": Expressions.under, "dots": Expressions.dots, "vulgar": Expressions.vulgar,
}
BEGINS = frozenset(ATOMS)
CAREFUL = frozenset(("dots", "bar", "norm", "text", "(", "circled"))
SCRIPTS = frozenset(("_", "^", "prime"))
PART_ENDS = frozenset((",", ";", "stop", "break", "gap", "text", "implies", "close", "}", "end", "row"))
