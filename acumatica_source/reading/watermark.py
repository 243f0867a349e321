"""Where an incremental read starts, and where the next one will: pure functions of instants.

A row is stamped when it is written but visible only when its transaction commits, and rows keep
being written while we read. So a run reads everything stamped at or after its lower bound, with no
upper one, and the next lower bound is taken back to where this run began, less a lag:

* never beyond the server's clock at the start of the run: rows stamped since then may have been
  paged past before they changed;
* never beyond the newest stamp seen: the clock that stamps (the database's) may be behind the one
  that answers (the web server's).
"""

from datetime import datetime, timedelta


def lower_bound(watermark: datetime | None, lag: timedelta) -> datetime | None:
    """The first stamp to read, or None for everything."""
    return None if watermark is None else watermark - lag


def next_watermark(
    previous: datetime | None, started: datetime | None, newest: datetime | None
) -> datetime | None:
    """The watermark after a run that began at `started` and saw no stamp beyond `newest`.

    Args:
        previous: The watermark before the run.
        started: The server's clock at the run's first answer, if it told.
        newest: The newest stamp among the rows read, None if there were none.
    """
    candidates = [instant for instant in (started, newest) if instant is not None]
    if newest is None or not candidates:
        return previous
    reached = min(candidates)
    return reached if previous is None else max(previous, reached)
