"""`AcumaticaClient`: one signed-in user, and everything to be done with it."""

import difflib
from typing import TYPE_CHECKING, Any, NoReturn

import requests

from acumatica_source.client.auth import Credentials
from acumatica_source.client.encoding import from_json
from acumatica_source.client.endpoint import Endpoint
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.leftovers import SeatMemory
from acumatica_source.client.services.every import EveryService
from acumatica_source.client.session import Session
from acumatica_source.client.transport import Transport

_SERVICES = (
    *("accounts", "actions", "activities", "codes", "contacts", "customers", "employees", "files"),
    *("inquiries", "invoices", "leads", "ledgers", "payments", "records", "transactions"),
)


class AcumaticaClient(EveryService):
    """A client for one tenant of one Acumatica instance.

    Args:
        base_url: address of the site with its virtual directory, such as
            `https://erp.example.com/Site`.
        username: login name.
        password: password.
        tenant: the tenant's login name.
        branch: branch to work in; None for the user's default.
        locale: culture of the session, such as `en-US`; None for the user's default.
        verify_ssl: verify certificates; or the path of a bundle of authorities.
        persistent_login: sign in at once and keep the session until `logout`, the end of the
            `with` block or of the process. Otherwise each call signs in before and out after.
        retry_on_idle_logout: sign in again, once per request, when the session has expired.
        endpoint: name of the endpoint that the services address.
        transport: time limits, retries and the size limit; `verify_ssl` is taken from it if given.
        memory: where the session is remembered, so that the next start signs it out should this
            process be killed; none by default.

    Raises:
        ConfigurationError: an argument is wrong.
        AuthenticationError: the sign-in is refused.
        SeatLimitReached: the licence has no free API session.
        ConnectionFailed: the instance cannot be reached.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        tenant: str | None = None,
        branch: str | None = None,
        locale: str | None = None,
        verify_ssl: bool | str = True,
        persistent_login: bool = True,
        retry_on_idle_logout: bool = True,
        *,
        endpoint: str = "Default",
        transport: Transport | None = None,
        memory: SeatMemory | None = None,
    ) -> None:
        for name, flag in (
            ("persistent_login", persistent_login),
            ("retry_on_idle_logout", retry_on_idle_logout),
        ):
            if not isinstance(flag, bool):
                raise ConfigurationError(f"{name} is {flag!r}; use True or False.")
        credentials = Credentials(base_url, username, password, tenant, branch, locale)
        transport = transport or Transport(verify_ssl=verify_ssl)
        session = Session(
            credentials,
            transport,
            sign_in_again=retry_on_idle_logout,
            persistent=persistent_login,
            memory=memory,
        )
        self.username = username
        self.persistent_login = persistent_login
        self.retry_on_idle_logout = retry_on_idle_logout
        super().__init__(session, tenant, endpoint)
        if persistent_login:
            session.login()

    @classmethod
    def over(
        cls, session: Session, tenant: str | None = None, endpoint: str = "Default"
    ) -> "AcumaticaClient":
        """A client over a session that is signed in otherwise, such as by OAuth.

        Args:
            session: what requests go through; it is closed with the client.
            tenant: the tenant's name, which generic inquiries need.
            endpoint: name of the endpoint that the services address.
        """
        client = cls.__new__(cls)
        client.username = ""
        client.persistent_login = client.retry_on_idle_logout = True
        EveryService.__init__(client, session, tenant, endpoint)
        return client

    @property
    def session(self) -> requests.Session:
        """The underlying HTTP session. Requests sent by it directly have none of our care."""
        return self._session.http

    @property
    def seat(self) -> Session:
        """The careful session that every service of this client sends through."""
        return self._session

    def login(self) -> int:
        """Sign in, unless signed in.

        Returns:
            The server's status, usually 204; 204 without any request if signed in already.
        """
        return self._session.login()

    def logout(self) -> int:
        """Sign out, if signed in.

        Returns:
            The server's status, usually 204; 204 without any request if not signed in.
        """
        return self._session.logout()

    def get_endpoint_info(self) -> Any:
        """The build of the instance, and the endpoints it offers, as it says it itself."""
        return from_json(self._session.request("GET", "entity"))

    def endpoint(self, name: str, version: str) -> Endpoint:
        """Any endpoint of the instance, with every operation it has, for any entity."""
        return Endpoint(self._session, name, version)

    def landed_tenant(self) -> str | None:
        """The login name of the tenant signed in to, where the instance tells; else None."""
        return self._session.landed_tenant()

    if not TYPE_CHECKING:  # a type checker knows the attributes, and should say so

        def __getattr__(self, name: str) -> NoReturn:
            near = difflib.get_close_matches(name, _SERVICES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"services: {', '.join(_SERVICES)}."
            raise AttributeError(f"AcumaticaClient has no {name!r}; {hint}")

    def __enter__(self) -> "AcumaticaClient":
        return self

    def __exit__(self, *exc: object) -> None:
        self._session.close()

    def __repr__(self) -> str:
        return f"<AcumaticaClient {self.username} at {self.base_url}>"
