"""People and companies, and what was done with them: contacts, customers, leads, activities."""

from typing import Any

from acumatica_source.client.encoding import (
    Payload,
    body_of,
    identifier,
    required,
    wrapped,
)
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import F, Filter, QueryOptions
from acumatica_source.client.services.base import Service, lists, saves


class ContactsService(Service):
    """Contacts."""

    get_contacts = lists("Contact")

    def create_contact(self, api_version: str, draft: Payload) -> Any:
        """Create a contact and return it as saved."""
        return self.at(api_version).put("Contact", draft)

    def update_contact(
        self, api_version: str, filter_: Filter | str | QueryOptions, payload: Payload
    ) -> Any:
        """Update the contact that a filter finds, and return it as saved."""
        return self.at(api_version).put("Contact", payload, _finding(filter_))

    def deactivate_contact(
        self, api_version: str, filter_: Filter | str | QueryOptions, *, active: bool = False
    ) -> Any:
        """Switch the contact that a filter finds off, or on again."""
        return self.update_contact(api_version, filter_, wrapped({"Active": active}))

    def link_contact_to_customer(
        self,
        api_version: str,
        contact_id: int,
        business_account: str,
        payload: Payload | None = None,
    ) -> Any:
        """Make a contact one of a customer's; `payload` may change more of it."""
        if isinstance(contact_id, bool) or not isinstance(contact_id, int):
            raise ConfigurationError(f"contact_id is {contact_id!r}; use the contact's number.")
        body = body_of(payload) if payload is not None else {}
        body.update(wrapped({"BusinessAccount": required(business_account, "account")}))
        return self.update_contact(api_version, F.ContactID == contact_id, body)

    def delete_contact(self, api_version: str, note_id: str) -> None:
        """Delete a contact by its id."""
        self.at(api_version).delete_by_id("Contact", note_id)


def _finding(filter_: object) -> QueryOptions:
    options = filter_ if isinstance(filter_, QueryOptions) else None
    if isinstance(filter_, (Filter, str)):
        options = QueryOptions(filter=filter_)
    if options is None or not options.filtered:
        raise ConfigurationError(
            "A filter is needed that finds the contact, such as F.ContactID == 100073."
        )
    return options


class CustomersService(Service):
    """Customers."""

    get_customers = lists("Customer")
    create_customer = saves("Customer")
    update_customer = saves("Customer")

    def update_customer_currency_overriding(
        self, api_version: str, customer_id: str, enable: bool, currency_rate_type: str = "SPOT"
    ) -> Any:
        """Let documents of a customer have another currency than the customer's, or not."""
        values = {
            "CustomerID": required(customer_id, "customer"),
            "EnableCurrencyOverride": enable,
            "CurrencyRateType": currency_rate_type,
        }
        return self.at(api_version).put("Customer", wrapped(values))

    def get_shipping_contact(self, api_version: str, customer_id: str) -> Any:
        """The shipping contact of a customer; None if there is no such customer or contact."""
        options = QueryOptions(
            filter=F.CustomerID == required(customer_id, "customer"), expand=["ShippingContact"]
        )
        found = self.at(api_version).read("Customer", options)
        return found[0].get("ShippingContact") if found else None

    def assign_tax_zone(self, api_version: str, customer_id: str, tax_zone: str) -> Any:
        """Put a customer into a tax zone."""
        return self.at(api_version).put(
            "Customer",
            wrapped(
                {
                    "CustomerID": required(customer_id, "customer"),
                    "TaxZone": required(tax_zone, "tax zone"),
                }
            ),
            QueryOptions(select=["CustomerID", "TaxZone"]),
        )


class LeadsService(Service):
    """Leads."""

    create_lead = saves("Lead")


class ActivitiesService(Service):
    """Activities, linked to the records they are about."""

    def create_activity_linked_to_case(
        self, api_version: str, note_id: str, summary: str, details: str, activity_type: str = "M"
    ) -> Any:
        """Create an activity of a case, which is named by its id."""
        about = "PX.Objects.CR.CRCase"
        return self._create(api_version, about, note_id, summary, details, activity_type)

    def create_activity_linked_to_customer(
        self, api_version: str, note_id: str, summary: str, details: str, activity_type: str = "M"
    ) -> Any:
        """Create an activity of a customer, who is named by its id."""
        about = "PX.Objects.AR.Customer"
        return self._create(api_version, about, note_id, summary, details, activity_type)

    def create_activity_linked_to_lead(
        self, api_version: str, note_id: str, summary: str, details: str, activity_type: str = "M"
    ) -> Any:
        """Create an activity of a lead, which is named by its id."""
        about = "PX.Objects.CR.CRLead"
        return self._create(api_version, about, note_id, summary, details, activity_type)

    def _create(self, api_version: str, about: str, note_id: str, *words: str) -> Any:
        summary, details, activity_type = words
        values = {
            "Type": activity_type,
            "Summary": required(summary, "summary"),
            "Body": details,
            "RelatedEntityNoteID": identifier(note_id),
            "RelatedEntityType": about,
        }
        return self.at(api_version).put("Activity", wrapped(values))
