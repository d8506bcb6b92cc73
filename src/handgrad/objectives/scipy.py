"""Objectives for `scipy.optimize.minimize`: `fun`, `jac`, `hess` and `hessp` of one flat vector, from a model over named arrays.

    f = objective("J = sum[i]((b + sum[j](w[j]*x[i,j]) - y[i])^2)", to="scipy", start={"w": numpy.zeros(3), "b": 0.0}, given={"x": X, "y": y})
    found = scipy.optimize.minimize(f.fun, f.start, jac=f.jac, hess=f.hess, method="trust-exact")
    f.unpack(found.x)["w"]

Conventions: `fun` is minimised; `jac` is +dJ/dx and `hess` the whole matrix of second derivatives, in the order of the names in `start` and each in rows;
`hessp(x, p)` is their product with p, without the matrix. The Hessian is as it is unless a surrogate is named. Positions count from 1, as in the notation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

from handgrad.derivation import AskedModel
from handgrad.derivation.asking import with_target
from handgrad.document import Chain, Document, Inline, Line, Note, Showable, Table
from handgrad.errors import ModelError
from handgrad.kernels import compilation
from handgrad.kernels.arguments import given_by_name
from handgrad.kernels.asking import question
from handgrad.kernels.building import compiler
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.optional import optional
from handgrad.objectives.convexity import Ground, sign_of
from handgrad.objectives.curvature import FLOOR
from handgrad.objectives.definition import ModelLike
from handgrad.objectives.packing import Packing
from handgrad.objectives.separation import Cut, cut_at, cuts
from handgrad.records import dataclass

TELLING = {
    "exact": "as it is; methods that need a positive one (dogleg, Newton) are not sure of it where J is not convex",
    "clip": "its eigenvalues raised to {floor:g} where they are below",
    "gauss-newton": "Gauss–Newton through {through}: what {through} bends is left out",
    "bound": "a diagonal above it: the magnitudes in each row added up",
}
CONVENTIONS = (("sign", "fun is minimised, jac is +dJ/dx"), ("order", "the names in the order of start, each in rows"))


@dataclass(frozen=True, eq=False)
class SciPy(Showable):
    """A function of a flat vector with its derivatives: `fun`, `jac`, `hess` and `hessp` are handed to `minimize`."""

    model: AskedModel
    of: str
    packing: Packing
    start: Any                                  # the vector to begin at
    given: Mapping[str, Any]
    surrogate: str = "exact"
    floor: float = FLOOR
    cut: Cut | None = None                      # at which Gauss and Newton cut
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    # ------------------------------------------------------------ what minimize asks for

    def fun(self, x: Any) -> float:
        """The value."""
        return float(self._both(x)[0])

    def jac(self, x: Any) -> Any:
        """The gradient, flat."""
        return self._both(x)[1].copy()

    __call__ = fun

    def hess(self, x: Any) -> Any:
        """The matrix of second derivatives, or its surrogate."""
        np = optional("numpy", "objectives")
        if self.surrogate == "gauss-newton":
            return self._gauss_newton(np, self.unpack(x))
        found = self._exact(np, self.unpack(x))
        if self.surrogate == "bound":
            return np.diag(np.abs(found).sum(axis=1))
        if self.surrogate == "clip":
            values, vectors = np.linalg.eigh(found)
            return (vectors * np.maximum(values, self.floor)) @ vectors.T
        return found

    def hessp(self, x: Any, p: Any) -> Any:
        """The second derivatives times p; of a surrogate too."""
        if self.surrogate != "exact":
            return self.hess(x) @ optional("numpy", "objectives").asarray(p, dtype=float)
        along = {f"v_{name}": part for name, part in self.unpack(p).items()}
        return self._flat(self._product(**self._arguments(self._product, {**self.unpack(x), **along}))[2])

    def pack(self, **arrays: Any) -> Any:
        """The flat vector of named arrays."""
        return self.packing.pack(**arrays)

    def unpack(self, x: Any) -> dict[str, Any]:
        """The arrays by name, as views of a flat vector."""
        return self.packing.unpack(x)

    # ------------------------------------------------------------ how

    def _kernel(self, target: str = "", **options: Any) -> Kernel:
        return compilation.compile(self.model, self.of, list(self.packing.shapes), target=target or ("c" if compiler() else "numpy"), **options)

    @cached_property
    def _bound(self) -> tuple[Callable[[], Any], Any, Any]:
        """Value and gradient on buffers of our own, with the buffers."""
        np = optional("numpy", "objectives")
        x, slope, kernel = self.start.copy(), np.zeros(self.packing.size), self._kernel()
        given = self._arguments(kernel, self.packing.unpack(x))
        given_by_name(kernel.program, given)
        arrays = {i.name: np.require(given[i.name], np.int64 if i.label is not None else np.float64, ["C", "A"]) for i in kernel.program.inputs}
        return kernel.bind(out={name: part for name, part in self.packing.unpack(slope).items() if name in kernel.program.gradients}, **arrays), x, slope

    def _arguments(self, kernel: Kernel, arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**self.given, **arrays}.items() if name in kernel.inputs}

    def _both(self, x: Any) -> tuple[float, Any]:
        """Value and gradient; asked twice at one place they are computed once."""
        np = optional("numpy", "objectives")
        bound, own, slope = self._bound
        given = np.asarray(x, dtype=np.float64)
        if "value" not in self._last or given.shape != own.shape or not np.array_equal(own, given):
            self.packing.unpack(given)
            own[:] = given
            self._last["value"] = bound()
        return self._last["value"], slope

    @cached_property
    def _second(self) -> Kernel:
        return self._kernel("numpy", order=2)           # products of matrices, which numpy has fast, and nothing to wait for a compiler

    @cached_property
    def _product(self) -> Kernel:
        return self._kernel(hvp=True)

    def _exact(self, np: Any, arrays: Mapping[str, Any]) -> Any:
        blocks = self._second(**self._arguments(self._second, arrays))[2]
        return self._whole(np, {key: np.asarray(block) for key, block in blocks.items()})

    def _whole(self, np: Any, blocks: Mapping[tuple[str, str], Any]) -> Any:
        """The matrix of the blocks."""
        found, places = np.zeros((self.packing.size, self.packing.size)), self.packing.places
        for (one, other), block in blocks.items():
            rows, columns = places[one], places[other]
            found[rows, columns] = block.reshape((rows.stop - rows.start, columns.stop - columns.start))
        return (found + found.T) / 2

    def _flat(self, parts: Mapping[str, Any]) -> Any:
        np = optional("numpy", "objectives")
        found = np.zeros(self.packing.size)
        for name, part in parts.items():
            found[self.packing.places[name]] = np.asarray(part).ravel()
        return found

    @cached_property
    def _cut_kernels(self) -> tuple[Kernel, Kernel]:
        """Jacobian of the cut, and what multiplies the outer Hessian, which is a diagonal."""
        assert self.cut is not None
        target = "c" if compiler() else "numpy"
        inner = compilation.compile(self.model, self.cut.through, list(self.packing.shapes), target=target)
        return inner, compilation.compile(self.cut.outer, self.of, [self.cut.through, *self.cut.direct], target=target, hvp=True)

    def _gauss_newton(self, np: Any, arrays: Mapping[str, Any]) -> Any:
        assert self.cut is not None
        inner, outer = self._cut_kernels
        value, slopes = inner(**self._arguments(inner, arrays))
        value = np.asarray(value, dtype=np.float64)
        ones = {f"v_{self.cut.through}": np.ones(value.shape), **{f"v_{name}": np.ones(self.packing.shapes[name]) for name in self.cut.direct}}
        weights = outer(**self._arguments(outer, {**arrays, self.cut.through: value, **ones}))[2]
        jacobian = np.zeros((value.size, self.packing.size))
        for name, slope in slopes.items():
            jacobian[:, self.packing.places[name]] = np.asarray(slope).reshape((value.size, -1))
        found = (jacobian.T * np.asarray(weights[self.cut.through]).ravel()) @ jacobian
        return found + np.diag(self._flat({name: weights[name] for name in self.cut.direct}))

    # ------------------------------------------------------------ what it is

    def __repr__(self) -> str:
        return f"<SciPy objective {self.of} of {', '.join(self.packing.shapes)}: {self.packing.size} numbers, Hessian {self.surrogate}>"

    @cached_property
    def convexity(self) -> tuple[str, bool]:
        """What is known of convexity, and whether it is proved."""
        numbers = {name: float(value) for name, value in self.given.items() if not hasattr(value, "__len__") and not getattr(value, "shape", ())}
        by, names = tuple(self.packing.shapes), ", ".join(self.packing.shapes)
        for cut in cuts(self.model, self.of, by, numbers):
            if cut.is_convex and cut.is_affine:
                return f"convex in {names}: convex in {', '.join((cut.through, *cut.direct))}, and {cut.through} is affine", True
        if len(by) == 1 and not self.packing.shapes[by[0]]:
            second = self.model.derive(self.of, by[0], order=2).vouched()
            if sign_of(Ground(self.model, numbers, by[0]), second.result).is_proved:
                return f"convex in {names}: the second derivative is nowhere negative", True
        return self._looked_at(self.start, "at the start"), False

    def convexity_at(self, x: Any) -> tuple[str, bool]:
        """The same where it is not proved by the eigenvalues of the Hessian at another place than the start, such as where `minimize` ended."""
        return self.convexity if self.convexity[1] else (self._looked_at(x, "there"), False)

    def _looked_at(self, x: Any, place: str) -> str:
        np = optional("numpy", "objectives")
        names = ", ".join(self.packing.shapes)
        values = np.linalg.eigvalsh(self._exact(np, self.unpack(x)))
        if values[0] < -1e-9 * max(abs(values[-1]), abs(values[0])):
            return f"not convex in {names}: {place} the least eigenvalue of the Hessian is {values[0]:.4g}"
        return f"not decided whether convex in {names}; {place} no eigenvalue of the Hessian is negative"

    def blocks(self) -> Document:
        """What is minimised, over what, whether it is convex, and the conventions."""
        lines = tuple(Line(d.entry, d.body) for d in self.model.definitions.values())
        shapes = ", ".join(f"{name} {shape}" if shape else name for name, shape in self.packing.shapes.items())
        text, sure = self.convexity
        telling = TELLING[self.surrogate].format(floor=self.floor, through=self.cut.through if self.cut else "")
        rows = (("vector", f"{self.packing.size} numbers: {shapes}"), ("Hessian", f"{self.surrogate}: {telling}"), *CONVENTIONS)
        title: Inline = (f"{self.of} as an objective for SciPy",)
        return Document(title, (Chain(lines), Note((text,), "✓" if sure else "!"), Table((), tuple(((a,), (b,)) for a, b in rows))), self.model)


def scipy_objective(
    model: ModelLike, of: str | None, start: Mapping[str, Any], given: Mapping[str, Any], surrogate: str | None, floor: float | None, through: str | None,
) -> SciPy:
    """The objective that is asked for; what does not fit is refused."""
    np = optional("numpy", "objectives")
    asked = question(model, of)
    found, entry = with_target(asked.model, asked.of)
    if entry.indices:
        raise ModelError(f"`{entry.name}` has indices, and what is minimised is one number", remedy="sum it up")
    name = surrogate or "exact"
    if name not in TELLING:
        raise ModelError(f"no surrogate {name[:40]!r} for SciPy", remedy=f"there are {', '.join(TELLING)}")
    if floor is not None and (name != "clip" or not floor > 0):
        raise ModelError(f"floor = {floor!r} says nothing here", remedy="a floor above 0 belongs to surrogate='clip'")
    if (through is None) == (name == "gauss-newton"):
        raise ModelError(f"through = {through!r} says nothing here", remedy="surrogate='gauss-newton' needs it, and nothing else does")
    wanted = {asked.name(n): np.asarray(value, dtype=np.float64) for n, value in start.items()}
    unknown = [n for n in wanted if n not in found.inputs]
    if unknown or not wanted:
        raise ModelError(f"`{unknown[0]}` is no input of the model" if unknown else "nothing to minimise over",
                         remedy=f"start={{…}} with names of {', '.join(found.inputs)}")
    data = {n: value for n, value in {**asked.givens, **{asked.name(n): value for n, value in given.items()}}.items() if n not in wanted}
    packing = Packing.of(wanted)
    own = AskedModel(**{n: getattr(found, n) for n in found.__dataclass_fields__})
    numbers = {n: float(value) for n, value in data.items() if np.ndim(value) == 0 and n in found.inputs}
    cut = cut_at(through, own, entry.name, tuple(wanted), numbers) if through is not None else None
    if cut is not None and not cut.is_convex:
        raise ModelError(f"`{entry.name}` is not shown to be convex in `{through}`", remedy="cut at another name, or take surrogate='clip'")
    made = SciPy(own, entry.name, packing, packing.pack(**wanted), data, name, FLOOR if floor is None else float(floor), cut)
    made.fun(made.start)                                # what is missing or does not fit is told here
    return made

