"""Problem files: a model, what is asked, the given numbers, how a person rounds, and what a page calls the quantities.

A problem file is TOML. Decimals are exact: `0.1` is a tenth. Every fault is told with the file, the line and what would do.

    problem = read_problem(Path("set17.toml").read_text(), "set17.toml")
    problem.values[("x", (1,))]     # Fraction(9, 50)
"""

from handgrad.problem.reading import COMMA, DERIVATIVE, ProblemError, read_model, read_problem
from handgrad.problem.statement import Place, Problem, Rounding, Update, entries, gradient

__all__ = [
    "COMMA", "DERIVATIVE", "Place", "Problem", "ProblemError", "Rounding", "Update", "entries", "gradient", "read_model", "read_problem",
]
