"""Tokens of the plain-text notation: one compiled pattern, limits that keep time bounded, and matched brackets.

A line becomes `Tokens`: parallel lists of kinds, texts and columns, closed by a token of kind "end".
Kinds are `number`, `name`, `word` (`if else and or not`), and for operators and brackets the text itself.
The characters of mathematics that stand for an ASCII operator (minus U+2212, times U+00D7, dots, superscript digits) are read as it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field

from handgrad.errors import LimitError, NotationError
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much text is read; past any of them the answer is a `LimitError` that names it."""

    text: int = 1 << 20
    line: int = 1 << 16
    tokens: int = 8000
    nesting: int = 256
    digits: int = 400


@dataclass(slots=True)
class Tokens:
    """The tokens of one line. `partner` gives the place of the bracket that closes an opening one."""

    source: str
    number: int
    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    partner: dict[int, int] = field(default_factory=dict)
    line: str = ""

    def end(self, place: int) -> int:
        """The column after the token."""
        return self.starts[place] + max(1, len(self.texts[place]))


LIMITS = Limits()
WORDS = frozenset(("if", "else", "and", "or", "not"))
CLOSING = {"(": ")", "[": "]", "{": "}"}
ALIKE = {
    "\u2212": "-", "\u00d7": "*", "\u22c5": "*", "\u00b7": "*", "\u2217": "*", "\u00f7": "/", "\u2215": "/", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
}
SUPERSCRIPTS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
LOWERED = str.maketrans(SUPERSCRIPTS + "\u207b", "0123456789-")
CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
LOOKALIKES = str.maketrans(CYRILLIC, "aeopcxyiABEKMHOPCTX")
REMEDIES = {
    "|": "write abs(x), or norm[i](x[i])", "\\": "this is LaTeX: write exp(x), sum[i](x[i]), (a)/(b)", "!": "there is no factorial; unequal is !=",
    "&": "write and", "%": "write /100", "$": "formulas stand here without dollar signs", "\u2211": "write sum[i](...)", "\u221a": "write sqrt(...)",
}
PATTERN = re.compile(
    r"[ \t\r\u00a0\ufeff]*(?:"
    r"(?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_']*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|\.\.|[-+*/^()\[\]{},=<>:;])"
    r"|(?P<comment>\#.*)"
    rf"|(?P<alike>[{''.join(ALIKE)}])"
    rf"|(?P<power>\u207b?[{SUPERSCRIPTS}]+)"
    r"|(?P<unknown>[^ \t\r\u00a0\ufeff]))",
    re.DOTALL,
)


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 where its first bytes say so."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        kind, line = encoding.upper().removesuffix("-SIG"), data[:error.start].count(10) + 1
        raise NotationError(f"byte {error.start}, on line {line}, is no {kind}", remedy="save the file as UTF-8") from None


def lines(text: str, limits: Limits) -> list[str]:
    """The lines of a text, once it is known to be short enough."""
    if len(text) > limits.text:
        raise LimitError(f"the text has {len(text)} characters; {limits.text} are read", remedy="split it into several models")
    found = text.split("\n")
    for at, line in enumerate(found):
        if len(line) > limits.line:
            raise LimitError(f"line {at + 1} has {len(line)} characters; {limits.line} are read", remedy="name parts of the formula on lines of their own")
    return found


def tokens(line: str, number: int, source: str, limits: Limits) -> Tokens:
    """The tokens of a line, with its brackets matched."""
    found = Tokens(source, number, line=line)
    kinds, texts, starts = found.kinds, found.texts, found.starts
    open_places: list[int] = []
    for match in PATTERN.finditer(line):
        kind = match.lastgroup
        if kind is None or kind == "comment":
            continue
        text = match[kind]
        start = match.end() - len(text)
        if kind == "name":
            if text in WORDS:
                kind = text
        elif kind == "operator":
            kind = "^" if text == "**" else text
            if kind in CLOSING:
                open_places.append(len(kinds))
                if len(open_places) > limits.nesting:
                    raise LimitError(f"brackets are nested deeper than {limits.nesting}", source, number, start, start + 1, "name the inner parts")
            elif kind in ")]}":
                _close(found, open_places, kind, start)
        elif kind == "number":
            _measure(text, start, found, limits)
        elif kind == "alike":
            kind = ALIKE[text]
        elif kind == "power":
            _raise_to(text, start, found)
            kind, text = "number", text.translate(LOWERED).lstrip("-")
        elif text.isalpha() and PROSE.search(line, 0, start):
            kind = "prose"
        else:
            _refuse(text, start, found)
        kinds.append(kind)
        texts.append(text)
        starts.append(start)
        if len(kinds) > limits.tokens:
            raise LimitError(f"the line has more than {limits.tokens} tokens", source, number, start, start + 1, "name parts of the formula")
    if open_places:
        _never_closed(found, open_places[-1])
    kinds.append("end")
    texts.append("")
    starts.append(len(line.split("#", 1)[0].rstrip()))
    return found


PROSE = re.compile(r"(?:^|;)\s*axes\s+\w+\s*:[^;#]*\Z")         # what an axis counts is said in any letters


def _raise_to(text: str, start: int, found: Tokens) -> None:
    for sign in ("^", "-")[: 2 if text.startswith("\u207b") else 1]:
        found.kinds.append(sign)
        found.texts.append(sign)
        found.starts.append(start)


def _close(found: Tokens, open_places: list[int], kind: str, start: int) -> None:
    if not open_places:
        line = found.line
        raise NotationError(f"this {kind} closes nothing", found.source, found.number, start, start + 1,
                            "leave it out, or open it before", (line[:start] + line[start + 1:]).strip())
    place = open_places.pop()
    wanted = CLOSING[found.kinds[place]]
    if wanted != kind:
        raise NotationError(f"this {kind} meets a {found.kinds[place]} that is still open", found.source, found.number, start, start + 1,
                            f"close it first with {wanted}", found.line[:start] + wanted + found.line[start:])
    found.partner[place] = len(found.kinds)


def _never_closed(found: Tokens, place: int) -> None:
    start = found.starts[place]
    wanted = CLOSING[found.kinds[place]]
    line = found.line.split("#", 1)[0].rstrip()
    raise NotationError(f"a closing {wanted} is missing: this {found.kinds[place]} is never closed", found.source, found.number, start, start + 1,
                        f"write the {wanted} where it ends", line + wanted)


def _measure(text: str, start: int, found: Tokens, limits: Limits) -> None:
    if len(text) <= 8 and "e" not in text and "E" not in text:
        return
    mantissa, _, exponent = text.lower().partition("e")
    length = len(mantissa)
    if len(exponent.lstrip("+-").lstrip("0")) > 9 or length + abs(int(exponent or "0")) > limits.digits:
        start += text.index(".") + 1 if mantissa.find(".") in range(length // 2) else 0
        raise LimitError(f"a number has more than {limits.digits} digits", found.source, found.number, start, start + 1, "write it as a power, 10^n")


def _refuse(character: str, start: int, found: Tokens) -> None:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    words = name.split()
    latin = character.translate(LOOKALIKES)
    if latin != character:
        what, remedy = f"{code} ({name.lower()}) looks like the letter {latin} and is another", f"type the Latin {latin}"
    elif words and words[0] == "GREEK" and words[-2] == "LETTER":
        what, remedy = f"{character} is no letter of a name", f"write {words[-1].lower() if words[1] == 'SMALL' else words[-1].title()}"
        latin = remedy.removeprefix("write ")
    else:
        shown = character if character.isprintable() and character.isascii() else f"{code} ({name.lower()})" if name else code
        what, remedy = f"{shown} has no meaning here", REMEDIES.get(character, "names are made of A-Z a-z 0-9 _ '; operators + - * / ^ < <= > >= == !=")
    mended = found.line.replace(character, latin).strip() if latin != character else ""
    raise NotationError(what, found.source, found.number, start, start + 1, remedy, mended)
