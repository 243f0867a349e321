"""Signing in and out (Integration Development Guide: Login, Logout; License Restrictions)."""

import http.client
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.desk import Desk, Start


def test_sign_in_answers_204_and_sets_three_cookies(start: Start) -> None:
    """Integration Development Guide: Login."""
    with start() as desk:
        names = set(desk.cookies.keys())
    assert names == {"ASP.NET_SessionId", ".ASPXAUTH", "UserBranch"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "entity/Default/24.200.001"),
        ("GET", "entity/Default/24.200.001/swagger.json"),
        ("GET", "entity/Default/24.200.001/Customer"),
        ("GET", "entity/Default/24.200.001/Customer/C000001"),
        ("GET", "entity/Default/24.200.001/Customer/$adHocSchema"),
        ("GET", "entity/Default/24.200.001/Nothing"),
        ("PUT", "entity/Default/24.200.001/Customer"),
        ("DELETE", "entity/Default/24.200.001/Customer/C000001"),
        ("POST", "entity/Default/24.200.001/SalesOrder/CancelSalesOrder"),
        ("GET", "entity/Default/24.200.001/files/00000000-0000-0000-0000-000000000000"),
        ("GET", "t/Company/api/odata/gi"),
        ("GET", "t/Company/api/odata/dac/SOOrder"),
    ],
)
def test_without_a_session_everything_else_is_401(desk: Desk, method: str, path: str) -> None:
    """Integration Development Guide: Login; a request must carry the session's cookies."""
    answer = requests.request(method, f"{desk.site}/{path}", data=b"{}")
    assert answer.status_code == 401


def test_the_sign_in_page_shows_a_session_its_tenant(start: Start) -> None:
    """A sign-in to one tenant only succeeds whatever tenant is named: the page tells the truth."""
    with start(tenants=("North & South",)) as desk:
        desk.sign_out()
        assert desk.sign_in(tenant="Elsewhere").status_code == 204
        page = desk.get(f"{desk.site}/Frames/Login.aspx")
        assert page.headers["Content-Type"].startswith("text/html")
        assert 'id="txtSingleCompany" value="North &amp; South"' in page.text
        assert "txtSingleCompany" not in requests.get(f"{desk.site}/Frames/Login.aspx").text


def test_a_session_outlives_a_change_of_password_but_not_a_restart(start: Start) -> None:
    """Publishing a customization restarts the site: sessions are gone, signing in again works."""
    with start() as desk:
        desk.sandbox.control.set_options(password="another")
        assert desk.read("Customer", top=1).status_code == 200
        desk.sandbox.control.sign_out_all()
        assert desk.read("Customer", top=1).status_code == 401
        assert desk.sign_in(password="sandbox").status_code == 500
        assert desk.sign_in(password="another").status_code == 204


@pytest.mark.parametrize("missing", ["ASP.NET_SessionId", ".ASPXAUTH"])
def test_cookies_must_be_replayed(desk: Desk, missing: str) -> None:
    cookies = {name: value for name, value in desk.cookies.items() if name != missing}
    answer = requests.get(f"{desk.endpoint}/Customer", cookies=cookies)
    assert answer.status_code == 401


def test_sign_out_answers_204_ends_the_session_and_frees_the_seat(start: Start) -> None:
    """Integration Development Guide: Logout."""
    with start() as desk:
        kept = desk.cookies.get_dict()
        assert desk.sign_out().status_code == 204
        assert requests.get(f"{desk.endpoint}/Customer", cookies=kept).status_code == 401
        assert desk.sandbox.control.counters()["seats_now"] == 0
        assert desk.sandbox.control.counters()["logouts"] == 1


def test_a_post_without_content_length_is_411(desk: Desk) -> None:
    """The web server demands a length, also of an empty body."""
    place = urlsplit(desk.site)
    connection = http.client.HTTPConnection(str(place.hostname), place.port or 80)
    connection.putrequest("POST", f"{place.path}/entity/auth/logout")
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_a_post_in_chunks_needs_no_content_length(start: Start) -> None:
    with start() as desk:
        body = (part for part in (b'{"name":"admin",', b'"password":"sandbox"}'))
        headers = {"Content-Type": "application/json"}
        answer = requests.post(f"{desk.site}/entity/auth/login", data=body, headers=headers)
    assert answer.status_code == 204


def test_the_third_session_of_a_trial_is_refused_with_500(start: Start) -> None:
    """Integration Development Guide: License Restrictions for API Users."""
    with start() as desk, Desk(desk.sandbox) as second, Desk(desk.sandbox) as third:
        assert second.sign_in().status_code == 204
        answer = third.sign_in()
        assert answer.status_code == 500
        assert "API Login Limit" in answer.json()["exceptionMessage"]
        second.sign_out()
        assert third.sign_in().status_code == 204


def test_the_limit_can_be_a_plain_429(start: Start) -> None:
    with start(seats=1, login_limit_status=429) as desk, Desk(desk.sandbox) as second:
        answer = second.sign_in()
    assert answer.status_code == 429
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "API Login Limit" in answer.text


def test_an_idle_session_expires_after_ten_minutes(start: Start) -> None:
    """Integration Development Guide: Logout; an idle session ends after ten minutes."""
    with start() as desk:
        desk.sandbox.control.advance(9 * 60)
        assert desk.read("Customer", top=1).status_code == 200
        desk.sandbox.control.advance(11 * 60)
        assert desk.read("Customer", top=1).status_code == 401
        assert desk.sandbox.control.counters()["seats_now"] == 0


def test_a_wrong_password_is_500_with_the_documents_text(desk: Desk) -> None:
    answer = Desk(desk.sandbox).sign_in(password="wrong")
    assert answer.status_code == 500
    assert "Invalid credentials" in answer.json()["exceptionMessage"]


def test_with_one_tenant_any_name_signs_in(start: Start) -> None:
    with start(seats=3) as desk:
        assert Desk(desk.sandbox).sign_in(tenant="Elsewhere").status_code == 204


def test_with_several_tenants_an_unknown_one_is_refused(start: Start) -> None:
    with start(tenants=("Company", "Other"), seats=5) as desk:
        answer = Desk(desk.sandbox).sign_in(tenant="Elsewhere")
        assert answer.status_code == 500
        assert answer.json()["exceptionType"] == "PX.Data.PXUndefinedCompanyException"
        assert Desk(desk.sandbox).sign_in(tenant="Other").status_code == 204
        assert Desk(desk.sandbox).sign_in(company="Other").status_code == 204


def test_tenant_and_company_exclude_each_other(desk: Desk) -> None:
    answer = Desk(desk.sandbox).sign_in(tenant="Company", company="Company")
    assert answer.status_code == 500


def test_sign_in_takes_a_form_too(start: Start) -> None:
    with start() as desk:
        form = {"name": "admin", "password": "sandbox"}
        assert requests.post(f"{desk.site}/entity/auth/login", data=form).status_code == 204


def test_killed_sessions_answer_401(start: Start) -> None:
    with start() as desk:
        assert desk.sandbox.control.sign_out_all() == 1
        assert desk.read("Customer").status_code == 401


def test_a_user_can_have_fewer_seats_than_the_licence(start: Start) -> None:
    """User Guide: Users; the limit of API sign-ins of one user."""
    with start(seats=3, seats_per_user=1, other_users=("second",)) as desk:
        answer = Desk(desk.sandbox).sign_in()
        assert answer.status_code == 500
        assert "number of concurrent API logins" in answer.json()["exceptionMessage"]
        assert Desk(desk.sandbox).sign_in(name="second").status_code == 204
        desk.sign_out()
        assert desk.sign_in().status_code == 204


@pytest.mark.parametrize("own", [True, False], ids=["the user's", "the licence's"])
def test_a_limit_may_be_shown_as_an_error_page(start: Start, own: bool) -> None:
    """Reported of OAuth: a redirect whose address has the words."""
    limit = {"seats_per_user": 1} if own else {"seats": 1}
    with start(seat_refusal="page", **limit) as desk:
        form = {"name": "admin", "password": "sandbox"}
        login = f"{desk.site}/entity/auth/login"
        answer = requests.post(login, json=form, allow_redirects=False)
        assert answer.status_code == 302
        page = urlsplit(answer.headers["Location"])
        assert page.path == "/AcumaticaERP/Frames/Error.aspx"
        words = parse_qs(page.query)["message"][0]
        assert ("concurrent API logins" if own else "API Login Limit") in words


def test_basic_on_odata_is_a_conventional_user_and_takes_no_seat(start: Start) -> None:
    """User Guide: License Monitoring Console; API users and concurrent users are counted apart."""
    with start(seats=1, concurrent_users=2) as desk:
        inquiries = f"{desk.site}/t/Company/api/odata/gi"
        basic = (desk.sandbox.username, desk.sandbox.password)
        clients = [requests.Session() for _ in range(3)]
        for client in clients:
            assert client.get(inquiries, auth=basic).status_code == 200
            assert client.get(inquiries).status_code == 200
        oldest, *others = clients
        assert oldest.get(inquiries).status_code == 401
        assert [client.get(inquiries).status_code for client in others] == [200, 200]
        counters = desk.sandbox.control.counters()
        assert counters["seats_now"] == 1
        assert counters["conventional_users_now"] == counters["conventional_users_max"] == 2
        assert counters["conventional_users_displaced"] == 1
        assert oldest.get(inquiries, auth=basic).status_code == 200
        assert others[0].get(inquiries).status_code == 401
        for client in clients:
            client.close()
