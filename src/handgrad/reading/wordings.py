"""The wordings in which a page states a fact, one a line: `y is one-hot`, `where C is the number of classes`, `let ŷ be the prediction`."""

from __future__ import annotations

import re
from functools import cache

from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """One wording; its groups are `name`, `other`, `about`, `value` and `second`, each where it has one. What is never asked for is never compiled."""

    kind: str
    key_text: str
    text: str

    @property
    def key(self) -> re.Pattern[str]:
        """What a sentence has that may state the fact; quick to look for."""
        return _compiled(self.key_text)

    @property
    def wording(self) -> re.Pattern[str]:
        """The wording itself."""
        return _compiled(self.text)


@cache
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


SCRIPTED = (
    r"(?:_\{[^{}\s]{1,14}\}|_[A-Za-z0-9]+|\^\{[^{}\s]{1,14}\}|\^\([^()\s]{1,4}\)|\^[A-Za-z0-9]|\([^()\s]{1,4}\)|\d{1,2}"
    r"|[₀-₉ₐ-ₜᵢⱼᵣᵤᵥ⁰-⁹ⁱⁿ²³¹]|\[[^\[\]\s]{1,6}\]|['’](?![a-z]))")
LETTER = (
    r"(?:\\(?:hat|bar|vec|tilde|mathbf|boldsymbol|mathrm|text)\s?\{[^{}\s]{1,12}\}"
    r"|\\(?:alpha|beta|gamma|delta|eta|theta|lambda|mu|sigma|omega|phi|xi|rho|tau|epsilon)\b"
    r"|(?:y_?hat|y_?pred|y_?true|yhat|lr)\b|[^\W\d_][\u0302\u0304]?)")
NAME = rf"(?:\$[^$\n]{{1,60}}\$|\\\([^\n]{{1,60}}?\\\)|`[^`\n]{{1,30}}`|(?<![A-Za-z\\]){LETTER}{SCRIPTED}{{0,4}}(?![A-Za-z'’]))"
NUMBER = r"(?:\$\s*)?(?:\\\{\s*)?[-+−–]?\s?\d(?:\.\d+)?(?:\s*\\\})?(?:\s*\$)?"
FUNCTION = (
    r"(?P<about>sigmoid|logistic(?! regression)|soft-?max|tanh|hyperbolic tangent|re-?lu|rectified linear|rectifier|softplus|gelu|silu|swish"
    r"|leaky re-?lu|elu|identity|heaviside|step)")
ROLE = (
    r"(?P<about>(?:(?:true|correct|actual|desired|predicted|ground[- ]truth|model|network|estimated|one|of|vector|parameter|i-?th|net|raw|the|training"
    r"|target|class|output|our|known|observed|real|expected|scalar|input|learned|trainable|final|model's|network's)\s+){0,4}"
    r"(?:predictions?|predicted values?|outputs?|targets?|labels?|weights?|parameters?|inputs?|features?|bias(?:es)?|loss|cost|error|learning rate|step size"
    r"|logits?|scores?"
    r"|activations?|probabilit(?:y|ies)|values?)(?:\s+of\s+(?:our|the|my)\s+(?:model|network|net))?)")
COUNTED = (
    r"(?P<about>(?:training\s+|data\s+|input\s+|hidden\s+|output\s+)?"
    r"(?:samples?|examples?|points|classes|class|features|units|neurons|observations|instances|images|tokens|records|dimensions|inputs))")
IS = r"(?:is|are|be|being|denotes?|represents?|stands for|means|as|refers to|:|=|⇒|→|=>|->|–|—|-)"


def pattern(kind: str, key: str, wording: str) -> Pattern:
    """A wording; `NAME` in it is the group of a name."""
    return Pattern(kind, key, wording.replace("NAME", f"(?P<name>{NAME})"))


PATTERNS = (
    pattern("one_hot", r"one.?hot", r"one[- ]?hot(?:[- ](?:encoded|encoding|vectors?|labels?|targets?|of|the|class|true|correct|ground-truth)){0,5}\s+NAME"),
    pattern("one_hot", r"one.?hot", rf"NAME\s*(?:{IS})?\s*(?:[a-z'’-]+\s+){{0,5}}?one[- ]?hot"),
    pattern("one_hot", r"one.?hot", r"one[- ]?hot|exactly one (?:class|entry|component)[^.\n]{0,30} is (?:1|one)\b"),
    pattern("classes", r"\b(?:or|and|/|,|±|\\pm)",
             rf"(?:NAME|labels?|class(?:es)?|targets?)\s*(?:are|is|takes?|can be|being|in|∈|either|=)\s*(?:the\s+|either\s+|in\s+|values?\s+)*"
             rf"(?P<value>{NUMBER})\s*(?:or|and|,|/)\s*(?P<second>{NUMBER})(?!\.?\d)"),
    pattern("classes", r"\{", r"NAME\s*(?:∈|\\in|in)\s*\\?\{\s*(?P<value>[-+−]?\s?1|0)\s*,\s*(?P<second>[-+−]?\s?1|0)\s*\\?\}"),
    pattern("classes", r"\$", r"\$\s*(?P<name>[^$\n]{1,20}?)\s*\\in\s*\\\{\s*(?P<value>[-+−]?\s?1|0)\s*,\s*(?P<second>[-+−]?\s?1|0)\s*\\\}\s*\$"),
    pattern("classes", r"±|\\pm|\+/-", r"(?:NAME|labels?|class(?:es)?|targets?)\s*(?:are|is|=|∈|\\in|in)\s*(?P<value>±\s?1|\$?\\pm\s?1\$?|\+/-\s?1)"),
    pattern("sums_to_one", r"sum|add|distribution",
             r"(?:NAME\s+(?:[a-z]+\s+){0,3}?|probabilities\s+|entries\s+(?:of\s+)?|components\s+(?:of\s+)?)?(?:sums?|adds?|summing|adding)(?:\s+up)?\s+to\s+(?:one|1|unity)\b"),
    pattern("sums_to_one", r"distribution", rf"NAME\s+{IS}\s+(?:a\s+|the\s+)?(?:[a-z]+\s+){{0,2}}(?:probability\s+)?distribution"),
    pattern("sums_to_one", r"=\s*1", r"(?:∑|Σ|\\sum|\bsum)\s*_?\{?\s*[A-Za-zᵢⱼₖₘₙ]\s*\}?\s*NAME\s*=\s*1(?![\d.]|\s*[-+−*/])"),
    pattern("sums_to_one", r"distribution", r"NAME\s*,?\s*\(\s*(?:a|the|any)\s+(?:[a-z]+\s+)?(?:probability\s+)?distribution"),
    pattern("symmetric", r"symmetric", r"(?<!skew-)(?<!anti)(?<!a)symmetric,?\s+(?:[a-z()-]+\s+){0,3}?(?:matrix|matrices)\s+NAME"),
    pattern("symmetric", r"symmetric", r"(?<![a-z-])symmetric\s+(?P<name>\$[A-Z]\$|\\\([A-Z]\\\))"),
    pattern("symmetric", r"symmetric", rf"NAME\s*,?\s*(?:{IS})?\s*(?:(?!not\b)[a-z]+\s+){{0,3}}?symmetric\b"),
    pattern("size", r"number|no\.|#|count|size|dimension",
             rf"NAME\s*{IS}\s*(?:the\s+)?(?:total\s+)?(?:number|no\.?|#|count|size|dimension(?:ality)?)\s+(?:of\s+)?(?:the\s+)?(?:{COUNTED}|(?P<other>mini-?batch|batch))?"),
    pattern("size", r"sampl|exampl|class|feature|point|unit|neuron|observ|instanc|imag|token|record|dimens|inputs", rf"NAME\s+{COUNTED}\b"),
    pattern("size", r"batch", r"(?:mini-?)?batch(?:es)?\s+(?:size|of(?:\s+size)?)\s+NAME"),
    pattern("distinct", r"≠|!=|\\neq?\b", r"(?:\$|\\\()?\s*(?P<name>(?<![\w\\])[A-Za-z])\s*(?:≠|!=|\\neq?\b)\s*(?P<other>[A-Za-z])(?!\w)\s*(?:\$|\\\))?"),
    pattern("same", r"=",
             r"(?:for|if|when|case|where)\s*:?\s*(?:\$|\\\()?\s*(?P<name>[i-np-z])\s*==?\s*(?P<other>[i-np-z])(?![\w(^_])\s*(?:\$|\\\))?(?!\s*[-+*/=])"),
    pattern("function", r"sigmoid|logistic|max|tanh|tangent|relu|re-lu|rectif|softplus|gelu|silu|swish|elu|identity|step",
             rf"NAME\s*(?:\([^()\n]{{1,12}}\))?\s*{IS}\s+(?:the\s+|a\s+|an\s+)?(?:usual\s+|element-?wise\s+|standard\s+|logistic\s+)?{FUNCTION}"),
    pattern("function", r"sigmoid|logistic|max|tanh|tangent|relu|re-lu|rectif|softplus|gelu|silu|swish|elu|identity|step",
             rf"{FUNCTION}(?:\s+(?:function|activations?|nonlinearity|non-linearity|units?|outputs?))+(?:\s+NAME(?=[\s,.;:)(]|$))?"),
    pattern("natural_log", r"natural|\blog", r"natural\s+log(?:arithm)?s?|log(?:arithm)?s?(?:\s+\w+){0,2}\s+(?:to\s+|in\s+)?(?:the\s+)?base\s+\$?e\b"),
    pattern("log_base", r"base", r"(?:log(?:arithm)?s?)(?:\s+\w+){0,3}\s+base[- ](?P<value>\d+)|base[- ](?P<second>\d+)\s+log"),
    pattern("einstein", r"repeat|einstein|einsum", r"einstein(?:'s|’s)?\s+(?:summation|sum|notation|convention)|repeated\s+(?:indices|index)|einsum"),
    pattern("elementwise", r"element|hadamard", r"(?:element-?\s?wise|hadamard)\s+(?:product|multiplication)"),
    pattern("decimals", r"decimal|digit|figure|d\.p\.|\bdp\b",
             r"(?:to|with|at|keep(?:ing)?|using)\s+(?P<value>\d|one|two|three|four|five|six)\s+"
             r"(?:decimals?(?:\s+(?:places|digits))?|digits|d\.p\.|dp\b|significant\s+(?:figures|digits))"),
    pattern("mean", r"averag|mean", r"(?:averaged?|mean)\s+(?:over|of|across)\s+(?:the\s+|all\s+)*(?:losses|batch|samples|examples|mini-?batch|data)"),
    pattern("role", r"[a-z]", rf"NAME\s*,?\s*(?:which\s+)?{IS}\s+(?:the\s+|our\s+|a\s+|an\s+|some\s+|its\s+)?{ROLE}\b"),
    pattern("role", r"[a-z]", rf"(?:and|,|;)\s+NAME\s+(?:for\s+)?(?:the|a|an|our|its)\s+{ROLE}\b"),
    pattern("role", r"[a-z]", rf"\b{ROLE}\s+NAME(?=[\s,.;:)]|$)"),
)
ROLES = (
    ("rate", r"learning rate|step size"), ("target", r"true|correct|actual|desired|ground|target|label|observed|known|real|expected"),
    ("prediction", r"predict|estimated|(?:model|network)|of (?:our|the|my) (?:model|network|net)"), ("weight", r"weight|parameter"),
    ("bias", r"bias"), ("loss", r"loss|cost|error"), ("score", r"logit|score"), ("probability", r"probabilit"),
    ("activation", r"activation"), ("input", r"inputs?$|feature"), ("output", r"output"),
)
FUNCTIONS = (
    ("softplus", "softp"), ("softmax", "soft"), ("sigmoid", "sigm"), ("sigmoid", "logis"), ("tanh", "tanh"), ("tanh", "hyper"), ("leaky_relu", "leaky"),
    ("relu", "re"), ("gelu", "gelu"), ("silu", "sil"), ("silu", "swi"), ("elu", "elu"), ("identity", "ident"), ("step", "heav"), ("step", "step"),
)
