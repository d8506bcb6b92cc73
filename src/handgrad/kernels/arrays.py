"""A program as statements over whole arrays, for every package that has `exp`, `where` and `einsum`.

    # r1[j] = sum[i](W[i,j]*x[i])
    r1 = np.einsum("ij,i->j", W, x)
    # h[j] = sigmoid(z[j])
    h = sigmoid(z)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handgrad.axes import Definition, letter_for, named
from handgrad.expr import (
    MINUS_ONE,
    Cases,
    Entry,
    Expr,
    Letter,
    Mul,
    Pow,
    Reduce,
    Size,
    mul,
)
from handgrad.kernels.array_formulas import ATOM, POWER, PRODUCT, SUM, Formulas, Text, plain, spread
from handgrad.kernels.program import Program
from handgrad.kernels.sizes import origins
from handgrad.notation import write_definition
from handgrad.records import dataclass
from handgrad.trees import renamed

SPARE = "ijklmnpqrstuvabcdefghwxyz"


@dataclass(slots=True)
class Lowering(Formulas):
    """Writes the parts of a program in the words of a package."""

    # ------------------------------------------------------------ the whole

    def text(self, title: str, function: str = "value_and_gradients") -> str:
        """The module: the helpers it uses and one function from the inputs to the value and the gradients."""
        for part in self.program.parts:
            self.part(part)
        inputs = [self.names[i.name] for i in self.program.inputs]
        body = [*self.package.inputs(self.program, self.names), *self._sizes(), *self.lines, self._handed_out()]
        head = [f"{self.package.decorator}\n" if self.package.decorator else "", f"def {function}({', '.join(inputs)}):\n"]
        whole = "".join(head) + "".join(f"    {line}\n" for line in body)
        helpers = "".join(f"{self.package.helpers[name]}\n\n" for name in self._helpers())
        return f'"""{title}"""\n\n{self.package.header(helpers + whole)}\n\n{helpers}{whole}'

    def _helpers(self) -> list[str]:
        """The helpers used, after those that they use themselves."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            for other, text in self.package.helpers.items():
                if other != name and f"{other}(" in self.package.helpers[name].replace(f"def {name}(", "") and other not in found and text:
                    visit(other)
            found[name] = None

        for name in self.used:
            visit(name)
        return list(found)

    def _sizes(self) -> Iterator[str]:
        body = "\n".join(self.lines)
        needed = {axis for axis, letter in self.axes.items() if f"n_{letter}" in body or axis in self.positions}
        rules = origins(self.program)
        for axis in [a for a, o in rules.items() if a in needed and o.whole is not None]:
            needed |= {a for a in (rules[axis].whole, *(a for _, a in rules[axis].less)) if a is not None}
        for axis, origin in rules.items():
            if axis in needed and origin.fixed is not None:
                yield f"n_{self.axes[axis]} = {origin.fixed}"
            elif axis in needed and origin.whole is None:
                yield f"n_{self.axes[axis]} = {self.names[origin.name]}.shape[{origin.slot}]"
            elif axis in needed and origin.whole is not None:
                less = "".join(f" - {'' if factor == 1 else f'{factor}*'}n_{self.axes[a]}" for factor, a in origin.less)
                constant = f" - {origin.constant}" if origin.constant > 0 else f" + {-origin.constant}" if origin.constant else ""
                yield f"n_{self.axes[axis]} = n_{self.axes[origin.whole]}{less}{constant}"
        for axis in self.positions:
            yield f"at_{self.axes[axis]} = {self.package.positions(f'n_{self.axes[axis]}')}"

    def _handed_out(self) -> str:
        shown = [self.package.result(self.names[self.program.value])]
        for found in (self.program.gradients, self.program.second):
            if found or found is self.program.gradients:
                shown.append("{" + ", ".join(f"{name!r}: {self.package.result(self.names[part])}" for name, part in found.items()) + "}")
        return f"return {', '.join(shown)}"

    # ------------------------------------------------------------ one part

    def part(self, part: Definition) -> None:
        """Adds the lines that compute the part."""
        part = self._readable(part)
        self.lines.append(f"# {_commented(part, self.program)}")
        text, reach = self._reduced(part.body, part.letters) if isinstance(part.body, Reduce) else (self.at(part.body, part.letters), part.body.letters)
        code = self._whole(text, part, frozenset(reach))
        self.lines.append(f"{self.names[part.name]} = {code}")

    def _readable(self, part: Definition) -> Definition:
        """The part with letters that a reader expects."""
        own: dict[Letter, Any] = {}
        taken: frozenset[str] = frozenset()
        for letter in part.letters:
            name = letter.name if len(letter.name) == 1 else letter_for(letter.axis, self.program.model, taken)
            taken |= {name}
            own[letter] = Letter(name, letter.axis)
        return Definition(part.name, tuple(own[letter] for letter in part.letters), renamed(part.body, own))

    def _whole(self, text: Text, part: Definition, reach: frozenset[Letter]) -> str:
        """The array with all axes of the part, an own one if it is handed out."""
        if plain(part.body):
            text = self._number(text)
        is_result = part.name in self.program.results
        if any(letter not in reach for letter in part.letters):
            shape = "".join(f"n_{self.axes[letter.axis]}, " for letter in part.letters)
            module = self.package.module
            text = Text(f"{module}.broadcast_to({text.code}, ({shape.rstrip(' ') if len(part.letters) == 1 else shape.rstrip(', ')}))")
            return self._copied(text.code) if is_result else text.code
        return self._copied(text.code) if is_result and isinstance(part.body, Entry) else text.code

    def _copied(self, code: str) -> str:
        return {"np": f"np.array({code})", "torch": f"({code}).clone()"}.get(self.package.module, code)

    def _reduced(self, node: Reduce, letters: tuple[Letter, ...]) -> tuple[Text, frozenset[Letter]]:
        letter, (body,) = named(node, self.program.model, frozenset(i.name for i in letters))
        reach = body.letters - {letter}
        if letter not in body.letters and node.kind in ("sum", "prod"):         # an array has no axis for what is the same for every index
            return self.at(mul(Size(node.axis), body) if node.kind == "sum" else Pow(body, Size(node.axis)), letters), reach
        if node.kind == "sum" and isinstance(body, Mul):
            return self._product_summed(body, letter, letters), reach
        text = self.at(body, (*letters, letter)).code
        text = text if body.letters else f"{self.package.module}.reshape({text}, (1,))"
        return Text(self.package.reductions[node.kind](text), SUM if node.kind == "argmax" else ATOM), reach

    def _product_summed(self, body: Mul, letter: Letter, letters: tuple[Letter, ...]) -> Text:
        scope = (*letters, letter)
        outside = [f for f in body.factors if plain(f) or not f.letters and not isinstance(f, Cases)]
        inside = [f for f in body.factors if f not in outside]
        if len(inside) == 1:
            text = Text(self.package.reductions["sum"](self.at(inside[0], scope).code))
        else:
            text = self._contracted(inside, letter, letters)
        for factor in reversed(outside):
            scale = self.at(factor, letters).within(PRODUCT)
            text = Text(f"-{text.within(POWER)}", SUM) if factor is MINUS_ONE else Text(f"{scale}*{text.within(POWER)}", PRODUCT)
        return text

    def _contracted(self, factors: list[Expr], letter: Letter, letters: tuple[Letter, ...]) -> Text:
        """The sum of a product, by `einsum`."""
        scope = (*letters, letter)
        signs: dict[Letter, str] = {}
        for i in scope:
            own = i.name if len(i.name) == 1 and i.name.isascii() and i.name.isalpha() and i.name not in signs.values() else ""
            signs[i] = own or next(s for s in SPARE if s not in signs.values() and s not in {j.name for j in scope})
        operands, patterns = [], []
        for factor in factors:
            if isinstance(factor, Entry) and len({*factor.indices}) == len(factor.indices) and all(isinstance(i, Letter) for i in factor.indices):
                over, operand = list(factor.indices), self.names[factor.name]
            else:
                over = [i for i in scope if i in factor.letters]
                operand = self.at(factor, tuple(over)).code  # type: ignore[arg-type]
            operands.append(operand)
            patterns.append("".join(signs[i] for i in over))  # type: ignore[index]
        reach = frozenset().union(*(f.letters for f in factors))
        first = next((n for n, i in enumerate(letters) if i in reach), len(letters))
        result = "".join(signs[i] for i in letters if i in reach)
        text = self.package.einsum(f"{','.join(patterns)}->{result}", operands)
        missing = tuple(i for i in letters[first:] if i in reach)
        return Text(spread(text, missing, letters))


def _commented(part: Definition, program: Program) -> str:
    return " ".join(write_definition(part, program.model).split())
