"""From the bytes of a file to the text of a page, or a refusal that says what the file is."""

from __future__ import annotations

import re

from handgrad.errors import HandgradError, LimitError
from handgrad.reading.limits import LIMITS, ReadingLimits


class PageError(HandgradError):
    """A file or a text that is no page."""

    code = "page"


SIGNATURES = (
    (b"%PDF", "a PDF file"), (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"), (b"RIFF", "a picture or a sound"),
    (b"II*\x00", "a TIFF picture"), (b"MM\x00*", "a TIFF picture"), (b"BM", "a bitmap picture"), (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf", "a 7-Zip archive"), (b"{\\rtf", "an RTF document"), (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x7fELF", "a program"), (b"%!PS", "a PostScript file"), (b"SQLite format 3", "a database"),
)
TYPED = "type the page, or have it read into Markdown with LaTeX formulas"
NOTEBOOK = re.compile(r'\s*\{\s*"(?:cells|metadata|nbformat)"\s*:')


def page_text(data: bytes, limits: ReadingLimits = LIMITS) -> str:
    """The text of a file: UTF-8, or UTF-16 where its first bytes say so; anything else is refused with the reason."""
    if len(data) > 4 * limits.page:
        raise LimitError(f"page {limits.page}: the file has {len(data):,} bytes", remedy="split it into several pages")
    for signature, kind in SIGNATURES:
        if data.startswith(signature) and (signature != b"BM" or b"\x00" in data[:64]):
            raise PageError(f"this is {kind}, whatever its name says", remedy=TYPED)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if wide else "utf-8-sig"
    if not wide and b"\x00" in data:
        raise PageError(f"byte {data.index(0)} is NUL: this is no text in UTF-8", remedy=TYPED)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        kind = encoding.upper().removesuffix("-SIG")
        raise PageError(f"byte {error.start}, on line {data[:error.start].count(10) + 1}, is no {kind}", remedy="save the file as UTF-8") from None
    accept(text, limits)
    return text


def accept(text: str, limits: ReadingLimits = LIMITS) -> None:
    """Nothing, or the refusal of a text that is empty, too long, or a notebook file."""
    if len(text) > limits.page:
        raise LimitError(f"page {limits.page}: the page has {len(text):,} characters", remedy="split it into several pages")
    if not text.strip("\ufeff\u200b \t\r\n\f\v"):
        raise PageError("the page is empty", remedy="give a page with formulas on it")
    if NOTEBOOK.match(text) and '"nbformat"' in text:
        raise PageError("this is a notebook file, not a page", remedy="export it as Markdown: jupyter nbconvert --to markdown FILE")
    if "\x00" in text:
        raise PageError(f"character {text.index(chr(0))} is NUL: this is no text", remedy=TYPED)
