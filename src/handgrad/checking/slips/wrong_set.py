"""S120, a page with the givens of another set."""

from __future__ import annotations

from handgrad.checking.edits import Slip, nothing

SLIP = Slip(
    code="S120", kind="wrong_set", title="the givens of another set", frequency=1,
    looks="The given numbers of a page are those of another set of the class, all of them.",
    why="Every student has an own set of numbers; a page that works another set may be right from line to line and still does not answer the question.",
    fine="A single given that differs is copied wrongly, or misread.",
    wrong=r"x = 0.25",
    right=r"x = 0.18",
    hint="are these your numbers?", edits=nothing)
