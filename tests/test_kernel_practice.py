"""Kernels in practice: memory that runs out, threads and forks, arrays of every kind, machines that lack numpy or a compiler."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import handgrad
from handgrad.command import main
from handgrad.errors import HandgradError
from handgrad.kernels.building import compiler
from handgrad.kernels.loading import module_of
from handgrad.kernels.sizes import ArgumentError
from handgrad.kernels.target import Options
from handgrad.kernels.threads import threads_of
from support_arguments import CLASSES, answer, arguments, same

in_c = pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
OUTER = "r[i,j] = x[i]*y[j]; m[j] = max[i](r[i,j]); J = sum[i](sum[j](r[i,j]*m[j]))"


def told(program: str) -> str:
    """What a program of its own prints; it may not hang or crash."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:] or f"ended by signal {-done.returncode}"
    return done.stdout


# ---------------------------------------------------------------- memory


@in_c
def test_memory_that_runs_out_is_an_error_and_the_kernel_lives_on() -> None:
    pytest.importorskip("resource")
    assert told(f"""
import resource
import numpy as np
import handgrad
kernel = handgrad.compile({OUTER!r}, target="c")
small = np.ones(50), np.ones(40)
kernel(x=small[0], y=small[1])
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for longest in (20_000, 1_000_000):
    try:
        kernel(x=np.ones(longest), y=np.ones(longest))
    except MemoryError as error:
        print(error)
print(kernel(x=small[0], y=small[1])[0])
""").splitlines() == ["there is no memory for what J and its gradients need in between"]*2 + ["2000.0"]


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=in_c)])
@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 40), (50, 0), (3, 0)])
def test_axes_without_entries_are_right_on_either_side(target: str, n: int, m: int) -> None:
    kernel = handgrad.compile("r[i,j] = x[i]*y[j]", target=target, cotangent=True)
    value, slopes = kernel(x=np.ones(n), y=np.ones(m), G=np.ones((n, m)))
    assert value.shape == (n, m) and slopes["x"].tolist() == [float(m)]*n and slopes["y"].tolist() == [float(n)]*m


# ---------------------------------------------------------------- threads


SAMPLES = "z[n] = sum[i](w[i]*x[n,i]); J = sum[n](softplus(z[n]) - y[n]*z[n])"


def test_threads_are_those_asked_for_then_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HANDGRAD_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert threads_of(Options(threads=5)) == 5 and threads_of(Options()) == 3
    monkeypatch.setenv("HANDGRAD_THREADS", "2")
    assert threads_of(Options()) == 2
    monkeypatch.setenv("HANDGRAD_THREADS", "many")
    with pytest.raises(HandgradError, match="HANDGRAD_THREADS"):
        threads_of(Options())
    monkeypatch.delenv("HANDGRAD_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert threads_of(Options()) >= 1


@in_c
def test_results_do_not_depend_on_the_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {"w": rng.normal(size=7), "x": rng.normal(size=(50_000, 7)), "y": rng.integers(0, 2, 50_000)}
    value, slopes = handgrad.compile(SAMPLES, by="w,x", target="c", threads=1)(**given)
    for threads in (4, 2, 16, 3):
        other, others = handgrad.compile(SAMPLES, by="w,x", target="c", threads=threads)(**given)
        assert other == value and all(np.array_equal(others[name], slopes[name]) for name in slopes)


@in_c
def test_a_call_takes_no_more_threads_than_it_may(tmp_path: Any) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("threads are counted in /proc")
    assert told(f"""
import os, threading
import numpy as np
import handgrad
x = {{"w": np.ones(7), "x": np.ones((400_000, 7)), "y": np.ones(400_000)}}
def times(threads):                       # of each thread of this process, the clock ticks that a call used
    kernel = handgrad.compile({SAMPLES!r}, by="w", target="c", threads=threads)
    def ticks():
        found = {{}}
        for task in os.listdir("/proc/self/task"):
            words = open(f"/proc/self/task/{{task}}/stat").read().rpartition(")")[2].split()
            found[task] = int(words[11]) + int(words[12])
        return found
    kernel(**x)
    before = ticks()
    for _ in range(40):
        kernel(**x)
    after = ticks()
    return sum(after[task] > before.get(task, 0) + 1 for task in after)
many, one = times(4), times(1)
print(many > 1 or os.cpu_count() == 1, one)
""").split() == ["True", "1"]


@in_c
@pytest.mark.parametrize("way", ["fork", "multiprocessing"])
def test_a_fork_after_a_call_with_threads_gives_the_same_and_does_not_hang(way: str) -> None:
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("no fork here")
    begin = f"""
import os, threading, warnings
warnings.simplefilter("ignore")
import numpy as np
import handgrad
rng = np.random.default_rng(0)
given = {{"w": rng.normal(size=7), "x": rng.normal(size=(50_000, 7)), "y": rng.integers(0, 2, 50_000)}}
kernel = handgrad.compile({SAMPLES!r}, by="w,x", target="c", threads=4)
first = kernel(**given)
def same(_=None):
    value, slopes = kernel(**given)
    return value == first[0] and all(np.array_equal(slopes[name], first[1][name]) for name in slopes)
"""
    ways = {"fork": """
stop = threading.Event()
def busy():
    while not stop.is_set():
        kernel(**given)
other = threading.Thread(target=busy)
other.start()                             # forks meet the pool while another thread uses it
codes = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if same() and same() else 1)
    codes.append(os.waitpid(child, 0)[1])
stop.set()
other.join()
print(codes == [0]*20 and same())
""", "multiprocessing": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(all(pool.map(same, range(9))) and same())
"""}
    assert told(begin + ways[way]).split() == ["True"]


# ---------------------------------------------------------------- lengths that no argument shows


COLUMNS = "y[i,k] = x[i]*c; J = sum[i](sum[k](y[i,k]))"


@pytest.mark.parametrize("size", [0, 3, 40])
@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=in_c), "python"])
def test_a_length_that_no_argument_shows_can_be_said(target: str, size: int) -> None:
    value, slopes = handgrad.compile(COLUMNS, target=target, sizes={"k": size})(x=[1.0, 2.0], c=2.0)
    assert value == 6*size and list(slopes["x"]) == [2.0*size]*2 and slopes["c"] == 3*size


@pytest.mark.parametrize(("sizes", "said"), [
    ({}, "sizes={'k': 3}"), ({"k": 3, "i": 3}, "`x` has 2 entries along i, where `sizes` says 3"), ({"q": 3}, "no index of the model"),
    ({"k": -1}, "no length"), ({"k": 2.5}, "no length"), ({"k": True}, "no length"),
])
def test_lengths_that_do_not_fit_are_refused(sizes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        handgrad.compile(COLUMNS, sizes=sizes)(x=[1.0, 2.0], c=2.0)
    assert said in str(refusal.value)


def test_emitted_python_is_in_straight_lines_where_all_lengths_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["emit", "y[j] = sum[i](W[i,j]*x[i]); J = sum[j](y[j]^2)", "--by", "W", "--to", "python"]
    assert main([*words, "--sizes", "i=2, j=1"]) == 0
    text = capsys.readouterr().out
    assert "y_1 = W_1_1*x_1 + W_2_1*x_2\n" in text and "range" not in text
    assert module_of(text, "emitted").value_and_gradients([[2.0], [3.0]], [1.0, -1.0]) == (1.0, {"W": [[-2.0], [2.0]]})
    assert main(words) == 0 and "for i in range(n_i)" in capsys.readouterr().out
    assert main([*words, "--sizes", "i=many"]) == 2


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize("target", [pytest.param("c", marks=in_c), "python"])
@pytest.mark.parametrize(("name", "a", "t"), [pytest.param(*case, id=case[0]) for case in arguments()])
def test_all_targets_say_the_same_to_arguments_of_every_kind(target: str, name: str, a: Any, t: Any) -> None:
    kernels = [handgrad.compile(CLASSES, by="a", target=each) for each in ("numpy", target)]
    before = str(a), str(t)
    wanted, found = (answer(kernel, a, t) for kernel in kernels)
    assert same(found, wanted), (found, wanted)
    assert (str(a), str(t)) == before, "an argument was written to"


@pytest.mark.parametrize("target", ["numpy", pytest.param("c", marks=in_c), "python"])
@pytest.mark.parametrize("w", [1.5, 2, True, np.array(1.5), np.float32(1.5), np.int8(3), np.array(1.5, dtype=">f8"), float("nan"), [1.5], 1j, "a", None,
                               Fraction(1, 2), 10**400, np.array(1.5, dtype=object), {1.0}], ids=repr)
def test_all_targets_say_the_same_to_numbers_of_every_kind(target: str, w: Any) -> None:
    def said(target: str) -> Any:
        try:
            return handgrad.compile("J = w*x^2", target=target)(w=w, x=2.0)
        except ArgumentError as refusal:
            return str(refusal)
    assert repr(said(target)) == repr(said("numpy"))


def test_python_binds_lists_and_writes_to_lists() -> None:
    kernel = handgrad.compile("z[j] = sum[i](W[i,j]*x[i]); J = b*sum[j](sigmoid(z[j])*z[j])", by=["W", "b"], target="python")
    W, x = [[0.5, -0.5], [1.0, 0.0]], [1.0, 2.0]
    out = {"W": [[0.0, 0.0], [0.0, 0.0]], "b": [0.0]}
    bound = kernel.bind(W=W, x=x, b=3.0, out=out)
    for _ in range(2):
        value, slopes = kernel(W=W, x=x, b=3.0)
        assert bound() == value and out == {"W": slopes["W"], "b": [slopes["b"]]}
        W[0][1], W[1] = -4.0, [2.0, 7.0]
    rows = [[0.0, 0.0]]*2
    for buffer, said in ((rows, "overlaps `out['W']`"), (W, "overlaps `W`"), ([[0.0, 0.0]], "entries along axis 1"), ([[0.0], [0.0]], "entries along axis 2"),
                         (((0.0, 0.0), (0.0, 0.0)), "read-only"), (np.zeros((2, 2)), "no list")):
        with pytest.raises(ArgumentError, match=re.escape(said)):
            kernel.bind(W=W, x=x, b=3.0, out={"W": buffer})
    with pytest.raises(ArgumentError, match="no result"):
        kernel.bind(W=W, x=x, b=3.0, out={"x": [0.0, 0.0]})
    for x in ([1, 2], np.ones(2), range(2)):
        with pytest.raises(ArgumentError, match="`x` would have to be copied"):
            kernel.bind(W=W, x=x, b=3.0)
        assert kernel.copies(W=W, x=x, b=3.0) == ("x",)
    assert kernel.copies(W=W, x=[1.0, 2.0], b=3.0) == ()


@pytest.mark.parametrize("size", [3, 40], ids=["in straight lines", "in loops"])
def test_python_bound_in_loops_and_in_straight_lines_is_the_same_as_called(size: int) -> None:
    kernel = handgrad.compile("y[i] = tanh(w*x[i])", by=["w", "x"], target="python", dtype="float32")
    x = [n/8 for n in range(size)]
    out = {"y": [0.0]*size, "w": [0.0]*size, "x": [[0.0]*size for _ in range(size)]}
    value, slopes = kernel(w=0.5, x=np.array(x))
    with pytest.raises(ArgumentError, match="`x` would have to be copied"):
        kernel.bind(w=0.5, x=x, out=out)
    assert kernel.bind(w=0.5, x=tuple(x), out=out)() == value
    assert out == {"y": value, **slopes}


def test_straight_lines_for_very_many_shapes_end_in_loops() -> None:
    kernel = handgrad.compile("J = sum[i](x[i]^2)", target="python")
    for size in range(60):
        assert kernel(x=[2.0]*size) == (4.0*size, {"x": [4.0]*size})
    assert len(kernel._run.made) < 40


# ---------------------------------------------------------------- machines that lack something


@pytest.mark.parametrize("also", ["", "import os; os.environ['CC'] = ''"], ids=["without numpy", "without numpy and a compiler"])
def test_without_numpy_everything_runs_in_plain_python(also: str) -> None:
    assert told(f"""
import sys
sys.modules["numpy"] = None
{also}
import handgrad
loss = handgrad.compile({CLASSES!r}, by="a")
print(loss.target.name, loss(a=[[40.0, 0.0]], t=[1]))
print(handgrad.compile("J = w^2").target.name, handgrad.compile("J = w^2")(w=3.0))
for target in ("c", "numpy", "numba", "torch", "jax"):
    try:
        handgrad.compile("J = sum[i](x[i]^2)", target=target)(x=[1.0])
    except handgrad.HandgradError as error:
        print(type(error).__name__)
""").splitlines() == [
        "python (4.248354255291589e-18, {'a': [[-4.248354255291589e-18, 4.248354255291589e-18]]})", "python (9.0, {'w': 6.0})", *["MissingError"]*5,
    ]


def test_without_a_compiler_arrays_run_in_numpy() -> None:
    assert told("""
import os
os.environ["CC"] = ""
import handgrad
print(handgrad.compile("J = sum[i](x[i]^2)").target.name, handgrad.compile("J = w^2").target.name)
try:
    handgrad.compile("J = sum[i](x[i]^2)", target="c")(x=[1.0])
except handgrad.HandgradError as error:
    print(error)
""").splitlines()[:2] == ["numpy python", "compiler: there is no C compiler on this machine"]


@pytest.mark.skipif(compiler() is None, reason="no C compiler on this machine")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bound_kernel_holds_its_arrays_and_reads_what_later_stands_in_them(dtype: Any) -> None:
    kernel = handgrad.compile("J = 1/2*sum[i](x[i]^2)", target="c", dtype=dtype)
    x, slope = np.arange(3.0, dtype=dtype), np.empty(3, dtype)
    bound = kernel.bind(x=x, out={"x": slope})
    assert (bound(), slope.tolist()) == (2.5, [0.0, 1.0, 2.0])
    x[0] = 4
    seen = slope
    del x, slope
    gc.collect()
    assert (bound(), seen.tolist()) == (10.5, [4.0, 1.0, 2.0])
    whole = handgrad.compile("y[i] = x[i]^2", target="c", dtype=dtype, cotangent=True).bind(x=np.arange(3.0, dtype=dtype), G=np.ones(3, dtype))
    assert whole() is whole() and whole().tolist() == [0.0, 1.0, 4.0]
