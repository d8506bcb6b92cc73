"""The signs of a formula: for each piece of text what kind of token it is, and the one spelling under which it is read.

`TABLE` holds them all; a kind that is empty says nothing (spaces, sizes) and makes no token.
"""

from __future__ import annotations

import string
import unicodedata

from handgrad.reading.surface import GREEK

Known = tuple[str, str]
CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0458\u0455\u0501\u051b\u051d"
LOOKALIKES = dict(zip(CYRILLIC, "aeopcxyiABEKMHOPCTXjsdqw", strict=True))
ACCENT_MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec", "\u030c": "check"}
ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "vec": "vec", "overrightarrow": "vec", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "acute": "acute", "grave": "grave", "mathring": "ring",
}
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⓪❶❷❸❹❺❻❼❽❾❿➀➁➂➃➄➅➆➇➈"
VULGAR = {"½": ("1", "2"), "⅓": ("1", "3"), "⅔": ("2", "3"), "¼": ("1", "4"), "¾": ("3", "4"), "⅙": ("1", "6"), "⅕": ("1", "5"), "⅛": ("1", "8")}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵁⱽᵂ",
                        "0123456789+-()niTabcdefghjklmoprstuvwxyzABDEGHIJKLMNOPRUVW", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-()aehijklmnoprstuvx", strict=True)) | {
    "ᵦ": "β", "ᵧ": "γ", "ᵨ": "ρ", "ᵩ": "φ", "ᵪ": "χ"}
FUNCTIONS = frozenset(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth sech csch arcsin arccos arctan arsinh artanh arctanh atan atanh asin acos asinh acosh "
    "max min sup inf argmax argmin lim det tr Tr diag sgn sign sqrt abs norm relu ReLU RELU Relu leaky_relu LeakyReLU sigmoid Sigmoid softmax Softmax softplus "
    "Softplus logsumexp log_softmax logsoftmax log1p expm1 erf erfc gelu GELU silu SiLU swish Swish elu ELU selu SELU clip mean rank dim softsign "
    "hardtanh logit sigm sig step heaviside".split())
BIG = {"sum": "sum", "prod": "prod"}
RELATIONS = {
    "=": "=", ":=": "=", "==": "=", "\\equiv": "=", "≡": "=", "\\triangleq": "=", "≜": "=", "\\coloneqq": "=", "\\coloneq": "=", "≔": "=", "\\eq": "=",
    "\\approx": "≈", "≈": "≈", "\\simeq": "≈", "≃": "≈", "\\cong": "≈", "≅": "≈", "\\doteq": "≈", "≐": "≈", "\\approxeq": "≈", "\\fallingdotseq": "≈",
    "\\sim": "~", "∼": "~", "\\propto": "∝", "∝": "∝",
    "<": "<", "\\lt": "<", ">": ">", "\\gt": ">", "<=": "<=", "\\leq": "<=", "\\le": "<=", "\\leqslant": "<=", "≤": "<=", "⩽": "<=", "≦": "<=", "\\leqq": "<=",
    ">=": ">=", "\\geq": ">=", "\\ge": ">=", "\\geqslant": ">=", "≥": ">=", "⩾": ">=", "≧": ">=", "\\geqq": ">=", "\\ll": "<<", "\\gg": ">>", "≪": "<<", "≫": ">>",
    "!=": "!=", "\\neq": "!=", "\\ne": "!=", "≠": "!=", "\\in": "in", "∈": "in", "\\notin": "not in", "∉": "not in",
}
ARROWS = ("\\rightarrow", "\\to", "\\longrightarrow", "\\mapsto", "\\longmapsto", "->", "-->", "→", "⟶", "↦", "⟼", "\\leadsto", "\\rightsquigarrow", "➔", "➞")
BACKWARD = ("\\leftarrow", "\\longleftarrow", "←", "⟵", "<-", "\\gets")
IMPLIES = ("\\Rightarrow", "\\implies", "\\Longrightarrow", "⇒", "⟹", "=>", "\\therefore", "∴", "\\because", "∵", "\\iff", "\\Leftrightarrow", "\\Longleftrightarrow",
           "⇔", "⟺", "\\Leftarrow", "\\impliedby", "⇐", "\\leftrightarrow", "↔")
TIMES = {
    "*": "*", "\\cdot": "*", "\\times": "*", "×": "*", "·": "*", "⋅": "*", "∗": "*", "\\ast": "*", "•": "*", "∙": "*", "\\bullet": "*", "․": "*",
    "\\odot": "hadamard", "⊙": "hadamard", "\\circ": "hadamard", "∘": "hadamard", "◦": "hadamard", "\\otimes": "outer", "⊗": "outer",
    "/": "/", "÷": "/", "\\div": "/", "∕": "/", "⁄": "/",
}
SILENT = (
    "\\,", "\\:", "\\;", "\\!", "\\>", "\\ ", "\\/", "~", "\\displaystyle", "\\textstyle", "\\scriptstyle", "\\scriptscriptstyle", "\\limits", "\\nolimits",
    "\\nonumber", "\\notag", "\\hfill", "\\hline", "\\centering", "\\allowbreak", "\\thinspace", "\\medspace", "\\thickspace", "\\negthinspace", "\\enspace", "\\left.",
    "\\rm", "\\bf", "\\it", "\\cal", "\\normalsize", "\\small", "\\large", "\\Large", "\\strut", "\\relax", "\\noindent", "\\par", "\\quad\\", "\\hskip", "\\toprule",
    "\\midrule", "\\bottomrule", "\\cfrac\\", "\\tiny", "\\footnotesize", "\\scriptsize", "\u200b", "\u2061", "\u2062", "\u2063", "\ufeff", "\\space", "$", "\u2060",
)
FONTS = ("mathrm", "mathit", "mathsf", "mathtt", "mathcal", "mathscr", "mathfrak", "mathnormal", "mathop", "rm", "ensuremath", "smash", "mathstrut", "textstyle")
BOLD = ("mathbf", "boldsymbol", "bm", "mathbb", "bold", "pmb", "symbf", "vb")
WRITTEN = ("text", "textrm", "mbox", "hbox", "textit", "textbf")
UNDER = ("underline", "uline", "uuline", "cancel", "mathclose", "mathopen", "mathord", "mathbin", "mathrel", "mathinner")
LETTERS = {"𝟙": "1", "ℓ": "ell", "ϵ": "epsilon", "ε": "varepsilon", "ϑ": "vartheta", "ϕ": "phi", "φ": "varphi", "∞": "infty", "ℝ": "R", "∅": "emptyset", "ς": "sigma",
           "ı": "i", "ȷ": "j", "ð": "partial", "∆": "Delta", "Ω": "Omega", "µ": "mu"}
NAMED = {"infty": "infty", "imath": "i", "jmath": "j", "hbar": "hbar", "emptyset": "emptyset", "Re": "Re", "Im": "Im", "top": "T", "intercal": "T", "dagger": "dagger",
         "star": "*", "prime": "prime", "varnothing": "emptyset", "wp": "wp", "forall": "forall", "exists": "exists", "R": "R"}


def _greek() -> dict[str, Known]:
    found: dict[str, Known] = {}
    for name in GREEK:
        found["\\" + name] = ("name", name)
        spoken = {"lambda": "lamda", "ell": ""}.get(name.lower(), name.lower())
        if spoken and not name.startswith("var"):
            size = "SMALL" if name.islower() else "CAPITAL"
            found[unicodedata.lookup(f"GREEK {size} LETTER {spoken.upper()}")] = ("name", name)
    for letter, name in (("A", "Α"), ("B", "Β"), ("E", "Ε"), ("H", "Η"), ("I", "Ι"), ("K", "Κ"), ("M", "Μ"), ("N", "Ν"), ("O", "Ο"), ("P", "Ρ"), ("T", "Τ"), ("X", "Χ")):
        LOOKALIKES[name] = letter
    LOOKALIKES["ο"] = "o"
    LOOKALIKES["ν"] = "v"
    return found


def _table() -> dict[str, Known]:
    found: dict[str, Known] = {letter: ("name", letter) for letter in string.ascii_letters}
    found |= _greek()
    del LOOKALIKES["ν"]                                 # the Greek nu is a letter of mathematics
    found |= {digit: ("number", digit) for digit in string.digits}
    found |= {c: ("name", name) for c, name in LETTERS.items()} | {"\\" + c: ("name", name) for c, name in NAMED.items()}
    found |= {f: ("function", f) for f in FUNCTIONS} | {"\\" + f: ("function", f) for f in FUNCTIONS} | {"sqrt": ("root", ""), "\\sqrt": ("root", ""), "√": ("root", "")}
    found |= {s: ("relation", r) for s, r in RELATIONS.items()} | {s: ("arrow", "->") for s in ARROWS} | {s: ("arrow", "<-") for s in BACKWARD}
    found |= {s: ("implies", s) for s in IMPLIES} | {s: ("times", t) for s, t in TIMES.items()} | {s: ("", "") for s in SILENT}
    found |= {"+": ("sign", "+"), "-": ("sign", "-"), "−": ("sign", "-"), "–": ("sign", "-"), "﹣": ("sign", "-"), "－": ("sign", "-"), "+-": ("pm", "±"), "±": ("pm", "±"),
              "\\pm": ("pm", "±"), "\\mp": ("pm", "∓"), "∓": ("pm", "∓"), "^": ("^", "^"), "**": ("^", "^"), "_": ("_", "_"), "\\_": ("_", "_"), "!": ("!", "!")}
    found |= {"(": ("(", "("), ")": ("close", ")"), "[": ("(", "["), "]": ("close", "]"), "\\{": ("(", "{"), "\\}": ("close", "}"), "{": ("{", "{"), "}": ("}", "}"),
              "\\lbrace": ("(", "{"), "\\rbrace": ("close", "}"), "\\lbrack": ("(", "["), "\\rbrack": ("close", "]"), "\\lparen": ("(", "("), "\\rparen": ("close", ")"),
              "\\langle": ("(", "<"), "\\rangle": ("close", ">"), "⟨": ("(", "<"), "⟩": ("close", ">"), "〈": ("(", "<"), "〉": ("close", ">")}
    found |= {"|": ("bar", "|"), "∣": ("bar", "|"), "\\vert": ("bar", "|"), "\\|": ("norm", "\\|"), "‖": ("norm", "\\|"), "∥": ("norm", "\\|"), "||": ("norm", "||"),
              "\\Vert": ("norm", "\\|"), "\\parallel": ("norm", "\\|"), "\\lvert": ("lbar", "|"), "\\rvert": ("rbar", "|"), "\\lVert": ("lnorm", "|"),
              "\\rVert": ("rnorm", "|"), "\\mid": ("given", "|"), "\\given": ("given", "|")}
    found |= {",": (",", ","), ";": (";", ";"), ":": (":", ":"), ".": (".", "."), "\\colon": (":", ":"), "//": ("strokes", "//"), "&": ("&", "&"), "\\\\": ("row", ""),
              "\\newline": ("row", ""), "\\cr": ("row", ""), "\\quad": ("gap", ""), "\\qquad": ("gap", ""), "'": ("prime", "'"), "’": ("prime", "'"), "′": ("prime", "'"),
              "″": ("prime", "''"), "\\prime": ("prime", "'")}
    found |= {"\\frac": ("frac", ""), "\\dfrac": ("frac", ""), "\\tfrac": ("frac", ""), "\\cfrac": ("frac", ""), "\\partial": ("partial", ""), "∂": ("partial", ""),
              "𝜕": ("partial", ""), "\\nabla": ("nabla", ""), "∇": ("nabla", ""), "\\sum": ("big", "sum"), "∑": ("big", "sum"), "Σ": ("Sigma", "sum"), "\\prod": ("big", "prod"),
              "∏": ("big", "prod"), "Π": ("Sigma", "prod"), "sum": ("big", "sum"), "prod": ("big", "prod"), "\\boxed": ("box", ""), "\\fbox": ("box", ""), "\\framebox": ("box", ""),
              "\\underbrace": ("brace", "_"), "\\overbrace": ("brace", "^"), "\\overset": ("overset", ""), "\\stackrel": ("overset", ""), "\\underset": ("underset", ""),
              "\\xrightarrow": ("xarrow", "->"), "\\xlongrightarrow": ("xarrow", "->"), "\\xleftarrow": ("xarrow", "<-"), "\\xRightarrow": ("xarrow", "->"), "\\textcolor": ("colour", ""),
              "\\substack": ("substack", ""), "\\mathrm\\": ("", "")}
    found |= {s: ("dots", "") for s in ("\\dots", "\\ldots", "\\cdots", "\\vdots", "\\ddots", "\\dotsc", "\\dotsb", "\\dotsm", "\\dotsi", "\\iddots", "...", "…", "⋯", "⋮", "⋱")}
    found |= {"\\" + s: ("accent", name) for s, name in ACCENTS.items()} | {"\\" + s: ("font", "") for s in FONTS if s != "rm"} | {"\\" + s: ("font", "bold") for s in BOLD}
    found |= {"\\" + s: ("under", "") for s in UNDER} | {"\\" + s: ("written", "") for s in WRITTEN} | {c: ("circled", c) for c in CIRCLED}
    found |= {"\\arg\\max": ("function", "argmax"), "\\not": ("not", ""), "\\%": ("bad", "a percent sign is not read: write /100"), "%": ("bad", "a percent sign is not read: write /100")}
    return found


TABLE: dict[str, Known] = _table()
WORDS = frozenset("for if else otherwise where when with and or by from using since so hence then is not elsewhere let thus let therefore we get have as if".split())
for _word in ("for", "if", "else", "otherwise", "where", "when", "with", "and", "elsewhere", "then", "using", "since", "hence"):
    TABLE[_word] = ("text", _word)
for _size, _mark in ((s, m) for s in ("left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr")
                     for m in ("(", ")", "[", "]", "\\{", "\\}")):
    TABLE[f"\\{_size}{_mark}"] = TABLE[_mark]


# ---------------------------------------------------------------- the way back, for typesetting

GREEK_LETTERS = {name: character for character, (kind, name) in TABLE.items() if kind == "name" and name in GREEK and len(character) == 1} | {
    "epsilon": "ε", "varepsilon": "ε", "phi": "φ", "varphi": "φ", "vartheta": "ϑ", "theta": "θ", "sigma": "σ", "mu": "μ", "Omega": "Ω", "Delta": "Δ", "Sigma": "Σ", "Pi": "Π"}
MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "check": "\u030c"}
ABOVE = {plain: small for small, plain in SUPERSCRIPTS.items()} | {"−": "⁻"}
BELOW = {plain: small for small, plain in SUBSCRIPTS.items()} | {"−": "₋"}
