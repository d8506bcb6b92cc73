"""Names and what stands above and below them: letters, words, accents, fonts, subscripts, superscripts and primes."""

from __future__ import annotations

import re
from dataclasses import replace

from handgrad.reading.cursor import Cursor
from handgrad.reading.surface import Decimal, Group, Product, Scripted, Span, Sum, Surface, Symbol, Term
from handgrad.reading.vocabulary import FUNCTIONS, WORDS

IDENTIFIER = re.compile(r"[A-Za-z]+(?:[0-9]+)?(?:(?:\\?_)[A-Za-z0-9]+)*")
CODED = re.compile(r"[A-Za-z]+[0-9]+[A-Za-z][A-Za-z0-9]*|(?:\\_)+[A-Za-z](?:\\_|[A-Za-z0-9])*")
PIECES = re.compile(r"[A-Za-z]+|[0-9]+")


class Scripts(Cursor):
    """Reads names with all that hangs on them."""

    # ------------------------------------------------------------ names

    def word(self) -> Surface:
        """A letter, or letters: digits that follow at once are a subscript."""
        raise NotImplementedError

    def over(self, at: int) -> bool:
        """Whether a `d…` at the token is the top of a derivative on the line."""
        raise NotImplementedError

    def leibniz(self) -> Surface:
        """A derivative on the line."""
        raise NotImplementedError

    def letters(self) -> Surface:
        """A run of letters: a word, two factors, or a differential that is a name (`dW`)."""
        at = self.at
        text = self.texts[at]
        if self.typed and len(text) == 2 and text[1] in "ijk" and text[0] not in "dijkmn" and text not in SHORT_WORDS:
            start, end = self.starts[at], self.ends[at]
            self.at = at + 1
            return Scripted((start, end), Symbol((start, end - 1), text[0]), (Symbol((start + 1, end), text[1]),))      # `yi`
        code = self.typed and (text in SHORT_WORDS or self.kinds[at + 1] == "number" and self.adjacent(at + 1))
        if len(text) == 2 and text[0] != "d" and not code and not (text.isupper() and self.lists(at + 1)):
            return self.letter()
        self.at = at + 1
        accent = text[1:]
        if self.typed and accent in SAID_ACCENTS:
            symbol = Symbol((self.starts[at], self.ends[at]), text[0], (accent,))
        else:
            symbol = Symbol((self.starts[at], self.ends[at]), text)
        return self.numbered(symbol) if self.kinds[self.at] == "number" else symbol

    def lists(self, at: int) -> bool:
        """Whether brackets with several things in them stand at the token, so that what stands before is called: `KL(p ‖ q)`."""
        if self.kinds[at] != "(" or at not in self.partner:
            return False
        close, place = self.partner[at], at + 1
        while place < close and self.kinds[place] not in (",", ";", "norm", "bar", "given"):
            place = self.partner.get(place, place) + 1
        return place < close

    def numbered(self, symbol: Symbol) -> Surface:
        """The name with the digits that follow at once as its subscript."""
        at = self.at
        if not self.adjacent(at):
            return symbol
        text = self.texts[at]
        if not text.isdigit():
            raise self.refused(f"is {symbol.name}{text} a name or a product?", at)
        self.at = at + 1
        return Scripted((symbol.span[0], self.ends[at]), symbol, (Decimal((self.starts[at], self.ends[at]), text),))

    def written(self) -> Surface:
        """Words where a factor stands: a name, as in `\\text{net}_{h1}`."""
        at = self.at
        inside = self.texts[at].strip().strip("$").strip()
        if inside in FUNCTIONS and self.kinds[at + 1] in ("(", "{", "_", "^", "prime"):
            self.change(at, "function", inside, self.starts[at])
            return self.atom()
        if not inside or not re.fullmatch(r"[A-Za-z0-9_\\ .'-]+", inside):
            raise self.refused(f"the words `{inside}` are no formula", at)
        if inside.split()[-1].lower() in PREPOSITIONS and " " in inside:
            raise self.refused(f"the words `{inside}` say more than the formula", at)
        self.at = at + 1
        offset = self.starts[at] + self.tokens.source[self.starts[at]:self.ends[at]].find(inside)
        if not IDENTIFIER.fullmatch(inside) or len(inside) > 1 and inside.isalpha():
            symbol = Symbol((self.starts[at], self.ends[at]), inside)
            return self.numbered(symbol) if self.kinds[self.at] == "number" else symbol
        node = _spelled(inside, offset)
        return replace(node, span=(self.starts[at], self.ends[at]))

    def is_words(self, at: int) -> bool:
        """Whether the text at the token is said, and is not the name of something."""
        inside = self.texts[at].strip().strip("$").strip().rstrip(".:,")
        if inside.lower().endswith(OPEN_ENDED):
            return False
        if " " not in inside:
            return inside.lower() in WORDS or not IDENTIFIER.fullmatch(inside)
        return self.kinds[at + 1] not in ("relation", "_", "^", "(") or any(w.lower() in WORDS for w in inside.split())

    # ------------------------------------------------------------ accents and fonts

    def accented(self) -> Surface:
        """A name under an accent: the accent is laid on the letter, its scripts stay."""
        at = self.at
        self.at = at + 1
        node = self.digit() or self.argument()
        return self.laid(node, self.texts[at], at)

    def laid(self, node: Surface, accent: str, at: int) -> Surface:
        """The name with an accent on it."""
        span = self.span(at)
        if isinstance(node, Symbol):
            return replace(node, span=span, accents=(*node.accents, accent))
        if isinstance(node, Scripted) and isinstance(node.base, Symbol):
            return replace(node, span=span, base=replace(node.base, accents=(*node.base.accents, accent)))
        if accent == "bar":
            raise self.refused("a bar over a whole formula has several meanings: name it", at)
        raise self.refused("an accent stands over more than a name", at)

    def font(self) -> Surface:
        """What a font is put on; a bold letter remembers it."""
        at = self.at
        if self.over(at):
            return self.leibniz()
        self.at = at + 1
        after = self.at + 1
        several = self.texts[at] == "bold" and self.kinds[after] == "letters" and len(self.texts[after]) == 2
        if self.kinds[self.at] == "{" and not several and self.kinds[after] in ("letters", "function") and self.partner.get(self.at) == after + 1:
            text, span = self.texts[after], (self.starts[after], self.ends[after])
            self.at = after + 2
            if text in FUNCTIONS:
                self.at = after + 1
                self.change(self.at, "function", text, self.starts[at])
                return self.atom()
            node: Surface = Symbol(span, text)
        elif (coded := self._coded_word(at)) is not None:
            node = coded
        elif (word := self._spaced_word(at)) is not None:
            if word.name in FUNCTIONS:
                self.at -= 1
                self.change(self.at, "function", word.name, self.starts[at])
                return self.atom()
            node = word
        else:
            node = self.argument()
        if self.texts[at] and isinstance(node, Symbol):
            node = replace(node, bold=True)
        elif self.texts[at] and isinstance(node, Scripted) and isinstance(node.base, Symbol):
            node = replace(node, base=replace(node.base, bold=True))
        if isinstance(node, Symbol):
            node = replace(node, span=self.span(at))
            return self.numbered(node) if self.kinds[self.at] == "number" and not self.texts[at] else node
        return node

    def _coded_word(self, at: int) -> Symbol | None:
        """An upright word as a program names it, with digits among its letters or underscores in front: `\\mathrm{d2q}`, `\\mathrm{\\_\\_init\\_\\_}`."""
        close = self.partner.get(self.at, self.at)
        if self.texts[at] or close - self.at < 2:
            return None
        span = (self.ends[self.at], self.starts[close])
        shown = self.tokens.source[slice(*span)]
        if not CODED.fullmatch(shown):
            return None
        self.at = close + 1
        return Symbol(span, shown.replace("\\", ""))

    def _spaced_word(self, at: int) -> Symbol | None:
        """A word in upright letters that a scanner set apart: `\\mathrm { n e t }`."""
        close = self.partner.get(self.at, self.at)
        inside = range(self.at + 1, close)
        if self.texts[at] or len(inside) < 3 or any(self.kinds[k] != "name" or len(self.texts[k]) > 1 or not self.texts[k].isascii() for k in inside):
            return None
        span = (self.starts[self.at + 1], self.ends[close - 1])
        self.at = close + 1
        return Symbol(span, "".join(self.texts[k] for k in inside))

    # ------------------------------------------------------------ scripts

    def scripted(self, base: Surface, begin: int) -> Surface:
        """The base with the scripts and primes that follow."""
        sub: tuple[Surface, ...] = ()
        sup: Surface | None = None
        primes = 0
        if isinstance(base, Scripted):
            inner = base
            base, sub, sup, primes = inner.base, inner.sub, inner.sup, inner.primes
        while True:
            kind = self.kinds[self.at]
            if kind == "_":
                self.at += 1
                if self.typed and isinstance(base, Symbol) and self.kinds[self.at] == "letters" and self.texts[self.at] in SAID_ACCENTS:
                    self.at += 1
                    base = Symbol(self.since(begin), base.name, (*base.accents, self.texts[self.at - 1]), base.bold)
                    continue
                sub += self.below()
            elif kind == "^":
                at = self.at
                self.at += 1
                count, above = self.above(base)
                primes += count
                if above is not None and sup is not None:
                    raise self.refused("a second superscript: which one is the power?", at)
                sup = above if above is not None else sup
            elif kind == "prime":
                primes += len(self.texts[self.at])
                self.at += 1
            else:
                break
        if not sub and sup is None and not primes:
            return base
        return Scripted(self.since(begin), base, sub, sup, primes)

    def below(self) -> tuple[Surface, ...]:
        """The subscripts, one by one."""
        at = self.at
        kind = self.kinds[at]
        if kind == "{":
            close = self.closing(at)
            digits = self.texts[at + 1:close]
            if len(digits) > 1 and all(self.kinds[k] == "number" and self.texts[k].isdigit() for k in range(at + 1, close)):
                self.at = close + 1                     # digits that a scanner set apart
                return (Decimal((self.starts[at + 1], self.ends[close - 1]), "".join(digits)),)
            if self.kinds[at + 1] in LONE and self.partner.get(at) == at + 2:
                self.at = at + 3
                return (self._lone(at + 1),)
            found = self.items(at)
            if not found:
                raise self.refused("the braces are empty", at)
            return tuple(piece for item in found for piece in _pieces(item))
        if kind in LONE:
            self.at = at + 1
            return (self._lone(at),)
        if kind == "letters":
            return self._run(at)
        return (self.argument(),)

    def _run(self, at: int) -> tuple[Surface, ...]:
        """Letters that follow `_` without braces: typed all of them, in LaTeX a word or the first one."""
        text = self.texts[at]
        loose = self.kinds[at + 1] in ("_", "^", "prime") or text[1:] in FUNCTIONS and text not in FUNCTIONS
        if len(text) > 2 and (not loose or self.typed and text in SAID_ACCENTS):
            return (self.letters(),)
        if not self.typed:
            return (self.letter(),)
        found: list[Surface] = []
        while len(self.texts[at]) > 1 and self.kinds[at] == "letters":
            found.append(self.letter())
        if not loose or not found:
            found.append(self.word())
        return tuple(found)

    def _lone(self, at: int) -> Symbol:
        text = {"hadamard": "circ", "\\|": "|"}.get(self.texts[at], self.texts[at])
        return Symbol((self.starts[at], self.ends[at]), text)

    def above(self, base: Surface | None = None) -> tuple[int, Surface | None]:
        """The primes in a superscript, or the superscript."""
        at = self.at
        kind = self.kinds[at]
        if kind == "prime":
            self.at = at + 1
            return len(self.texts[at]), None
        if kind == "{":
            close = self.closing(at)
            if all(self.kinds[k] == "prime" for k in range(at + 1, min(close, at + 6))) and close > at + 1:
                self.at = close + 1
                return sum(len(self.texts[k]) for k in range(at + 1, close)), None
            if close == at + 2 and self.kinds[at + 1] in LONE:
                self.at = close + 1
                return 0, self._lone(at + 1)
            found = self.items(at)
            if not found:
                raise self.refused("the braces are empty", at)
            return 0, found[0] if len(found) == 1 else Group(self.span(at), "(", found)
        if kind == "sign" and self.adjacent(at + 1) and self.starts_operand(at + 1):
            self.at = at + 1
            node = self._power(True)
            return 0, Sum(self.span(at), (Term(-1 if self.texts[at] == "-" else 1, node, self.span(at)),))
        if kind in LONE:
            self.at = at + 1
            return 0, self._lone(at)
        return 0, self._power(isinstance(base, Decimal) or isinstance(base, Symbol) and base.name == "e")

    def _power(self, alone: bool) -> Surface:
        """A superscript without braces; another one stands on top of it. Typed, one that stands alone has scripts of its own: `e^-net_h1`."""
        at = self.at
        if self.typed and self.kinds[at] == "letters" and len(self.texts[at]) == 2:
            raise self.refused("put the exponent in parentheses", at)
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.refused(f"limit: nesting {self.limits.nesting}")
        tower = self.kinds[at + 1] == "^" and self.kinds[at] in ("name", "number")
        node = self.operand() if tower or self.typed and (alone or self.kinds[at] == "letters") else self.argument()
        self.depth -= 1
        return node


SHORT_WORDS = frozenset(("lr", "pi", "mu"))        # typed they are one name
PREPOSITIONS = frozenset(("of", "wrt", "w.r.t.", "to", "at", "per"))
OPEN_ENDED = (" of", " wrt", " w.r.t", " respect to")       # what follows such words is no statement of its own
SAID_ACCENTS = frozenset(("hat", "bar", "tilde"))      # typed `y_hat` and `yhat` are ŷ
LONE = frozenset(("times", "sign", "circled", ":", "bar", "."))


def _pieces(item: Surface) -> tuple[Surface, ...]:
    """A product of names and numbers below the line is a row of subscripts."""
    if isinstance(item, Product) and all(f.operator == "" and _simple(f.node) for f in item.factors):
        pieces: list[Surface] = []
        for factor in item.factors:
            before = pieces[-1] if pieces else None
            if isinstance(factor.node, Decimal) and isinstance(before, Symbol):
                pieces[-1] = Scripted((before.span[0], factor.node.span[1]), before, (factor.node,))         # `h 1` is `h1`
            else:
                pieces += _apart(factor.node)
        return tuple(pieces)
    return _apart(item)


def _apart(item: Surface) -> tuple[Surface, ...]:
    """`dk` below the line is no differential, but the letters d and k."""
    if isinstance(item, Symbol) and item.name[0] == "d" and item.span[1] - item.span[0] == len(item.name) == 2:
        start, end = item.span
        return Symbol((start, end - 1), "d"), Symbol((start + 1, end), item.name[1])
    return (item,)


def _simple(node: Surface) -> bool:
    return isinstance(node, (Symbol, Decimal)) or isinstance(node, Scripted) and node.sup is None


def _spelled(text: str, offset: int) -> Symbol | Scripted | Decimal:
    """A name written as `out_h1`, with its subscripts."""
    found: Symbol | Scripted | Decimal | None = None
    parts = []
    for piece in PIECES.finditer(text):
        span: Span = (offset + piece.start(), offset + piece.end())
        parts.append(Decimal(span, piece[0]) if piece[0].isdigit() else Symbol(span, piece[0]))
    for part in reversed(parts):
        found = part if found is None else Scripted((part.span[0], found.span[1]), part, (found,))
    assert found is not None
    return found
