"""Makes the brackets of the font as wide as they are: `python tools/font.py FONT.woff2` changes the file. It needs fonttools and brotli.

A browser gives a stretched bracket the width of the widest form that the font has of it, so that `(1 + e)` stands apart from its brackets
if the font has a form four letters high. Such forms are taken out: from there on a bracket is put together from pieces.
"""

from __future__ import annotations

import sys

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

TALLEST = 2200      # thousandths of a letter; the pieces make brackets from 2296 on
NAMES = [0, 1, 2, 3, 4, 5, 6, 13, 14]


def narrowed(font: TTFont) -> None:
    """Takes out the round brackets that are taller."""
    variants = font["MATH"].table.MathVariants
    for glyph, found in zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True):
        if glyph in ("parenleft", "parenright"):
            found.MathGlyphVariantRecord = [form for form in found.MathGlyphVariantRecord if form.AdvanceMeasurement <= TALLEST]
            found.VariantCount = len(found.MathGlyphVariantRecord)


def main(path: str) -> None:
    """Changes the font and drops what nothing in it uses any more."""
    font = TTFont(path)
    narrowed(font)
    subset = Subsetter(Options(layout_features=["ssty", "kern"], notdef_outline=True, name_IDs=NAMES, hinting=False))
    subset.populate(unicodes=list(font.getBestCmap()))
    subset.subset(font)
    font.flavor = "woff2"
    font.save(path)


if __name__ == "__main__":
    main(sys.argv[1])
