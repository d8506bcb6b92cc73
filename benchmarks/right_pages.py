"""Right pages for measuring: what `derive` makes of the catalogue and of models of many kinds, in four dialects, and what `work` makes of problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handgrad import model, read_problem, render, work
from handgrad.catalogue import entries
from handgrad.derivation import Derivation
from handgrad.document import Options
from handgrad.manual import derivation
from handgrad.problem import Problem

PROBLEMS = Path(__file__).parent.parent / "tests" / "problems"
DIALECTS = ("markdown", "latex", "unicode", "ascii")
WIDE = 400          # columns, so that a formula stands on one line
MODELS = (
    ("mean of squares", "J = 1/size(y,1)*sum[i](1/2*(y[i] - g(w, x[i]))^2)", "w"),
    ("neuron", "h = tanh(w*x + b); E = 1/2*(h - t)^2", "w"),
    ("net", "z[j] = b[j] + sum[i](W[i,j]*x[i]); h[j] = sigmoid(z[j]); u = c + sum[j](v[j]*h[j]); o = sigmoid(u); E = 1/2*(o - t)^2", "W"),
    ("hinge of a model", "J = sum[i](max(0, 1 - y[i]*g(w, x[i])))", "w"),
    ("variance", "m = 1/size(x,1)*sum[i](x[i]); J = sum[i]((x[i] - m)^2)", "x"),
    ("attention", "r[j] = sum[k](q[k]*K[j,k]); a[j] = softmax[i](r[i])[j]; o[k] = sum[j](a[j]*V[j,k]); J = 1/2*sum[k]((o[k] - t[k])^2)", "q"),
    ("batch norm scale", "m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = g*(x[i] - m)/sqrt(v + c) + b; J = sum[i](y[i]*u[i])", "g"),
    ("batch norm", "m = mean[i](x[i]); v = mean[i]((x[i] - m)^2); y[i] = (x[i] - m)/sqrt(v + c); J = sum[i](y[i]*u[i])", "x"),
    ("gate", "r = sigmoid(a*x + b*h); n = tanh(c*x + r*h); k = (1 - r)*n + r*h; E = 1/2*(k - t)^2", "a"),
    ("two layers", "z[j] = sum[i](W[j,i]*x[i]) + b[j]; h[j] = tanh(z[j]); u[k] = sum[j](V[k,j]*h[j]); s[k] = softmax[m](u[m])[k]; "
     "J = -sum[k](y[k]*log(s[k]))", "W"),
    ("poisson", "l[i] = sum[k](X[i,k]*w[k]); J = sum[i](exp(l[i]) - y[i]*l[i])", "w"),
    ("ridge", "J = 1/2*sum[i]((sum[k](X[i,k]*w[k]) - y[i])^2) + c/2*sum[k](w[k]^2)", "w"),
    ("log-likelihood", "p[i] = sigmoid(sum[k](X[i,k]*w[k])); L = sum[i](y[i]*log(p[i]) + (1 - y[i])*log(1 - p[i]))", "w"),
    ("quantile", "f[i] = w*x[i] + b; J = mean[i](max(q*(y[i] - f[i]), (q - 1)*(y[i] - f[i])))", "b"),
    ("support vectors", "f[i] = sum[k](X[i,k]*w[k]); J = mean[i](max(0, 1 - y[i]*f[i])) + c*sum[k](w[k]^2)", "w"),
    ("normal", "J = sum[i]((x[i] - m)^2/(2*s^2) + log(s))", "s"),
    ("relu layer", "z[j] = sum[i](W[j,i]*x[i]); h[j] = max(0, z[j]); J = 1/2*sum[j]((h[j] - t[j])^2)", "W"),
    ("recurrence", "h = tanh(w*x + u*g); k = tanh(w*y + u*h); E = 1/2*(k - t)^2", "u"),
    ("cosine of two", "a = sum[i](x[i]*y[i]); b = sqrt(sum[i](x[i]^2)); c = sqrt(sum[i](y[i]^2)); S = a/(b*c)", "x"),
)


@dataclass(frozen=True, slots=True)
class RightPage:
    """A page on which all is right, how it is written, and the problem that it answers."""

    name: str
    dialect: str
    source: str
    problem: Problem | None = None


def pages(dialects: tuple[str, ...] = ("markdown",), worked: bool = True) -> Iterator[RightPage]:
    """Right pages: those of formulas in each of the dialects, and those of numbers."""
    derived = [(entry.name, derivation(entry)) for entry in entries()]
    derived += [(name, model(text).derive(_last(text), wrt)) for name, text, wrt in MODELS]
    for dialect in dialects:
        yield from (RightPage(name, dialect, written(found, dialect)) for name, found in derived)
    for path in sorted(PROBLEMS.glob("*.toml")) if worked else ():
        problem = read_problem(path.read_text(encoding="utf-8"), str(path))
        yield RightPage(path.stem, "markdown", render(work(problem), "markdown"), problem)


def written(found: Derivation, dialect: str) -> str:
    """A derivation as a page in a dialect."""
    if dialect in ("markdown", "latex"):
        return render(found, dialect)
    return render(found, "terminal", Options(width=WIDE, ascii=dialect == "ascii"))


def _last(text: str) -> str:
    """The name that a model's last statement defines."""
    return text.rsplit(";", 1)[-1].split("=", 1)[0].split("[", 1)[0].strip()
