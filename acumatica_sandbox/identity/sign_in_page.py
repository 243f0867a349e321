"""The page where people sign in: what expired sessions see, and what tells the tenant landed on."""

from html import escape

ADDRESS = "Frames/Login.aspx"


def page(tenant: str | None = None) -> str:
    """The page; within a session it holds the tenant, hidden."""
    hidden = f'<input type="hidden" id="txtSingleCompany" value="{escape(tenant or "")}" />'
    return (
        "<!DOCTYPE html><html><head><title>Sign In</title></head><body>"
        '<form method="post" action="Login.aspx" id="aspnetForm">'
        '<input type="text" id="txtUser" /><input type="password" id="txtPass" />'
        f"{hidden if tenant else ''}</form></body></html>"
    )
