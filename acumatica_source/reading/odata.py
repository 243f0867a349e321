"""The OData services of an instance: where they are, what their metadata say, one request.

There are two of version 4: generic inquiries, and the data access classes (DACs) that the forms of
the ERP are made of.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from acumatica_source.client.address import segment
from acumatica_source.client.errors import AccessDenied, ConfigurationError, NotFound
from acumatica_source.client.pool import SessionPool
from acumatica_source.client.session import Session
from acumatica_source.client.transport import Body
from acumatica_source.contract.edmx import WITH_PARAMETERS, Feed, Feeds, parse_edmx

MOST_NAMES = 30
"""Names that a message lists."""


def inquiries_path(tenant: str) -> str:
    """Where an instance serves its generic inquiries, below its base URL."""
    return f"t/{segment(tenant, 'tenant')}/api/odata/gi"


def classes_path(tenant: str) -> str:
    """Where an instance serves its data access classes, below its base URL."""
    return f"t/{segment(tenant, 'tenant')}/api/odata/dac"


def ask(
    pool: SessionPool,
    path: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    next_link: str | None = None,
) -> Body:
    """One answer of an OData service.

    Args:
        pool: The seats to ask with.
        path: Path below the instance.
        params: Query parameters.
        headers: Further headers.
        next_link: What an answer of that path says where it continues; asked in its place.

    Raises:
        AccessDenied: the user has no rights to it; the message says which it takes.
        NotFound: there is no such service or set.
        AcumaticaError: the request failed otherwise.
    """

    def answer(session: Session) -> Body:
        if next_link is None:
            return session.get_bytes(path, params, headers)
        return session.get_bytes(session.instance.linked(next_link, path), None, headers)

    try:
        return pool.run(answer)
    except AccessDenied as error:
        needed = (
            "Data access classes take the role 'OData4 User' and rights to the forms that show them"
            if "/odata/dac" in path
            else "An inquiry takes rights to its form, View Only at least"
        )
        raise AccessDenied(f"{error} {needed}.", **_origin(error)) from error
    except NotFound as error:
        raise NotFound(
            f"{error} The tenant in the address is case-sensitive, and the release of the instance "
            "has to offer this service.",
            **_origin(error),
        ) from error


def metadata(pool: SessionPool, service: str) -> bytes:
    """The `$metadata` of the service at this path; errors as `ask` raises them."""
    return ask(pool, f"{service}/$metadata", headers={"Accept": "application/xml"}).content


def inquiries(pool: SessionPool, tenant: str) -> Feeds:
    """The generic inquiries that are exposed; errors as `ask` raises them."""
    sets = parse_edmx(metadata(pool, inquiries_path(tenant))).sets
    return Feeds({name: f for name, f in sets.items() if not name.endswith(WITH_PARAMETERS)})


def named(feeds: Feeds, name: str, what: str) -> Feed:
    """The feed of that name.

    Args:
        feeds: All there are.
        name: The name that a user has given.
        what: What they are (`generic inquiry`), for the message.

    Raises:
        ConfigurationError: there is none; the message names near ones.
    """
    if name in feeds.sets:
        return feeds.sets[name]
    near = difflib.get_close_matches(name, feeds.sets, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {', '.join(near)}?"
    else:
        known = sorted(feeds.sets)
        more = " and more" if len(known) > MOST_NAMES else ""
        hint = f"There are: {', '.join(known[:MOST_NAMES]) or 'none'}{more}."
    raise ConfigurationError(f"No {what} {name!r} is served over OData. {hint}")


def _origin(error: AccessDenied | NotFound) -> dict[str, Any]:
    return {
        "status": error.status,
        "method": error.method,
        "url": error.url,
        "server_message": error.server_message,
    }
