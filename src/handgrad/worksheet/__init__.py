"""Worksheets: numbers in; formula, substitution and value out, as by hand or certified.

A `Plan` says what is worked, `Numbers` are what comes out, a `Display` shows names and numbers as the page has them.
"""

from handgrad.worksheet.sheet import Worksheet, work

__all__ = ["Worksheet", "work"]
