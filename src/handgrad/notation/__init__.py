"""The plain-text notation: from text to trees and back.

`read` makes a model of statements, `read_expression` and its kin read in the context of one, `write` makes ASCII text that reads
back to the very same tree. Square brackets hold indices, parentheses hold values.
"""

from handgrad.notation.context import read_condition, read_entry, read_equation, read_expression, whole_entry
from handgrad.notation.cursor import Signature
from handgrad.notation.lexer import Limits, decoded
from handgrad.notation.reading import read
from handgrad.notation.signatures import known, register
from handgrad.notation.writing import write, write_definition, write_model

__all__ = [
    "Limits", "Signature", "decoded", "known", "read", "read_condition", "read_entry", "read_equation", "read_expression", "register",
    "whole_entry", "write", "write_definition", "write_model",
]
