"""The virtual clock: it starts where it is told, runs with real time, and can be put forward."""

import time
from datetime import datetime, timedelta


class Clock:
    """Tells the emulated ERP's time, UTC."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = time.monotonic()
        self._last_stamp = start

    def now(self) -> datetime:
        """The present moment."""
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._start += timedelta(seconds=seconds)

    def stamp(self) -> datetime:
        """A modification stamp: the present on the grain of SQL datetime, never going back."""
        self._last_stamp = max(self._last_stamp, on_sql_grain(self.now()))
        return self._last_stamp


def on_sql_grain(moment: datetime) -> datetime:
    """The moment rounded down to SQL Server's datetime: .000, .003 or .007 of a hundredth."""
    ticks = moment.microsecond * 300 // 1_000_000
    milliseconds = (ticks * 1000 + 150) // 300
    return moment.replace(microsecond=milliseconds * 1000)
