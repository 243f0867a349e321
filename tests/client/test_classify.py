import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.client import errors
from acumatica_source.client.classify import classify

URL = "https://erp.example.com/Site/entity/Default/24.200.001/Customer"


def http_error(text: str, kind: str = "PX.Data.PXException", **more: Any) -> bytes:
    return json.dumps(
        {"message": "An error has occurred.", "exceptionMessage": text, "exceptionType": kind}
        | more
    ).encode()


def judge(status: int, body: bytes, url: str = URL, kind: str = "application/json") -> Any:
    return classify(status, kind, body, method="GET", url=url, secrets=("hunter2",))


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
        (404, b"", "EndpointNotFound"),
        (412, b"", "PreconditionFailed"),
        (414, b"", "InvalidQuery"),
        (422, b'{"error":"x"}', "ValidationError"),
        (429, b"", "Throttled"),
        (502, b"", "ServerUnavailable"),
        (503, b"", "ServerUnavailable"),
        (504, b"", "ServerUnavailable"),
        (418, b"", "UnexpectedAnswer"),
    ],
)
def test_the_text_decides_then_the_status(status: int, body: bytes, expected: str) -> None:
    error = judge(status, body)
    assert type(error).__name__ == expected
    assert error.status == status
    assert error.method == "GET"
    assert error.url == URL


def test_a_missing_record_by_key_may_be_404() -> None:
    assert type(judge(404, b"", URL + "/ABC")) is errors.NotFound


def test_the_words_of_the_inner_exception_are_kept() -> None:
    inner = {"exceptionMessage": "The document is out of balance.", "exceptionType": "E"}
    error = judge(500, http_error("Outer.", innerException=inner))
    assert "out of balance" in str(error)
    assert "Outer." in error.server_message


def test_blamed_fields_are_named() -> None:
    text = (
        "Optimization cannot be performed.The following fields cause the error:\r\n"
        "RealGainAcctID: View CuryRecords has BQL delegate\r\n"
        "Details.Total: View Totals has BQL delegate\r\n"
    )
    error = judge(500, http_error(text))
    assert error.fields == ("RealGainAcctID", "Details.Total")
    assert error.views == ("CuryRecords", "Totals")


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
