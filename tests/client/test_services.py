"""What each method sends, and what it makes of the answer."""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from acumatica_source.client import (
    AcumaticaClient,
    F,
    InquiryBuilder,
    QueryOptions,
    RecordBuilder,
    errors,
)
from acumatica_source.client.operations import Progress

from .server import Reply, ScriptedServer, Seen, data, failure

V = "24.200.001"
ID = "a0f8594a-7de2-e811-b816-00155d408001"
BASE = f"/Site/entity/Default/{V}"
OPTIONS = QueryOptions(filter=F.Status == "Active", select=["A", "B"], top=5)
QUERY = {"$filter": "(Status eq 'Active')", "$select": "A,B", "$top": "5"}


class Built:
    """Somebody else's builder."""

    def build(self) -> dict[str, Any]:
        return {"A": {"value": 1}}


def v(**values: Any) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}


def about(kind: str) -> dict[str, Any]:
    return v(Type="M", Summary="Call", Body="Long", RelatedEntityNoteID=ID, RelatedEntityType=kind)


Call = Callable[[AcumaticaClient], Any]


def listing(method: str, *options: QueryOptions) -> Call:
    return lambda client: bound(client, method)(V, *options)


def saving(method: str) -> Call:
    return lambda client: bound(client, method)(V, Built())


CALLS: list[tuple[str, Call, str, str, dict[str, str], Any]] = []
for method, entity in (
    ("accounts.get_accounts", "Account"),
    ("contacts.get_contacts", "Contact"),
    ("customers.get_customers", "Customer"),
    ("employees.get_employees", "Employee"),
    ("invoices.get_invoices", "Invoice"),
    ("ledgers.get_ledgers", "Ledger"),
):
    path = f"{BASE}/{entity}"
    CALLS.append((method, listing(method), "GET", path, {}, None))
    CALLS.append((f"{method}-options", listing(method, OPTIONS), "GET", path, QUERY, None))
CALLS += [
    (method, saving(method), "PUT", f"{BASE}/{entity}", {}, v(A=1))
    for method, entity in (
        ("contacts.create_contact", "Contact"),
        ("customers.create_customer", "Customer"),
        ("customers.update_customer", "Customer"),
        ("codes.create_deduction_benefit_code", "DeductionBenefitCode"),
        ("codes.create_earning_type_code", "EarningTypeCode"),
        ("codes.create_payroll_wcc_code", "PayrollWCCCode"),
        ("employees.create_employee", "Employee"),
        ("leads.create_lead", "Lead"),
        ("invoices.create_invoice", "Invoice"),
        ("payments.create_payment", "Payment"),
    )
]
CALLS += [
    (
        "accounts.add_account_to_group",
        lambda c: c.accounts.add_account_to_group(V, "1000", "G"),
        *("PUT", f"{BASE}/Account", {}, v(AccountCD="1000", AccountGroup="G")),
    ),
    (
        "accounts.remove_account_from_group",
        lambda c: c.accounts.remove_account_from_group(V, accountCD="1000"),
        *("PUT", f"{BASE}/Account", {}, v(AccountCD="1000", AccountGroup=None)),
    ),
    (
        "accounts.create_account_group",
        lambda c: c.accounts.create_account_group(V, "G", "Group"),
        *("PUT", f"{BASE}/AccountGroup", {}, v(AccountGroupID="G", Description="Group")),
    ),
    (
        "accounts.set_default_account_for_group",
        lambda c: c.accounts.set_default_account_for_group(V, "G", "1000"),
        *("PUT", f"{BASE}/AccountGroup", {}, v(AccountGroupID="G", DefaultAccountID="1000")),
    ),
    (
        "contacts.deactivate_contact",
        lambda c: c.contacts.deactivate_contact(V, F.ContactID == 7),
        *("PUT", f"{BASE}/Contact", {"$filter": "(ContactID eq 7)"}, v(Active=False)),
    ),
    (
        "contacts.update_contact",
        lambda c: c.contacts.update_contact(V, "ContactID eq 7", {"Email": {"value": "x"}}),
        *("PUT", f"{BASE}/Contact", {"$filter": "ContactID eq 7"}, v(Email="x")),
    ),
    (
        "contacts.link_contact_to_customer",
        lambda c: c.contacts.link_contact_to_customer(V, 7, "ABC"),
        *("PUT", f"{BASE}/Contact", {"$filter": "(ContactID eq 7)"}, v(BusinessAccount="ABC")),
    ),
    (
        "contacts.delete_contact",
        lambda c: c.contacts.delete_contact(V, ID),
        *("DELETE", f"{BASE}/Contact/{ID}", {}, None),
    ),
    (
        "customers.update_customer_currency_overriding",
        lambda c: c.customers.update_customer_currency_overriding(V, "ABC", True),
        "PUT",
        f"{BASE}/Customer",
        {},
        v(CustomerID="ABC", EnableCurrencyOverride=True, CurrencyRateType="SPOT"),
    ),
    (
        "customers.assign_tax_zone",
        lambda c: c.customers.assign_tax_zone(V, "ABC", "Z"),
        "PUT",
        f"{BASE}/Customer",
        {"$select": "CustomerID,TaxZone"},
        v(CustomerID="ABC", TaxZone="Z"),
    ),
    (
        "customers.get_shipping_contact",
        lambda c: c.customers.get_shipping_contact(V, "ABC"),
        "GET",
        f"{BASE}/Customer",
        {"$filter": "(CustomerID eq 'ABC')", "$expand": "ShippingContact"},
        None,
    ),
    (
        "invoices.update_invoice",
        lambda c: c.invoices.update_invoice(V, RecordBuilder().system("id", ID)),
        *("PUT", f"{BASE}/Invoice", {}, {"id": ID}),
    ),
    (
        "invoices.release_invoice",
        lambda c: c.invoices.release_invoice(V, ID),
        *("POST", f"{BASE}/Invoice/ReleaseInvoice", {}, {"entity": {"id": ID}}),
    ),
    (
        "payments.get_payment",
        lambda c: c.payments.get_payment(V, "Payment", "000001"),
        *("GET", f"{BASE}/Payment/Payment/000001", {}, None),
    ),
    (
        "payments.release_payment",
        lambda c: c.payments.release_payment(V, "Payment", "000001"),
        "POST",
        f"{BASE}/Payment/Release",
        {},
        {"entity": v(Type="Payment", ReferenceNbr="000001")},
    ),
    (
        "records.get_record_by_key_field",
        lambda c: c.records.get_record_by_key_field(V, "SalesOrder", "SO", "000 1#ü"),
        *("GET", f"{BASE}/SalesOrder/SO/000%201%23%C3%BC", {}, None),
    ),
    (
        "records.get_record_by_keys",
        lambda c: c.records.get_record_by_keys(V, "StockItem", "AALEGO500"),
        *("GET", f"{BASE}/StockItem/AALEGO500", {}, None),
    ),
    (
        "records.get_record_by_id",
        lambda c: c.records.get_record_by_id(V, "SalesOrder", id=ID),
        *("GET", f"{BASE}/SalesOrder/{ID}", {}, None),
    ),
    (
        "records.get_records_by_filter",
        lambda c: c.records.get_records_by_filter(V, "SalesOrder", OPTIONS),
        *("GET", f"{BASE}/SalesOrder", QUERY, None),
    ),
    (
        "records.get_records_by_filter-all",
        lambda c: c.records.get_records_by_filter(V, "SalesOrder", QueryOptions()),
        *("GET", f"{BASE}/SalesOrder", {}, None),
    ),
    (
        "records.patch_record",
        lambda c: c.records.patch_record(V, "Customer", Built()),
        *("PATCH", f"{BASE}/Customer", {}, v(A=1)),
    ),
    (
        "records.delete_record_by_key_field",
        lambda c: c.records.delete_record_by_key_field(V, "SalesOrder", "SO", "1"),
        *("DELETE", f"{BASE}/SalesOrder/SO/1", {}, None),
    ),
    (
        "records.delete_record_by_id",
        lambda c: c.records.delete_record_by_id(V, "SalesOrder", ID),
        *("DELETE", f"{BASE}/SalesOrder/{ID}", {}, None),
    ),
    (
        "records.get_custom_field_schema",
        lambda c: c.records.get_custom_field_schema(V, "SalesOrder"),
        *("GET", f"{BASE}/SalesOrder/$adHocSchema", {}, None),
    ),
    (
        "inquiries.get_data_from_inquiry_form",
        lambda c: c.inquiries.get_data_from_inquiry_form(
            V, "AccountSummaryInquiry", InquiryBuilder().param("Period", "012024").expand("Results")
        ),
        *("PUT", f"{BASE}/AccountSummaryInquiry", {"$expand": "Results"}, v(Period="012024")),
    ),
    (
        "inquiries.get_data_from_inquiry_form-default-expand",
        lambda c: c.inquiries.get_data_from_inquiry_form(V, "SalesPricesInquiry", InquiryBuilder()),
        *("PUT", f"{BASE}/SalesPricesInquiry", {"$expand": "SalesPriceDetails"}, {}),
    ),
    (
        "files.get_file_comments_by_key_field",
        lambda c: c.files.get_file_comments_by_key_field(V, "SalesOrder", "SO", "1"),
        "GET",
        f"{BASE}/SalesOrder/SO/1",
        {"$select": "files", "$expand": "files"},
        None,
    ),
    (
        "files.get_file_comments_by_id",
        lambda c: c.files.get_file_comments_by_id(V, "SalesOrder", ID),
        "GET",
        f"{BASE}/SalesOrder/{ID}",
        {"$select": "files", "$expand": "files"},
        None,
    ),
    (
        "files.delete_file",
        lambda c: c.files.delete_file(V, ID),
        *("DELETE", f"{BASE}/files/{ID}", {}, None),
    ),
    (
        "actions.execute_action",
        lambda c: c.actions.execute_action(V, "SalesOrder", "Go", {"id": ID}, {"P": 1}),
        *("POST", f"{BASE}/SalesOrder/Go", {}, {"entity": {"id": ID}, "parameters": v(P=1)}),
    ),
    (
        "actions.execute_custom_action",
        lambda c: c.actions.execute_custom_action(V, "Case", "Close", {"id": ID}, {"View": {}}),
        "POST",
        f"{BASE}/Case/Close",
        {},
        {"entity": {"id": ID}, "parameters": {"custom": {"View": {}}}},
    ),
    *(
        (
            f"activities.{method}",
            lambda c, m=method: bound(c, f"activities.{m}")(V, ID, "Call", "Long"),
            *("PUT", f"{BASE}/Activity", {}, about(kind)),
        )
        for method, kind in (
            ("create_activity_linked_to_case", "PX.Objects.CR.CRCase"),
            ("create_activity_linked_to_customer", "PX.Objects.AR.Customer"),
            ("create_activity_linked_to_lead", "PX.Objects.CR.CRLead"),
        )
    ),
]


def bound(client: AcumaticaClient, method: str) -> Any:
    service, _, name = method.partition(".")
    return getattr(getattr(client, service), name)


@pytest.mark.parametrize(
    ("call", "method", "path", "query", "body"), [pytest.param(*c[1:], id=c[0]) for c in CALLS]
)
def test_what_is_sent(
    server: ScriptedServer,
    client: AcumaticaClient,
    call: Call,
    method: str,
    path: str,
    query: dict[str, str],
    body: Any,
) -> None:
    done = method in ("DELETE", "POST")
    server.script = lambda seen: Reply(204) if done else data({"files": []})
    if "get_shipping_contact" in str(query):
        server.script = lambda seen: data([])
    if path.endswith("/Customer") and "$expand" in query:
        server.script = lambda seen: data([{"ShippingContact": {"Email": {"value": "x"}}}])
    call(client)
    (seen,) = server.reads
    assert seen.method == method
    assert urlsplit(seen.path).path == path
    assert dict(parse_qsl(urlsplit(seen.path).query)) == query
    assert (json.loads(seen.body) if seen.body else None) == body


def test_answers_are_returned_as_they_come(server: ScriptedServer, client: AcumaticaClient) -> None:
    records = [{"id": ID, "CustomerID": {"value": "ABC"}, "TaxZone": {}}]
    server.queue(data(records))
    assert client.customers.get_customers(V) == records


def test_shipping_contact_is_taken_out(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(data([{"ShippingContact": {"Email": {"value": "x"}}}]), data([]))
    assert client.customers.get_shipping_contact(V, "ABC") == {"Email": {"value": "x"}}
    assert client.customers.get_shipping_contact(V, "NONE") is None


def test_create_and_update_insist(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(data({}))
    day = dt.date(2024, 12, 31)
    client.records.create_record(V, "Customer", Built(), business_date=day, branch="HQ")
    client.records.update_record(V, "Customer", Built(), business_date="2024-12-31")
    create, update = (seen.headers for seen in server.reads)
    assert create["if-none-match"] == "*"
    assert create["px-cbapibusinessdate"] == update["px-cbapibusinessdate"] == "2024-12-31"
    assert create["px-cbapibranch"] == "HQ"
    assert update["if-match"] == "*"
    assert "if-none-match" not in update


def test_archived_records_on_request(server: ScriptedServer, client: AcumaticaClient) -> None:
    client.records.get_records_by_filter(V, "SalesOrder", QueryOptions(), show_archived=True)
    assert server.reads[0].headers["px-apiarchive"] == "SHOW"


def test_another_endpoint(server: ScriptedServer, connect: Any) -> None:
    client = connect(endpoint="MANUFACTURING")
    client.customers.get_customers("25.100.001")
    client.endpoint("eCommerce", "22.200.001").read("Customer")
    assert [seen.path for seen in server.reads] == [
        "/Site/entity/MANUFACTURING/25.100.001/Customer",
        "/Site/entity/eCommerce/22.200.001/Customer",
    ]


# -- pages ------------------------------------------------------------------------------------


def paged(total: int) -> Callable[[Seen], Reply]:
    def script(seen: Seen) -> Reply:
        query = dict(parse_qsl(urlsplit(seen.path).query))
        skip, top = int(query["$skip"]), int(query["$top"])
        rows = range(skip, min(total, skip + top))
        return data([{"id": str(UUID(int=n)), "n": n} for n in rows])

    return script


@pytest.mark.parametrize(
    ("total", "options", "expected", "requests"),
    [
        (25, QueryOptions(), range(25), 4),
        (20, QueryOptions(), range(20), 4),
        (0, QueryOptions(), range(0), 1),
        (25, QueryOptions(top=12), range(12), 2),
        (25, QueryOptions(skip=20), range(20, 25), 2),
        (25, QueryOptions(skip=3, top=10), range(3, 13), 1),
    ],
)
def test_all_pages(
    server: ScriptedServer,
    client: AcumaticaClient,
    total: int,
    options: QueryOptions,
    expected: range,
    requests: int,
) -> None:
    server.script = paged(total)
    rows = client.records.iterate(V, "Customer", options, page_size=10)
    assert [row["n"] for row in rows] == list(expected)
    assert len(server.reads) == requests


def test_pages_share_a_session(server: ScriptedServer, connect: Any) -> None:
    client = connect(persistent_login=False)
    server.script = paged(25)
    assert len(list(client.records.iterate(V, "Customer", page_size=10))) == 25
    assert (server.logins, server.logouts) == (1, 1)
    pages = client.records.iterate(V, "Customer", page_size=10)
    next(pages)
    pages.close()
    assert (server.logins, server.logouts) == (2, 2)


# -- long operations --------------------------------------------------------------------------

STATUS = f"{BASE}/Invoice/ReleaseInvoice/status/{ID}"
ACCEPTED = Reply(202, headers={"Location": STATUS})


def test_an_action_is_waited_for(server: ScriptedServer, connect: Any) -> None:
    client = connect(persistent_login=False)
    server.queue(
        ACCEPTED, Reply(202), Reply(503), Reply(202), Reply(204, headers={"Location": "/x"})
    )
    steps: list[Progress] = []
    client.actions.execute_action(
        V, "Invoice", "ReleaseInvoice", {"id": ID}, None, 0.01, on_progress=steps.append
    )
    assert [seen.path for seen in server.reads[1:]] == [STATUS] * 4
    assert [step.polls for step in steps] == [1, 2]
    assert (server.logins, server.logouts) == (1, 1)


def test_done_at_once_is_done(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(Reply(204, headers={"Location": "/nowhere"}))
    client.invoices.release_invoice(V, ID)
    assert len(server.reads) == 1


def test_a_failing_action_says_why(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(ACCEPTED, failure("The document is on hold."))
    with pytest.raises(errors.ServerError, match="on hold"):
        client.invoices.release_invoice(V, ID, polling_interval_sec=0.01)


def test_an_endless_action_is_given_up(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(ACCEPTED, Reply(202))
    with pytest.raises(errors.OperationTimedOut, match="still running"):
        client.invoices.release_invoice(V, ID, polling_interval_sec=0.01, timeout_sec=0.05)


@pytest.mark.parametrize("location", ["https://evil.example/x", "/Other/x", None])
def test_a_status_elsewhere_is_not_followed(
    server: ScriptedServer, client: AcumaticaClient, location: str | None
) -> None:
    server.queue(Reply(202, headers={"Location": location} if location else {}))
    with pytest.raises(errors.AcumaticaError):
        client.invoices.release_invoice(V, ID)
    assert len(server.reads) == 1


def test_the_other_name_of_releasing_a_payment(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    server.script = lambda seen: Reply(404 if seen.path.endswith("/Release") else 204)
    client.payments.release_payment(V, "Payment", "1")
    assert server.reads[-1].path.endswith("/Payment/ReleasePayment")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("PDF", "application/pdf"), ("html", "text/html"), ("Excel", "spreadsheetml")],
)
def test_reports(server: ScriptedServer, client: AcumaticaClient, name: str, kind: str) -> None:
    place = "/Site/entity/Report/0001/report/x/" + ID
    server.queue(
        Reply(202, headers={"Location": place}),
        Reply(202),
        Reply(200, b"<html>a report</html>", {"Content-Type": kind}),
    )
    report = client.records.request_report(
        "CashAccountSummary", "Report", "0001", {"Branch": "HQ"}, name, polling_interval_sec=0.01
    )
    assert report.content == b"<html>a report</html>"
    asked = server.reads[0]
    assert asked.path == "/Site/entity/Report/0001/CashAccountSummary"
    assert kind in asked.headers["accept"]
    assert json.loads(asked.body) == v(Branch="HQ")


# -- files ------------------------------------------------------------------------------------


def test_files_down(server: ScriptedServer, client: AcumaticaClient) -> None:
    content = bytes(range(256)) * 3000
    server.queue(Reply(200, content, {"Content-Type": "application/octet-stream"}))
    assert client.files.get_file(V, ID) == content
    target = io.BytesIO()
    assert client.files.download_file(V, ID, target) == len(content)
    assert target.getvalue() == content
    assert server.reads[0].path == f"{BASE}/files/{ID}"


def test_a_page_is_a_file_but_a_sign_in_page_is_not(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    page = Reply(200, b"<html>minutes</html>", {"Content-Type": "text/html"})
    sign_in = Reply(200, b'<html><input type="password"></html>', {"Content-Type": "text/html"})
    server.queue(sign_in, page, sign_in, page)
    assert client.files.get_file(V, ID) == b"<html>minutes</html>"
    target = io.BytesIO()
    client.files.download_file(V, ID, target)
    assert target.getvalue() == b"<html>minutes</html>"


@pytest.mark.parametrize("streamed", [False, True], ids=["bytes", "stream"])
def test_files_up(server: ScriptedServer, client: AcumaticaClient, streamed: bool) -> None:
    template = f"{BASE}/files/PX.Objects.SO.SOOrderEntry/Document/{ID}/{{filename}}"
    content = b"x" * 100_000
    server.queue(Reply(401), Reply(204))
    client.files.attach_file_to_record(
        template, "a b#1.txt", io.BytesIO(content) if streamed else content, "Signed copy"
    )
    seen = server.reads[-1]
    assert seen.method == "PUT"
    assert seen.path == template.replace("{filename}", "a%20b%231.txt")
    assert seen.body == content
    assert seen.headers["px-cbfilecomment"] == "Signed copy"


# -- inquiries --------------------------------------------------------------------------------


def test_generic_inquiries_follow_their_pages(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    server.queue(
        data({"value": [{"a": 1}], "@odata.nextLink": "Customer%20Contacts?$skip=1"}),
        data({"value": [{"a": 2}]}),
    )
    answer = client.inquiries.execute_generic_inquiry(
        "Customer Contacts", QueryOptions(filter=F.Name.contains("x"))
    )
    assert answer == {"value": [{"a": 1}, {"a": 2}]}
    place = "/Site/t/Company/api/odata/gi/Customer%20Contacts"
    assert server.reads[0].path == f"{place}?$filter=contains(Name,'x')"
    assert server.reads[1].path == f"{place}?$skip=1"


@pytest.mark.parametrize("reply", [Reply(200), Reply(204), Reply(200, b" ")])
def test_a_generic_inquiry_that_answers_nothing_is_no_inquiry_without_rows(
    server: ScriptedServer, client: AcumaticaClient, reply: Reply
) -> None:
    server.queue(reply)
    with pytest.raises(errors.UnexpectedAnswer, match="nothing at all"):
        client.inquiries.execute_generic_inquiry("X")
    server.queue(data({"value": []}))
    assert client.inquiries.execute_generic_inquiry("X") == {"value": []}


def test_next_links_of_a_generic_inquiry_come_from_behind_a_load_balancer(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    link = "https://node-2.internal:8443/Site/t/Company/api/odata/gi/X?$skip=1"
    server.queue(data({"value": [1], "@odata.nextLink": link}), data({"value": [2]}))
    assert client.inquiries.execute_generic_inquiry("X") == {"value": [1, 2]}
    assert server.reads[1].path == "/Site/t/Company/api/odata/gi/X?$skip=1"


@pytest.mark.parametrize("link", ["https://evil.example/t/Company", "/Other/x", "?$skip=1"])
def test_next_links_stay_inside_and_end(
    server: ScriptedServer, client: AcumaticaClient, link: str
) -> None:
    server.queue(data({"value": [], "@odata.nextLink": link}))
    with pytest.raises(errors.AcumaticaError):
        client.inquiries.execute_generic_inquiry("X")
    assert len(server.reads) <= 3


def fiscal_year(year: int, ends_inclusive: bool) -> dict[str, Any]:
    """Twelve periods from July on, and an adjustment period of no length."""
    lines = []
    for number in range(1, 13):
        month = (number + 5) % 12 + 1
        calendar = year - 1 if number <= 6 else year
        start = dt.date(calendar, month, 1)
        after = (start + dt.timedelta(days=32)).replace(day=1)
        end = after - dt.timedelta(days=1) if ends_inclusive else after
        lines.append(
            v(
                FinancialPeriodID=f"{number:02}-{year}",
                StartDate=f"{start}T00:00:00+00:00",
                EndDate=f"{end}T00:00:00+00:00",
            )
        )
    last = f"{year}-06-30T00:00:00+00:00"
    lines.append(v(FinancialPeriodID=f"13-{year}", StartDate=last, EndDate=last))
    return {**v(FinancialYear=str(year)), "Details": lines}


@pytest.mark.parametrize("ends_inclusive", [True, False])
@pytest.mark.parametrize("per_record", [False, True], ids=["list", "year-by-year"])
@pytest.mark.parametrize(
    ("first", "last", "periods"),
    [
        (dt.date(2024, 1, 10), dt.date(2024, 1, 20), ["072024"]),
        (dt.date(2023, 12, 31), dt.date(2024, 2, 1), ["062024", "072024", "082024"]),
        (dt.datetime(2024, 6, 30, 23, 59), dt.datetime(2024, 7, 1), ["122024", "132024", "012025"]),
    ],
)
def test_ledger_transactions_by_the_financial_calendar(
    server: ScriptedServer,
    client: AcumaticaClient,
    capsys: pytest.CaptureFixture[str],
    ends_inclusive: bool,
    per_record: bool,
    first: dt.date,
    last: dt.date,
    periods: list[str],
) -> None:
    years = {str(year): fiscal_year(year, ends_inclusive) for year in (2023, 2024, 2025)}

    def script(seen: Seen) -> Reply:
        place = urlsplit(seen.path).path.rpartition("/")[2]
        if place in years:
            return data(years[place])
        if place == "FinancialPeriod" and "$expand" in seen.path:
            return (
                failure("Optimization cannot be performed.")
                if per_record
                else data([*years.values()])
            )
        if place == "FinancialPeriod":
            return data([{"FinancialYear": {"value": year}} for year in years])
        assert dict(parse_qsl(urlsplit(seen.path).query)) == {"$expand": "Results"}
        body = json.loads(seen.body)
        assert body["FromPeriod"] == body["ToPeriod"]
        return data({**body, "Results": [v(PeriodID=body["FromPeriod"]["value"])]})

    server.script = script
    answer = client.transactions.get_ledger_transactions(V, first, last)
    assert [row["PeriodID"]["value"] for row in answer["Results"]] == periods
    assert capsys.readouterr().out == ""


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.customers.get_customers("v24"),
        lambda c: c.customers.get_customers(""),
        lambda c: c.customers.get_customers("../22.200.001"),
        lambda c: c.customers.get_customers(V, {"top": 1}),
        lambda c: c.customers.create_customer(V, "ABC"),
        lambda c: c.customers.create_customer(V, {"At": {"value": dt.datetime(2024, 1, 1)}}),
        lambda c: c.customers.create_customer(V, {"A": {"value": object()}}),
        lambda c: c.customers.create_customer(V, {"A": {"value": float("nan")}}),
        lambda c: c.contacts.update_contact(V, "", {}),
        lambda c: c.contacts.update_contact(V, QueryOptions(), {}),
        lambda c: c.contacts.delete_contact(V, "ABC"),
        lambda c: c.invoices.update_invoice(V, {}),
        lambda c: c.invoices.release_invoice(V, ID, timeout_sec=0),
        lambda c: c.payments.get_payment(V, "Payment", "1", QueryOptions(filter="A eq 1")),
        lambda c: c.payments.get_payment(V, "Payment", ""),
        lambda c: c.records.get_record_by_key_field(V, "SalesOrder", "SO", "a/b"),
        lambda c: c.records.get_records_by_filter(V, "Sales Order", QueryOptions()),
        lambda c: c.records.get_records_by_filter(V, "", QueryOptions()),
        lambda c: c.records.create_record(V, "Customer", Built(), branch="a\r\nb"),
        lambda c: c.records.request_report("R", "Report", "0001", output_format="Word"),
        lambda c: list(c.records.iterate(V, "Customer", page_size=0)),
        lambda c: c.files.attach_file_to_record("/x/{filename}", "a.txt", b""),
        lambda c: c.files.attach_file_to_record(f"{BASE}/x", "a.txt", b""),
        lambda c: c.files.attach_file_to_record(f"{BASE}/{{filename}}", "../a", b""),
        lambda c: c.files.attach_file_to_record(f"{BASE}/{{filename}}", "a", "text"),
        lambda c: c.files.attach_file_to_record(f"{BASE}/{{filename}}", "a", b"", "x" * 501),
        lambda c: c.inquiries.execute_generic_inquiry("a/b"),
        lambda c: c.inquiries.execute_generic_inquiry("X", QueryOptions(expand=["A"])),
        lambda c: c.inquiries.get_data_from_inquiry_form(V, "X", {}),
        lambda c: c.actions.execute_action(V, "Case", "Close it", {}),
        lambda c: c.transactions.get_ledger_transactions(V, "2024-01-01", dt.date(2024, 1, 2)),
        lambda c: c.transactions.get_ledger_transactions(
            V, dt.date(2024, 2, 1), dt.date(2024, 1, 2)
        ),
        lambda c: c.endpoint("De fault", V),
        lambda c: c.accounts.add_account_to_group(V, "", "G"),
        lambda c: c.accounts.create_account_group(V, None, "x"),
        lambda c: c.customers.get_shipping_contact(V, None),
        lambda c: c.customers.assign_tax_zone(V, "ABC", ""),
        lambda c: c.contacts.link_contact_to_customer(V, "7", "ABC"),
        lambda c: c.activities.create_activity_linked_to_case(V, "x", "Call", "Long"),
        lambda c: c.payments.release_payment(V, "Payment", None),
        lambda c: c.invoices.release_invoice(V, "INV000046"),
        lambda c: c.invoices.release_invoice(V, ID, polling_interval_sec="2"),
        lambda c: c.records.create_record(V, "Customer", Built(), business_date=20240101),
        lambda c: c.records.request_report("R", "Report", "0001", ["a"]),
    ],
)
def test_wrong_arguments_are_refused_before_any_request(
    server: ScriptedServer, client: AcumaticaClient, call: Call
) -> None:
    with pytest.raises(errors.ConfigurationError):
        call(client)
    assert server.reads == []


def test_unknown_services_are_named(client: AcumaticaClient) -> None:
    with pytest.raises(AttributeError, match="customers"):
        _ = client.custmers  # type: ignore[attr-defined]


def test_an_unknown_endpoint_is_told_from_an_unknown_entity(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    listed = {"endpoints": [{"name": "Default", "version": V, "href": "x"}]}
    server.script = lambda seen: data(listed) if seen.path == "/Site/entity" else Reply(404)
    with pytest.raises(errors.EndpointNotFound, match=r"offers Default/24\.200\.001"):
        client.customers.get_customers("22.200.001")
    with pytest.raises(errors.EndpointNotFound, match="no entity or action 'Customer'"):
        client.customers.get_customers(V)


def test_errors_are_runtime_errors(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(failure("Boom"))
    with pytest.raises(RuntimeError, match="Boom"):
        client.customers.get_customers(V)


def test_values_keep_their_meaning_in_bodies(
    server: ScriptedServer, client: AcumaticaClient
) -> None:
    server.queue(data({}))
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    exact = "12345678901234567.89"
    values = {"A": Decimal("12.30"), "B": Decimal(exact), "C": moment, "D": dt.date(2024, 1, 2)}
    client.customers.create_customer(V, {name: {"value": x} for name, x in values.items()})
    assert json.loads(server.reads[0].body) == v(
        A=12.3, B=exact, C="2024-01-02T03:04:05+00:00", D="2024-01-02"
    )


def test_something_else_than_json_is_told(server: ScriptedServer, client: AcumaticaClient) -> None:
    server.queue(Reply(200, b"hello", {"Content-Type": "text/plain"}))
    with pytest.raises(errors.UnexpectedAnswer, match="not JSON"):
        client.customers.get_customers(V)
    server.queue(Reply(200, b"[" * 200_000 + b"]" * 200_000, {"Content-Type": "application/json"}))
    with pytest.raises(errors.UnexpectedAnswer):
        client.customers.get_customers(V)
