"""The answer to one question: the values of the gradients, the names they bring, the letters they are shown with, and their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from handgrad.axes import Definition, Model, letter_for
from handgrad.derivation.backward import Backward, machinery
from handgrad.derivation.leaning import Leaning
from handgrad.derivation.network import Network
from handgrad.derivation.sharing import Sharing, occurrences
from handgrad.derivation.steps import Narrator, Step
from handgrad.errors import ModelError
from handgrad.expr import Delta, Entry, Expr, Index, Label, Letter, Literal, Reduce
from handgrad.notation import read_entry
from handgrad.records import dataclass
from handgrad.rules import textbook
from handgrad.rules.canonical import canonical
from handgrad.rules.shapes import factors
from handgrad.rules.tidy import Tidy
from handgrad.trees import fresh, names, renamed, subtrees

MOST_PATHS = 24         # up to so many ways from the result to the variable, naming no adjoint is tried too


@dataclass(frozen=True, slots=True)
class Variable:
    """An entry by which is differentiated; `free` are letters that the writer left to us."""

    entry: Entry
    free: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out: for every variable its entry with letters, the canonical value, the result as it is shown, and the steps."""

    network: Network
    entries: tuple[Entry, ...]
    values: tuple[Expr, ...]
    results: tuple[Expr, ...]
    where: tuple[Definition, ...]
    steps: Callable[[int], tuple[list[Step], ...]]     # told when they are asked for; lemmas are numbered on from the number given


def variable(text: str, given: Model, taken: frozenset[str]) -> Variable:
    """The variable that a text names. A bare name with indices gets letters, chosen when it is known which are bound."""
    name = text.strip()
    if name.partition("[")[0].strip() not in given.tensors:
        raise ModelError(f"`{name}` does not stand in the model", remedy=f"its names are {', '.join(given.tensors)}")
    labels = {fact.entry.name for fact in given.facts if isinstance(fact, Label) and isinstance(fact.entry, Entry)}
    if name.partition("[")[0].strip() in labels:
        raise ModelError(f"`{name}` is a label, and nothing is differentiated by a position", remedy="differentiate by a name that takes real values")
    if given.tensors.get(name):
        letters = tuple(fresh(axis) for axis in given.tensors[name])
        return Variable(Entry(name, letters), letters)
    return Variable(counted(read_entry(name, given, taken), name), ())


def counted(entry: Entry, text: str) -> Entry:
    """The entry, if its literal indices count from 1."""
    if any(isinstance(i, Literal) and i.value < 1 for i in entry.indices):
        raise ModelError(f"`{text}` does not exist: indices count from 1", remedy=f"the first is {entry.name}[{','.join('1' for _ in entry.indices)}]")
    return entry


def answered(network: Network, of: Entry, variables: tuple[Variable, ...], taken: frozenset[str]) -> Answer:
    """The gradients of an entry by the variables."""
    name = network.names[of.name]
    by_itself = {v.entry.name for v in variables} == {of.name}
    body = of if by_itself else canonical(renamed(name.body, dict(zip(name.letters, of.indices, strict=True))))
    run = _run(network, body, of, tuple(v.entry for v in variables))
    chosen: dict[Letter, Index] = {}
    for v in variables:
        chosen |= lettered(v, run, network.model, taken)
    values = [canonical(renamed(run.results[v.entry].value, chosen)) for v in variables]
    tidy = run.simplify.tidy
    gone: tuple[str, ...] = ()
    if len(values) == 1 and not run.named and not network.plain:
        values[0], gone = Leaning.of(network, tidy).lighter(values[0])
    adjoints = [canonical(renamed(run.adjoints[n].value, _own_letters(entry, network.model, taken))) for n, entry in run.named.items()]
    sharing = Sharing(network, tidy, {*network.model.tensors, *(e.name for e in run.named.values())})
    shared = sharing.share([*values, *adjoints])
    values, adjoints = shared[: len(values)], shared[len(values) :]
    where = [_written(d, tidy, network.model) for d in reversed(sharing.definitions)]
    for entry, value in zip(run.named.values(), adjoints, strict=True):
        own = _own_letters(entry, network.model, taken)
        where.append(Definition(entry.name, tuple(own[letter] for letter in entry.indices if isinstance(letter, Letter)), tidy(value)))
    entries = tuple(renamed(v.entry, chosen) for v in variables)
    results = tuple(tidy(v) for v in values)
    letters = taken | {letter.name for e in entries for letter in e.letters}

    @cache
    def steps(lemmas: int) -> tuple[list[Step], ...]:
        narrator = Narrator(network, of, run, tidy, letters, dict(chosen), lemmas)
        return tuple(_ending(narrator.tell(v.entry, e), r, gone) for v, e, r in zip(variables, entries, results, strict=True))

    return Answer(network, entries, tuple(values), results, _in_order(where, results), steps)


def _run(network: Network, body: Expr, of: Entry, entries: tuple[Entry, ...]) -> Backward:
    """The backward pass; adjoints that turn out to be used once keep no name."""
    passes = machinery(network, frozenset((of.name,)))
    run = passes.backward(body, entries, share=frozenset() if of.letters else None)        # the adjoint of a name would lack the letters of `of`
    if run.named and len(entries) == 1 and paths(network, body, entries[0].name) <= MOST_PATHS:
        whole = passes.backward(body, entries, share=frozenset())
        leaning = [run.results[entries[0]].value, *(run.adjoints[n].value for n in run.named)]
        if run.simplify.cost(whole.results[entries[0]].value) <= sum(run.simplify.cost(e) + 2 for e in leaning) - 2:
            return whole
    while run.named:
        everything = [*(run.results[e].value for e in entries), *(run.adjoints[n].value for n in run.named)]
        uses = [o.name for e in everything for o in occurrences(e) if isinstance(o, Entry)]
        once = {n for n, entry in run.named.items() if uses.count(entry.name) < 2}
        if not once:
            break
        run = passes.backward(body, entries, share=frozenset(run.named) - once)
    return run


def paths(network: Network, body: Expr, target: str) -> int:
    """In how many ways the body leads to the target through the definitions."""
    counts: dict[str, int] = {}
    for name, known in network.names.items():
        counts[name] = 0 if name == target else sum(1 if used == target else counts.get(used, 0) for used in names(known.body))
    return sum(1 if used == target else counts.get(used, 0) for used in names(body))


def _ending(steps: list[Step], result: Expr, gone: tuple[str, ...]) -> list[Step]:
    """The steps with a last one in which definitions are put in again, those of the names that are gone, and shared parts are named."""
    if not steps or steps[-1].after is result:
        return steps
    last = steps[-1]
    if canonical(last.after) is canonical(result):
        return [*steps[:-1], replace(last, after=result)]
    rule, reason = (textbook.definition, f"the definition of {', '.join(gone)} put in") if gone else (last.rule, "shared parts named")
    return [*steps, replace(last, rule=rule, before=last.after, after=result, reason=reason, substeps=(), label="", facts=())]


def lettered(x: Variable, run: Backward, model: Model, taken: frozenset[str]) -> dict[Letter, Letter]:
    """Names for the letters left to us: the axis' own where nothing is summed over the axis, else one that no sum uses."""
    adjoint = run.results[x.entry]
    bound = {n.axis for n in subtrees(adjoint.value) if isinstance(n, Reduce)}
    for c in adjoint.contributions:
        if c.user:
            tied = frozenset(letter for f in factors(c.partial) if isinstance(f, Delta) for letter in f.letters)
            bound |= {letter.axis for letter in run.network.names[c.user].letters if letter not in tied}
    used, chosen = set(taken), {}
    for letter in x.free:
        avoid = set(model.letters.get(letter.axis, ())) if letter.axis in bound else set()
        name = letter_for(letter.axis, model, frozenset(used | avoid))
        used.add(name)
        chosen[letter] = Letter(name, letter.axis)
    return chosen


def _own_letters(entry: Entry, model: Model, taken: frozenset[str]) -> dict[Letter, Letter]:
    """The letters of the axes for those of an adjoint that gets a name."""
    used, chosen = set(taken), {}
    for letter in entry.indices:
        if isinstance(letter, Letter):
            name = letter_for(letter.axis, model, frozenset(used))
            used.add(name)
            chosen[letter] = Letter(name, letter.axis)
    return chosen


def _written(definition: Definition, tidy: Tidy, model: Model) -> Definition:
    """A definition of a shared part with letters that have names."""
    own = _own_letters(definition.entry, model, frozenset())
    return Definition(definition.name, tuple(own[letter] for letter in definition.letters), tidy(canonical(renamed(definition.body, dict(own)))))


def _in_order(where: list[Definition], results: tuple[Expr, ...]) -> tuple[Definition, ...]:
    """Those that the results lean on, each before those that use it."""
    known = {d.name: d for d in where}
    done: dict[str, Definition] = {}

    def visit(name: str) -> None:
        if name in known and name not in done:
            for used in sorted(names(known[name].body) & known.keys()):
                visit(used)
            done[name] = known[name]

    for result in results:
        for name in sorted(names(result) & known.keys(), key=list(known).index):
            visit(name)
    return tuple(done.values())
