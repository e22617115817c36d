import asyncio
from email.message import Message
from email.utils import collapse_rfc2231_value
from types import SimpleNamespace
from typing import Any

import pytest

from lectern.preview.server import application
from lectern.preview.state import Feed


def answer(app: Any, path: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of what an application answers."""
    told: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "server": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1:1")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(event: dict[str, Any]) -> None:
        told.append(event)

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode("latin-1") for name, value in told[0]["headers"]}
    return told[0]["status"], headers, b"".join(event.get("body", b"") for event in told)


@pytest.mark.parametrize("name", ["lección", "講義", "a b", 'x"; y="z', "a\r\nb: c", "50%"])
def test_a_pdf_has_the_decks_name_in_any_script(name: str) -> None:
    printer: Any = SimpleNamespace(pdf=b"%PDF")
    status, headers, body = answer(application(Feed(), printer, print, name), "/lectern/pdf")
    assert (status, body) == (200, b"%PDF")
    told = Message()
    told["content-disposition"] = headers["content-disposition"]
    assert collapse_rfc2231_value(told.get_param("filename", "", "content-disposition")) == f"{name}.pdf"
    assert "\n" not in headers["content-disposition"]
