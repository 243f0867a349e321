"""Money: accounts, ledgers, invoices, payments, and the ledger's transactions."""

import datetime as dt
from dataclasses import replace
from typing import Any

from acumatica_source.client.encoding import (
    Payload,
    body_of,
    identifier,
    required,
    wrapped,
)
from acumatica_source.client.endpoint import Endpoint
from acumatica_source.client.errors import (
    ConfigurationError,
    EndpointNotFound,
    OptimizationError,
    UnexpectedAnswer,
)
from acumatica_source.client.fiscal_calendar import (
    Period,
    period_id,
    periods_between,
    periods_of,
)
from acumatica_source.client.query import QueryOptions
from acumatica_source.client.services.base import Service, lists, saves, waiting


class AccountsService(Service):
    """Ledger accounts and account groups."""

    get_accounts = lists("Account")

    def add_account_to_group(self, api_version: str, accountCD: str, groupID: str) -> Any:
        """Put an account into an account group."""
        body = wrapped(
            {
                "AccountCD": required(accountCD, "account"),
                "AccountGroup": required(groupID, "group"),
            }
        )
        return self.at(api_version).put("Account", body)

    def remove_account_from_group(self, api_version: str, accountCD: str) -> Any:
        """Take an account out of its account group."""
        body = wrapped({"AccountCD": required(accountCD, "account"), "AccountGroup": None})
        return self.at(api_version).put("Account", body)

    def create_account_group(self, api_version: str, group_id: str, description: str) -> Any:
        """Create an account group."""
        body = wrapped({"AccountGroupID": required(group_id, "group"), "Description": description})
        return self.at(api_version).put("AccountGroup", body)

    def set_default_account_for_group(
        self, api_version: str, group_id: str, account_id: str
    ) -> Any:
        """Make an account the default one of an account group."""
        body = wrapped(
            {
                "AccountGroupID": required(group_id, "group"),
                "DefaultAccountID": required(account_id, "account"),
            }
        )
        return self.at(api_version).put("AccountGroup", body)


class LedgersService(Service):
    """Ledgers."""

    get_ledgers = lists("Ledger")


class InvoicesService(Service):
    """Customers' invoices."""

    get_invoices = lists("Invoice")
    create_invoice = saves("Invoice")

    def update_invoice(
        self, api_version: str, builder: Payload, options: QueryOptions | None = None
    ) -> Any:
        """Update an invoice, which is named by its `id`, and return it as saved."""
        body = body_of(builder, "invoice")
        if not body.get("id"):
            raise ConfigurationError("The invoice to update needs its id: .system('id', '...').")
        return self.at(api_version).put("Invoice", body, options)

    def release_invoice(
        self,
        api_version: str,
        note_id: str,
        polling_interval_sec: float = 2,
        timeout_sec: float = 120,
    ) -> None:
        """Release an invoice, which is named by its id, and wait until that is done."""
        self.at(api_version).action(
            "Invoice",
            "ReleaseInvoice",
            {"entity": {"id": identifier(note_id)}},
            waiting(polling_interval_sec, timeout_sec),
        )


class PaymentsService(Service):
    """Customers' payments."""

    create_payment = saves("Payment")

    def get_payment(
        self,
        api_version: str,
        payment_type: str,
        reference_nbr: str,
        options: QueryOptions | None = None,
    ) -> Any:
        """One payment by its type, as displayed, and number."""
        return self.at(api_version).get("Payment", payment_type, reference_nbr, options=options)

    def release_payment(
        self,
        api_version: str,
        payment_type: str,
        reference_nbr: str,
        polling_interval_sec: float = 2,
        timeout_sec: float = 120,
    ) -> None:
        """Release a payment and wait until that is done."""
        endpoint = self.at(api_version)
        keys = {
            "Type": required(payment_type, "payment type"),
            "ReferenceNbr": required(reference_nbr, "reference number"),
        }
        body: dict[str, Any] = {"entity": wrapped(keys)}
        if endpoint.contract_version > 4:  # bodies take the code of a type, not what is displayed
            body = {"entity": {"id": endpoint.get("Payment", *keys.values())["id"]}}
        pace = waiting(polling_interval_sec, timeout_sec)
        try:
            endpoint.action("Payment", "Release", body, pace)
        except EndpointNotFound:  # newer endpoints have the action under this name
            endpoint.action("Payment", "ReleasePayment", body, pace)


class TransactionsService(Service):
    """The ledger's transactions."""

    def get_ledger_transactions(
        self,
        api_version: str,
        start_date: dt.datetime | dt.date,
        end_date: dt.datetime | dt.date,
        options: QueryOptions | None = None,
    ) -> Any:
        """The transactions of the financial periods that two dates, and what is between, lie in.

        The periods are those of the instance's financial calendar; each is asked for by itself.

        Args:
            api_version: version of the endpoint.
            start_date: the first day; its time does not matter.
            end_date: the last day; its time does not matter.
            options: further parts or fields to return; the rows always come.

        Returns:
            The inquiry's answer, with the rows of all periods in `Results`.

        Raises:
            ConfigurationError: the dates are in the wrong order, or in no financial period.
        """
        first, last = _day(start_date), _day(end_date)
        if first > last:
            raise ConfigurationError(f"start_date {first} is after end_date {last}.")
        options = options or QueryOptions()
        expand = list(dict.fromkeys(["Results", *(options.expand or ())]))
        endpoint, answer = self.at(api_version), None
        params = endpoint.params_of(replace(options, expand=expand))
        rows: list[Any] = []
        with self._session.visit():
            for period in periods_between(_calendar(endpoint), first, last):
                body = wrapped({"FromPeriod": period.id, "ToPeriod": period.id})
                answer = endpoint.inquiry("AccountDetailsForPeriodInquiry", body, params)
                rows += answer.get("Results") or []
        if answer is None:
            raise ConfigurationError(
                f"No financial period of the instance lies between {first} and {last}; see Master "
                "Financial Calendar (GL201000)."
            )
        return {**answer, "Results": rows}


def _day(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    raise ConfigurationError(f"{value!r} is no date; use datetime.date or datetime.datetime.")


def _calendar(endpoint: Endpoint) -> list[Period]:
    whole = QueryOptions(expand=["Details"])
    try:
        years = endpoint.read("FinancialPeriod", whole)
    except OptimizationError:  # read year by year, which does not need the optimisation
        listed = endpoint.read("FinancialPeriod", QueryOptions(select=["FinancialYear"]))
        names = [year["FinancialYear"]["value"] for year in listed]
        years = [endpoint.get("FinancialPeriod", name, options=whole) for name in names]
    try:
        return periods_of(
            {
                "FinancialPeriodID": period_id(line["FinancialPeriodID"]["value"]),
                "StartDate": dt.date.fromisoformat(line["StartDate"]["value"][:10]),
                "EndDate": dt.date.fromisoformat(line["EndDate"]["value"][:10]),
            }
            for year in years
            for line in year.get("Details") or ()
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer(
            f"The financial calendar cannot be read: FinancialPeriod of {endpoint!r} has another "
            f"form than expected ({error!r})."
        ) from None
