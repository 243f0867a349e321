"""One HTTP session to one instance: sends a single request and reads its answer, no more."""

import re
import time
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from acumatica_source.client.address import SiteAddress, public_url
from acumatica_source.client.auth import AuthAnswer, Authenticator, Flow
from acumatica_source.client.errors import AcumaticaError, ConfigurationError, ConnectionFailed
from acumatica_source.client.retry import RequestKind, pause_before_next
from acumatica_source.client.transport import (
    Transport,
    connection_error,
    open_http,
    put_back,
    read_body,
)


class _Authorization(AuthBase):
    """Adds the Authorization header on the instance's own addresses, and only there.

    It also keeps a ~/.netrc from taking the place of the credentials given.
    """

    def __init__(self, instance: SiteAddress, auth: Authenticator) -> None:
        self._instance = instance
        self._auth = auth

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        url = str(request.url)
        odata = self._instance.is_odata(url)
        value = self._auth.odata_authorization() if odata else self._auth.authorization()
        signing_in = url.startswith(f"{self._instance.base_url}/identity/")
        if value is not None and not signing_in and self._instance.owns(url):
            request.headers["Authorization"] = value
        return request


class Wire:
    """Sends requests to one instance with one cookie jar.

    Attributes:
        http: the HTTP session.
        requests_made: requests sent so far.
    """

    def __init__(self, instance: SiteAddress, transport: Transport, auth: Authenticator) -> None:
        self.http = open_http()
        self.http.auth = _Authorization(instance, auth)
        verify = transport.verify_ssl
        self.http.verify = verify if isinstance(verify, bool) else str(verify)
        self.requests_made = 0
        self._instance = instance
        self._limits = transport

    def exchange(
        self,
        request: requests.Request,
        stream: bool = False,
        timeout: tuple[float, float] | None = None,
    ) -> tuple[requests.Response, bytes]:
        """Send one request.

        Args:
            request: what to send.
            stream: leave the body of a good answer unread, for the caller to read and close.
            timeout: seconds to connect, and to wait for bytes; the transport's by default.

        Returns:
            The answer, whatever its status, and its body.

        Raises:
            ConnectionFailed: there was no complete answer.
            ResponseTooLarge: there was too much of it.
        """
        try:
            prepared = self.http.prepare_request(request)
        except (requests.exceptions.RequestException, UnicodeError) as failure:
            raise ConfigurationError(f"{request.method} {request.url}: {failure}") from None
        method, url = str(prepared.method), str(prepared.url)
        settings = self._environment(url)
        self.requests_made += 1
        response: requests.Response | None = None
        failed: AcumaticaError
        # OData opens a session of its own beside the one that holds the seat; its cookies must
        # not take the place of those that sign the seat out.
        kept = self.http.cookies.copy() if self._instance.is_odata(url) else None
        try:
            response = self.http.send(
                prepared,
                stream=True,
                timeout=timeout or (self._limits.connect_timeout, self._limits.read_timeout),
                allow_redirects=False,
                **settings,
            )
            # A page in place of a file has to be looked at, so it is read all the same.
            page = "html" in response.headers.get("Content-Type", "").lower()
            if stream and response.status_code < 300 and not page:
                return response, b""
            body = read_body(response, self._limits.max_response_bytes)
            put_back(response, body)
            return response, body
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
            urllib3.exceptions.HTTPError,
        ) as failure:
            _close(response)
            failed = connection_error(failure, method, url)
        except requests.exceptions.RequestException as failure:
            _close(response)
            failed = ConfigurationError(f"{method} {public_url(url)}: {failure}")
        except BaseException:
            _close(response)  # interrupted in the middle: the connection is of no more use
            raise
        finally:
            if kept is not None:
                self.http.cookies = kept
        # Raised here, without the failure as its context: tracebacks are shown with the values of
        # variables, and those of the HTTP layer hold the body, with the password.
        raise failed

    def run(
        self,
        flow: Flow,
        timeout: tuple[float, float] | None = None,
        kind: RequestKind | None = None,
    ) -> int:
        """Carry an authentication flow through.

        Args:
            flow: the flow.
            timeout: as for `exchange`.
            kind: what its requests are for, if they are to be repeated when the connection fails;
                None if the flow is to be carried through anew.

        Returns:
            The status of the last answer.
        """
        status = 204
        try:
            step = next(flow)
            while True:
                request = requests.Request(
                    step.method,
                    self._instance.url(step.path),
                    headers={"Accept": "application/json"},
                    json=step.json,
                    data=step.form,
                )
                time.sleep(step.pause)
                answer = self._answer(*self._insist(request, timeout, kind))
                status = answer.status
                step = flow.send(answer)
        except StopIteration:
            return status
        finally:
            flow.close()

    def _insist(
        self,
        request: requests.Request,
        timeout: tuple[float, float] | None,
        kind: RequestKind | None,
    ) -> tuple[requests.Response, bytes]:
        attempt = 1
        while True:
            try:
                return self.exchange(request, timeout=timeout)
            except ConnectionFailed as error:
                if kind is None:
                    raise
                pause = pause_before_next(self._limits.retries, kind, error, attempt)
                if pause is None:
                    raise
            time.sleep(pause)
            attempt += 1

    def _answer(self, response: requests.Response, body: bytes) -> AuthAnswer:
        wait = response.headers.get("Retry-After", "")
        return AuthAnswer(
            status=response.status_code,
            content_type=response.headers.get("Content-Type", "").lower(),
            body=body,
            url=str(response.url),
            cookies=frozenset(cookie.name for cookie in self.http.cookies),
            retry_after=float(wait) if re.fullmatch(r"\d{1,6}", wait) else None,
            location=response.headers.get("Location", ""),
        )

    def _environment(self, url: str) -> dict[str, Any]:
        """Proxies and certificates from the environment; an explicit `verify` has the last word."""
        settings = self.http.merge_environment_settings(url, {}, True, None, None)
        if self.http.verify is not True:
            settings["verify"] = self.http.verify
        return {name: settings[name] for name in ("proxies", "verify", "cert")}


def _close(response: requests.Response | None) -> None:
    if response is not None:
        response.close()
