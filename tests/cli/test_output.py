"""No command ends because of what it prints: not by an encoding, nor by a reader who leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source.cli.output import can_show, lasting
from tests.cli.test_failures import settings
from tests.contract.documents import contract_document

pytestmark = pytest.mark.slow

ENCODINGS = ("ascii:strict", "cp1252", "utf-8:strict")
NAMES = "Größe価格🙂"


@pytest.fixture(scope="module")
def erp() -> Iterator[Sandbox]:
    """An emulated ERP where one entity fails, with words that no legacy encoding has."""
    with Sandbox(SandboxOptions(records=60, license="unlimited")) as running:
        running.control.fault("status", path="/Vendor", status=403, times=0)
        yield running


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {"DLT_DATA_DIR": str(folder / "dlt"), "XDG_CACHE_HOME": str(folder / "cache")}
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("SOURCES__", "PYTHON"))}
    return outside | own | {"RUNTIME__DLTHUB_TELEMETRY": "false", "PYTHONUTF8": "0"} | more


def started(folder: Path, *arguments: str, **more: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "acumatica_source.cli", *arguments],
        cwd=folder,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def contract(folder: Path) -> str:
    schemas = {"Thing": {NAMES: "StringValue", "ID": "StringValue"}}
    (folder / "swagger.json").write_text(json.dumps(contract_document(schemas, ["Thing"])))
    return "swagger.json"


def accounts(folder: Path) -> int:
    with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as database:
        found = database.sql("select count(*) from erp.account").fetchone()
    return 0 if found is None else int(found[0])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_discover(tmp_path: Path, encoding: str, form: str) -> None:
    arguments = ["discover", "Thing", "--contract", contract(tmp_path), "--format", form]
    said, errors = started(tmp_path, *arguments, PYTHONIOENCODING=encoding).communicate(timeout=60)
    assert (errors, b"ID" in said) == (b"", True)
    text = said.decode("utf-8" if encoding == "utf-8:strict" else "ascii", "replace")
    if form == "json" and encoding != "cp1252":
        columns = [column["name"] for column in json.loads(said)["columns"]]
        assert NAMES in columns
    elif encoding == "utf-8:strict":
        assert NAMES in text


@pytest.mark.parametrize("verb", ["", "sync", "discover", "probe", "demo", "sandbox"])
def test_help(tmp_path: Path, verb: str) -> None:
    process = started(tmp_path, *verb.split(), "--help", PYTHONIOENCODING="ascii:strict")
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    assert said.startswith(b"Usage: ")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_sync_of_which_a_part_fails(erp: Sandbox, tmp_path: Path, encoding: str) -> None:
    arguments = ["-vv", "sync", "Vendor", "Account", "--duckdb", "w.duckdb"]
    more = settings(erp) | {"PYTHONIOENCODING": encoding}
    process = started(tmp_path, *arguments, **more)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    marks = ("✗ Vendor: ", "✓ Account: ") if encoding == "utf-8:strict" else ("x Ven", "+ Acc")
    assert all(mark in said.decode() for mark in marks)
    assert b"--- Logging error ---" not in errors
    assert b"UnicodeEncodeError" not in errors
    assert accounts(tmp_path) > 10


@pytest.mark.parametrize("encoding", ENCODINGS[:2])
def test_words_of_the_server_on_standard_error(tmp_path: Path, encoding: str) -> None:
    unlike = {"SOURCES__ACUMATICA__CREDENTIALS__BASE_URL": f"http://{NAMES}.invalid/✗"}
    user = {f"SOURCES__ACUMATICA__CREDENTIALS__{n}": NAMES for n in ("USERNAME", "PASSWORD")}
    more = unlike | user | {"PYTHONIOENCODING": encoding}
    process = started(tmp_path, "-vv", "sync", f"Größe{NAMES}", **more)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Error: " in errors
    assert b"Traceback" not in errors.partition(b"Error: ")[2]


def test_the_demo(tmp_path: Path) -> None:
    process = started(tmp_path, "demo", "--records", "300", PYTHONIOENCODING="ascii:strict")
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert b"Revenue by month" in said


def test_a_probe(tmp_path: Path) -> None:
    with Sandbox(SandboxOptions(records=60)) as running:
        more = settings(running) | {"PYTHONIOENCODING": "ascii:strict"}
        process = started(tmp_path, "probe", **more)
        said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert b"written to probe.json" in said


@pytest.mark.parametrize("more", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_sync_goes_on_when_nobody_reads_any_more(
    erp: Sandbox, tmp_path: Path, more: dict[str, str]
) -> None:
    arguments = ["-v", "sync", "Vendor", "Account", "--duckdb", "w.duckdb"]
    process = started(tmp_path, *arguments, **settings(erp), **more)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 1  # that of the entity which fails
    assert accounts(tmp_path) > 10


@pytest.mark.parametrize("verb", ["discover", "--help"])
def test_nobody_reads(tmp_path: Path, verb: str) -> None:
    given = ["--contract", contract(tmp_path)] if verb == "discover" else []
    process = started(tmp_path, verb, *given)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


def test_standard_output_may_be_closed_from_the_beginning(erp: Sandbox, tmp_path: Path) -> None:
    line = f"exec {sys.executable} -m acumatica_source.cli sync Account --duckdb w.duckdb >&- 2>&-"
    env = environment(tmp_path, **settings(erp))
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=env, timeout=60, check=False)
    assert done.returncode == 0
    assert accounts(tmp_path) > 10


def test_characters_that_an_encoding_lacks_are_written_as_json_has_them(tmp_path: Path) -> None:
    """So a document stays one, whatever the encoding."""
    script = (
        "from acumatica_source.cli.output import lasting\nimport json\n"
        f"with lasting(): print(json.dumps([{NAMES!r}, chr(0xd800)], ensure_ascii=False))"
    )
    for encoding in ENCODINGS:
        env = environment(tmp_path, PYTHONIOENCODING=encoding)
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True)
        said = done.stdout.decode(encoding.partition(":")[0])
        assert json.loads(said) == [NAMES, chr(0xD800)]


def test_what_collects_output_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with lasting():
        print("said")
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().out == "said\n"


def test_what_a_console_can_show() -> None:
    from io import BytesIO, TextIOWrapper

    from rich.console import Console

    for encoding, can in (("utf-8", True), ("cp1252", False), ("ascii", False)):
        console = Console(file=TextIOWrapper(BytesIO(), encoding=encoding))
        assert can_show(console, "✓✗") is can
