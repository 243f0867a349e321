"""Everything that can go wrong, as one tree.

    AcumaticaError
    ├── ConfigurationError        refused before any request was sent; also a ValueError
    ├── ConnectionFailed          no complete answer: unreachable, refused, cut off
    │   ├── TimedOut
    │   └── CertificateRejected   TLS; never retried
    ├── AuthenticationError       the sign-in was refused
    │   ├── InvalidCredentials
    │   ├── UnknownTenant
    │   ├── PasswordChangeRequired
    │   ├── AccountLocked
    │   └── SessionExpired        the session ended and signing in again did not help
    ├── SeatLimitReached          no free API session: the licence's limit, or the user's own
    ├── TransientError            may succeed later; raised when the retries are used up
    │   ├── OperationRunning      a long operation of the session still runs on the form
    │   ├── Throttled             the licence's request limits
    │   └── ServerUnavailable     a gateway, a restart, an overload
    ├── AccessDenied              no rights, or the feature is off
    ├── NotFound
    │   ├── RecordNotFound
    │   └── EndpointNotFound      unknown endpoint, version, entity or action
    ├── OptimizationError         the list cannot be compiled to one query; read record by record
    ├── InvalidQuery              the filter, field names or body are not accepted
    ├── NotConfigured             the form's preferences were never entered
    ├── ValidationError           the record was refused, with errors per field
    ├── PreconditionFailed        create found the record, or update did not
    ├── OperationTimedOut         a long operation still runs on the server
    ├── ServerError               any other failure inside the server
    └── UnexpectedAnswer          not what the API answers: HTML, a redirect, no JSON
        └── ResponseTooLarge

Which of them an answer is, `classify` tells.
"""

from dataclasses import dataclass
from typing import ClassVar


class AcumaticaError(RuntimeError):
    """Base of every error of this package.

    Attributes:
        status: HTTP status of the answer, None when there was none.
        method: HTTP method of the request, None when none was sent.
        url: the request's address without secrets, None when none was sent.
        server_message: the server's own words, trimmed; empty when it said nothing.
        retry_after: seconds the server asked to wait, None when it did not.
        attempts: how often the request was sent before giving up.
    """

    retryable: ClassVar[bool] = False
    """Whether repeating an idempotent request may help."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        method: str | None = None,
        url: str | None = None,
        server_message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.method = method
        self.url = url
        self.server_message = server_message
        self.retry_after = retry_after
        self.attempts = 1

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} (tried {self.attempts} times)" if self.attempts > 1 else text


class ConfigurationError(AcumaticaError, ValueError):
    """An argument is wrong; nothing was sent."""


class ConnectionFailed(AcumaticaError):
    """The server could not be reached, or its answer did not arrive whole.

    Attributes:
        unsent: whether the failure came before anything of the request was sent.
    """

    retryable = True
    unsent: bool = False


class TimedOut(ConnectionFailed):
    """No answer within the time limit."""


class CertificateRejected(ConnectionFailed):
    """The server's TLS certificate was not accepted."""

    retryable = False


class AuthenticationError(AcumaticaError):
    """The server refused the sign-in."""


class InvalidCredentials(AuthenticationError):
    """User name or password is wrong."""


class UnknownTenant(AuthenticationError):
    """The instance has no tenant of that name."""


class PasswordChangeRequired(AuthenticationError):
    """The password must be changed in the browser first."""


class AccountLocked(AuthenticationError):
    """The account is locked or disabled."""


class SessionExpired(AuthenticationError):
    """The server does not know the session (any more)."""


class SeatLimitReached(AcumaticaError):
    """All API sessions that the licence, or the user's own limit, allows are taken."""


class TransientError(AcumaticaError):
    """The same request may succeed later."""

    retryable = True


class OperationRunning(TransientError):
    """A long operation of the session still runs on the form, and the request was turned away."""


class Throttled(TransientError):
    """The licence's request limits were reached and the request was declined."""


class ServerUnavailable(TransientError):
    """A gateway, a restart or an overload: the application did not get to answer."""


class AccessDenied(AcumaticaError):
    """The user has no rights to the form, or the form's feature is off."""


class NotFound(AcumaticaError):
    """The address leads nowhere."""


class RecordNotFound(NotFound):
    """No record has these keys or this id."""


class EndpointNotFound(NotFound):
    """Endpoint, version, entity or action do not exist."""


class OptimizationError(AcumaticaError):
    """The list cannot be compiled to one database query.

    Attributes:
        fields: contract field names that the server blames, in its order; may be empty.
        views: names of the data views that the server blames; may be empty.
    """

    fields: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class InvalidQuery(AcumaticaError):
    """The server does not accept the filter, a field name, the address or the body."""


class NotConfigured(AcumaticaError):
    """The preferences that this form needs were never entered."""


@dataclass(frozen=True)
class FieldError:
    """One complaint about a record.

    Attributes:
        path: where, such as `Details/0/Project`; empty for the record itself.
        message: the server's words.
    """

    path: str
    message: str


class ValidationError(AcumaticaError):
    """The record was not accepted.

    Attributes:
        field_errors: the complaints, in document order.
    """

    field_errors: tuple[FieldError, ...] = ()


class PreconditionFailed(AcumaticaError):
    """The record to create exists already, or the one to update does not."""


class OperationTimedOut(AcumaticaError):
    """A long operation was not done in time; it goes on at the server."""


class ServerError(AcumaticaError):
    """A failure inside the server that repeating will not cure."""


class UnexpectedAnswer(AcumaticaError):
    """The answer is not one of the API's: an HTML page, a redirect, something else than JSON."""


class ResponseTooLarge(UnexpectedAnswer):
    """The answer is longer than the limit, as sent or after decompression."""


class InsecureTransportWarning(UserWarning):
    """Certificates are not verified, or credentials travel without TLS."""
