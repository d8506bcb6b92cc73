"""A formula that is one line of text, in the signs of a keyboard: nothing that tells two names apart is lost.

    spoken("∂J/∂ŵᵢ⁽ⁿ⁾ = −Σₖ yₖ²")       # 'dJ/dwhat_i^(n) = -sum_k y_k^2'
"""

from __future__ import annotations

import re
import unicodedata

from handgrad.rendering.names import ACCENTS, SUBSCRIPTS, SUPERSCRIPTS

BELOW = {small: letter.replace("−", "-") for letter, small in SUBSCRIPTS.items()} | {"₍": "(", "₎": ")", "₌": "="}
ABOVE = {small: letter.replace("−", "-") for letter, small in SUPERSCRIPTS.items()} | {"⁽": "(", "⁾": ")", "⁺": "+", "ᵀ": "T"}
LETTERS_ABOVE = dict(zip("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "abcdefghijklmnoprstuvwxyz", strict=True))
MARKED = {sign: word for word, sign in ACCENTS.items()} | {"\u20d7": "vec", "\u0307": "dot"}
WORDS = {"Σ": "sum", "∏": "prod", "Π": "prod"}


def spoken(plain: str) -> str:
    """The formula with accents, indices and powers written out; other signs are left to whoever prints them."""
    apart = unicodedata.normalize("NFD", plain)
    small = "".join(BELOW)
    raised = {**ABOVE, **LETTERS_ABOVE}
    shown = re.sub(f"[{re.escape(small)}]+", lambda run: _below("".join(BELOW[c] for c in run[0])), apart)
    shown = re.sub(f"[{re.escape(''.join(raised))}]+", lambda run: _above("".join(raised[c] for c in run[0])), shown)
    shown = "".join(MARKED.get(c, WORDS.get(c, c)) for c in shown)
    return unicodedata.normalize("NFC", shown)


def _below(index: str) -> str:
    """Digits stand close, as in `w1`; letters behind a line."""
    return index if index.isdigit() else f"_{index}"


def _above(power: str) -> str:
    return f"^{power}" if len(power) == 1 or power[0] in "(-" else f"^({power})"
