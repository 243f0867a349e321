"""Signing in and out by cookies, and the session that a request is of."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from acumatica_sandbox.answers import http_error, json_answer
from acumatica_sandbox.bodies import parse_body
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.identity.oauth import no_seat, session_of
from acumatica_sandbox.identity.sessions import SESSION_COOKIE, ApiSession, NoSeat, SignInRefused
from acumatica_sandbox.identity.sign_in_page import page


async def sign_in(directory: Directory, request: Request, path: str) -> Response:
    """`POST /entity/auth/login`: name and password for cookies."""
    if request.method != "POST":
        return json_answer({"message": "The requested resource does not support it."}, 405)
    raw = await request.body()
    if "form-urlencoded" in request.headers.get("Content-Type", ""):
        body: dict[str, object] = dict(parse_qsl(raw.decode("latin-1")))
    else:
        body = parse_body(raw)
    if body.get("tenant") and body.get("company"):
        return http_error(500, "tenant and company cannot be specified at the same time.")
    try:
        user = directory.sessions.check(body.get("name"), body.get("password"))
        tenant = directory.sessions.tenant_of(body.get("tenant") or body.get("company"))
        session = directory.sessions.open(tenant, user)
    except NoSeat as refusal:
        if directory.options.login_limit_status == 429:
            return Response(str(refusal).encode(), 429, media_type="text/plain")
        return no_seat(directory.options, refusal)
    except SignInRefused as refusal:
        return http_error(500, str(refusal), refusal.kind)
    return with_cookies(Response(status_code=204), session)


async def sign_out(directory: Directory, request: Request, path: str) -> Response:
    """`POST /entity/auth/logout`: frees the seat."""
    if request.method != "POST":
        return json_answer({"message": "The requested resource does not support it."}, 405)
    session = signed_in(directory, request)
    if session is not None:
        directory.sessions.sign_out(session.id)
    directory.conventional.sign_out(request.cookies.get(SESSION_COOKIE, ""))
    answer = Response(status_code=204)
    for name in (SESSION_COOKIE, ".ASPXAUTH"):
        gone = f"{name}=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"
        answer.headers.append("Set-Cookie", gone)
    return answer


async def sign_in_page(directory: Directory, request: Request, path: str) -> Response:
    """`GET /Frames/Login.aspx`: shows a session its tenant."""
    session = signed_in(directory, request)
    return Response(page(session.tenant if session else None), media_type="text/html")


def with_cookies(answer: Response, session: ApiSession) -> Response:
    """The answer with the session's three cookies."""
    for cookie in (
        f"{SESSION_COOKIE}={session.id}; path=/; HttpOnly; SameSite=Lax",
        f".ASPXAUTH={auth_cookie(session)}; path=/; HttpOnly",
        "UserBranch=16; path=/; HttpOnly",
    ):
        answer.headers.append("Set-Cookie", cookie)
    return answer


def auth_cookie(session: ApiSession) -> str:
    """The second cookie: without it the session is not signed in."""
    return f"{session.id[::-1]}{session.salt}".upper()


def signed_in(directory: Directory, request: Request) -> ApiSession | None:
    """The session that a request's token or cookies belong to."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return session_of(directory, token.strip(), request.cookies.get(SESSION_COOKIE))
    session = directory.sessions.find(request.cookies.get(SESSION_COOKIE))
    if session is None or request.cookies.get(".ASPXAUTH") != auth_cookie(session):
        return None
    return session
