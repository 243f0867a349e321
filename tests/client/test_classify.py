import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.client import errors
from acumatica_source.client.classify import classify, looks_like_sign_in_page

URL = "https://erp.example.com/Site/entity/Default/24.200.001/Customer"


def http_error(text: str, kind: str = "PX.Data.PXException", **more: Any) -> bytes:
    return json.dumps(
        {"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind}
        | more
    ).encode()


def judge(
    status: int,
    body: bytes,
    url: str = URL,
    kind: str = "application/json",
    method: str = "GET",
) -> Any:
    return classify(status, kind, body, method=method, url=url, secrets=("", "hunter2"))


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def chain(*levels: dict[str, Any]) -> dict[str, Any]:
    """A document in which each level is the inner exception of the one before."""
    first, *inner = levels
    return first | ({"innerException": chain(*inner)} if inner else {})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (500, http_error("Error: Invalid credentials. Please try again."), "InvalidCredentials"),
        (401, http_error("Invalid credentials"), "InvalidCredentials"),
        (500, http_error("API Login Limit"), "SeatLimitReached"),
        (429, b"API Login Limit has been exceeded", "SeatLimitReached"),
        (500, http_error("x", "PX.Data.PXUndefinedCompanyException"), "UnknownTenant"),
        (500, http_error("A proper company ID cannot be determined"), "UnknownTenant"),
        (500, http_error("Your password has expired."), "PasswordChangeRequired"),
        (500, http_error("The user account is locked out."), "AccountLocked"),
        (500, http_error("No entity satisfies the condition."), "RecordNotFound"),
        (
            500,
            http_error("x", "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"),
            "RecordNotFound",
        ),
        (500, http_error("Optimization cannot be performed."), "OptimizationError"),
        (500, http_error("There is a BqlDelegate in view Features"), "OptimizationError"),
        (500, http_error("x", "PX.Api.CannotOptimizeException"), "OptimizationError"),
        (500, http_error("The given key was not present in the dictionary."), "InvalidQuery"),
        (500, http_error("Type conversions not supported"), "InvalidQuery"),
        (500, http_error("x", "Microsoft.Data.OData.ODataException"), "InvalidQuery"),
        (
            500,
            http_error("The required configuration data is not entered on the X form."),
            "NotConfigured",
        ),
        (500, http_error("x", "PX.Data.PXSetupNotEnteredException"), "NotConfigured"),
        (500, http_error("Object reference not set to an instance"), "ServerError"),
        (500, b"<html><title>Runtime Error</title></html>", "ServerUnavailable"),
        (500, b"The custom error module does not recognize this error.", "Throttled"),
        (400, b"", "InvalidQuery"),
        (400, b'{"error":"invalid_client"}', "AuthenticationError"),
        (
            400,
            b'{"error":{"code":"","message":"Could not find a property named \'X\'"}}',
            "InvalidQuery",
        ),
        (401, b"", "SessionExpired"),
        (403, http_error("You have insufficient rights"), "AccessDenied"),
        (403, b'{"error":"x"}', "AccessDenied"),
        (302, b'{"error":"x"}', "UnexpectedAnswer"),
        (404, b"", "EndpointNotFound"),
        (405, b"", "InvalidQuery"),
        (406, b"", "InvalidQuery"),
        (408, b"", "ServerUnavailable"),
        (411, b"", "UnexpectedAnswer"),
        (412, b"", "PreconditionFailed"),
        (413, b"", "InvalidQuery"),
        (414, b"", "InvalidQuery"),
        (422, b'{"error":"x"}', "ValidationError"),
        (429, b"", "Throttled"),
        (502, b"", "ServerUnavailable"),
        (503, b"", "ServerUnavailable"),
        (504, b"", "ServerUnavailable"),
        (501, b"{}", "ServerError"),
        (418, b"", "UnexpectedAnswer"),
    ],
)
def test_the_text_decides_then_the_status(status: int, body: bytes, expected: str) -> None:
    error = judge(status, body)
    assert type(error).__name__ == expected
    assert error.status == status
    assert error.method == "GET"
    assert error.url == URL


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "Site/entity/Default/24.200.001/Customer", errors.EndpointNotFound),
        ("GET", "Site/entity/Default/24.200.001/Customer/ABC", errors.NotFound),
        ("PUT", "Site/entity/Default/24.200.001/Customer/ABC", errors.NotFound),
        ("GET", "Site/Entity/Default/24.200.001/Customer", errors.EndpointNotFound),
        ("POST", "Site/entity/Default/24.200.001/Invoice/Release", errors.EndpointNotFound),
        ("GET", "Site/odata/BI", errors.EndpointNotFound),
        ("GET", "Site/t/Company/api/odata", errors.NotFound),
    ],
    ids=["list", "record", "record to put", "capital", "action", "feed", "long feed"],
)
def test_only_the_address_of_a_record_may_lead_nowhere(
    method: str, path: str, expected: type[errors.AcumaticaError]
) -> None:
    error = judge(404, b"", f"https://erp.example.com/{path}", method=method)
    assert type(error) is expected


@pytest.mark.parametrize(
    ("status", "kind", "misled"),
    [(300, "", True), (302, "", True), (399, "", True), (418, "text/html", True), (418, "", False)],
)
def test_redirects_and_pages_tell_to_check_the_address(
    status: int, kind: str, misled: bool
) -> None:
    assert ("Check the address" in str(judge(status, b"", kind=kind))) is misled


def test_a_message_is_the_request_the_words_and_what_to_do() -> None:
    assert str(judge(403, http_error("You have\r\n\tno  rights."))) == (
        f"GET {URL} answered 403: You have no rights. "
        "The user has no rights to this form, or its feature is switched off."
    )
    assert str(judge(503, b"")) == f"GET {URL} answered 503. Try again later."


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("Plain words", "Plain words"),
        ({"message": "Said.", "messageDetail": "In detail."}, "Said."),
        ({"message": "An error has occurred.", "messageDetail": "In detail."}, "In detail."),
        ({"message": "An error has occurred"}, ""),
        (chain({"message": "Outer."}, {"exceptionMessage": "Inner."}), "Outer. Inner."),
        (chain({"message": "Same."}, {"message": "Same."}), "Same."),
        ({"message": "Outer.", "internalexception": {"message": "Inner."}}, "Outer. Inner."),
        ({"error": {"message": "Bad."}}, "Bad."),
        ({"error": {"message": {"lang": "en", "value": "Bad."}}}, "Bad."),
        ({"error": {"message": {"lang": "en"}}}, ""),
        ({"error": {"message": "Bad.", "innererror": {"message": "Why."}}}, "Bad. Why."),
        ({"error": {"message": "Bad.", "innerError": {"message": "Why."}}}, "Bad. Why."),
        ({"error": {"message": None}, "message": "Other."}, ""),
        ({"error": "invalid_client", "error_description": "Unknown."}, "invalid_client Unknown."),
        ([{"message": "In a list."}], ""),
    ],
)
def test_words_for_people_are_kept(document: Any, words: str) -> None:
    assert judge(500, as_json(document)).server_message == words


def test_eight_levels_of_inner_exceptions_are_heard() -> None:
    levels = [{"message": f"{level}"} for level in range(1, 10)]
    assert judge(500, as_json(chain(*levels))).server_message == "1 2 3 4 5 6 7 8"


@pytest.mark.parametrize(
    ("level", "expected"), [(1, "NotConfigured"), (8, "NotConfigured"), (9, "ServerError")]
)
def test_types_of_inner_exceptions_decide_behind_a_long_trace(level: int, expected: str) -> None:
    levels: list[dict[str, Any]] = [{} for _ in range(level)]
    levels[0]["stackTrace"] = "at PX.Data " * 7000
    levels[-1]["exceptionType"] = "PX.Data.PXSetupNotEnteredException"
    assert type(judge(500, as_json(chain(*levels)))).__name__ == expected


def test_long_words_are_cut() -> None:
    assert judge(500, http_error("x" * 600)).server_message == "x" * 600
    assert judge(500, http_error("x" * 601)).server_message == "x" * 600 + "…"


def test_documents_beyond_4_mib_are_not_parsed() -> None:
    def document(size: int) -> bytes:
        return as_json({"message": "x" * (size - len(as_json({"message": ""})))})

    assert type(judge(500, document(4 << 20))) is errors.ServerError
    assert type(judge(500, document((4 << 20) + 1))) is errors.ServerUnavailable


def test_of_a_long_text_the_beginning_decides() -> None:
    said = b"API Login Limit"
    padding = b"." * (65536 - len(said))
    assert type(judge(500, padding + said)) is errors.SeatLimitReached
    assert type(judge(500, b"." + padding + said)) is errors.ServerUnavailable


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (b"<html><TITLE lang='en'>Runtime Error</title><p>x</p></html>", "Runtime Error"),
        (b"<p>Out <b>of</b> order</p>", "Out of order"),
        (b"1 > 0", "1 > 0"),
        (b"\xff", "\ufffd"),
    ],
    ids=["title", "no title", "plain", "broken"],
)
def test_pages_are_told_by_their_title_or_without_tags(page: bytes, words: str) -> None:
    assert judge(500, page).server_message == words


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<HTML><form action='Login.aspx'>", True),
        (b"<html><input type='x' TYPE=\"password\">", True),
        (b"<html><input id='txtUser'>", True),
        (b"<html><input id='txtPass'>", True),
        (b"<html>Maintenance</html>", False),
        (b'{"Link":"Login.aspx"}', False),
        (b"<html>" + b"." * (65536 - 16) + b"login.aspx", True),
        (b"<html>" + b"." * (65536 - 15) + b"login.aspx", False),
    ],
    ids=["link", "password", "user", "pass", "other page", "no page", "at 64 KiB", "beyond"],
)
def test_sign_in_pages_are_known(body: bytes, expected: bool) -> None:
    assert looks_like_sign_in_page(body) is expected


def test_blamed_fields_are_named() -> None:
    text = (
        "Optimization cannot be performed.The following fields cause the error:\r\n"
        "RealGainAcctID: View CuryRecords has BQL delegate\r\n"
        "Details.Total: View Totals has BQL delegate\r\n"
    )
    error = judge(500, http_error(text))
    assert error.fields == ("RealGainAcctID", "Details.Total")
    assert error.views == ("CuryRecords", "Totals")


def test_fields_are_blamed_once_and_for_any_reason() -> None:
    text = (
        "Optimization cannot be performed.The following fields cause the error:\n"
        "Total: View Totals has BQL delegate\n"
        " Rate : in a word, impossible\n"
        "Total: View Totals has BQL delegate\n"
    )
    error = judge(500, http_error(text))
    assert error.fields == ("Total", "Rate")
    assert error.views == ("Totals",)


def test_nothing_is_blamed_where_no_fields_are_listed() -> None:
    error = judge(500, http_error("CannotOptimize: There is a BqlDelegate in view Features"))
    assert error.fields == ()
    assert error.views == ("Features",)


def test_complaints_about_fields_are_kept() -> None:
    body = {
        "id": "x",
        "error": "Inserting 'AP Transactions' record raised at least one error.",
        "Details": [{"Project": {"value": "T", "error": "Project 'T' cannot be found."}}],
    }
    error = judge(422, json.dumps(body).encode())
    assert [(e.path, e.message) for e in error.field_errors] == [
        ("", "Inserting 'AP Transactions' record raised at least one error."),
        ("Details/0/Project", "Project 'T' cannot be found."),
    ]
    assert "AP Transactions" in str(error)


def test_complaints_about_fields_alone_become_the_words() -> None:
    body = as_json({"Qty": {"error": "Too many"}, "Memo": {"error": "Say hunter2"}, "Hold": {}})
    error = judge(422, body)
    assert error.server_message == "Qty: Too many; Memo: Say ***"
    assert (
        str(error) == f"GET {URL} answered 422: {error.server_message}. Correct the named fields."
    )


def test_the_words_of_a_refused_record_come_before_its_fields() -> None:
    error = judge(422, as_json({"error": "Refused.", "Qty": {"error": "Too many."}}))
    assert error.server_message == "Refused."


def test_complaints_are_found_up_to_twenty_levels_down() -> None:
    def nested(levels: int) -> bytes:
        document: dict[str, Any] = {"error": "Bad."}
        for _ in range(levels):
            document = {"A": document}
        return as_json(document)

    (found,) = judge(422, nested(20)).field_errors
    assert found == errors.FieldError("/".join("A" * 20), "Bad.")
    assert judge(422, nested(21)).field_errors == ()


def test_stack_traces_are_not_repeated() -> None:
    error = judge(500, http_error("Bad.", stackTrace="   at PX.Data.PXGraph.Persist()"))
    assert "PXGraph" not in str(error)


def test_secrets_are_not_repeated() -> None:
    assert "hunter2" not in str(judge(500, http_error("password hunter2 rejected")))


@given(st.binary(max_size=400), st.integers(300, 599), st.sampled_from(["", "text/html", "x/json"]))
def test_any_answer_has_a_meaning(body: bytes, status: int, kind: str) -> None:
    error = judge(status, body, kind=kind)
    assert isinstance(error, errors.AcumaticaError)
    assert len(str(error)) < 2000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "exceptionMessage", "innerException", "Details"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([400, 401, 404, 422, 429, 500]))
def test_any_document_has_a_meaning(document: Any, status: int) -> None:
    assert isinstance(judge(status, json.dumps(document).encode()), errors.AcumaticaError)


def test_deep_nesting_does_no_harm() -> None:
    judge(500, b'{"error":' * 100_000 + b"1" + b"}" * 100_000)
