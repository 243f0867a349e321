"""Whatever goes wrong ends with one screen that says what to do, and nothing is half-loaded."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest
import trustme

from acumatica_sandbox import Sandbox, SandboxOptions

pytestmark = pytest.mark.slow

PREFIX = "SOURCES__ACUMATICA__CREDENTIALS__"


def acumatica(
    *arguments: str, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "acumatica_source.cli", *arguments]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SOURCES__")}
    inherited.update(env)
    return subprocess.run(
        command, cwd=cwd, env=inherited, capture_output=True, text=True, timeout=120
    )


def settings(sandbox: Sandbox, **changed: str) -> dict[str, str]:
    values = {
        "base_url": sandbox.base_url,
        "username": sandbox.username,
        "password": sandbox.password,
        "tenant": sandbox.tenant,
    }
    return {PREFIX + name.upper(): value for name, value in (values | changed).items()}


def assert_refused(run: subprocess.CompletedProcess[str], *words: str) -> None:
    said = run.stdout + run.stderr
    assert run.returncode == 1, said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 24
    for word in words:
        assert word in said
    assert "sandbox-secret" not in said


def assert_nothing_loaded(file: Path) -> None:
    if file.exists():
        with duckdb.connect(str(file)) as database:
            tables = {row[0] for row in database.sql("SHOW ALL TABLES").fetchall()}
            names = {row[2] for row in database.sql("SHOW ALL TABLES").fetchall()}
        names.discard("_acumatica")  # what the dataset keeps about itself
        assert not {name for name in names if not name.startswith("_dlt")}, tables


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "sandbox-secret"}, ["Invalid credentials", "password"]),
        ({"base_url": "erp.example.com"}, ["base_url", "https://"]),
        ({"username": ""}, ["username"]),
    ],
    ids=["wrong password", "no scheme", "no user"],
)
def test_bad_credentials(
    sandbox: Sandbox, tmp_path: Path, changed: dict[str, str], words: list[str]
) -> None:
    env = settings(sandbox, **changed)
    run = acumatica("sync", "Account", "--duckdb", "w.duckdb", cwd=tmp_path, env=env)
    assert_refused(run, *words)
    assert_nothing_loaded(tmp_path / "w.duckdb")


def test_missing_settings(tmp_path: Path) -> None:
    run = acumatica("sync", cwd=tmp_path, env={})
    assert_refused(run, "credentials.base_url", "secrets.toml", PREFIX + "BASE_URL")


def test_missing_settings_of_a_destination(sandbox: Sandbox, tmp_path: Path) -> None:
    arguments = ("sync", "Account", "--destination", "postgres")
    run = acumatica(*arguments, cwd=tmp_path, env=settings(sandbox))
    assert_refused(run, "[destination.postgres.credentials]", "host = ")
    assert "sources.acumatica" not in run.stderr


def test_another_destination_than_last_time_is_no_cause_for_a_warning(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    env = settings(sandbox) | {"DLT_DATA_DIR": str(tmp_path / "dlt")}
    for place in (("--duckdb", "w.duckdb"), ("--parquet", "lake")):
        run = acumatica("sync", "Account", *place, cwd=tmp_path, env=env)
        assert run.returncode == 0, run.stderr
        assert run.stderr == ""


def test_an_unknown_entity_with_near_names(sandbox: Sandbox, tmp_path: Path) -> None:
    run = acumatica("sync", "SalesOrdr", "Account", cwd=tmp_path, env=settings(sandbox))
    assert_refused(run, "SalesOrdr", "Did you mean SalesOrder")
    assert_nothing_loaded(tmp_path / "acumatica.duckdb")
    assert sandbox.control.counters()["seats_now"] == 0


def test_a_wrong_address(sandbox: Sandbox, tmp_path: Path) -> None:
    elsewhere = sandbox.base_url.rsplit("/", 1)[0] + "/Other"
    env = settings(sandbox, base_url=elsewhere)
    assert_refused(acumatica("sync", "Account", cwd=tmp_path, env=env), "base_url", "Other")


def test_an_unreachable_host(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/Site"
    env = settings(sandbox, base_url=address)
    assert_refused(acumatica("sync", "Account", cwd=tmp_path, env=env), "cannot connect")


def test_a_destination_that_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = settings(sandbox)
    run = acumatica("sync", "Account", "--duckdb", "file/w.duckdb", cwd=tmp_path, env=env)
    assert_refused(run, "file", "Name another")
    run = acumatica("sync", "Account", "--destination", "nowhere", cwd=tmp_path, env=env)
    assert_refused(run, "nowhere")
    (tmp_path / "not.duckdb").write_text("no database " * 1_000)
    run = acumatica("sync", "Account", "--duckdb", "not.duckdb", cwd=tmp_path, env=env)
    assert_refused(run, "not.duckdb")


def test_options_that_contradict_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    env = settings(sandbox)
    both = ("--duckdb", "a.duckdb", "--parquet", "lake")
    assert_refused(acumatica("sync", *both, cwd=tmp_path, env=env), "only one")
    assert_refused(acumatica("sync", "Account", "--all", cwd=tmp_path, env=env), "--all")
    same = ("--duckdb", "erp.duckdb", "--dataset", "erp")
    assert_refused(acumatica("sync", *same, cwd=tmp_path, env=env), "--dataset")


def test_parts_that_cannot_be_excluded(sandbox: Sandbox, tmp_path: Path) -> None:
    env = settings(sandbox)
    for part, words in {
        "Customer.Nothing": "nothing to exclude at Nothing",
        "Contacts": "as Customer.Contacts",
        "Vendor.Contacts": "Vendor, which is not loaded",
    }.items():
        run = acumatica("sync", "Customer", "--exclude", part, cwd=tmp_path, env=env)
        assert_refused(run, words)
    run = acumatica("sync", "Customer", "--single-reads", "some", cwd=tmp_path, env=env)
    assert_refused(run, "single_reads must be 'all' or a number")


def test_what_is_pending_is_said_and_is_no_failure(sandbox: Sandbox, tmp_path: Path) -> None:
    env = settings(sandbox)
    names = ("Payment", "Customer", "--exclude", "Customer.CreditVerificationRules")
    options = ("--single-reads", "5", "--duckdb", "w.duckdb")
    run = acumatica("sync", *names, *options, cwd=tmp_path, env=env)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    left = len(sandbox.control.rows("Payment")) - 5
    assert f"{left} records of Payment lack ApplicationHistory yet" in said
    assert "CreditVerificationRules" not in said


def test_an_unknown_endpoint_and_version(sandbox: Sandbox, tmp_path: Path) -> None:
    env = settings(sandbox)
    run = acumatica("sync", "--endpoint", "Defualt", cwd=tmp_path, env=env)
    assert_refused(run, "Defualt", "Default")
    run = acumatica("sync", "--endpoint-version", "1.2.3", cwd=tmp_path, env=env)
    assert_refused(run, "1.2.3", "24.200.001")


def test_an_unknown_tenant(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=50, tenants=("North", "South"))) as sandbox:
        env = settings(sandbox, tenant="Nroth")
        run = acumatica("sync", "Account", "--duckdb", "w.duckdb", cwd=tmp_path, env=env)
    assert_refused(run, "tenant")
    assert_nothing_loaded(tmp_path / "w.duckdb")


def test_an_entity_that_the_user_may_not_read_fails_alone(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=50, features_off=("Vendor",))) as sandbox:
        names = ("Vendor", "Account", "--duckdb", "w.duckdb")
        run = acumatica("sync", *names, cwd=tmp_path, env=settings(sandbox))
        accounts = len(sandbox.control.rows("Account"))
        assert sandbox.control.counters()["seats_now"] == 0
    assert_refused(run, "Vendor", "403", "rights")
    with duckdb.connect(str(tmp_path / "w.duckdb")) as database:
        tables = {row[2] for row in database.sql("SHOW ALL TABLES").fetchall()}
        assert len(database.table("erp.account")) == accounts
    assert "vendor" not in tables


def test_an_expired_certificate(sandbox: Sandbox, tmp_path: Path) -> None:
    authority = trustme.CA()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificate = authority.issue_cert("localhost", not_after=yesterday)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        env = settings(sandbox, base_url=f"https://localhost:{server.server_port}/Site")
        env["REQUESTS_CA_BUNDLE"] = str(tmp_path / "ca.pem")
        run = acumatica("sync", "Account", cwd=tmp_path, env=env)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert_refused(run, "certificate", "expired")


def test_a_warehouse_that_another_program_has_open(sandbox: Sandbox, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")):
        run = acumatica(
            "sync", "Account", "--duckdb", "warehouse.duckdb", cwd=tmp_path, env=settings(sandbox)
        )
    assert_refused(run, "warehouse.duckdb", "close it")
    assert sandbox.control.counters()["logins"] == 0


def test_a_file_that_is_no_warehouse(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("not a database" * 1000)
    run = acumatica(
        "sync", "Account", "--duckdb", "warehouse.duckdb", cwd=tmp_path, env=settings(sandbox)
    )
    assert_refused(run, "warehouse.duckdb", "cannot be opened")
    assert (tmp_path / "warehouse.duckdb").read_text().startswith("not a database")
