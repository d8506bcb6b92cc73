"""How names and signs look: hats, Greek letters, primes, and what stands below the line in Unicode."""

from __future__ import annotations

import re
from functools import lru_cache

from handgrad.catalogue.entry import entry
from handgrad.records import dataclass

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
SUBSCRIPTS = dict(zip("aehijklmnoprstuvx0123456789+−", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉₊₋", strict=True))
SUPERSCRIPTS = dict(zip("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True))
VULGAR = {"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/6": "⅙"}
RELATIONS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
SHOWN = re.compile(r"\(?[−-]?[0-9]+(?:\.[0-9]+)?…?\)?|…")       # a number as it is shown, perhaps in brackets, and what is left out


def is_shown(name: str) -> bool:
    """Whether a name is a number as a person writes it, or the dots of what is left out."""
    return SHOWN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: `yhat_1'` is y with a hat, below it 1, and a prime. `stem` is a letter, the name of a Greek one, or a word."""

    stem: str
    accent: str = ""
    below: str = ""
    primes: int = 0


@lru_cache(maxsize=4096)
def parsed(name: str) -> Name:
    """The name taken apart; one that begins or ends with an underscore, or has several, is a word."""
    if is_shown(name):
        return Name(name)
    bare = name.rstrip("'")
    primes = len(name) - len(bare)
    stem, _, below = bare.partition("_")
    if not stem or bare.endswith("_") or "_" in below:
        return Name(bare, primes=primes)
    if not below and stem.isascii():
        letters = stem.rstrip("0123456789") or stem
        stem, below = letters, stem[len(letters):]
    for accent in ACCENTS:
        core = stem.removesuffix(accent)
        if core != stem and (len(core) == 1 or core in GREEK):
            return Name(core, accent, below, primes)
    return Name(stem, "", below, primes)


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a known function is printed: in LaTeX (empty: its name), and as a sign with what stands below it."""

    latex: str
    sign: str
    below: str = ""


KNOWN = {
    **{name: Symbol(f"\\{name}", name) for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "max", "min")},
    "pi": Symbol(r"\pi", "π"),
}


def symbol(function: str) -> Symbol:
    """The symbol of a known function: what its entry in the catalogue says, else its name in upright letters."""
    found = entry(function)
    if function in KNOWN or found is None:
        return KNOWN.get(function, Symbol("", function))
    sign, _, below = re.sub(r"\\math(?:rm|cal) ?|[{} ]", "", found.facet.latex).partition("_")
    return Symbol(found.facet.latex, _sign(sign), _sign(below))


def _sign(latex: str) -> str:
    return re.sub(r"\\([a-zA-Z]+)", lambda word: {"ell": "ℓ", **GREEK}.get(word[1], word[1]), latex).replace("^2", "²")


def subscript(text: str) -> str | None:
    """The text in Unicode subscripts; None if a character of it has none."""
    small = [SUBSCRIPTS.get(c) for c in text]
    return None if None in small else "".join(c for c in small if c)


def superscript(text: str) -> str | None:
    """The text in Unicode superscripts; None if a character of it has none."""
    small = [SUPERSCRIPTS.get(c) for c in text]
    return None if None in small else "".join(c for c in small if c)
