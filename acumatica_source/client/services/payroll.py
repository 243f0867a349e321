"""Employees, and the codes of payroll."""

from acumatica_source.client.services.base import Service, lists, saves


class EmployeesService(Service):
    """Employees."""

    get_employees = lists("Employee")
    create_employee = saves("Employee")


class CodesService(Service):
    """Codes of payroll."""

    create_deduction_benefit_code = saves("DeductionBenefitCode")
    create_earning_type_code = saves("EarningTypeCode")
    create_payroll_wcc_code = saves("PayrollWCCCode")
