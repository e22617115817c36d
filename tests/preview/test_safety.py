"""The preview answers this machine, pages of its own, with files of the deck: everything else is tried here and refused."""

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.types import Scope
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from lectern.preview.server import refusal
from tests.conftest import Sandbox
from tests.preview.running import Preview, previewing
from tests.preview.talk import copied

HEAVY = pytest.mark.heavy


@pytest.fixture(scope="module")
def running(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    talk = copied(made, tmp_path_factory.mktemp("safety") / "talk")
    with previewing(talk) as preview:
        yield preview


def asked(preview: Preview, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """Ask for exactly this path, with these headers; Host is the preview's own where none is given."""
    connection = http.client.HTTPConnection("127.0.0.1", preview.port, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"127.0.0.1:{preview.port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def told(preview: Preview, have: list[str]) -> Mapping:
    with connect(
        f"ws://127.0.0.1:{preview.port}/lectern/live", origin=f"http://127.0.0.1:{preview.port}"
    ) as line:  # type: ignore[arg-type]
        line.send(json.dumps({"have": have}))
        while not (message := json.loads(line.recv(timeout=20)))["slides"]:
            pass
        return message


@HEAVY
def test_a_page_of_its_own_is_answered(running: Preview) -> None:
    assert asked(running, "/").status == 200
    assert asked(running, "/", Host=f"localhost:{running.port}").status == 200
    assert asked(running, "/", Origin=f"http://127.0.0.1:{running.port}").status == 200
    assert len(told(running, [])["slides"]["between"]) == 5


@HEAVY
def test_only_the_loopback_address_listens(running: Preview) -> None:
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{running.port:04X}")
    }
    assert listening == {f"0100007F:{running.port:04X}"}
    with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match=r"."):
        other.connect(("::1", running.port))


@HEAVY
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "0.0.0.0:{port}"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=lambda headers: " ".join(*headers.items()),
)
def test_other_hosts_and_other_sites_are_refused_pages_and_files(
    running: Preview, headers: dict[str, str]
) -> None:
    filled = {name: value.format(port=running.port) for name, value in headers.items()}
    for path in ("/", "/lectern/client.js", "/lectern/pdf", "/files/x"):
        assert asked(running, path, **filled).status in (400, 403)
    own = {"Origin": f"http://127.0.0.1:{running.port}", **filled}
    assert asked(running, "/lectern/pdf", "POST", **own).status in (400, 403)


@HEAVY
@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, None),
        ("http://evil.example", None),
        ("null", None),
        ("http://evil.example:{port}", "evil.example:{port}"),
        ("http://127.0.0.1:{port}", "evil.example:{port}"),
    ],
)
def test_other_sites_are_refused_the_line_of_changes(
    running: Preview, origin: str | None, host: str | None
) -> None:
    address = f"ws://{(host or '127.0.0.1:{port}').format(port=running.port)}/lectern/live"
    with (
        socket.create_connection(("127.0.0.1", running.port)) as to,
        pytest.raises(InvalidStatus, match="403"),
        connect(address, sock=to, origin=origin and origin.format(port=running.port)),  # type: ignore[arg-type]
    ):
        pass


@HEAVY
def test_printing_is_begun_by_a_page_of_its_own_alone(running: Preview) -> None:
    assert asked(running, "/lectern/pdf", "POST").status == 403
    assert asked(running, "/lectern/pdf", "POST", Origin="http://evil.example").status == 403
    assert told(running, [])["printing"]["phase"] == "idle"
    assert asked(running, "/lectern/pdf").status == 404


@HEAVY
@pytest.mark.parametrize(
    "path",
    [
        "/files/../../slides/refs.bib",
        "/files/..%2f..%2fslides%2frefs.bib",
        "/files/%2e%2e/%2e%2e/slides/refs.bib",
        "/files//etc/passwd",
        "/files/%2Fetc%2Fpasswd",
        "/files/etc/passwd",
        "/files/slides/refs.bib",
        "/files/slides/mechinterp.md.j2",
        "/files/{root}/slides/refs.bib",
        "/files/dot.svg",
        "/files/..\\..\\slides\\refs.bib",
        "/files/%00",
        "/files/",
        "/slides/refs.bib",
        "/img/bars.svg",
        "/lectern/client.py",
        "/lectern/client.css/../server.py",
        "/lectern/client.css%2f..%2f..%2fserver.py",
        "/lectern/../server.py",
        "//etc/passwd",
    ],
)
def test_a_file_that_the_deck_does_not_show_is_not_there(running: Preview, path: str) -> None:
    assert asked(running, path.format(root=running.talk.root)).status == 404


@HEAVY
def test_a_file_that_is_shown_is_there_and_others_beside_it_are_not(running: Preview) -> None:
    page = "".join(slide["html"] for slide in told(running, [])["slides"]["between"])
    path = page[page.index("/files/") :].partition('"')[0]
    assert path.endswith("/dot.svg")
    response = asked(running, path)
    assert response.status == 200
    assert response.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    for other in ("plain.css", "refs.bib", "../slides/dot.svg"):
        assert asked(running, path.replace("dot.svg", other)).status == 404


@HEAVY
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "OPTIONS"])
def test_no_request_writes(running: Preview, method: str) -> None:
    before = snapshot(running.talk)
    origin = f"http://127.0.0.1:{running.port}"
    for path in ("/", "/files/x.svg", "/lectern/client.js", "/slides/refs.bib"):
        assert asked(running, path, method, Origin=origin).status in (404, 405)
    assert snapshot(running.talk) == before


def snapshot(talk: Sandbox) -> dict[str, bytes]:
    files = [path for path in talk.root.rglob("*") if path.is_file() and ".lectern" not in path.parts]
    return {str(path): path.read_bytes() for path in files}


@HEAVY
def test_nonsense_on_the_line_does_not_end_the_preview(running: Preview) -> None:
    own = f"http://127.0.0.1:{running.port}"
    for nonsense in ("", "{", "[]", "{}", '{"have": 1}', '{"have": [[]]}', "null", b"\xff\xfe"):
        with connect(own.replace("http", "ws") + "/lectern/live", origin=own) as line:  # type: ignore[arg-type]
            line.send(nonsense)
            with pytest.raises(Exception, match=r"."):
                line.recv(timeout=20)
    for nonsense in ('{"visible": 1}', '{"visible": [[]]}', "[]"):
        with connect(own.replace("http", "ws") + "/lectern/live", origin=own) as line:  # type: ignore[arg-type]
            line.send('{"have": []}')
            line.recv(timeout=20)
            line.send(nonsense)
    assert len(told(running, [])["slides"]["between"]) == 5


def scope(kind: str = "http", method: str = "GET", **headers: str) -> Scope:
    named = {"host": "127.0.0.1:8000", **headers}
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]
    return {"type": kind, "method": method, "server": ("127.0.0.1", 8000), "headers": encoded}


OWN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "passing",
    [
        scope(),
        scope(host="localhost:8000"),
        scope(method="HEAD"),
        scope(origin=OWN),
        scope(method="POST", origin=OWN),
        scope("websocket", origin=OWN),
        scope(sec_fetch_site="same-origin"),
        scope(sec_fetch_site="none"),
    ],
)
def test_what_comes_from_its_own_page_passes(passing: Scope) -> None:
    assert refusal(passing) is None


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (scope(host="evil.example:8000"), "this is 127.0.0.1:8000, not b?'evil.example:8000'"),
        (scope(host="127.0.0.1:80"), "this is 127.0.0.1:8000"),
        ({**scope(), "headers": []}, "this is 127.0.0.1:8000, not None"),
        (scope(origin="http://evil.example"), "pages of http://evil.example may not ask"),
        (scope(method="POST"), "only a page of this server"),
        (scope("websocket"), "only a page of this server"),
        (scope(sec_fetch_site="cross-site"), "pages of other sites"),
    ],
)
def test_what_does_not_is_told_why(refused: Scope, why: str) -> None:
    assert re.match(why, refusal(refused) or "")
