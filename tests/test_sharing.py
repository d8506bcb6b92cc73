"""What a part computes is read by the others, and every part stands behind those that it reads."""

from __future__ import annotations

import pytest

import handgrad
from handgrad.axes import Definition
from handgrad.expr import Call, Entry, Letter, Reduce
from handgrad.kernels.program import program_of
from handgrad.kernels.sharing import shared
from handgrad.trees import bind, names, subtrees

NETWORK = "h[j] = sigmoid(b[j] + sum[i](W[i,j]*x[i])); o = sigmoid(c + sum[j](v[j]*h[j])); E = 1/2*(o - t)^2"
MODELS = [NETWORK, "h[n,j] = tanh(b[j] + sum[i](W[i,j]*x[n,i])); E = sum[n](exp(sum[j](v[j]*h[n,j])))", "J = sum[i](log(1 + exp(-y[i]*x[i])))",
          "J = -sum[i](log(softmax[k](a[i,k])[t[i]]))\nassume t[i] in 1..size(a, 2)"]


@pytest.mark.parametrize("model", MODELS)
def test_every_part_stands_behind_those_that_it_reads(model):
    parts = program_of(model).parts
    own = {p.name for p in parts}
    for number, part in enumerate(parts):
        assert names(part.body) & own <= {p.name for p in parts[:number]}, part.name


def test_the_slopes_of_a_network_ask_for_each_sigmoid_once():
    """Of both signs of three sums: the values of the units, and what these lack of 1."""
    calls = [n for p in program_of(NETWORK, by=["W", "b", "v", "c"]).parts for n in subtrees(p.body) if isinstance(n, Call) and n.function == "sigmoid"]
    assert len(calls) == 4          # h, o and the two complements, each with all its entries
    written = handgrad.compile(NETWORK, by=["W", "b", "v", "c"], target="c").source
    assert "hg_sigmoid_d(-(" in written.replace("((", "(").replace("))", ")")


def test_a_part_with_letters_in_another_order_is_read_with_them_turned_round():
    x, y = Letter("x", "a"), Letter("y", "b")
    call = Call("exp", (Entry("m", (x, y)),))
    i, j = Letter("i", "b"), Letter("j", "a")
    total = Reduce("sum", "a", (bind(Call("exp", (Entry("m", (j, i)),)), j),))
    first, second = shared([Definition("late", (i,), total), Definition("early", (y, x), call)], ())
    assert (first.name, second.name) == ("early", "late")
    k = next(n for n in subtrees(second.body) if isinstance(n, Entry))
    assert k.name == "early" and k.indices[0] is i


def test_a_result_is_not_read_for_it_may_have_been_rounded():
    call = Call("exp", (Entry("m", ()),))
    given = (Definition("y", (), call), Definition("z", (), Call("sqrt", (call,))))
    assert shared(given, {"y"}) == given
    assert shared(given, ())[1].body is Call("sqrt", (Entry("y", ()),))
