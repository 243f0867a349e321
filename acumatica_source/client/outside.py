"""Requests that no session sends in its turn: of nobody, and beside what a session is doing."""

from collections.abc import Mapping
from typing import ClassVar

import requests

from acumatica_source.client.address import SiteAddress
from acumatica_source.client.auth import Flow
from acumatica_source.client.session import Session
from acumatica_source.client.transport import Body, Transport
from acumatica_source.client.wire import Wire


class _Nobody:
    """Has nothing to sign in with."""

    keeps_session: ClassVar[bool] = False

    def sign_in(self) -> Flow:
        yield from ()

    def sign_out(self) -> Flow:
        yield from ()

    def expired(self) -> bool:
        return False

    def authorization(self) -> None:
        return None

    def odata_authorization(self) -> None:
        return None

    def secrets(self) -> tuple[str, ...]:
        return ()


def anonymous_answer(instance: SiteAddress, transport: Transport, path: str) -> Body:
    """The answer to a read without cookies and credentials, whatever its status.

    Raises:
        ConnectionFailed: there was no complete answer.
    """
    return _answer(Wire(instance, transport, _Nobody()), instance.url(path))


def answer_beside(session: Session, path: str, params: Mapping[str, str] | None = None) -> Body:
    """The answer to a read of a session by cookies, sent without waiting for its turn.

    Raises:
        ConnectionFailed: there was no complete answer.
    """
    wire = Wire(session.instance, session.transport, _Nobody())
    wire.http.cookies.update(session.http.cookies)
    return _answer(wire, session.instance.url(path, params))


def _answer(wire: Wire, url: str) -> Body:
    try:
        request = requests.Request("GET", url, headers={"Accept": "application/json"})
        response, content = wire.exchange(request)
    finally:
        wire.http.close()
    return Body(content, response.status_code, response.headers)
