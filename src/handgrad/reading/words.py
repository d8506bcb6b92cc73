r"""Running text as tokens that say what could be mathematics: numbers, names, signs, brackets, marked formulas, and plain words.

Kinds: `number`, `strong` (a name that is no English word: `w5`, `h₁`, `z_h`, `\hat`), `letter`, `function`, `noun` (a word that names a
quantity: `loss`), `weak` (any other word), `stop` (a word that ends a formula), `relation`, `arrow`, `operator`, `bar`, `prefix`, `open`,
`close`, `dots`, `marked`, `newline`, `other`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from handgrad.reading.surface import GREEK
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its span; `gap` is the room in front of it."""

    kind: str
    text: str
    start: int
    end: int
    gap: int


FUNCTIONS = frozenset(
    "exp log ln sqrt sin cos tan tanh sinh cosh sech sigmoid logistic relu ReLU softmax softplus gelu GELU silu swish max min sum mean prod abs sign erf "
    "norm logsumexp argmax diag transpose Relu RELU Softmax Sigmoid Tanh clip sgn Sum".split())
NOUNS = frozenset(
    "target output out input net loss cost error prediction pred label actual expected weight bias gradient grad delta lr rate eta alpha hidden "
    "activation logit Loss Error Cost Target Output Input Net MSE CE BCE margin score total rho mu".split())
STOP = frozenset(
    "the an is are was we so then and or for where with of to in by if as at this that hence thus from get gets have has let now since when gives give using "
    "which it be on its not than our my also because therefore but such each both here there into equals becomes about say called after before next first "
    "second third finally note recall compute computing calculate find substitute plugging put take set sets if else otherwise whenever let's "
    "all any every only ie eg via per means you your they he she will would can could should do does did were been being up down "
    "while until over under between these those what how why who whose same more most less very just still yields yield follows follow "
    "et al eq fig step case".split())
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₔₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥᵦᵧᵨᵩᵪ"
SUPERSCRIPTS = "²³¹⁰⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵀᵗⁱⁿˣ⊤′″ʲᵏˡᵐᵒᵖʳˢᵘᵛʷʸᶻᵃᵇᶜᵈᵉᶠᵍʰ"
SCRIPTS = SUBSCRIPTS + SUPERSCRIPTS
MARKS = "\u0300-\u036f"
RELATIONS = {"\\approx", "\\neq", "\\ne", "\\leq", "\\le", "\\geq", "\\ge", "\\in", "\\equiv", "\\simeq", "\\lt", "\\gt",
             "\\leqslant", "\\geqslant", "\\coloneqq"}
OPERATORS = {"\\cdot", "\\times", "\\odot", "\\circ", "\\pm", "\\otimes", "\\div", "\\ast", "\\,", "\\;", "\\!"}
ARROWS = {"\\rightarrow", "\\longrightarrow", "\\to", "\\mapsto", "\\implies", "\\Rightarrow", "\\Longrightarrow",
          "\\leftarrow", "\\xrightarrow", "\\longleftarrow"}
TEXTUAL = frozenset(("\\" + w) for w in (
    "textbf textit emph underline item label ref eqref cite footnote section subsection subsubsection paragraph noindent vspace hspace quad qquad begin end "
    "newpage texttt href url par medskip smallskip bigskip centering caption title author date maketitle input include newcommand renewcommand def "
    "footnotesize usepackage documentclass tag text small large Large LARGE huge normalsize bf it rm tt em hfill newline linebreak left right").split())
TOKEN = re.compile(
    rf"(?P<array>\\begin\{{(?P<environment>[bpvBV]?(?:small)?matrix|cases|dcases|array|aligned|split|gathered)\*?\}})"
    rf"|(?P<smudged>(?<![A-Za-z0-9])[OoIl]\.\d+|\d+\.[\dOoIl]*[OoIl][\dOoIl]*(?![A-Za-z]))"
    rf"|(?P<ordinal>\d+(?:st|nd|rd|th)\b)|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)"
    rf"|(?P<dots>\.\.\.+|\.\.(?=\s*\w)|[…⋯⋮])|(?P<transpose>(?<=[\w)\]])\.T\b)"
    rf"|(?P<rule>={{3,}}|-{{3,}}|_{{3,}}|\*{{3,}}|#{{2,}}|~{{3,}})"
    rf"|(?P<arrow>-+>|→|⟶|⟵|←|↦|<-+(?!\d)|⇐)"
    rf"|(?P<relation>:=|<=|>=|==|!=|=>|~=|[=≠≤≥<>∈≡≔≈≃≅⇒⟹])"
    rf"|(?P<caret>\\textasciicircum\{{\}})|(?P<command>\\[A-Za-z]+|\\[{{}},;!| ])|(?P<newline>\n|\\\\)"
    rf"|(?P<compound>[A-Za-z]{{2,}}(?:[-–][A-Za-z]{{2,}})+(?![\w(]))"
    rf"|(?P<word>(?:__(?=[A-Za-z]))?(?:[^\W\d_]|[{SCRIPTS}])(?:\w|[{SCRIPTS}{MARKS}]|['’](?![a-zA-Z]))*)"
    rf"|(?P<prefix>[∂∇√∑∏∫])|(?P<percent>%)|(?P<evaluated>\|(?=_))|(?P<bar>\|\||[|‖])"
    rf"|(?P<operator>\*\*|\.\*|[-+*/^_−–·×⋅⊙∘⊗∗∕÷±@•])"
    rf"|(?P<open>[(\[{{⟨])|(?P<close>[)\]}}⟩])"
    rf"|(?P<bidi>[\u202a-\u202e\u2066-\u2069])"
    rf"|(?P<other>[^ \t\u00a0\u2000-\u200a\u202f\u3000])",
)
PARTNER = {")": "(", "]": "[", "}": "{", "⟩": "⟨"}
RENAMED = {"transpose": "strong", "smudged": "strong", "array": "strong", "bidi": "strong", "ordinal": "stop", "compound": "stop", "rule": "other",
           "percent": "dots", "evaluated": "operator", "caret": "operator"}
PLURAL = re.compile(r"\((?:s|es|ed|n)\)")
GRADIENT = re.compile(r" [A-Za-zα-ω][\w₀-₉]?(?=[ \t]*=)")
DIFFERENTIATED = re.compile(r"∂([A-Za-z]{4,})/∂|\bd([A-Za-z]{4,})/d[A-Za-z]")
DEFINED = re.compile(r"^[ \t]*([A-Za-z]{4,})[ \t]*=[ \t]*(?=[^\n]*[@*/+^(])([^\n]+)$", re.MULTILINE)
CALLED = re.compile(r"[A-Za-z_.]+\([\w, .]+\)\s*$")
SPOKEN = re.compile(r"[A-Za-z]{2,}[ \t]+[A-Za-z]{2,}")           # two words in a row are no formula
UNDER = re.compile(r"/\((?:d[^\W\d_]\w*(?:\[[^\[\]]*\])?\s+)*\Z")            # what stands before a differential of `d^2f/(dx dy)`
DIFFERENTIAL = re.compile(r"d[²2]?[A-Za-zα-ωŷ][\w₀-₉]*")


def differentiated(text: str) -> frozenset[str]:
    """The words that are differentiated somewhere, `∂contraction/∂x`, or defined in a line of their own: they are names on all of the page."""
    defined = {found[1] for found in DEFINED.finditer(text) if found[1].lower() not in STOP and (CALLED.match(found[2]) or not SPOKEN.search(found[2]))}
    return frozenset(word for found in DIFFERENTIATED.finditer(text) for word in found.groups() if word) | defined if "=" in text else frozenset()


def tokens(text: str, start: int, end: int, marked: Sequence[tuple[int, int]] = (), names: frozenset[str] = frozenset()) -> list[Token]:
    """The tokens of `text[start:end]`; each span of `marked`, in order and apart, is one token. The words `names` are names."""
    found: list[Token] = []
    place = start
    for first, last in (*marked, (end, end)):
        while place < first and (match := TOKEN.search(text, place, first)):
            stop = match.end() if match.lastgroup != "array" and not match["environment"] else _array_end(text, match, first)
            token = _token(text, match, stop, found[-1].end if found else start)
            found.append(replace(token, kind="strong") if token.kind == "weak" and token.text in names else token)
            place = stop
        if last > first:
            found.append(Token("marked", text[first:last], first, last, first - (found[-1].end if found else start)))
        place = max(place, last)
    return found


VOWELS = frozenset("aeiouAEIOU")
UNITS = frozenset("px kg ms km cm mm hz kb mb gb vs pt dr mr st nd rd th nn lr pp ps db tv pc my try why dry fly sky cry".split())
NEAR = frozenset(("operator", "relation", "function", "open", "close", "newline"))


def with_products(found: list[Token]) -> list[Token]:
    """The tokens with words such as `xy` as names: two or three letters that stand alone elsewhere, between signs or right behind a number."""
    letters = {t.text for t in found if t.kind == "letter"}
    result = list(found)
    for place, token in enumerate(found):
        if token.kind == "weak" and 2 <= len(token.text) <= 3 and letters.issuperset(token.text) \
                and not VOWELS.intersection(token.text) and token.text not in UNITS and _between_signs(found, place):
            result[place] = replace(token, kind="strong")
    return result


def _between_signs(found: list[Token], place: int) -> bool:
    """Whether a word stands in a formula: behind a sign or right behind a number, and no word follows."""
    before = found[place - 1] if place else None
    after = found[place + 1] if place + 1 < len(found) else None
    led = before is not None and (before.kind == "number" and found[place].gap == 0 or before.kind in ("operator", "relation", "open"))
    return led and (after is None or after.kind in NEAR or after.text in (",", ";"))


def _array_end(text: str, match: re.Match[str], last: int) -> int:
    closing = f"\\end{{{match['environment']}}}"
    end = text.find(closing, match.end(), last)
    return end + len(closing) if end >= 0 else match.end()


def _token(text: str, match: re.Match[str], end: int, before: int) -> Token:
    start, shown = match.start(), text[match.start():end]
    kind = match.lastgroup or "other"
    if match["environment"]:
        kind = "strong"
    elif kind == "word":
        kind = _word(text, shown, start, end)
    elif kind == "command":
        kind = _command(shown)
    return Token(RENAMED.get(kind, kind), shown, start, end, start - before)


def _command(shown: str) -> str:
    for kind, among in (("relation", RELATIONS), ("operator", OPERATORS), ("arrow", ARROWS), ("stop", TEXTUAL)):
        if shown in among:
            return kind
    return "function" if shown[1:] in FUNCTIONS else "strong"


def _word(text: str, shown: str, start: int, end: int) -> str:
    """What a word is: a name that is no English word, a function, a noun, or a plain word."""
    bare = shown.rstrip("'’")
    if bare in FUNCTIONS:
        return "function"
    if len(bare) == 1:
        return "letter" if bare.isascii() else "strong"
    if any(c.isdigit() or c == "_" or c in SCRIPTS or "\u0300" <= c <= "\u03ff" or "\u1f00" <= c <= "\u1fff" for c in bare) or bare in GREEK:
        return "strong"
    after = text[end:end + 1]
    if DIFFERENTIAL.fullmatch(bare) and after == "[" or bare == "grad" and GRADIENT.match(text, end):
        return "prefix" if bare == "grad" else "strong"
    before = text[max(0, start - 40):start]
    below = before.endswith("/") or before.endswith(("(", " ", "]")) and UNDER.search(before)
    if DIFFERENTIAL.fullmatch(bare) and (after == "/" and text[end + 1:end + 2] in ("d", "∂") or below):
        return "strong"         # also `do` in `dE/do`
    if bare.lower() in STOP:
        return "stop"
    if DIFFERENTIAL.fullmatch(bare) and after == "/":
        return "strong"
    if after in ("(", "[", "^") and after and not PLURAL.match(text, end) or shown != bare and after not in ("'", "’"):
        return "strong"
    return "noun" if bare in NOUNS else "weak"


def partners(found: Sequence[Token]) -> dict[int, int]:
    """The place of the bracket that closes an opening one, and the other way round."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for place, token in enumerate(found):
        if token.kind == "open":
            stack.append(place)
        elif token.kind == "close":
            if stack and found[stack[-1]].text == PARTNER[token.text]:
                opening = stack.pop()
                pairs[opening], pairs[place] = place, opening
            elif token.text != "}":
                stack.clear()
    return pairs
