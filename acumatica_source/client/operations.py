"""Long operations: asked by POST, answered 202, finished when their status page says so.

Integration Development Guide: Execute an Action; Request a Report.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from acumatica_source.client.address import public_url
from acumatica_source.client.errors import (
    ConfigurationError,
    OperationTimedOut,
    UnexpectedAnswer,
)
from acumatica_source.client.session import Session


@dataclass(frozen=True)
class Progress:
    """How a long operation goes.

    Attributes:
        elapsed: seconds since it was asked for.
        polls: how often its status was read.
    """

    elapsed: float
    polls: int


@dataclass(frozen=True)
class Waiting:
    """How to wait for a long operation.

    Attributes:
        interval: seconds between looks at its status; the first looks come sooner.
        timeout: seconds to wait in all.
        on_progress: called after each look that found it still running.
    """

    interval: float = 2.0
    timeout: float = 120.0
    on_progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        for name in ("interval", "timeout"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ConfigurationError(f"{name} is {value!r}; use a number of seconds above 0.")


def wait_until_done(
    session: Session, answer: requests.Response, waiting: Waiting, accept: str = "application/json"
) -> requests.Response:
    """Wait until an operation is done.

    Args:
        session: the session that asked for it; its status is shown to no other.
        answer: what the request was answered with.
        waiting: how long, and how often to look.
        accept: the format of the result, where there is one.

    Returns:
        The last answer: 204, or 200 with the result.

    Raises:
        OperationTimedOut: it was still running after `waiting.timeout`.
        AcumaticaError: it failed.
    """
    if answer.status_code != 202:
        return answer  # a Location may come with 204 too; it leads nowhere
    location = answer.headers.get("Location")
    shown = public_url(str(answer.url))
    if not location:
        raise UnexpectedAnswer(
            f"{shown} started an operation without saying where its status is.",
            status=202,
            method="POST",
            url=shown,
        )
    begun, polls, pause = time.monotonic(), 0, min(0.1, waiting.interval)
    while True:
        time.sleep(pause)
        pause = min(waiting.interval, pause * 2)
        status = session.request("GET", location, headers={"Accept": accept})
        polls += 1
        if status.status_code != 202:
            return status
        elapsed = time.monotonic() - begun
        if waiting.on_progress is not None:
            waiting.on_progress(Progress(elapsed, polls))
        if elapsed + pause > waiting.timeout:
            raise OperationTimedOut(
                f"The operation at {shown} was still running after {elapsed:.0f} s. It goes on at "
                "the server; look at its result there, or wait longer (timeout).",
                method="POST",
                url=shown,
            )
