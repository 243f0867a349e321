"""Text of others where the terminal understands more than characters: markup, and log records."""

import logging

from rich.markup import escape

from acumatica_source.running.plain_text import shown


def marked(text: object) -> str:
    """The text with all orders written out, for a place where markup is understood."""
    return escape(shown(text))


class PlainFormatter(logging.Formatter):
    """Formats log records so that they can be shown."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return shown(super().format(record))
