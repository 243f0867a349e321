"""A user of plain HTTP."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

import requests

from acumatica_sandbox import Sandbox


class Desk(requests.Session):
    """A signed-in user of plain HTTP."""

    def __init__(self, sandbox: Sandbox, version: str = "24.200.001") -> None:
        super().__init__()
        self.sandbox = sandbox
        self.site = sandbox.base_url
        self.endpoint = f"{self.site}/entity/Default/{version}"

    def sign_in(self, **body: Any) -> requests.Response:
        given = {"name": self.sandbox.username, "password": self.sandbox.password, **body}
        return self.post(f"{self.site}/entity/auth/login", json=given)

    def sign_out(self) -> requests.Response:
        return self.post(f"{self.site}/entity/auth/logout")

    def read(self, path: str, **parameters: Any) -> requests.Response:
        names = {f"${name}": value for name, value in parameters.items()}
        return self.get(f"{self.endpoint}/{path}", params=names)

    def rows(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = self.read(path, **parameters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found


class Start(Protocol):
    def __call__(self, **options: Any) -> AbstractContextManager[Desk]: ...
