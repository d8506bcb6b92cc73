"""What of a page is layout and not text, blotted out: the mask has the length of the source, so that every offset means the same in both.

Struck text, comments, the preamble of a LaTeX document, tags and the marks of a quote become spaces; `x<sub>1</sub>` becomes `x_{1}`
with room in it. What was blotted out is told, so that nothing of a page is lost in silence.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import field

from handgrad.reading.surface import Span
from handgrad.records import dataclass


@dataclass(slots=True)
class Mask:
    """The text with its blots: `absent` was struck by the writer, `ignored` is comment and preamble, `pictures` are pictures."""

    text: str
    absent: list[Span] = field(default_factory=list)
    ignored: list[Span] = field(default_factory=list)
    pictures: list[Span] = field(default_factory=list)


NAMES = ("p|div|span|b|i|u|s|em|strong|small|big|font|center|code|pre|kbd|var|mark|a|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th|caption|"
         "blockquote|section|article|header|footer|main|figure|figcaption|details|summary|br|hr|html|body|head|title|meta|link|sub|sup|del|ins|img|nobr|wbr")
TAG = re.compile(rf"</?(?P<name>{NAMES})(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}[0-9]{0,2}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
QUOTE = re.compile(r"[ \t]{0,3}>(?:[ \t]{0,3}>)*[ \t]?")
PICTURE = re.compile(r"!\[[^\]\n]{0,400}\]\([^()\n]{0,2000}\)|!\[\[[^\]\n]{0,400}\]\]|\\includegraphics(?:\[[^\]\n]{0,400}\])?\{[^{}\n]{0,1000}\}")
INVISIBLE = re.compile("[\ufeff\u200b\u200c\u200d\u2060-\u2064\u00ad\ufe0e\ufe0f\f\v]")
PROGRAM = re.compile(
    r"(?P<transpose>(?<=[\w)\]])\.T\b(?![\w.]))|(?P<product>(?<=[\w)\] ])@(?= ?[\w(])(?![\w.-]+\.\w))|(?P<module>\b(?:np|numpy|math|torch|jnp|tf)\.(?=[a-z]))"
    r"|(?P<new>(?<=\w)\((?:new|old|updated|next|prev)\))|(?P<plus>(?<=[\w}])\+(?=[ \t]*=(?!=)))"
    r"|(?P<times>(?<=\d) [xX] (?=[-(−]?\(?[-−]?\d)|(?<=\d\))[xX](?=\(\d))"
    r"|(?P<hat>(?<![\w-])[A-Za-z]-hat\b)")
ROWS = re.compile(r"\[(?:[\d.,;eE+\-−\s]|\[(?:[\d.,;eE+\-−\s]|\[[\d.,;eE+\-−\s]*\])*\])*\]")
ROW = re.compile(r"\([ \t]*[-−+]?\d[\d.]*(?:[ \t]{2,}[-−+]?\d[\d.]*)+[ \t]*\)")
GAP = re.compile(r"(?<=[\d.])\s(?=\s*[-−+]?\.?\d)|(?<=\])\s(?=\s*\[)")
ADDRESS = re.compile(r"\b(?:https?|ftp|file)://[^\s<>()\]\"'`|]+")
LATEX_PAGE = re.compile(r"^[ \t]*\\(?:documentclass|begin\{document\}|section\*?\{|subsection\*?\{|usepackage|chapter\*?\{|newcommand)", re.MULTILINE)
FRONT = re.compile(r"\s{0,8}-{3}[ \t]*\n(?:[ \t]*(?:[A-Za-z_-]{2,40}:|- )[^\n]{0,400}\n){1,40}-{3}[ \t]*\n")
COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
PAIRS = (("<!--", "-->", "ignored"), ("<script", "</script>", "ignored"), ("<style", "</style>", "ignored"), ("<del>", "</del>", "absent"),
         ("<s>", "</s>", "absent"), ("\\sout{", "}", "absent"), ("\\st{", "}", "absent"), ("\\begin{comment}", "\\end{comment}", "ignored"))
OPENED = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "### ", "sub": "_{", "sup": "^{", "br": ";", "td": "|", "th": "|", "tr": "\n"}
CLOSED = {"sub": "}", "sup": "}", "tr": "|", "table": "\n"}
# a frame of one cell round lines of typed text, drawn with lines or with `+---+` and `|`
BOX = re.compile(r"^[ \t]*(?:[\u250c\u256d\u2554][\u2500\u2550]+[\u2510\u256e\u2557]|\+-{2,}\+)[ \t]*\n(?:[ \t]*[|\u2502\u2551][^\n]*\n){1,40}?"
                 r"[ \t]*(?:[\u2514\u2570\u255a][\u2500\u2550]+[\u2518\u256f\u255d]|\+-{2,}\+)[ \t]*$", re.MULTILINE)
FRAME = "|\u2502\u2551"
BLANK = re.compile(r"\n[ \t]*\n")


def masked(source: str) -> Mask:
    """The page with its layout blotted out."""
    mask = Mask(source.replace("\r\n", " \n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))
    mask.text = INVISIBLE.sub(" ", mask.text)
    if front := FRONT.match(mask.text):
        mask.ignored.append(front.span())
        mask.text = covered(mask.text, [front.span()])
    if LATEX_PAGE.search(mask.text):
        _document(mask)
    for opening, closing, kind in PAIRS:
        _pairs(mask, opening, closing, mask.absent if kind == "absent" else mask.ignored)
    _struck(mask)
    mask.text = BOX.sub(_unboxed, "".join(_unquoted(mask.text)))
    _blot(mask, PICTURE, mask.pictures)
    _between(mask, "\\begin{tabular}", "\\end{tabular}", _tabular)
    _between(mask, "<table", "</table>", lambda table: table.replace("\n", " "))
    mask.text = TAG.sub(lambda found: _tag(mask, found), mask.text) if "<" in mask.text else mask.text
    mask.text = ENTITY.sub(_entity, mask.text) if "&" in mask.text else mask.text
    mask.text = ADDRESS.sub(lambda found: " " * len(found.group()), mask.text) if "://" in mask.text else mask.text
    mask.text = ROW.sub(_commas, ROWS.sub(_commas, PROGRAM.sub(_program, mask.text)))
    mask.text = _with_points(mask.text)
    return mask


COMMA = re.compile(r"(?<![\d.,_{])(\d+),(\d+)(?![\d,]|\.\d)")
POINT = re.compile(r"\d\.\d")
PAIR = re.compile(r"[(\[{]\s*[-−+]?\d+,\d+\s*[)\]}]")        # `(1,2)`: two numbers, or one in brackets
FEW = 3


def _with_points(text: str) -> str:
    """The text with points for the commas of decimals, where a page has no point in any number and none of its commas can be another."""
    found = COMMA.findall(text)
    if len(found) < FEW or POINT.search(text) or not any(len(rest) not in (1, 3) for _, rest in found):
        return text
    pairs = any(not m.group().strip("([{ ").startswith(("-", "−", "+", "0")) for m in PAIR.finditer(text))
    if pairs or any(len(whole) > 1 and whole[0] == "0" for whole, _ in found):
        return text
    return COMMA.sub(lambda m: f"{m[1]}.{m[2]}", text)


def without_emphasis(text: str) -> str:
    """The text without the stars round words and names that are set in bold or slanted."""
    return EMPHASIS.sub(lambda found: found["mark"].replace("*", " ") + found["inside"] + found["mark"].replace("*", " "), text) if "*" in text else text


EMPHASIS = re.compile(r"(?<![\w*^)\]])(?P<mark>\*{1,3})(?P<inside>[^\W\d_](?:[^*\n$^\\]{0,80}[^*\n$^\\\s])?)(?P=mark)(?![\w*(])")


def spaces(text: str) -> str:
    """As much room as the text takes, with its line breaks."""
    return "".join("\n" if c == "\n" else " " for c in text)


def covered(text: str, spans: list[Span]) -> str:
    """The text with these spans as room; they are in order and apart."""
    parts, place = [], 0
    for start, end in spans:
        parts += [text[place:start], spaces(text[start:end])]
        place = max(place, end)
    return "".join([*parts, text[place:]])


def _blot(mask: Mask, pattern: re.Pattern[str], into: list[Span]) -> None:
    found = [m.span() for m in pattern.finditer(mask.text)]
    into += found
    mask.text = covered(mask.text, found)


def _document(mask: Mask) -> None:
    """Comments, and what stands before and after the document itself."""
    found = [(m.end(1), m.end()) for m in COMMENT.finditer(mask.text)]
    begin = mask.text.find("\\begin{document}")
    end = mask.text.find("\\end{document}")
    mask.ignored += found
    mask.text = covered(mask.text, found)
    outside = [(0, begin + 16)] if begin >= 0 else []
    outside += [(end, len(mask.text))] if end > begin else []
    mask.ignored += outside
    mask.text = covered(mask.text, outside)


def _pairs(mask: Mask, opening: str, closing: str, into: list[Span]) -> None:
    found, place = [], mask.text.find(opening)
    while place >= 0:
        end = mask.text.find(closing, place + len(opening))
        if end < 0:
            break
        found.append((place, end + len(closing)))
        place = mask.text.find(opening, end)
    into += found
    mask.text = covered(mask.text, found)


def _between(mask: Mask, opening: str, closing: str, change: Callable[[str], str]) -> None:
    """What stands from an opening to its closing, both included, changed into something of the same length."""
    parts, done, place = [], 0, mask.text.find(opening)
    while place >= 0 and (end := mask.text.find(closing, place)) >= 0:
        parts += [mask.text[done:place], change(mask.text[place:end + len(closing)])]
        done = end + len(closing)
        place = mask.text.find(opening, done)
    mask.text = "".join([*parts, mask.text[done:]])


RULES = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|cline\{[^{}\n]*\}|centering)|(?<=\\\\)\[[^\]\n]{0,20}\]")
CELL_END = re.compile(r"(?<!\\)&")
COLUMNS = re.compile(r"\\begin\{tabular\}(?:\[[a-z]\])?\{[^{}\n]*\}")


def _tabular(table: str) -> str:
    """A LaTeX table as rows between bars."""
    inside = table.replace("\n", " ")
    head = COLUMNS.match(inside)
    start = head.end() if head else 15
    rows = RULES.sub(lambda found: " " * len(found.group()), inside[start:-13])
    rows = CELL_END.sub("|", rows).replace("\\\\ ", "|\n|").replace("\\\\", "\n|")
    return " " * (start - 2) + "\n|" + rows + "|\n".ljust(13)


def _struck(mask: Mask) -> None:
    """What stands between two pairs of tildes of one paragraph."""
    marks = [m.start() for m in re.finditer(r"(?<!~)~~(?!~)", mask.text)]
    ends = [m.start() for m in BLANK.finditer(mask.text)] + [len(mask.text)]
    found, n, paragraph = [], 0, 0
    while n + 1 < len(marks):
        while ends[paragraph] < marks[n]:
            paragraph += 1
        if marks[n + 1] < ends[paragraph]:
            found.append((marks[n], marks[n + 1] + 2))
            n += 1
        n += 1
    mask.absent += found
    mask.text = covered(mask.text, found)


def _unquoted(text: str) -> list[str]:
    """The lines without the marks of a quote; inside of a display a `>` at the start of a line is a relation."""
    lines, inside = [], False
    for line in text.splitlines(keepends=True):
        if not line.strip():
            inside = False
        mark = QUOTE.match(line)
        if mark and not inside and (mark.end() < len(line.rstrip()) or line.strip(" \t\n>") == ""):
            line = " " * mark.end() + line[mark.end():]
            quoted = True
        else:
            quoted = False
        inside ^= line.count("$$") % 2 == 1 and not quoted
        lines.append(line)
    return lines


def _unboxed(found: re.Match[str]) -> str:
    """What stands in a frame, without it."""
    lines = found.group().split("\n")
    inside = [re.sub(r"^([ \t]*)[|\u2502\u2551](.*)[|\u2502\u2551]", r"\1 \2 ", line) for line in lines[1:-1]]
    return "\n".join((" " * len(lines[0]), *inside, " " * len(lines[-1])))


def _tag(mask: Mask, found: re.Match[str]) -> str:
    text, name = found.group(), found["name"].lower()
    if name == "img":
        mask.pictures.append(found.span())
    shown = OPENED.get(name, " ")
    if text[1] == "/":
        shown = CLOSED.get(name, " ")
    return shown + spaces(text[len(shown):])


WORD = re.compile(r" ?[A-Za-z]{2,}")


def _program(found: re.Match[str]) -> str:
    """`X.T @ r`, `np.exp(x)`, `w(new)`, `w5+ = …`, `0.5 x 0.3` and `y-hat` as they are written by hand."""
    shown = found.group()
    if found.lastgroup in ("transpose", "plus", "new"):
        return {"transpose": "\u1d40 ", "plus": "'"}.get(found.lastgroup, "_" + shown[1:-1] + " ")
    if found.lastgroup == "product" and WORD.match(found.string, found.end()):
        return "·"                  # in front of a word a sign shows that it is a name
    return {"times": shown.replace("x", "×").replace("X", "×"), "hat": shown.replace("-hat", "hat ")}.get(found.lastgroup or "", " " * len(shown))


def _commas(found: re.Match[str]) -> str:
    """The rows of a matrix as a program prints them, `[[0.1 0.2]` and `[0.3 0.4]]`, with commas."""
    return GAP.sub(",", found.group())


def _entity(found: re.Match[str]) -> str:
    shown = html.unescape(found.group())
    return shown.ljust(len(found.group())) if len(shown) == 1 and shown.isprintable() else found.group()
