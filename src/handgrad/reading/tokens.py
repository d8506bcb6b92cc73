"""The tokens of a formula, in LaTeX or typed: one compiled pattern cuts all of the text, a table says what each piece is.

`Tokens` holds parallel lists: kinds, texts (in one spelling: `\\leq`, `≤` and `<=` are all `<=`), and where each starts and ends in the source.
What says nothing (spaces, sizes, colours, labels) makes no token. Superscript and subscript characters become `^{…}` and `_{…}`.
Brackets are matched here, so that whoever reads can look to the end of one at once; nothing is recursive.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from itertools import accumulate

from handgrad.reading.limits import ReadingLimits
from handgrad.reading.vocabulary import ACCENT_MARKS, CIRCLED, LOOKALIKES, SUBSCRIPTS, SUPERSCRIPTS, TABLE, TYPED, VULGAR
from handgrad.records import dataclass


@dataclass(slots=True)
class Tokens:
    """The tokens of a stretch of the source.

    `partner` gives the place that closes an opening one, `open` holds those that nothing has closed yet, `refusal` says why nothing is read;
    `laid` says whether there is anything of a layout, `rows` whether there are several rows.
    """

    source: str
    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    partner: dict[int, int] = field(default_factory=dict)
    accents: dict[int, tuple[str, ...]] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)
    rows: bool = False
    laid: bool = False
    refusal: str = ""


_BRACED = r"[^{}]*(?:\{[^{}]*\}[^{}]*)*"
for _ in range(3):                          # braces in braces, as deep as the phantom of a derivative has them
    _BRACED = rf"[^{{}}]*(?:\{{{_BRACED}\}}[^{{}}]*)*"
_ARGUMENT = rf"\s*\{{{_BRACED}\}}"
PATTERN = re.compile(
    r"[ \t\r\n\u00a0\u2009\u202f]+"
    r"|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+(?![A-Za-z0-9_^]))?|\.[0-9]+(?:[eE][+-]?[0-9]+(?![A-Za-z0-9_^]))?"
    r"|\\(?:left|right|middle|[bB]igg?[lrm]?)(?![A-Za-z])\s*(?:\\[lr]?(?:vert|Vert|brace|brack)(?![A-Za-z])|\\?[|{}.()\[\]]|[/<>])?"
    rf"|\\(?:text(?:rm|it|bf|sf|tt|normal|up)?|mbox|hbox|operatorname\*?|mathop|label|tag\*?|textcircled|circled|hspace\*?|vspace\*?|color|phantom|cite|ref|eqref){_ARGUMENT}"
    r"|\\textasciicircum\{\}"
    r"|\\begin\s*\{\s*(?:array|tabular|alignat\*?|alignedat)\s*\}(?:\s*\[[a-z]\])?" rf"{_ARGUMENT}"
    rf"|\\(?:begin|end){_ARGUMENT}"
    r"|\\arg\s*\\(?:max|min)(?![A-Za-z])|\\[A-Za-z]+\*?"
    r"|\\\\(?:\*|\s*\[-?[0-9.]+\s*(?:pt|em|ex|cm|mm)\])?|\\."
    r"|\{\s*\}|(?:s\.t|i\.e|e\.g|w\.r\.t)\.(?![A-Za-z0-9])"
    r"|[A-Za-z]+(?![A-Za-z\u0302-\u030c\u20d7])|[A-Za-z]"
    r"|:=|~=|<=|>=|==|!=|\*\*|->|=>|<-|-->|\.\.\.|\.\*|\|\||//"
    r"|'+"
    r"|[\u2070\u00b9\u00b2\u00b3\u2074-\u207f\u1d2c-\u1d61\u02b0-\u02b8\u2c7d]+|[\u2080-\u209c\u1d62-\u1d6a\u2c7c]+"
    r"|[0-9]*[\u00bc-\u00be\u2150-\u215e]"
    r"|.",
    re.DOTALL,
)
# names as programs have them: `__init__`, and `d2q` for a second derivative unless something stands below it, as in `d2q/dt2`
CODED = re.compile(
    r"__[A-Za-z][A-Za-z0-9_]*__(?![A-Za-z0-9_])|d(?=d[23][A-Za-z]+(?![A-Za-z0-9_]))"
    r"|(?<=[d∂])d[23][A-Za-z]+(?![A-Za-z0-9_])|d[23][A-Za-z]+(?![A-Za-z0-9_]|\s*/\s*[d∂])"
    "|" + PATTERN.pattern, re.DOTALL)
COMMA = re.compile(r"[0-9]\s*\{\s*,\s*\}\s*[0-9]")
GOES_ON = "{}"
LOOSE = frozenset(("relation", "&", "sign", "times", "row", "(", ",", "gap", "arrow", "begin", "implies"))    # behind them `{}` says nothing
SPACES = " \t\r\n\u00a0\u2009\u202f"
STOPS = 6
OPENING = frozenset(("(", "{", "begin"))
LAYOUT = frozenset(("box", "under", "begin", "row", "&"))
BRACKETING = OPENING | LAYOUT | {"close", "null", "}", "end"}


def tokens(source: str, start: int, end: int, limits: ReadingLimits, typed: bool = False) -> Tokens:
    """The tokens of source[start:end], with its brackets matched."""
    found = Tokens(source)
    if end - start > limits.line and any(len(line) > limits.line for line in source[start:end].split("\n")):
        found.refusal = f"limit: line {limits.line}"
        return found
    kinds, texts, starts, ends = found.kinds, found.texts, found.starts, found.ends
    add_kind, add_text, add_start, add_end = kinds.append, texts.append, starts.append, ends.append
    open_places = found.open
    pieces = (CODED if typed else PATTERN).findall(source, start, end)
    places = list(accumulate(map(len, pieces), initial=start))
    for piece, known, at, after in zip(pieces, map((TYPED if typed else TABLE).get, pieces), places, places[1:], strict=False):
        if known is not None:
            kind, text = known
            if kind:
                if kind in BRACKETING and not _bracketed(found, open_places, kind, text, limits.nesting):
                    found.refusal = f"limit: nesting {limits.nesting} (character {at - start + 1})"
                    return found
                add_kind(kind)
                add_text(text)
                add_start(at)
                add_end(after)
        elif piece[0] in "0123456789." and piece[-1] in "0123456789":
            if len(piece) > 8 and _digits(piece) > limits.digits:
                found.refusal = f"limit: digits {limits.digits}"
            add_kind("number")
            add_text(piece)
            add_start(at)
            add_end(after)
        elif piece[0] not in SPACES:
            place = len(kinds)
            _rare(found, piece, at)
            for added in range(place, len(kinds)):
                if kinds[added] in BRACKETING and not _bracketed(found, open_places, kinds[added], texts[added], limits.nesting, added):
                    found.refusal = f"limit: nesting {limits.nesting} (character {at - start + 1})"
                    return found
    if "x" in texts:
        _crossed(found)
    if typed and "grad" in texts:
        _spelled_out(found)
    if len(kinds) > limits.tokens and _most(found, start) > limits.tokens:
        found.refusal = f"limit: tokens {limits.tokens}"
    for column, value in ((kinds, "stop"), (texts, "")):
        column.extend([value] * STOPS)                  # so many that whoever looks a few tokens ahead finds one
    for numbers in (starts, ends):
        numbers.extend([end] * STOPS)
    return found


def _crossed(found: Tokens) -> None:
    """An x between two numbers is a times sign: `4.4 x 10^-4`."""
    kinds, texts = found.kinds, found.texts
    for at in range(1, len(kinds) - 1):
        if texts[at] == "x" and kinds[at - 1] == kinds[at + 1] == "number" and found.ends[at - 1] < found.starts[at] and found.ends[at] < found.starts[at + 1]:
            kinds[at], texts[at] = "times", "*"


def _spelled_out(found: Tokens) -> None:
    """`grad` in front of a name is a nabla: `grad W`; alone, or with something below it, it is a name."""
    for at in range(len(found.kinds) - 1):
        if found.texts[at] == "grad" and found.kinds[at] == "letters" and found.kinds[at + 1] in ("name", "letters") and found.ends[at] < found.starts[at + 1]:
            found.kinds[at], found.texts[at] = "nabla", ""


def _digits(piece: str) -> int:
    mantissa, _, exponent = piece.lower().partition("e")
    return len(mantissa) if not exponent else len(mantissa) + (abs(int(exponent)) if len(exponent) < 9 else 10**9)


def _most(found: Tokens, start: int) -> int:
    """How many tokens the longest line has."""
    ends = [m.start() for m in re.finditer("\n", found.source[start:found.ends[-1]])]
    counts: dict[int, int] = {}
    line = 0
    for at in found.starts:
        while line < len(ends) and ends[line] + start <= at:
            line += 1
        counts[line] = counts.get(line, 0) + 1
    return max(counts.values())


def _bracketed(found: Tokens, open_places: list[int], kind: str, text: str, nesting: int, at: int | None = None) -> bool:
    """Match a bracket that is being added; False past the limit. Braces and environments close what is still open inside them."""
    at = len(found.kinds) if at is None else at
    kinds, texts = found.kinds, found.texts
    if kind in LAYOUT:
        found.laid = True
        found.rows = found.rows or kind == "row"
        if kind != "begin":
            return True
    if kind in OPENING:
        open_places.append(at)
        return len(open_places) <= nesting
    if kind in ("close", "null"):
        if open_places and kinds[open_places[-1]] == "(" and (kind == "null" or CLOSES[texts[open_places[-1]]] == text):
            opening = open_places.pop()
            found.partner[opening] = at
            if found.rows:
                _rejoined(found, opening, at)
        return True
    wanted = "{" if kind == "}" else "begin"
    depth = len(open_places)
    while depth and kinds[open_places[depth - 1]] == "(":
        depth -= 1
    if depth and kinds[open_places[depth - 1]] == wanted and (wanted == "{" or texts[open_places[depth - 1]] == text):
        found.partner[open_places[depth - 1]] = at
        del open_places[depth - 1:]
    return True


def _rejoined(found: Tokens, opening: int, closing: int) -> None:
    """Rows and columns that break inside brackets break a long formula, and nothing else."""
    at = opening + 1
    while at < closing:
        if found.kinds[at] in ("row", "&"):
            found.kinds[at] = "gap"
        at = found.partner.get(at, at) + 1


def _going_on(found: Tokens) -> None:
    """Mark the end of a row behind which `{}` begins the next one: that goes on with the formula."""
    at = len(found.kinds) - 1
    while at >= 0 and found.kinds[at] in ("gap", "&"):
        at -= 1
    if at >= 0 and found.kinds[at] == "row":
        found.texts[at:] = [GOES_ON] * (len(found.kinds) - at)


CLOSES = {"(": ")", "[": "]", "{": "}", "<": ">"}


# ---------------------------------------------------------------- pieces that stand in no table


def _add(found: Tokens, kind: str, text: str, start: int, end: int) -> None:
    found.kinds.append(kind)
    found.texts.append(text)
    found.starts.append(start)
    found.ends.append(end)


def _rare(found: Tokens, piece: str, at: int) -> None:
    end = at + len(piece)
    first = piece[0]
    if first == "\\":
        _command(found, piece, at, end)
    elif first in SUPERSCRIPTS or first in SUBSCRIPTS:
        _raised(found, piece, at, end)
    elif piece[-1] == "}":
        if found.kinds and found.kinds[-1] in ("gap", "&", "row"):
            _going_on(found)
        if found.kinds and found.kinds[-1] not in LOOSE:
            _add(found, "{", "{", at, at + 1)
            _add(found, "}", "}", end - 1, end)
    elif piece[-1] == "." and len(piece) > 1:
        _add(found, "text", piece, at, end)
    elif piece.isascii() and piece.isalpha():
        _add(found, "letters", piece, at, end)
    elif first in "d_" and len(piece) > 2:
        _add(found, "name", piece, at, end)
    elif piece[-1] in VULGAR:
        if len(piece) > 1:
            _add(found, "number", piece[:-1], at, end - 1)
        _add(found, "vulgar", piece[-1], end - 1, end)
    elif first in CIRCLED:
        _add(found, "circled", first, at, end)
    elif first in ACCENT_MARKS:
        if found.kinds and found.kinds[-1] == "name" and found.ends[-1] == at:
            place = len(found.kinds) - 1
            found.accents[place] = (*found.accents.get(place, ()), ACCENT_MARKS[first])
            found.ends[-1] = end
        else:
            _add(found, "bad", "an accent stands on nothing", at, end)
    elif first in "'":
        _add(found, "prime", piece, at, end)
    else:
        _letter(found, first, at, end)


def _letter(found: Tokens, character: str, at: int, end: int) -> None:
    """A letter of mathematics that is another one in a font or with an accent; any other character is refused with its name."""
    plain = unicodedata.normalize("NFKD", character)
    base, marks = plain[0], plain[1:]
    known = TABLE.get(base)
    if character not in LOOKALIKES and known is not None and known[0] in ("name", "number", "big") and all(m in ACCENT_MARKS for m in marks):
        _add(found, known[0], known[1], at, end)
        if marks:
            found.accents[len(found.kinds) - 1] = tuple(ACCENT_MARKS[m] for m in marks)
        return
    _add(found, "bad", refusal(character), at, end)


def refusal(character: str) -> str:
    """Why a character is not read, in words that name it."""
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "").lower()
    if character in LOOKALIKES:
        return f"{code} ({name}) looks like the Latin {LOOKALIKES[character]} and is another letter"
    shown = character if character.isascii() and character.isprintable() else f"{code} ({name})" if name else code
    return f"{shown} is no mathematics"


def _raised(found: Tokens, piece: str, at: int, end: int) -> None:
    """Small letters above or below the line, as the script in braces that they are."""
    table, sign = (SUPERSCRIPTS, "^") if piece[0] in SUPERSCRIPTS else (SUBSCRIPTS, "_")
    _add(found, sign, sign, at, at)
    _add(found, "{", "{", at, at)
    place = at
    for character in piece:
        text = table.get(character)
        if text is None:
            _add(found, "bad", refusal(character), place, place + 1)
        elif text.isdigit() and found.kinds[-1] == "number":
            found.texts[-1] += text
            found.ends[-1] = place + 1
        else:
            kind, canonical = ("number", text) if text.isdigit() else TABLE[text]
            _add(found, kind, canonical, place, place + 1)
        place += 1
    _add(found, "}", "}", end, end)


BODY = re.compile(r"\\(?:(begin|end)\s*\{([^{}]*)\}.*|([A-Za-z]+)\*?\s*\{(.*)\})", re.DOTALL)
DELIMITER = re.compile(r"\\(left|right|middle|[bB]igg?([lrm]?))(?![A-Za-z])\s*(.*)", re.DOTALL)
BARS = {"|": "bar", "\\|": "norm", "\\vert": "bar", "\\Vert": "norm", "\\lvert": "bar", "\\rvert": "bar", "\\lVert": "norm", "\\rVert": "norm"}
SPACED = re.compile(r"\s*[A-Za-z](?: [A-Za-z]){2,}\s*")         # letters that a scanner set apart
SILENT = frozenset(("label", "vspace", "color", "phantom", "cite", "ref", "eqref"))
WRITTEN = frozenset(("text", "textrm", "textit", "textbf", "textsf", "texttt", "textnormal", "textup", "mbox", "hbox"))


def _command(found: Tokens, piece: str, at: int, end: int) -> None:
    delimiter = DELIMITER.match(piece)
    if delimiter is not None:
        return _delimiter(found, delimiter, at, end)
    if piece.startswith("\\arg") and "\\m" in piece:
        return _add(found, "function", "arg" + piece[-3:], at, end)
    body = BODY.fullmatch(piece)
    if body is None:
        if piece.startswith("\\\\"):
            return _add(found, "row", "", at, end)
        if len(piece) == 2 and not piece[1].isalpha():
            return _add(found, "bad", f"{piece} is no command that is read" if piece[1].isprintable() else refusal(piece[1]), at, end)
        return _add(found, "bad", f"the command {piece} is not known", at, end)
    command, text = (body[1], body[2]) if body[1] else (body[3], body[4])
    if command in WRITTEN:
        _add(found, "text", text.replace(" ", "") if SPACED.fullmatch(text) else text, at, end)
    elif command in ("begin", "end"):
        _add(found, command, text.strip().rstrip("*"), at, end)
    elif command in ("operatorname", "mathop"):
        plain = re.sub(r"\\(?:math[a-z]+|text[a-z]*|rm|bf|sf|it|limits)(?![A-Za-z])|\\[,;:! ]|[{}\s\\*]", "", text)
        known = TABLE.get(plain)
        if known is None and not plain.isalpha():
            return _add(found, "bad", f"{piece} is no name of an operator", at, end)
        _add(found, "function" if known is None else known[0], plain if known is None else known[1], at, end)
    elif command in ("tag", "textcircled", "circled"):
        _add(found, "circled", circled(text.strip()) if command != "tag" else f"({text.strip()})", at, end)
    elif command == "hspace":
        _add(found, "gap", "", at, end)
    elif command not in SILENT:
        _add(found, "bad", f"the command \\{command} is not known", at, end)
    return None


def circled(text: str) -> str:
    """The label as one character where there is one: ① for 1."""
    return chr(0x2460 + int(text) - 1) if text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= 20 else f"({text})"


def _reopen(found: Tokens) -> None:
    """A `\\left.` in the row behind a `\\right.`: the bracket that this closed is still open."""
    place = len(found.kinds) - 1
    while place >= 0 and found.kinds[place] in ("row", "&", "gap", "sign", "times"):
        place -= 1
    if place >= 0 and found.kinds[place] == "null":
        for opening, closing in found.partner.items():
            if closing == place:
                found.kinds[place] = "gap"
                del found.partner[opening]
                found.open.append(opening)
                return


def _delimiter(found: Tokens, delimiter: re.Match[str], at: int, end: int) -> None:
    size, side, mark = delimiter[1], delimiter[2] or "", delimiter[3]
    if mark == ".":
        if size == "right":
            _add(found, "null", "", at, end)
        elif size == "left":
            _reopen(found)
        elif size != "left":
            _add(found, ".", ".", end - 1, end)
        return
    if not mark:
        return
    if mark in BARS:
        opens, closes = size == "left" or side == "l", size == "right" or side == "r"
        _add(found, ("l" if opens else "r" if closes else "") + BARS[mark], mark, at, end)
        return
    kind, text = TABLE.get(mark, ("bad", f"{mark} is no bracket"))
    if kind in ("{", "}"):
        kind, text = ("(", "{") if kind == "{" else ("close", "}")
    _add(found, kind, text, at, end)
