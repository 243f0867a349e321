"""Where the instance lives, and which addresses belong to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from acumatica_source.client.errors import ConfigurationError

_ABSOLUTE = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?]*)([^?]*)(\?.*)?\Z", re.DOTALL)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\#]")


@dataclass(frozen=True)
class SiteAddress:
    """The address of one Acumatica instance.

    Attributes:
        origin: scheme, host and port, such as `https://erp.example.com`.
        root: the virtual directory with a leading slash, such as `/Site`; empty at the top.
    """

    origin: str
    root: str

    @classmethod
    def parse(cls, base_url: str) -> "SiteAddress":
        """Read a base URL as people write it.

        Raises:
            ConfigurationError: it is no http(s) address, or carries more than an address.
        """
        shape = "use the address of the site, such as https://erp.example.com/Site"
        if not isinstance(base_url, str) or not base_url.strip():
            raise ConfigurationError(f"base_url is empty or no text; {shape}.")
        text = base_url.strip()
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError(f"base_url is not an address ({error}); {shape}.") from None
        # The address itself is not shown before it is known to carry no password.
        if parts.username is not None or parts.password is not None:
            raise ConfigurationError("base_url carries a user name; give username and password.")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"base_url {text!r} is not an http(s) address; {shape}.")
        if parts.query or parts.fragment or _FORBIDDEN.search(text):
            raise ConfigurationError(f"base_url {text!r} has parts that do not belong; {shape}.")
        root = parts.path.rstrip("/")
        for tail in ("/entity", "/entity/auth/login", "/Frames/Login.aspx", "/Main"):
            if root.lower().endswith(tail.lower()):
                raise ConfigurationError(
                    f"base_url {text!r} points inside the site; "
                    f"use {text[: text.lower().rindex(tail.lower())]}."
                )
        if _has_dots(root):
            raise ConfigurationError(f"base_url {text!r} contains . or .. steps; {shape}.")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        default = {"http": 80, "https": 443}[parts.scheme]
        suffix = "" if port in (None, default) else f":{port}"
        return cls(f"{parts.scheme}://{host}{suffix}", root)

    @property
    def base_url(self) -> str:
        """The address without a trailing slash."""
        return self.origin + self.root

    @property
    def secure(self) -> bool:
        """Whether the address is reached by TLS."""
        return self.origin.startswith("https:")

    def url(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """The absolute address of a path or link.

        Args:
            path: relative to the instance (`entity/Default/24.200.001/Customer`), or a link from an
                answer: site-absolute (`/Site/entity/…`) or absolute.
            params: query parameters; values are encoded here, a `+` included.

        Raises:
            ConfigurationError: the address does not belong to this instance. Credentials are sent
                nowhere else.
        """
        if not isinstance(path, str) or not path:
            raise ConfigurationError(f"{path!r} is no path; use one such as 'entity'.")
        if _FORBIDDEN.sub("", path.replace(" ", "")) != path.replace(" ", ""):
            raise ConfigurationError(
                f"The path {path!r} contains control characters, '\\' or '#'; quote its segments."
            )
        path = path.replace(" ", "%20")
        if path.startswith("//") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path):
            path = self._site_path(path)
        if path.startswith("/"):
            inside = path[len(self.root) :]
            within = path[: len(self.root)].lower() == self.root.lower()
            if not within or inside[:1] not in ("/", "?", ""):
                raise ConfigurationError(
                    f"The link {path!r} leads out of {self.base_url}; "
                    "credentials are not sent there. Check base_url and its virtual directory."
                )
            path = inside.lstrip("/")
        bare, _, query = path.partition("?")
        if _has_dots(bare):
            raise ConfigurationError(f"The path {path!r} contains . or .. steps.")
        if params:
            encoded = urlencode(params, quote_via=quote, safe="$,/'()")
            query = f"{query}&{encoded}" if query else encoded
        return f"{self.base_url}/{bare}" + (f"?{query}" if query else "")

    def linked(self, link: str, asked: str) -> str:
        """The address of the further page that an answer links to.

        A server behind a load balancer writes the scheme, host and port that it knows itself by.
        So whatever these are, the page is asked for where the user has configured the instance to
        be; but only if it is a page of the service that was asked.

        Args:
            link: the link as the answer has it: absolute, or relative to `asked` (RFC 3986).
            asked: the path, relative to the instance or absolute, that gave the answer.

        Raises:
            ConfigurationError: the link leads elsewhere.
        """
        text = link.strip().replace(" ", "%20")
        try:
            urlsplit(text)
        except ValueError:
            raise ConfigurationError(f"The link {text!r} is no address.") from None
        if _FORBIDDEN.search(text):
            raise ConfigurationError(f"The link {text!r} has characters that no address has.")
        base = urlsplit(self.url(asked)).path
        service = base[: base.rindex("/") + 1]
        if text.startswith("?"):
            return self.url(base + text)
        absolute = _ABSOLUTE.match(text)
        if absolute is None and not text.startswith("/"):
            path, mark, query = text.partition("?")
            # A colon within a name makes no scheme behind "./".
            return self.url(urljoin(service, f"./{path}") + mark + query)
        if absolute is None or self.owns(text):
            return self.url(text)
        scheme, host, path, query = absolute.groups(default="")
        within = unquote(path).lower().startswith(unquote(service).lower())
        if scheme.lower() not in ("", "http", "https") or "@" in host or not host or not within:
            raise ConfigurationError(
                f"The link {public_url(text)!r} leads out of {self.origin}{service}; credentials "
                "are not sent there. Check base_url and its virtual directory."
            )
        return self.url(path + query)

    def owns(self, url: str) -> bool:
        """Whether an absolute address belongs to this instance."""
        try:
            self.url(url)
        except ConfigurationError:
            return False
        return True

    def is_odata(self, url: str) -> bool:
        """Whether an address of this instance belongs to one of its OData interfaces."""
        path = urlsplit(url).path[len(self.root) :].lower()
        return path.startswith(("/odata/", "/odatav4/")) or (
            path.startswith("/t/") and "/api/odata/" in path
        )

    def _site_path(self, link: str) -> str:
        try:
            parts = urlsplit(link)
            port = parts.port
        except ValueError:
            raise ConfigurationError(f"{link!r} is no address.") from None
        mine = urlsplit(self.origin)
        defaults = {"http": 80, "https": 443}
        same = (
            parts.scheme.lower() == mine.scheme
            and parts.hostname == mine.hostname
            and (port or defaults.get(parts.scheme.lower())) == (mine.port or defaults[mine.scheme])
            and parts.username is None
            and parts.password is None
        )
        if not same:
            raise ConfigurationError(
                f"The link {parts.scheme}://{parts.hostname} is not {self.origin}; "
                "credentials are not sent there."
            )
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _has_dots(path: str) -> bool:
    decoded = unquote(unquote(path)).replace("\\", "/")
    return any(part in (".", "..") for part in decoded.split("/"))


def segment(value: object, what: str = "key value") -> str:
    """One value as one path segment, quoted.

    Raises:
        ConfigurationError: the value is empty, or cannot stand in a path at all.
    """
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text.strip():
        raise ConfigurationError(f"{value!r} cannot be a {what}: use a non-empty text or a number.")
    if "/" in text or "|" in text:
        # Integration Development Guide: Retrieve a Record by Key Fields.
        raise ConfigurationError(
            f"The {what} {text!r} contains '/' or '|', which separate keys in the address; "
            "read the record by its id, or with a filter."
        )
    if text in (".", "..") or re.search(r"[\x00-\x1f\x7f]", text):
        raise ConfigurationError(f"{text!r} cannot be a {what} in an address.")
    return quote(text, safe="")


def public_url(url: str) -> str:
    """An address that may be shown: no user name or password, no secrets in the query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = "&".join(
        f"{name}=***" if _SECRET_NAME.search(name) else f"{name}={quote(value, safe=_READABLE)}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    if len(query) > 300:
        query = query[:300] + "…"
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


_SECRET_NAME = re.compile(r"passw|secret|token|^code$|assertion|auth|key$|ticket|session", re.I)
_READABLE = "$'(),/: "
