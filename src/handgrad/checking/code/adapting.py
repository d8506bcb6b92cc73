"""A gradient function as something that takes numbers by name and gives numbers back.

A plain function is called with its parameters; a `torch.autograd.Function` and a `jax.custom_vjp` are asked through their vjp.
Of a framework nothing is imported unless the object is one of its own.
"""

from __future__ import annotations

import importlib.util
import inspect
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from handgrad.checking.code.calls import Answer, Call, Question, answered, told
from handgrad.errors import HandgradError
from handgrad.records import dataclass

COTANGENTS = ("G", "cotangent", "grad_output")
SECONDS = 60.0                  # on a clock, of one call: the first of a shape may have to be compiled


class CodeError(HandgradError):
    """Code that cannot be checked: not found, not loaded, or with parameters that the model does not know."""

    code = "code"


class Gone(Exception):
    """A function that does not come back: it hangs, or its process has ended."""


@dataclass(frozen=True, slots=True)
class Adapted:
    """A function to be checked: its name, its parameters, how it answers when it is called, and where it stands."""

    name: str
    parameters: tuple[str, ...]
    optional: frozenset[str]
    answer: Callable[[Question], Answer]
    through_vjp: bool = False
    framework: str = ""
    file: str = ""
    line: int = 0


def loaded(place: str) -> Any:
    """The object that `MODULE:FUNCTION` names; MODULE is a dotted module or a path to a .py file. Loading runs the code of the module."""
    module, _, name = place.rpartition(":")
    if not module or not name:
        raise CodeError(f"{place!r} names no function", remedy="write MODULE:FUNCTION, such as norm:backward or kernels/norm.py:backward")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        with redirect_stdout(sys.stderr):           # what the code prints is no part of a report
            found: Any = _from_file(Path(module)) if module.endswith(".py") else import_module(module)
    except HandgradError:
        raise
    except (Exception, SystemExit) as error:
        raise CodeError(f"{module} cannot be loaded: {told(error)}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise CodeError(f"{module} has no {part!r}", remedy=f"it has {', '.join(n for n in vars(found) if not n.startswith('_'))}")
        found = getattr(found, part)
    return found


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise CodeError(f"no such file: {str(path)!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def adapted(given: Any, seconds: float = SECONDS) -> Adapted:
    """The object as a function to be checked, which is called in this process; a call that takes longer is broken off where the system can do that."""
    name = getattr(given, "__name__", type(given).__name__)
    file, line = _place(given)

    def made(parameters: tuple[str, ...], optional: frozenset[str], call: Call, framework: str = "") -> Adapted:
        def answer(question: Question) -> Answer:
            with limited(seconds):
                return answered(call, question)

        return Adapted(name, parameters, optional, answer, bool(framework), framework, file, line)

    torch = sys.modules.get("torch")
    if torch is not None and isinstance(given, type) and issubclass(given, torch.autograd.Function):
        own, usual = (inspect.getattr_static(kind, "setup_context") for kind in (given, torch.autograd.Function))
        forward = inspect.getattr_static(given, "forward").__func__         # takes the context first, unless setup_context does that
        return made(_parameters(forward, skip=int(own is usual))[0], frozenset(), _torch(given, torch), "torch")
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(given, jax.custom_vjp):
        return made(_parameters(given)[0], frozenset(), _jax(given, jax), "jax")
    if not callable(given):
        raise CodeError(f"{name} is no function")
    return made(*_parameters(given), lambda values, _, __, ___: given(**values))


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """A time limit on what is done within: it is broken off in the midst of Python code, on systems with alarms and in the main thread."""
    alarm = getattr(signal, "setitimer", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    left = alarm(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Late:
        raise Gone(f"it does not come back within {seconds:g} s") from None
    finally:
        alarm(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


class _Late(BaseException):
    """The alarm, which somebody's `except Exception` does not catch."""


def _place(function: Any) -> tuple[str, int]:
    try:
        file, line = inspect.getsourcefile(inspect.unwrap(function)) or "", inspect.getsourcelines(function)[1]
    except (TypeError, OSError):
        return "", 0
    path = Path(file)
    return (str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name), line


def _parameters(function: Any, skip: int = 0) -> tuple[tuple[str, ...], frozenset[str]]:
    try:
        found = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        raise CodeError("the parameters of the function cannot be told", remedy="wrap it in a def with named parameters") from None
    named = [p for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if len(named) < len(found) and any(p.kind is p.POSITIONAL_ONLY for p in found):
        raise CodeError("its parameters have no names to be called by", remedy="wrap it in a def with named parameters")
    return tuple(p.name for p in named), frozenset(p.name for p in named if p.default is not p.empty)


def _torch(given: Any, torch: Any) -> Call:
    def narrowed(tensor: Any, narrow: bool) -> Any:
        return tensor.to(torch.bfloat16) if narrow and tensor.is_floating_point() else tensor

    def call(values: Mapping[str, Any], by: Sequence[str], cotangent: Any, narrow: bool) -> Any:
        tensors = {n: narrowed(torch.as_tensor(v).clone(), narrow) if hasattr(v, "dtype") else v for n, v in values.items()}
        for n in by:
            tensors[n] = torch.as_tensor(tensors[n], dtype=torch.float64 if not hasattr(tensors[n], "dtype") else None).requires_grad_()
        out = given.apply(*tensors.values())
        upstream = torch.ones_like(out) if cotangent is None else torch.as_tensor(cotangent, dtype=out.dtype).expand_as(out)
        found = torch.autograd.grad(out, [tensors[n] for n in by], upstream, allow_unused=True)
        return tuple(0.0 if g is None else g.detach().cpu() for g in found)

    return call


def _jax(given: Any, jax: Any) -> Call:
    def narrowed(array: Any, narrow: bool) -> Any:
        return array.astype(jax.numpy.bfloat16) if narrow and jax.numpy.issubdtype(array.dtype, jax.numpy.floating) else array

    def call(values: Mapping[str, Any], by: Sequence[str], cotangent: Any, narrow: bool) -> Any:
        order = list(values)
        out, pull = jax.vjp(given, *(narrowed(jax.numpy.asarray(v), narrow) for v in values.values()))
        upstream = jax.numpy.ones_like(out) if cotangent is None else jax.numpy.broadcast_to(jax.numpy.asarray(cotangent, out.dtype), out.shape)
        found = pull(upstream)
        return tuple(found[order.index(n)] for n in by)

    return call
