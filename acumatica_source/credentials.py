"""What dlt needs to sign in to an instance."""

from typing import TYPE_CHECKING, Any

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration
from dlt.common.typing import TSecretStrValue


@configspec
class AcumaticaCredentials(CredentialsConfiguration):
    """An instance and a user of it, as dlt's configuration providers supply them.

    `sources.acumatica.credentials` in `.dlt/secrets.toml`, or environment variables such as
    `SOURCES__ACUMATICA__CREDENTIALS__BASE_URL`.
    """

    base_url: str = None  # type: ignore[assignment]
    """Root URL of the site, with its virtual directory (`https://erp.example.com/Site`)."""
    username: str = None  # type: ignore[assignment]
    password: TSecretStrValue = None  # type: ignore[assignment]
    tenant: str = None  # type: ignore[assignment]
    """Login name of the tenant."""
    branch: str | None = None
    """Branch id; it decides what is visible where rows belong to branches."""
    locale: str | None = None
    """Culture of the session (`en-US`); labels of drop-downs come in its language."""
    verify_ssl: bool = True

    def __str__(self) -> str:
        return f"{self.username}@{self.tenant} at {self.base_url}"

    def __repr__(self) -> str:
        return f"AcumaticaCredentials({self})"

    if TYPE_CHECKING:

        def __init__(self, **fields: Any) -> None: ...
