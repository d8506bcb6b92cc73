"""Worksheets: numbers in; formula, substitution and value out, as by hand or certified.

A `Plan` says what is worked, `Numbers` are what comes out, a `Display` shows names and numbers as the page has them.

    sheet = work(read_problem(text, path))
    for number in sheet.numbers.all:            # forward, adjoints of their own, gradients, second derivatives, in order
        number.item.quantity                    # "h[1]", "d(E, W[1,2])", "d(E, w[1], b)": as a problem file spells it
        number.item.family                      # "h", "d(E, W)": the key of [rounding] and of a matrix
        number.value                            # by hand, before it is rounded: an exact `fmpq`, or a ball
        number.shown                            # each rounding: the exact `Fraction`, and how it is written
        number.exact                            # of the unrounded run: exact or a ball; ask under `working_precision(sheet.numbers.bits)`
        number.item.formula                     # what it is, written out over entries; number.item.chain: its chain rule, or None
        number.item.derived                     # the entries by which it is a derivative of the error; none of the forward pass
    sheet.numbers.values[("h", (1,))]           # the number as it is carried on; .exact of the same place: unrounded
    sheet.problem.rounding.places("h")          # the places it is rounded to, one after the other
    sheet.problem.names                         # spellings of a page and their quantities, in the order of the file
    sheet.display.symbol(number.item.entry)     # what the page calls it, as a formula
    pages.lines(sheet.display, number)          # its lines on the page: chain rule, formula, substitution, value
"""

from handgrad.worksheet.sheet import Worksheet, work

__all__ = ["Worksheet", "work"]
