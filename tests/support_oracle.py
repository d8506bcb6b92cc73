"""An independent oracle: numeric derivatives by central differences in 60 and more digits, of the definitions as they are written.

`Oracle(text)` reads a model, finds its axes, draws points that honour the facts, and says where an answer is not the derivative.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace
from typing import Any

import mpmath
from mpmath import mp, mpf

from support_functions import FUNCTIONS, Undefined, abstract, fold, fold_loss, real_power
from support_reader import COMPARE, REDUCTIONS, Tree, parse, read_model, walk


class Outside(Exception):
    """An entry was read outside its axis."""


# ---------------------------------------------------------------- axes


class Axes:
    """Which slots and letters share an axis, and how long each axis is at a point."""

    def __init__(self, common: list[str]) -> None:
        self.parent: dict[Any, Any] = {}
        self.common = set(common)
        self.shifted: list[tuple[Any, Tree, dict[str, Any]]] = []
        self.lettered: set[Any] = set()
        self.labels: set[str] = set()       # scalars that gather: a[t]
        self.closed = False                 # once the model is read, answers add no axes
        self.serial = itertools.count()

    def find(self, key: Any) -> Any:
        while self.parent.setdefault(key, key) != key:
            key = self.parent[key]
        return key

    def join(self, one: Any, other: Any) -> None:
        self.parent[self.find(one)] = self.find(other)

    def letter(self, name: str) -> Any:
        key = ("letter", name, next(self.serial))
        if not self.closed:
            self.lettered.add(key)
        if name in self.common:
            self.join(key, ("axes", name))
        return key

    def statement(self, tree: Tree, env: dict[str, Any]) -> Tree:
        """The tree with every binder carrying the key of its axis; joins what the tree joins."""
        match tree:
            case ("red", kind, name, parts):
                key = self.letter(name)
                return ("red", kind, name, tuple(self.statement(p, {**env, name: key}) for p in parts), key)
            case ("vec", kind, name, body, at):
                key = self.letter(name)
                self.slot(key, at, env)
                return ("vec", kind, name, self.statement(body, {**env, name: key}), at, key)
            case ("entry", name, indices):
                for p, index in enumerate(indices, 1):
                    self.slot(("slot", name, p), index, env)
                    if index[0] not in {"letter", "slice"}:
                        self.statement(index, env)
                return tree
            case ("size", name, slot) if not self.closed:
                self.lettered.add(("slot", name, slot))
                return tree
            case _:
                return self.below(tree, env)

    def below(self, tree: Tree, env: dict[str, Any]) -> Tree:
        def each(part: Any) -> Any:
            if isinstance(part, tuple) and part:
                return self.statement(part, env) if isinstance(part[0], str) else tuple(each(p) for p in part)
            return part
        return (tree[0], *(each(p) for p in tree[1:]))

    def slot(self, key: Any, index: Tree, env: dict[str, Any]) -> None:
        if index[0] == "letter" and index[1] in env:
            self.join(key, env[index[1]])
        elif index[0] == "letter":
            self.labels.add(index[1])
        elif index[0] == "slice":
            self.lettered.add(key)
            self.find(key)
        elif index[0] in {"num", "+", "neg", "*"} and not self.closed:
            self.find(key)
            self.shifted.append((key, index, dict(env)))

    def sizes(self, dice: random.Random) -> dict[Any, int]:
        """A length for each axis."""
        found: dict[Any, int] = {}
        for key in sorted({self.find(k) for k in self.lettered}, key=str):
            least = max((int(i[1]) for k, i, _ in self.shifted if self.find(k) == key and i[0] == "num"), default=1)
            found[key] = max(least, dice.choice((1, 2, 2, 3)))
        for key, index, env in self.shifted:
            if self.find(key) not in {self.find(k) for k in self.lettered}:
                reach = max(self.reach(index, env, found))
                found[self.find(key)] = max(found.get(self.find(key), 1), reach)
        return found

    def reach(self, index: Tree, env: dict[str, Any], found: dict[Any, int]) -> tuple[int, int]:
        match index:
            case ("num", value):
                return int(value), int(value)
            case ("letter", name):
                return 1, found[self.find(env[name])]
            case ("size", name, slot):
                return (found[self.find(("slot", name, slot))],) * 2
            case ("neg", part):
                low, high = self.reach(part, env, found)
                return -high, -low
            case ("+", parts):
                ends = [self.reach(p, env, found) for p in parts]
                return sum(e[0] for e in ends), sum(e[1] for e in ends)
            case _:
                raise ValueError(f"no index: {index}")


# ---------------------------------------------------------------- values


@dataclass
class Point:
    """Values of the inputs, and how formulas are valued there."""

    definitions: dict[str, tuple[tuple[str, ...], Tree]]
    axes: Axes
    sizes: dict[Any, int]
    values: dict[tuple[str, tuple[int, ...]], Any]
    memo: dict[tuple[str, tuple[int, ...]], Any] = field(default_factory=dict)

    def size(self, key: Any) -> int:
        if self.axes.find(key) not in self.sizes:
            raise Outside(f"{key[1]} has no axis")
        return self.sizes[self.axes.find(key)]

    def index(self, tree: Tree, env: dict[str, int]) -> int:
        match tree:
            case ("letter", name):
                return env[name] if name in env else int(self.entry(name, ()))
            case ("num", value):
                return int(value)
            case ("size", name, slot):
                return self.size(("slot", name, slot))
            case ("neg", part):
                return -self.index(part, env)
            case ("+", parts):
                return sum(self.index(p, env) for p in parts)
            case ("*", parts):
                return int(mpmath.fprod(self.index(p, env) for p in parts))
            case _:
                return int(self.value(tree, env))

    def entry(self, name: str, at: tuple[int, ...]) -> Any:
        for p, i in enumerate(at, 1):
            if not 1 <= i <= self.size(("slot", name, p)):
                raise Outside(f"{name}{list(at)}")
        if (name, at) in self.values:
            return self.values[name, at]
        if (name, at) not in self.memo:
            letters, body = self.definitions[name]
            self.memo[name, at] = self.value(body, dict(zip(letters, at, strict=True)))
        return self.memo[name, at]

    def truth(self, tree: Tree, env: dict[str, int]) -> bool:
        match tree:
            case ("cmp", operator, left, right):
                return COMPARE[operator](self.value(left, env), self.value(right, env))
            case ("icmp", operator, left, right):
                return COMPARE[operator](self.index(left, env), self.index(right, env))
            case ("and", parts):
                return all(self.truth(p, env) for p in parts)
            case ("or", parts):
                return any(self.truth(p, env) for p in parts)
            case ("not", part):
                return not self.truth(part, env)
            case _:
                raise ValueError(f"no condition: {tree}")

    def value(self, tree: Tree, env: dict[str, int]) -> Any:
        match tree:
            case ("num", value):
                return mpf(value.numerator) / value.denominator
            case ("entry", name, indices):
                return self.entry(name, tuple(self.index(i, env) for i in indices))
            case ("+", parts):
                return mpmath.fsum(self.value(p, env) for p in parts)
            case ("*", parts):
                return mpmath.fprod(self.value(p, env) for p in parts)
            case ("neg", part):
                return -self.value(part, env)
            case ("/", left, right):
                return self.value(left, env) * real_power(self.value(right, env), -1)
            case ("^", base, exponent):
                return real_power(self.value(base, env), self.value(exponent, env))
            case ("delta", left, right):
                return mpf(self.index(left, env) == self.index(right, env))
            case ("size", name, slot):
                return mpf(self.size(("slot", name, slot)))
            case ("if", value, condition, otherwise):
                return self.value(value if self.truth(condition, env) else otherwise, env)
            case ("d", body, entries):
                return self.difference(body, [(e[1], tuple(self.index(i, env) for i in e[2])) for e in entries], env)
            case ("red", kind, name, parts, key):
                runs = [tuple(self.value(p, {**env, name: i}) for p in parts) for i in range(1, self.size(key) + 1)]
                return fold(kind, [r[0] for r in runs]) if kind in REDUCTIONS else fold_loss(kind, runs)
            case ("vec", kind, name, body, at, key):
                values = [self.value(body, {**env, name: i}) for i in range(1, self.size(key) + 1)]
                log = values[self.index(at, env) - 1] - fold("logsumexp", values)
                return log if kind == "log_softmax" else mpmath.exp(log)
            case ("call", name, arguments):
                return self.call(name, arguments, env)
        raise ValueError(f"no value: {tree}")

    def call(self, name: str, arguments: tuple[Tree, ...], env: dict[str, int]) -> Any:
        if name == "stop":
            return self.value(arguments[0], env)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*(self.value(a, env) for a in arguments))
        return abstract(name, [v for a in arguments for v in self.spread(a, env)])

    def spread(self, tree: Tree, env: dict[str, int]) -> list[Any]:
        if tree[0] != "entry" or ("slice",) not in tree[2]:
            return [self.value(tree, env)]
        ranges = [range(1, self.size(("slot", tree[1], p)) + 1) if i == ("slice",) else [self.index(i, env)] for p, i in enumerate(tree[2], 1)]
        return [self.entry(tree[1], at) for at in itertools.product(*ranges)]

    def moved(self, entry: tuple[str, tuple[int, ...]], by: Any) -> Point:
        """The point with one entry moved, be it an input or a defined name."""
        return replace(self, values={**self.values, entry: self.entry(*entry) + by}, memo={})

    def difference(self, body: Tree, entries: list[tuple[str, tuple[int, ...]]], env: dict[str, int]) -> Any:
        """The mixed derivative by entries, as central differences."""
        if not entries:
            return self.value(body, env)
        h = mpf(10) ** -20
        ahead, behind = (self.moved(entries[0], s * h).difference(body, entries[1:], env) for s in (1, -1))
        return (ahead - behind) / (2 * h)


# ---------------------------------------------------------------- the oracle


class Oracle:
    """A model, read and judged on its own."""

    def __init__(self, text: str) -> None:
        raw, self.facts, common = read_model(text)
        self.axes = Axes(common)
        self.definitions = {}
        for name, (letters, body) in raw.items():
            env = {a: self.axes.letter(a) for a in letters}
            for p, a in enumerate(letters, 1):
                self.axes.join(("slot", name, p), env[a])
            self.definitions[name] = (letters, self.axes.statement(body, env))
        self.facts = [self.axes.statement(f, env) for f in self.facts for env in [self.fact_letters(f)]]
        entries = {(t[1], len(t[2])) for _, b in self.definitions.values() for t in walk(b) if t[0] == "entry"}
        entries |= {(name, 0) for name in self.axes.labels}
        self.axes.closed = True
        self.inputs = {n: k for n, k in sorted(entries) if n not in self.definitions}

    def fact_letters(self, fact: Tree) -> dict[str, Any]:
        bound = {t[2] for t in walk(fact) if t[0] == "red"}
        return {t[1]: self.axes.letter(t[1]) for t in walk(fact) if t[0] == "letter" and t[1] not in bound}

    def draw(self, dice: random.Random) -> Point:
        """A point that honours all facts; the definitions may still be undefined there."""
        for _ in range(300):
            sizes = self.axes.sizes(dice)
            point = Point(self.definitions, self.axes, sizes, {})
            low, high = dice.choice(((-20, 20), (-20, 20), (1, 20), (1, 9)))
            for name, slots in self.inputs.items():
                ranges = [range(1, point.size(("slot", name, p)) + 1) for p in range(1, slots + 1)]
                for at in itertools.product(*ranges):
                    point.values[name, at] = mpf(dice.randint(low * 997, high * 997)) / 9973
            for fact in self.facts:
                self.oblige(fact, point, dice)
            if all(self.holds(f, point) for f in self.facts):
                return point
        raise Undefined("no point honours the facts")

    def over(self, fact: Tree, point: Point) -> list[dict[str, int]]:
        bound = {t[2] for t in walk(fact) if t[0] == "red"}
        names = sorted({t[1] for t in walk(fact) if t[0] == "letter" and t[1] not in bound})
        slots = {t[2][p - 1][1]: ("slot", t[1], p) for t in walk(fact) if t[0] == "entry" for p in range(1, len(t[2]) + 1) if t[2][p - 1][0] == "letter"}
        return [dict(zip(names, at, strict=True)) for at in itertools.product(*(range(1, point.size(slots[n]) + 1) for n in names))]

    def oblige(self, fact: Tree, point: Point, dice: random.Random) -> None:
        """Moves the drawn values so that the common kinds of facts hold."""
        for env in self.over(fact, point):
            match fact:
                case ("member", entry, values):
                    self.put(entry, env, point, mpf(dice.choice(values)))
                case ("label", entry, size):
                    self.put(entry, env, point, mpf(dice.randint(1, point.index(size, env))))
                case ("cmp", ">" | ">=", ("entry", _, _) as entry, ("num", bound)):
                    self.put(entry, env, point, mpf(bound) + abs(point.value(entry, env)) + mpf(1) / 64)
                case ("cmp", "==", ("red", "sum", name, (("entry", _, _) as entry,), key), ("num", total)):
                    runs = [{**env, name: i} for i in range(1, point.size(key) + 1)]
                    values = [point.value(entry, r) for r in runs]
                    if all(v in (0, 1) for v in values):        # one-hot
                        chosen = dice.randrange(len(runs))
                        values = [mpf(i == chosen) for i in range(len(runs))]
                    scale = mpmath.fsum(values)
                    for r, v in zip(runs, values, strict=True):
                        self.put(entry, r, point, v * mpf(total) / scale)

    def put(self, entry: Tree, env: dict[str, int], point: Point, value: Any) -> None:
        key = entry[1], tuple(point.index(i, env) for i in entry[2])
        if key in point.values:
            point.values[key] = value

    def holds(self, fact: Tree, point: Point) -> bool:
        for env in self.over(fact, point):
            match fact:
                case ("member", entry, values):
                    if point.value(entry, env) not in [mpf(v) for v in values]:
                        return False
                case ("label", entry, size):
                    if not 1 <= point.value(entry, env) <= point.index(size, env):
                        return False
                case ("cmp", "==", left, right):
                    if abs(point.value(left, env) - point.value(right, env)) > mpf(10) ** -30:
                        return False
                case _:
                    if not point.truth(fact, env):
                        return False
        return True


def disagreement(model: str, of: str, wrt: list[str], answer: str, where: list[str] | None = None, points: int = 6, seed: int = 0) -> str | None:
    """Where the answer is not the derivative of `of` by `wrt`, in words; None where they agree at every point tried."""
    oracle = Oracle("\n".join([model, *(where or [])]))
    asked = [parse(t) for t in (of, *wrt)]
    letters = {i[1]: oracle.axes.letter(i[1]) for t in asked for i in t[2] if i[0] == "letter"}
    asked = [oracle.axes.statement(t, letters) for t in asked]
    tree = oracle.axes.statement(parse(answer, letters), letters)
    dice = random.Random(seed)
    reached = 0
    standing = sum(len(t[2]) for body in (tree, *(b for _, b in oracle.definitions.values())) for t in walk(body) if t[0] == "d")
    with mp.workdps(40 + 30 * (len(wrt) + standing)):
        for _ in range(20 * points):
            point = oracle.draw(dice)
            try:
                found = compare(point, asked, tree, letters, dice)
            except (Undefined, ZeroDivisionError):
                continue
            except Outside as outside:
                return f"reads outside its axis: {outside}"
            if found:
                return found
            reached += 1
            if reached == points:
                return None
    return None if reached else "no point where both are defined"


def compare(point: Point, asked: list[Tree], tree: Tree, letters: dict[str, Any], dice: random.Random) -> str | None:
    """Both sides at some positions of one point."""
    ranges = [range(1, point.size(key) + 1) for key in letters.values()]
    places = list(itertools.product(*ranges))
    for place in dice.sample(places, min(4, len(places))):
        env = dict(zip(letters, place, strict=True))
        entries = [(t[1], tuple(point.index(i, env) for i in t[2])) for t in asked[1:]]
        truly = point.difference(asked[0], entries, env)
        found = point.value(tree, env)
        if abs(truly - found) > mpf(10) ** -25 * (1 + abs(truly)):
            shown = {f"{n}{list(at)}": mpmath.nstr(v, 8) for (n, at), v in point.values.items()}
            return f"{mpmath.nstr(found, 15)} for {mpmath.nstr(truly, 15)} at {env}, {shown}"
    return None
