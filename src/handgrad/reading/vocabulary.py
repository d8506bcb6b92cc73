r"""The signs of a formula: for each piece of text what kind of token it is, and the one spelling under which it is read.

`TABLE` holds them all: `TABLE["\\leq"]` is `("relation", "<=")`. A kind that is empty says nothing (spaces, sizes) and makes no token.
"""

from __future__ import annotations

import string
import unicodedata

from handgrad.reading.surface import GREEK

Known = tuple[str, str]

# each line: a kind, the text under which it is read ("" is none), and all its spellings
SPELLINGS = r"""
relation = = := == \equiv ≡ \triangleq ≜ \coloneqq \coloneq ≔ \eq ＝
relation ≈ \approx ≈ \simeq ≃ \cong ≅ \doteq ≐ \approxeq \fallingdotseq
relation ~ \sim ∼
relation ∝ \propto ∝
relation < < \lt
relation > > \gt
relation <= <= \leq \le \leqslant ≤ ⩽ ≦ \leqq
relation >= >= \geq \ge \geqslant ≥ ⩾ ≧ \geqq
relation << \ll ≪
relation >> \gg ≫
relation != != \neq \ne ≠
relation in \in ∈
relation not\ in \notin ∉
arrow -> \rightarrow \to \longrightarrow \mapsto \longmapsto -> --> → ⟶ ↦ ⟼ \leadsto \rightsquigarrow ➔ ➞
arrow <- \leftarrow \longleftarrow ← ⟵ <- \gets
implies "" \Rightarrow \implies \Longrightarrow ⇒ ⟹ => \therefore ∴ \because ∵ \iff \Leftrightarrow \Longleftrightarrow ⇔ ⟺ \Leftarrow \impliedby ⇐
implies "" \leftrightarrow ↔
xarrow -> \xrightarrow \xlongrightarrow \xRightarrow
xarrow <- \xleftarrow
times * * ✕ ✖ ⨉ ⨯ ⁎ ＊ \centerdot \cdotp \cdot \times × · ⋅ ∗ \ast • ∙ \bullet ․
times / / ÷ \div ∕ ⁄
times hadamard \odot ⊙ \circ ∘ ◦
times outer \otimes ⊗
sign + + ＋
sign - - − – ﹣ －
pm ± ± \pm +-
pm ∓ \mp ∓
^ ^ ^ ** \textasciicircum{}
_ _ _ \_
! ! !
( ( ( （ \lparen
( [ [ \lbrack
( { \{ \lbrace
( < \langle ⟨ 〈
close ) ) ） \rparen
close ] ] \rbrack
close } \} \rbrace
close > \rangle ⟩ 〉
{ { {
} } }
bar | | ∣ \vert
norm \| \| ‖ ∥ \Vert \parallel
norm || ||
lbar | \lvert
rbar | \rvert
lnorm \| \lVert
rnorm \| \rVert
given | \mid \given
, , , ，
; ; ; ；
: : : \colon
. . .
strokes // // \checkmark \blacksquare \square \qed \Box ✓ ✔ ■ □ ∎
& & &
row "" \\ \newline \cr
gap "" \quad \qquad \hfill
prime ' ' ’ ′ ´ ʹ ʼ \prime
prime '' ″
frac "" \frac \dfrac \tfrac \cfrac
partial "" \partial ∂ 𝜕 𝝏
nabla "" \nabla ∇
big sum \sum ∑ sum
big prod \prod ∏ prod
Sigma sum Σ \Sigma
Sigma prod Π \Pi
root "" \sqrt sqrt √
root 3 ∛
root 4 ∜
box "" \boxed \fbox \framebox
under "" \underline \uline \uuline \mathclose \mathopen \mathord \mathbin \mathrel \mathinner
brace _ \underbrace
brace ^ \overbrace
overset "" \overset \stackrel
underset "" \underset
colour "" \textcolor
substack "" \substack
font "" \mathrm \mathit \mathsf \mathtt \mathcal \mathscr \mathfrak \mathnormal \ensuremath \smash
font bold \mathbf \boldsymbol \bm \mathbb \bold \pmb \symbf \vb
accent hat \hat \widehat
accent bar \bar \overline
accent vec \vec \overrightarrow
accent tilde \tilde \widetilde
accent dot \dot
accent ddot \ddot
accent check \check
accent breve \breve
accent acute \acute
accent grave \grave
accent ring \mathring
dots "" \dots \ldots \cdots \vdots \ddots \dotsc \dotsb \dotsm \dotsi \iddots \hdots ... … ⋯ ⋮ ⋱
not "" \not
over "" \over
text for for \forall ∀
text if if
text else else
text otherwise otherwise
text elsewhere elsewhere
text where where
text when when
text with with
text and and \wedge \land ∧
text or \vee \lor ∨
text then then
text using using
text since since
text hence hence
name ell ℓ
name epsilon ϵ
name varepsilon ε
name vartheta ϑ
name varphi φ
name phi ϕ
name sigma ς
name infty ∞ \infty
name emptyset ∅ \emptyset \varnothing
name hbar \hbar ℏ
name mu µ
name Delta ∆
name i ı \imath
name j ȷ \jmath
name T \top \intercal ⊤
name dagger \dagger †
name R ℝ \R
name * \star ⋆
name 1 𝟙
name wp \wp
name exists \exists
name Re \Re
name Im \Im
"" "" \, \: \; \! \> \/ ~ \displaystyle \textstyle \scriptstyle \scriptscriptstyle \limits \nolimits \nonumber \notag \hline \centering
"" "" \allowbreak \thinspace \medspace \thickspace \negthinspace \enspace \rm \bf \it \cal \normalsize \small \large \Large \strut \relax
"" "" \noindent \par \toprule \midrule \bottomrule \tiny \footnotesize \scriptsize \space $ \mathstrut
"""
INVISIBLE = (" ", "\n", "\\ ", "\u200b", "\u2060", "\u2061", "\u2062", "\u2063", "\ufeff")
FUNCTIONS = frozenset(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth sech csch arcsin arccos arctan arsinh artanh arctanh atan atanh asin acos asinh acosh "
    "max min sup inf argmax argmin lim det tr Tr diag sgn sign abs norm relu ReLU RELU Relu leaky_relu LeakyReLU sigmoid Sigmoid softmax Softmax softplus "
    "Softplus logsumexp logsoftmax log1p expm1 erf erfc gelu GELU silu SiLU swish Swish elu ELU selu SELU clip mean rank dim softsign "
    "hardtanh logit sigm sig step heaviside".split())
WORDS = frozenset(
    "for if else otherwise where when with and or by from using since so hence then is not elsewhere let thus therefore we get have as "
    "provided assuming given whenever because rounded approx approximately exact exactly say check ans answer yields gives".split())
CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0458\u0455\u0501\u051b\u051d"
GREEK_LIKE_LATIN = "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
LOOKALIKES = dict(zip(CYRILLIC + GREEK_LIKE_LATIN, "aeopcxyiABEKMHOPCTXjsdqw" "ABEZHIKMNOPTYXo", strict=True))
ACCENT_MARKS = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec", "\u030c": "check"}
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⓪❶❷❸❹❺❻❼❽❾❿➀➁➂➃➄➅➆➇➈ⓐⓑⓒⓓⓔⒶⒷⒸⒹⒺ⑴⑵⑶⑷⑸⑹⑺⑻⑼"
VULGAR = {"½": ("1", "2"), "⅓": ("1", "3"), "⅔": ("2", "3"), "¼": ("1", "4"), "¾": ("3", "4"), "⅙": ("1", "6"), "⅕": ("1", "5"), "⅛": ("1", "8")}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾⁼ⁿⁱᵀᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵁⱽᵂ",
                        "0123456789+-()=niTabcdefghjklmoprstuvwxyzABDEGHIJKLMNOPRUVW", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎₌ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", "0123456789+-()=aehijklmnoprstuvxβγρφχ", strict=True))


def _greek() -> dict[str, Known]:
    found: dict[str, Known] = {}
    for name in GREEK:
        found["\\" + name] = ("name", name)
        spoken = {"lambda": "lamda"}.get(name.lower(), name.lower())
        if not name.startswith("var") and name != "ell":
            found[unicodedata.lookup(f"GREEK {'SMALL' if name.islower() else 'CAPITAL'} LETTER {spoken.upper()}")] = ("name", name)
    return found


def _table() -> dict[str, Known]:
    found: dict[str, Known] = {letter: ("name", letter) for letter in string.ascii_letters} | {digit: ("number", digit) for digit in string.digits}
    found |= {slash + f: ("function", f) for f in FUNCTIONS for slash in ("", "\\")}
    found |= _greek()
    for line in SPELLINGS.strip().splitlines():
        kind, text, *spellings = line.replace("\\ in", "\x00in").split()
        known = ("" if kind == '""' else kind, "" if text == '""' else text.replace("\x00", " "))
        found |= dict.fromkeys(spellings, known)
    found |= dict.fromkeys(INVISIBLE, ("", "")) | {c: ("circled", c) for c in CIRCLED}
    found |= dict.fromkeys(("%", "\\%"), ("bad", "a percent sign is not read: write /100"))
    for size in ("left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"):
        found |= {f"\\{size}{mark}": found[mark] for mark in ("(", ")", "[", "]", "\\{", "\\}")}
    return found


TABLE: dict[str, Known] = _table()
TYPED = TABLE | {"~": ("relation", "≈"), "~=": ("relation", "≈"), "or": ("text", "or"), ".*": ("times", "hadamard")}

# ---------------------------------------------------------------- the way back, for typesetting

GREEK_LETTERS = {name: character for character, (kind, name) in TABLE.items() if kind == "name" and name in GREEK and len(character) == 1} | {
    "Delta": "Δ", "epsilon": "ε", "varepsilon": "ε", "phi": "φ", "varphi": "φ", "sigma": "σ", "mu": "μ", "Sigma": "Σ", "Pi": "Π"}
MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "check": "\u030c"}
ABOVE = {plain: small for small, plain in SUPERSCRIPTS.items()} | {"−": "⁻"}
BELOW = {plain: small for small, plain in SUBSCRIPTS.items()} | {"−": "₋"}
