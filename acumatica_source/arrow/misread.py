"""What Arrow's reader would misread: found before it is given a page.

Arrow rescales a decimal by a table of 77 powers of ten and does not look whether it ends there: a
number such as `1e-202` becomes another one, and `1e-99999999` ends the process. It reads numbers in
quotes in the same way.

It also hands on NUL characters, which PostgreSQL refuses and others cut a text off at. The tolerant
path puts U+FFFD in their place and says so, for every destination, so that all have the same rows:
dropped, they could make one key of two, and refused, one stray character would keep a table out.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MANTISSA = b"0123456789."
_START = re.compile(rb'[\[:,"\s][-+]?\Z')
_LONGEST = 36
"""Characters of a mantissa that, with `_SMALL`, make 75 digits after the point at most."""
_SMALL = re.compile(rb"[eE]-0{0,3}[0-3]?[0-9](?![0-9\\])")
_EXPONENT = re.compile(rb'[eE]-[0-9]+(?=[],}"\\ \t\r\n]|\Z)')

_UPPER = "E-[0-9]"
_ESCAPED = r"\\u00(?:00|2[dDeE]|3[0-9]|[46]5)"
"""NUL, or what a number consists of, written as an escape; servers escape neither."""

_PAIR = int.from_bytes(b"e-", "little")
_AT_ONCE = 1 << 17
"""Pairs of bytes that are compared at once, to stay in the processor's cache."""


def is_misread(page: bytes) -> bool:
    """Whether Arrow's reader might crash on something in this page, or take it for another value.

    Cautious in the doubtful case: texts that look like such numbers count as well.
    """
    text = pa.Array.from_buffers(
        pa.large_binary(), 1, [None, pa.py_buffer(np.array([0, len(page)])), pa.py_buffer(page)]
    )
    if b"\\" in page and pc.match_substring_regex(text, _ESCAPED)[0].as_py():
        return True
    if any(_is_monstrous(page, place) for place in _pairs(page)):
        return True
    if not pc.match_substring_regex(text, _UPPER)[0].as_py():
        return False
    return any(_is_monstrous(page, found.start()) for found in re.finditer(rb"E-", page))


def _pairs(page: bytes) -> Iterator[int]:
    """Where `e-` stands behind a digit.

    Every page has either character by the thousand, and the pair in its identifiers, so neither
    `bytes.find` nor an expression is fast enough.
    """
    found = bytearray(_AT_ONCE)
    same = np.frombuffer(found, np.bool_)
    for first in (0, 1):
        pairs = np.frombuffer(page, "<u2", (len(page) - first) // 2, first)
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            np.equal(some, _PAIR, out=same[: len(some)])
            at = found.find(1, 0, len(some))
            while at >= 0:
                place = first + 2 * (start + at)
                if page[place - 1] in _MANTISSA:
                    yield place
                at = found.find(1, at + 1, len(some))


def _is_monstrous(page: bytes, place: int) -> bool:
    """Whether the exponent at this place makes a number that Arrow cannot rescale."""
    if _EXPONENT.match(page, place) is None:
        return False
    before = page[max(0, place - _LONGEST - 2) : place]
    opening = before.rstrip(_MANTISSA)
    if not opening:
        return True  # longer than a mantissa should be
    if len(opening) == len(before) or _START.search(opening) is None:
        return False  # within a word or an identifier
    return _SMALL.match(page, place) is None
