"""What is printed must not end what is done: streams that take any text, and may go away.

A stream may have an encoding that lacks most characters (cp1252 of Windows, ASCII of bare
containers), and whoever reads it may leave in the middle of a sync.
"""

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from rich.console import Console

_WRITTEN_OUT = "acumatica.written_out"
_GONE = (errno.EPIPE, errno.EINVAL)
"""What a pipe says without a reader; the second one on Windows."""


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Let standard output and error take every text, also when nobody reads them any more."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_lasting, before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def can_show(console: Console, text: str) -> bool:
    """Whether the console's encoding has all characters of a text."""
    try:
        text.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _lasting(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed from the beginning
        return open(os.devnull, "w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # somebody collects what is said
    raw: object = getattr(stream.buffer, "raw", stream.buffer)
    if not isinstance(raw, io.FileIO) or stream.isatty():
        stream.reconfigure(errors=_WRITTEN_OUT)
        return stream
    file = _LastingFile(raw.fileno(), "w", closefd=False)
    unbuffered = raw is stream.buffer
    return io.TextIOWrapper(
        file if unbuffered else io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=_WRITTEN_OUT,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _LastingFile(io.FileIO):
    """A file to write to; if its reader is gone, what is written goes nowhere."""

    def write(self, data: object) -> int | None:  # type: ignore[override]
        """See `io.RawIOBase`."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            if error.errno not in _GONE:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(data)  # type: ignore[arg-type]


def _written_out(error: UnicodeError) -> tuple[str, int]:
    """Characters that an encoding lacks, as JSON writes them."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = (lacking[at : at + 2].hex() for at in range(0, len(lacking), 2))
    return "".join(f"\\u{unit}" for unit in units), error.end


codecs.register_error(_WRITTEN_OUT, _written_out)
