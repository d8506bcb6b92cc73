"""What generated modules give, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handgrad.kernels.program import Program


def titled(program: Program) -> str:
    """What the module computes, as its docstring says it."""
    by = ", ".join(program.gradients)
    second = f", and {'the Hessian' if all(len(key) == 2 for key in program.second) else 'Hessian-vector products'}" if program.second else ""
    gradients = f" and its gradients by {by}{second}" if by else ""
    return f"{program.value}{gradients}. Generated; positions count from 1."


def by_part(program: Program, answer: tuple[Any, ...]) -> dict[str, Any]:
    """What the generated function gives, by the names of the parts."""
    value, *further = answer
    results = {program.value: value}
    for number, found in enumerate(further):
        parts: Mapping[Any, str] = program.second if number else program.gradients
        results |= {part: found[name] for name, part in parts.items()}
    return results
