"""How far a formula in running text goes: from a relation sign to both sides as long as what stands there can only be mathematics.

    grower = Grower(found, partners(found))
    grower.left(sign, 0), grower.right(sign)        # the first and the last token of what stands round a sign
"""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.reading.surface import Span
from handgrad.reading.words import Token

UNARY = frozenset("+-−–±")
SCRIPT = frozenset("_^")
DASHES = frozenset("-−–")
OPERANDS = frozenset(("number", "strong", "letter", "function", "noun", "prefix", "open", "marked", "dots", "bar"))
WORDS = frozenset(("weak", "stop", "noun"))
ARTICLES = frozenset(("a", "A", "I"))
ENDLESS = frozenset(("=", "≈", ":=", "==", "=>", "⇒", "⟹", "\\approx", "~=", "≃", "≅"))
BIG = frozenset("ΣΠ∑∏")
SIGNS = frozenset(("relation", "verb"))
LONGEST_BAR = 60
COLUMN = 3              # so wide a space stands between columns, not between factors
LONGEST_CASES = 8
IFS = frozenset(("if", "for", "when", "whenever", "where", "provided"))
BRANCHING = frozenset(("if", "else", "otherwise"))      # words of a formula too: `(1 if x > 0 else 0)`
ELSES = frozenset(("else", "otherwise", "elsewhere"))


Row = tuple[Span | None, Span | None]


class Grower:
    """Grows a stretch over the tokens; `inside` says which tokens stand in brackets that hold no words."""

    def __init__(self, found: Sequence[Token], pairs: dict[int, int]) -> None:
        self.found = found
        self.pairs = pairs
        self.start = found[0].start - found[0].gap if found else 0
        self.words = [0]
        for place, token in enumerate(found):
            operand = token.kind == "weak" and place and found[place - 1].kind in ("operator", "relation") and found[place - 1].text not in DASHES
            self.words.append(self.words[-1] + (token.kind in ("weak", "stop") and token.text not in BRANCHING and not operand))
        self.inside = [False] * len(found)
        reach = -1
        for place in range(len(found)):
            self.inside[place] = place < reach
            if place in pairs and pairs[place] > place and not self.wordy(place, pairs[place]):
                reach = max(reach, pairs[place])

    def wordy(self, first: int, last: int) -> bool:
        """Whether a bracket holds running text: more words than anything else, or a word with no sign near it."""
        return 2 * (self.words[last] - self.words[first + 1]) > last - first - 1 or self.words[last] - self.words[first + 1] > 2

    # ------------------------------------------------------------ cases

    def cases(self, last: int) -> tuple[tuple[Row, ...], int]:
        """The cases that stand behind a side, and the last token of them: `if x > 0 and 0 otherwise`, `for x > 0, -1 for x < 0`."""
        rows: list[Row] = []
        value: Span | None = None
        end = behind = last
        while len(rows) < LONGEST_CASES:
            word = self.skipped(behind + 1, (",",))
            if rows and self.word(word) in ELSES:
                return (*rows, (value, None)), word
            condition = self.condition(word + 1) if self.word(word) in IFS else None
            if condition is None or self.word(word) in ("for", "where") and self.gives(*condition):
                break
            rows.append((value, self.span(*condition)))
            end = condition[1]
            start = self.skipped(end + 1, (",", ";", "and", "or", "\n"))
            otherwise = self.word(start) in ELSES
            start += otherwise
            behind = self.right(start - 1)
            if behind < start or any(t.kind in SIGNS for t in self.found[start:behind + 1]):
                break
            value = self.span(start, behind)
            if otherwise:
                return (*rows, (value, None)), behind
        return tuple(rows), end

    def gives(self, first: int, last: int) -> bool:
        """Whether a comparison gives a value, `for w = 0.3`, and is no case such as `for i = j`."""
        inside = self.found[first:last + 1]
        return any(t.text in ENDLESS for t in inside) and any(t.kind == "number" for t in inside)

    def word(self, place: int) -> str:
        """The word at a place, or nothing."""
        return self.found[place].text.lower() if place < len(self.found) else ""

    def skipped(self, place: int, among: tuple[str, ...]) -> int:
        """The first place from here on that is none of these."""
        while self.word(place) in among:
            place += 1
        return place

    def span(self, first: int, last: int) -> Span:
        """The offsets of a run of tokens."""
        return self.found[first].start, self.found[last].end

    def condition(self, place: int) -> tuple[int, int] | None:
        """The first and last token of the comparison that begins here."""
        for sign in range(place + 1, min(place + 12, len(self.found))):
            if self.found[sign].kind in ("newline", "stop", "weak"):
                return None
            if self.found[sign].kind == "relation":
                last = self.right(sign)
                return (place, last) if last > sign and self.left(sign, place) == place else None
        return None

    # ------------------------------------------------------------ to the right

    def right(self, place: int) -> int:
        """The last token of the stretch that begins behind the relation; the relation itself where nothing is there."""
        sign, good, need, place = place, place, True, place + 1
        while place < len(self.found):
            token = self.found[place]
            if token.kind == "newline":
                if not need and not self.hangs(place, sign) or place + 1 < len(self.found) and self.found[place + 1].kind == "newline":
                    break
                place += 1
                need = need or place < len(self.found) and self.found[place].kind != "operator"
            elif token.kind in SIGNS or token.kind == "operator" and not (need and token.text not in UNARY | SCRIPT):
                if token.kind in SIGNS and (need or token.text in ("⇒", "=>", "⟹", ":")):
                    break
                need, place = True, place + 1
            elif token.kind == "prefix" and (need or token.gap < COLUMN):
                need, place = True, place + 1
            else:
                end = self.operand(place, need)
                if end < 0 or not need and token.gap >= COLUMN:
                    break
                summing = token.kind == "function" or token.kind == "strong" and token.text[0] in BIG
                open_function = summing and end == place and self.follows(place) \
                    or token.text == "[" and self.found[place - 1].text in ("Σ", "∑", "Π", "∏") and self.follows(end)
                good, need, place = (good, True, end + 1) if open_function else (end, False, end + 1)
        return good

    def hangs(self, place: int, sign: int) -> bool:
        """Whether the line behind this end of a line goes on with the formula: an operator begins it, to the right of the sign."""
        after = self.found[place + 1] if place + 1 < len(self.found) else None
        if after is None or after.text in SCRIPT:
            return False
        begin = next((self.found[n].end for n in range(sign - 1, -1, -1) if self.found[n].kind == "newline"), self.start)
        if after.kind == "operator":
            return after.gap > self.found[sign].start - begin
        return after.gap == self.found[sign + 1].start - begin and self.found[place - 1].start > begin and self.factors(place + 1)

    def factors(self, place: int) -> bool:
        """Whether a line holds factors and no relation: it begins below the first factor of the line above."""
        token, after = self.found[place], self.after(place)
        if token.kind == "letter":
            if after is not None and after.gap < COLUMN and after.kind not in ("letter", "strong", "open", "operator", "prefix"):
                return False
        elif token.kind not in ("prefix", "open", "strong", "function") or token.kind == "function" and (after is None or after.gap or after.kind != "open"):
            return False
        end = next((n for n in range(place, len(self.found)) if self.found[n].kind == "newline" or n > place and self.found[n].gap >= COLUMN), len(self.found))
        return not any(t.kind in SIGNS for t, inside in zip(self.found[place:end], self.inside[place:end], strict=True) if not inside)

    def follows(self, place: int) -> bool:
        """Whether an argument follows a function."""
        after = self.after(place)
        return after is not None and (after.kind in OPERANDS or after.text in ("-", "−", "_", "^"))

    def after(self, place: int) -> Token | None:
        """The next token on the line."""
        token = self.found[place + 1] if place + 1 < len(self.found) else None
        return token if token is not None and token.kind != "newline" else None

    def operand(self, place: int, need: bool) -> int:
        """The last token of the operand that begins here, or -1 where none can."""
        token, after = self.found[place], self.after(place)
        word_follows = after is not None and after.kind in WORDS and after.gap > 0
        match token.kind:
            case "number":
                return place if need or self.factor(place) else -1
            case "dots":
                return place
            case "marked":
                return place if need else -1
            case "strong":
                return place if need or not self.heads(place) else -1
            case "letter":
                near = after is not None and after.gap < COLUMN
                if near and token.text in ARTICLES and (word_follows or after is not None and after.kind == "marked" and not need):
                    return -1
                if word_follows and token.gap > 1 and not need:         # `…  s cancels`: what is said of the line
                    return -1
                return place if need or not self.heads(place) else -1
            case "function":
                if place and self.found[place - 1].text == "∂":         # somebody's name: `∂e/∂exp`
                    return place
                return -1 if word_follows and after is not None and after.kind != "noun" or not need and self.heads(place) else place
            case "noun" | "weak":
                lone = after is None or after.kind not in WORDS | {"letter", "strong", "number", "function", "marked"} or after.gap == 0
                return place if need and lone else -1
            case "open":
                return self.bracket(place, need)
            case "bar":
                return self.bars(place, need)
            case "other":
                return self.decimal_comma(place, need)
            case _:
                return -1

    def factor(self, place: int) -> bool:
        """Whether a number is one more factor: `(1 − s) 2 x`, and the ones of `Gᵀ 1`."""
        token, before, after = self.found[place], self.found[place - 1], self.after(place)
        if token.gap != 1 or before.text[-1:] == "ᵀ" and token.text == "1":
            return token.gap == 1
        return before.kind == "close" and after is not None and after.gap < 2 and after.kind in ("open", "strong", "letter", "prefix") \
            and after.text not in ARTICLES

    def decimal_comma(self, place: int, need: bool) -> int:
        """`0,36`: a comma between digits, without room."""
        digits = self.found[place].text == "," and not need and 0 < place < len(self.found) - 1
        between = digits and self.found[place - 1].kind == "number" == self.found[place + 1].kind
        tight = between and self.found[place].gap == 0 == self.found[place + 1].gap and "." not in self.found[place - 1].text + self.found[place + 1].text
        return place + 1 if tight else -1

    def bracket(self, place: int, need: bool) -> int:
        """The bracket that closes this one, if what is inside may be mathematics."""
        closing = self.pairs.get(place, -1)
        if closing < 0 or self.wordy(place, closing) and self.found[place].text != "{" and not (need and closing - place < 12 and self.signs(place, closing)):
            return -1
        if not need and self.found[place].gap > 0 and self.aside(place, closing):
            return -1
        label = closing == place + 2 and self.found[place + 1].kind == "number" and "." not in self.found[place + 1].text
        ends = self.after(closing) is None
        return -1 if not need and label and ends and self.found[place].gap > 1 else closing

    def aside(self, first: int, last: int) -> bool:
        """Whether a bracket behind a formula only remarks on it: `(input)`, `(3 d.p.)`, `(1.5 %)`."""
        inside = self.found[first + 1:last]
        return all(t.kind in ("weak", "noun", "stop", "function") for t in inside) or any(t.text in (".", "%") for t in inside)

    def signs(self, first: int, last: int) -> bool:
        """Whether a sign stands between the words of a bracket."""
        return any(t.kind == "operator" for t in self.found[first:last])

    def bars(self, place: int, need: bool) -> int:
        """The bar that closes this one."""
        if not need and self.found[place].gap > 0 and not self.tight(place):
            return -1
        for closing in range(place + 1, min(len(self.found), place + LONGEST_BAR)):
            if self.found[closing].kind == "newline":
                break
            if self.found[closing].text == self.found[place].text and closing > place + 1:
                return closing
        return -1

    def tight(self, place: int) -> bool:
        """Whether a factor in double bars begins here, `1/2 ||y - t||`, and no column of a table."""
        after = self.found[place + 1:place + LONGEST_BAR]
        closing = next((t for t in after if t.text == self.found[place].text or t.kind == "newline"), None)
        return self.found[place].text in ("||", "‖") and self.found[place].gap == 1 and closing is not None and closing.kind == "bar" \
            and closing.gap == 0 == after[0].gap

    def heads(self, place: int) -> bool:
        """Whether a name begins the next statement and is no factor: `x1 = 0.05   x2 = 0.10`, `w1=0.3 w2=0.4`."""
        end = place
        while (after := self.after(end)) is not None and (after.gap == 0 and after.kind in ("open", "operator", "strong", "number")):
            end = self.pairs.get(end + 1, end + 1) if after.kind == "open" else end + 1
        after = self.after(end)
        if after is None or after.kind not in SIGNS or after.kind == "relation" and after.text not in ENDLESS:
            return False
        before = self.found[place - 1]
        if self.found[place].kind == "function" and self.found[place].gap == 1:
            return before.kind == "number" and self.valued(place - 1)
        return self.found[place].gap > 1 or before.kind in ("number", "close") and self.found[place].gap > 0

    def valued(self, place: int) -> bool:
        """Whether a number is all that stands behind its sign: in `2x^2 exp(x)` the 2 is not."""
        signed = place > 0 and self.found[place - 1].kind == "operator" and self.found[place - 1].text in UNARY
        return place - signed > 0 and self.found[place - signed - 1].kind in SIGNS

    # ------------------------------------------------------------ to the left

    def left(self, place: int, lowest: int) -> int:
        """The first token of the stretch that ends before the relation; the relation itself where nothing is there."""
        good, need, place = place, True, place - 1
        while place >= lowest:
            token = self.found[place]
            if token.kind == "operator":
                if need and good == place + 1 and token.text not in UNARY:
                    break
                if not self.joins(place, lowest):
                    good = place if token.text in "-−+±" and self.found[place + 1].gap == 0 and not need else good
                    break
                need, place = True, place - 1
                continue
            if token.kind == "prefix":
                good, need, place = place, False, place - 1
                continue
            start = self.operand_before(place, need)
            if start < lowest:
                break
            good, need, place = start, False, start - 1
        return good

    def joins(self, place: int, lowest: int) -> bool:
        """Whether an operator has an operand in front of it, and is no dash between words."""
        before = self.found[place - 1] if place > lowest else None
        if before is not None and before.text == "|" and before.kind == "operator":
            return True
        if before is None or before.kind not in ("number", "strong", "letter", "noun", "close", "marked", "dots", "bar", "function", "weak"):
            return self.found[place].text in SCRIPT and before is not None and before.kind == "prefix"
        dash = self.found[place].text in DASHES | {"+"} and self.found[place].gap > 0
        return before.kind != "weak" or not dash

    def operand_before(self, place: int, need: bool) -> int:
        """The first token of the operand that ends here, or -1 where none can."""
        token = self.found[place]
        gap = self.found[place + 1].gap
        before = self.found[place - 1] if place else None
        match token.kind:
            case "number":
                named = before is not None and before.kind in ("weak", "stop", "noun", "letter", "strong") and token.gap > 0
                return place if need or gap == 0 or not named else -1
            case "strong" | "function" | "dots":
                return place if need or gap < 2 else -1
            case "letter":
                return place if need or gap == 0 or gap < 2 and token.text not in ARTICLES else -1
            case "noun" | "weak":
                return place if need and not (before is not None and before.text in DASHES and token.gap == 0) else -1
            case "marked":
                return place if need else -1
            case "close":
                return self.bracket_before(place, need)
            case "bar":
                return self.bars_before(place, need)
            case _:
                return -1

    def bracket_before(self, place: int, need: bool) -> int:
        opening = self.pairs.get(place, -1)
        said = opening > 0 and self.found[opening].text == "{" and self.found[opening - 1].kind == "stop"
        if opening < 0 or said or self.wordy(opening, place):
            return -1
        label = place - opening == 2 and (opening == 0 or self.found[opening - 1].kind in ("newline", "other"))
        return -1 if label and self.found[place + 1].gap > 0 and self.found[place + 1].kind != "relation" else opening

    def bars_before(self, place: int, need: bool) -> int:
        if not need and self.found[place + 1].gap > 0:
            return -1
        for opening in range(place - 1, max(-1, place - LONGEST_BAR), -1):
            if self.found[opening].kind == "newline":
                break
            if self.found[opening].text == self.found[place].text and opening < place - 1:
                return opening
        return -1
