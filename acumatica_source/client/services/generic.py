"""What works for any entity: records, actions, files, inquiries."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from uuid import UUID

import requests

from acumatica_source.client.address import segment
from acumatica_source.client.encoding import Payload, body_of, from_json, required, wrapped
from acumatica_source.client.endpoint import Endpoint
from acumatica_source.client.errors import ConfigurationError, UnexpectedAnswer
from acumatica_source.client.listing import Record
from acumatica_source.client.operations import Progress, Waiting
from acumatica_source.client.query import Dialect, QueryOptions
from acumatica_source.client.records import InquiryBuilder
from acumatica_source.client.services.base import Service, waiting
from acumatica_source.client.session import Session

_FORMATS = {
    "PDF": "application/pdf",
    "HTML": "text/html",
    "EXCEL": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_DETAILS = {
    "SalesPricesInquiry": "SalesPriceDetails",
    "VendorPricesInquiry": "VendorPriceDetails",
    "StorageDetailsInquiry": "StorageDetails",
    "StorageDetailsByLocationInquiry": "StorageDetailsByLocation",
    "AccountDetailsForPeriodInquiry": "Results",
    "AccountSummaryInquiry": "Results",
    "CompaniesStructure": "Results",
    "InventoryAllocationInquiry": "Results",
    "InventoryQuantityAvailable": "Results",
    "InventorySummaryInquiry": "Results",
}
"""Where the rows of the system endpoint's inquiries are."""


class RecordsService(Service):
    """Records of any top-level entity."""

    def create_record(
        self,
        api_version: str,
        entity: str,
        record: Payload,
        *,
        options: QueryOptions | None = None,
        business_date: str | dt.date | None = None,
        branch: str | None = None,
    ) -> Any:
        """Create a record and return it as saved.

        Args:
            api_version: version of the endpoint.
            entity: name of the entity.
            record: the record, as a builder or as a dict.
            options: which fields to return.
            business_date: the day to work on; today by default.
            branch: the branch to work in; the session's by default.

        Raises:
            PreconditionFailed: the record exists already.
            ValidationError: it was refused.
        """
        headers = {"If-None-Match": "*", **_context(business_date, branch)}
        return self.at(api_version).put(entity, record, options, headers)

    def update_record(
        self,
        api_version: str,
        entity: str,
        record: Payload,
        *,
        options: QueryOptions | None = None,
        business_date: str | dt.date | None = None,
        branch: str | None = None,
    ) -> Any:
        """Update a record and return it as saved; arguments as for `create_record`.

        Raises:
            PreconditionFailed: there is no such record.
        """
        headers = {"If-Match": "*", **_context(business_date, branch)}
        return self.at(api_version).put(entity, record, options, headers)

    def get_record_by_key_field(
        self,
        api_version: str,
        entity: str,
        key: str,
        value: str,
        options: QueryOptions | None = None,
    ) -> Any:
        """One record by its first and second key values, such as `SO` and `000123`."""
        return self.at(api_version).get(entity, key, value, options=options)

    def get_record_by_keys(
        self, api_version: str, entity: str, *keys: str | int, options: QueryOptions | None = None
    ) -> Any:
        """One record by as many key values as the entity has, in the order of the form."""
        return self.at(api_version).get(entity, *keys, options=options)

    def get_record_by_id(
        self, api_version: str, entity: str, id: str, options: QueryOptions | None = None
    ) -> Any:
        """One record by its id."""
        return self.at(api_version).get_by_id(entity, id, options)

    def get_records_by_filter(
        self,
        api_version: str,
        entity: str,
        options: QueryOptions | None = None,
        show_archived: bool = False,
    ) -> Any:
        """The records that a filter finds; all of them without one."""
        return self.at(api_version).read(entity, options, archived=show_archived)

    def iterate(
        self,
        api_version: str,
        entity: str,
        options: QueryOptions | None = None,
        *,
        page_size: int = 500,
        show_archived: bool = False,
    ) -> Iterator[Record]:
        """The records that a filter finds, page by page; see `Endpoint.records`."""
        return self.at(api_version).records(
            entity, options, page_size=page_size, archived=show_archived
        )

    def patch_record(
        self,
        api_version: str,
        entity: str,
        record: Payload,
        options: QueryOptions | None = None,
    ) -> Any:
        """Change only the given fields of a record, which its keys or id in `record` name."""
        return self.at(api_version).patch(entity, record, options)

    def delete_record_by_key_field(
        self, api_version: str, entity: str, key: str, value: str
    ) -> None:
        """Delete a record by its first and second key values."""
        self.at(api_version).delete(entity, key, value)

    def delete_record_by_id(self, api_version: str, entity: str, id: str) -> None:
        """Delete a record by its id."""
        self.at(api_version).delete_by_id(entity, id)

    def get_custom_field_schema(self, api_version: str, entity: str) -> Any:
        """The custom fields that an entity's form has, by view."""
        return self.at(api_version).schema(entity)

    def request_report(
        self,
        report_entity: str,
        endpoint_name: str,
        endpoint_version: str,
        parameters: Mapping[str, object] | None = None,
        output_format: str = "PDF",
        polling_interval_sec: float = 2,
        timeout_sec: float = 120,
    ) -> requests.Response:
        """Have a report made, wait for it, and return the answer whose `content` it is.

        Args:
            report_entity: name of the report in the endpoint.
            endpoint_name: name of the endpoint that has it.
            endpoint_version: version of that endpoint.
            parameters: the report's parameters by name.
            output_format: `PDF`, `HTML` or `Excel`.
            polling_interval_sec: seconds between looks whether it is done.
            timeout_sec: seconds to wait in all.
        """
        accept = _FORMATS.get(str(output_format).upper())
        if accept is None:
            raise ConfigurationError(f"{output_format!r} is no format; use PDF, HTML or Excel.")
        return Endpoint(self._session, endpoint_name, endpoint_version).report(
            report_entity, parameters, accept, waiting(polling_interval_sec, timeout_sec)
        )


def _context(business_date: str | dt.date | None, branch: str | None) -> dict[str, str]:
    headers = {}
    if not isinstance(business_date, (str, dt.date, type(None))) or business_date == "":
        raise ConfigurationError(f"business_date is {business_date!r}; use a date.")
    if business_date is not None:
        day = business_date if isinstance(business_date, str) else business_date.isoformat()
        headers["PX-CbApiBusinessDate"] = day
    if branch is not None:
        headers["PX-CbApiBranch"] = required(branch, "branch")
    return headers


class ActionsService(Service):
    """Actions of forms."""

    def execute_action(
        self,
        api_version: str,
        entity_name: str,
        action_name: str,
        entity: Payload,
        parameters: Mapping[str, object] | None = None,
        polling_interval_sec: float = 2,
        timeout_sec: float = 120,
        *,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Run an action on a record and wait until it is done.

        Args:
            api_version: version of the endpoint.
            entity_name: name of the entity.
            action_name: name of the action.
            entity: the record, by its keys or its id.
            parameters: the action's parameters by name.
            polling_interval_sec: seconds between looks whether it is done.
            timeout_sec: seconds to wait in all.
            on_progress: called after each look that found it still running.
        """
        body: dict[str, Any] = {"entity": body_of(entity, "entity")}
        if parameters:
            body["parameters"] = wrapped(parameters)
        pace = Waiting(polling_interval_sec, timeout_sec, on_progress)
        self.at(api_version).action(entity_name, action_name, body, pace)

    def execute_custom_action(
        self,
        api_version: str,
        entity_name: str,
        action_name: str,
        entity: Payload,
        custom_parameters: Mapping[str, Any],
        polling_interval_sec: float = 2,
        timeout_sec: float = 120,
        *,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Run an action that asks for its parameters in a dialog; otherwise as `execute_action`.

        Args:
            api_version: version of the endpoint.
            entity_name: name of the entity.
            action_name: name of the action.
            entity: the record, by its keys or its id.
            custom_parameters: `{view: {field: {"type": ..., "value": ...}}}`.
            polling_interval_sec: seconds between looks whether it is done.
            timeout_sec: seconds to wait in all.
            on_progress: called after each look that found it still running.
        """
        body = {
            "entity": body_of(entity, "entity"),
            "parameters": {"custom": body_of(custom_parameters, "custom parameters")},
        }
        pace = Waiting(polling_interval_sec, timeout_sec, on_progress)
        self.at(api_version).action(entity_name, action_name, body, pace)


class FilesService(Service):
    """Files attached to records."""

    def get_file(self, api_version: str, file_id: str) -> bytes:
        """The content of a file."""
        return self.at(api_version).file(file_id)

    def download_file(self, api_version: str, file_id: str, target: IO[bytes]) -> int:
        """Write the content of a file to an open binary file; returns its length in bytes."""
        return self.at(api_version).download(file_id, target)

    def attach_file_to_record(
        self,
        href_template: str,
        filename: str,
        content: bytes | IO[bytes],
        comment: str | None = None,
    ) -> None:
        """Attach a file to a record.

        Args:
            href_template: the record's link `_links["files:put"]`.
            filename: name of the file.
            content: its content, or an open binary file, which is read piece by piece.
            comment: a comment, of at most 500 characters.
        """
        if not isinstance(href_template, str) or "{filename}" not in href_template:
            raise ConfigurationError(
                "href_template is the record's _links['files:put'], which contains {filename}."
            )
        if isinstance(content, str) or not (
            isinstance(content, (bytes, bytearray)) or hasattr(content, "read")
        ):
            raise ConfigurationError("content is bytes, or a file opened with mode 'rb'.")
        headers = {"Content-Type": "application/octet-stream"}
        if comment is not None:
            if len(comment) > 500:
                raise ConfigurationError("A comment has at most 500 characters.")
            headers["PX-CbFileComment"] = comment
        link = href_template.replace("{filename}", segment(filename, "file name"))
        self._session.request("PUT", link, data=content, headers=headers)

    def get_file_comments_by_key_field(
        self, api_version: str, entity: str, key: str, value: str
    ) -> Any:
        """The files of a record, named by its first and second key values, with comments."""
        record = self.at(api_version).get(entity, key, value, options=_FILES)
        return record.get("files") or []

    def get_file_comments_by_id(self, api_version: str, entity: str, record_id: str) -> Any:
        """The files of a record, named by its id, with comments."""
        return self.at(api_version).get_by_id(entity, record_id, _FILES).get("files") or []

    def delete_file(self, api_version: str, file_id: str | UUID) -> None:
        """Delete a file."""
        self.at(api_version).delete_file(file_id)


_FILES = QueryOptions(select=["files"], expand=["files"])


class InquiriesService(Service):
    """Inquiry forms, and generic inquiries.

    Args:
        session: what requests go through.
        endpoint: name of the endpoint of inquiry forms.
        tenant: the tenant whose generic inquiries are read.
    """

    def __init__(self, session: Session, endpoint: str, tenant: str | None) -> None:
        super().__init__(session, endpoint)
        self._tenant = tenant

    def get_data_from_inquiry_form(
        self, api_version: str, inquiry: str, opts: InquiryBuilder
    ) -> Any:
        """The answer of an inquiry form: its parameters and, in a detail, its rows.

        Args:
            api_version: version of the endpoint.
            inquiry: name of the inquiry.
            opts: the parameters, and the details to return; the rows of the system endpoint's
                inquiries are returned in any case.
        """
        if not (hasattr(opts, "to_query_params") and hasattr(opts, "to_body")):
            raise ConfigurationError("opts is an InquiryBuilder with the inquiry's parameters.")
        params = dict(opts.to_query_params())
        if "$expand" not in params and inquiry in _DETAILS:
            params["$expand"] = _DETAILS[inquiry]
        return self.at(api_version).inquiry(inquiry, opts.to_body(), params)

    def execute_generic_inquiry(self, inquiry_title: str, opts: QueryOptions | None = None) -> Any:
        """The rows of a generic inquiry that is exposed by OData, all pages of them.

        Args:
            inquiry_title: its name in the OData service, which may differ from its title.
            opts: which rows and columns.

        Returns:
            `{"value": [rows]}`.

        Raises:
            UnexpectedAnswer: it answered with nothing at all, not even an empty list.
        """
        if opts is not None and opts.expand:
            raise ConfigurationError("Generic inquiries have no parts to expand.")
        if not self._tenant:
            raise ConfigurationError("Generic inquiries need the tenant's name; give `tenant`.")
        name = segment(inquiry_title, "inquiry name")
        path: str | None = f"t/{segment(self._tenant, 'tenant')}/api/odata/gi/{name}"
        params = opts.to_params(Dialect.ODATA4) if opts is not None else {}
        rows: list[Any] = []
        seen = set[str]()
        with self._session.visit():
            while path is not None:
                if path in seen:
                    raise UnexpectedAnswer(f"The pages of {inquiry_title!r} lead in a circle.")
                seen.add(path)
                answer = from_json(self._session.request("GET", path, params=params))
                if answer is None:
                    raise UnexpectedAnswer(
                        f"{inquiry_title!r} answered with nothing at all, which a filter on a "
                        "computed column, or a parameter without its value, brings about."
                    )
                rows += answer.get("value") or []
                link = answer.get("@odata.nextLink") or answer.get("odata.nextLink")
                path, params = self._session.instance.linked(link, path) if link else None, {}
        return {"value": rows}
