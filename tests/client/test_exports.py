import subprocess
import sys

import pytest

import acumatica_source.client as client


def test_what_is_offered_is_there() -> None:
    assert client.__all__ == sorted(client.__all__)
    for name in client.__all__:
        assert getattr(client, name).__doc__


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("module", ["dlt", "pyarrow", "pandas", "duckdb"])
def test_it_stands_on_its_own(module: str) -> None:
    loaded = run("import sys, acumatica_source.client as c; print(*sys.modules)")
    assert module not in loaded.split()


def test_it_is_quick_to_import() -> None:
    code = """if True:
        import time, requests
        begun = time.process_time()
        import acumatica_source.client
        print(time.process_time() - begun)
    """
    assert min(float(run(code)) for _ in range(5)) < 0.15
