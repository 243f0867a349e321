"""Every service there is, over one session."""

from acumatica_source.client.services.finance import (
    AccountsService,
    InvoicesService,
    LedgersService,
    PaymentsService,
    TransactionsService,
)
from acumatica_source.client.services.generic import (
    ActionsService,
    FilesService,
    InquiriesService,
    RecordsService,
)
from acumatica_source.client.services.payroll import CodesService, EmployeesService
from acumatica_source.client.services.relations import (
    ActivitiesService,
    ContactsService,
    CustomersService,
    LeadsService,
)
from acumatica_source.client.session import Session


class EveryService:
    """A session, and every service over it as an attribute.

    Args:
        seat: the session that all of them send through.
        tenant: the tenant's name, which generic inquiries need.
        endpoint: name of the endpoint that the services address.
    """

    def __init__(self, seat: Session, tenant: str | None, endpoint: str) -> None:
        self._session = seat
        self.base_url = seat.instance.base_url
        self.verify_ssl = seat.transport.verify_ssl
        self.tenant = tenant
        self.accounts = AccountsService(seat, endpoint)
        self.actions = ActionsService(seat, endpoint)
        self.activities = ActivitiesService(seat, endpoint)
        self.codes = CodesService(seat, endpoint)
        self.contacts = ContactsService(seat, endpoint)
        self.customers = CustomersService(seat, endpoint)
        self.employees = EmployeesService(seat, endpoint)
        self.files = FilesService(seat, endpoint)
        self.inquiries = InquiriesService(seat, endpoint, tenant)
        self.invoices = InvoicesService(seat, endpoint)
        self.leads = LeadsService(seat, endpoint)
        self.ledgers = LedgersService(seat, endpoint)
        self.payments = PaymentsService(seat, endpoint)
        self.records = RecordsService(seat, endpoint)
        self.transactions = TransactionsService(seat, endpoint)
