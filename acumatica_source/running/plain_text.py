"""Text of others as a terminal may be shown it.

Names and messages come from the instance. A terminal would take escape sequences in them for
orders: to repaint what was printed before, to rename its window, to answer as if somebody typed.
"""

import re

_ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but those of lines and columns, and those that turn the direction of
writing or end a line behind the back of who looks for them."""


def shown(text: object) -> str:
    """The text with orders written out as JSON has them: they are seen, and do nothing."""
    return _ORDERS.sub(_written_out, str(text).replace("\r\n", "\n"))


def _written_out(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
