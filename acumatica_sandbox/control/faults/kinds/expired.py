"""Sessions that have expired, in the forms that clients meet."""

from starlette.responses import Response

from acumatica_sandbox.control.faults.kind import Kind, Wire
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.identity.sign_in_page import ADDRESS, page
from acumatica_sandbox.site import Site


class Expired401(Kind):
    """The plain form."""

    name = "expired_401"
    text = "401, as when the session has expired"

    def instead(self, rule: Rule, site: Site) -> Response:
        """401 without a body."""
        return Response(status_code=401)


class ExpiredHtml(Kind):
    """The form that looks like success."""

    name = "expired_html"
    text = "the sign-in page with status 200"

    def instead(self, rule: Rule, site: Site) -> Response:
        """The page where people sign in."""
        return Response(page(), 200, media_type="text/html")


class Expired302(Kind):
    """The form that leads away."""

    name = "expired_302"
    text = "a redirect to the sign-in page"

    def instead(self, rule: Rule, site: Site) -> Response:
        """The way to the page where people sign in."""
        place = f"{site.prefix}/{ADDRESS}?ReturnUrl=%2f"
        return Response(status_code=302, headers={"Location": place})


class KillSessions(Kind):
    """Sessions that really end."""

    name = "kill_sessions"
    text = "all sessions end before the request"

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """End them, and go on."""
        site.directory.sessions.sign_out_all()
        return False
