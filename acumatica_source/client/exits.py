"""Every licence seat taken is given back on every way out of the process.

A `Seat` is the right, and the means, to sign one session out, kept apart from the session so that
it outlives it. Whoever takes the right signs out; nobody can take it twice. Seats are given back
when their session is closed or forgotten, at interpreter exit, and on SIGTERM. A process killed
with SIGKILL cannot do so; the server then frees the seat after 10 idle minutes (Integration
Development Guide: Log Out from the Service).
"""

import _thread
import atexit
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

_log = logging.getLogger("acumatica_source.client")

GRACE = 15.0
"""Most seconds to wait for sign-ins and sign-outs under way when the process ends."""

_taken: dict[int, "Seat"] = {}
_signing_in: set[int] = set()
_closing = threading.Event()


class Seat:
    """One session on the server, to be signed out exactly once.

    Args:
        sign_out: sends the sign-out and returns its HTTP status. It must not need the session's
            lock or connection, because it may run while another thread is using them.
        over: called when the session is over.
    """

    def __init__(
        self, sign_out: Callable[[], int], over: Callable[[], None] = lambda: None
    ) -> None:
        self._owner = os.getpid()
        self._over = over
        self._right: list[Callable[[], int]] = [sign_out]
        _taken[id(self)] = self

    @property
    def claimed(self) -> bool:
        """Whether the sign-out is done, or being done."""
        return not self._right

    def give_back(self) -> int | None:
        """Sign out, unless that was done, or is being done, by someone else.

        Returns:
            The status of the sign-out, None if there was nothing to do.
        """
        if self._owner != os.getpid():
            return None  # a forked child has a copy; the seat is its parent's
        try:
            sign_out = self._right.pop()  # atomic: one caller gets it
        except IndexError:
            return None
        status: list[int] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                status.append(sign_out())
                self._over()
            except BaseException as error:  # reported to the caller below
                failure.append(error)
            finally:
                _taken.pop(id(self), None)

        # In a thread of its own, so that an interrupt of this one does not cut it short.
        _run_apart(run)
        if failure:
            raise failure[0]
        return status[0] if status else None


def _run_apart(work: Callable[[], None]) -> None:
    done = threading.Event()  # a join() that is interrupted takes the thread for finished

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    try:
        threading.Thread(target=run, name="acumatica-sign-out", daemon=True).start()
    except RuntimeError:  # the interpreter is too far gone to start threads
        work()
        return
    done.wait()


@contextlib.contextmanager
def signing_in() -> Iterator[None]:
    """Marks a sign-in under way, so that an exit waits for the seat it may bring."""
    token = threading.get_ident()
    _signing_in.add(token)
    try:
        if _closing.is_set():
            # Threads that still run while the process ends must not take another seat.
            _signing_in.discard(token)
            time.sleep(GRACE)
            raise SystemExit(128 + signal.SIGTERM)
        yield
    finally:
        _signing_in.discard(token)


def give_back_all() -> None:
    """Sign every session of this process out, side by side; the process is about to end."""
    _closing.set()
    deadline = time.monotonic() + GRACE
    while (_taken or _signing_in) and time.monotonic() < deadline:
        for seat in list(_taken.values()):
            if not seat.claimed:
                thread = threading.Thread(target=quietly, args=(seat,), name="acumatica-sign-out")
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is too far gone to start threads
                    quietly(seat)
        time.sleep(0.005)


def quietly(seat: Seat) -> None:
    """Give a seat back; a failure is only logged."""
    try:
        seat.give_back()
    except Exception as error:
        _log.warning("A session could not be signed out (%s).", type(error).__name__)


def _after_fork() -> None:
    _taken.clear()
    _signing_in.clear()
    _closing.clear()


def _at_exit() -> None:
    """Sign out at interpreter exit; a second Ctrl-C must not cut that short."""
    while True:
        try:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            give_back_all()
        except KeyboardInterrupt:
            continue
        return


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def guard_sigterm() -> None:
    """Make SIGTERM sign out first, where nobody has decided otherwise.

    Does nothing outside the main thread, or if the application has its own handler.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _sign_out_and_die)


def _sign_out_and_die(signum: int, frame: FrameType | None) -> None:
    # The interrupted main thread may hold any lock, so it must go on while another signs out.
    signal.signal(signum, signal.SIG_DFL)

    def work() -> None:
        give_back_all()
        os.kill(os.getpid(), signum)

    try:
        # Not by `threading`, some of whose locks the interrupted thread may hold.
        _thread.start_new_thread(work, ())
    except RuntimeError:  # the interpreter is too far gone to start threads
        work()


@contextlib.contextmanager
def orderly_shutdown() -> Iterator[None]:
    """Within this block, SIGTERM ends the program as Ctrl-C does: by unwinding it.

    The main thread gets `SystemExit(143)`, so that `finally` and `with` blocks run. To be used in
    the main thread of a program; elsewhere it changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(signum: int, frame: FrameType | None) -> None:
        signal.signal(signum, _sign_out_and_die)
        raise SystemExit(128 + signum)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is leave:
            signal.signal(signal.SIGTERM, before)
