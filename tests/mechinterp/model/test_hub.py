"""Models of the Hugging Face hub: what is downloaded and when, what is said, and what never is."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path

import pytest

from lectern.project import ENGINE_ROOT
from tests.mechinterp.checkpoint_files import CHECKPOINT
from tests.mechinterp.local_hub import LocalHub, commit_of, model, serving

pytestmark = pytest.mark.heavy

TOKEN = "hf_OnlyATestWouldHaveThisToken"
FIND = """
import sys
from mechinterp.model.checkpoints import find
try:
    print(find(sys.argv[1], quiet="quiet" in sys.argv).exact)
except ValueError as error:
    sys.exit(f"error: {error}")
"""


@dataclass
class Person:
    """Asks for models of a hub, from a machine with a cache of its own."""

    hub: LocalHub
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def finds(self, name: str, *options: str) -> str:
        """Return what a name was found to mean; it has to be found."""
        done = self.asks(name, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def asks(
        self, name: str, *options: str, stderr: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        """Ask for a name; whatever is said, the token is not."""
        self.hub.asked.clear()
        done = subprocess.run(
            [sys.executable, "-c", FIND, name, *options],
            cwd=ENGINE_ROOT,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert TOKEN not in done.stdout + (done.stderr or "")
        return done

    @property
    def variables(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        asked = {"HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.home), "HF_TOKEN": TOKEN}
        return own | asked | self.environment

    @property
    def fetched(self) -> list[str]:
        """The files that were fetched since the last question."""
        return [
            path.rpartition("/")[2] for path in self.hub.asked if path.startswith("GET") and "resolve" in path
        ]


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with serving(LocalHub()) as running:
        yield running


@pytest.fixture
def person(hub: LocalHub, tmp_path: Path) -> Person:
    return Person(hub, tmp_path / "hf")


@pytest.fixture
def tiny(hub: LocalHub, tmp_path: Path) -> Path:
    """A model that the hub has as org/tiny."""
    folder = model(tmp_path / "tiny")
    hub.models["org/tiny"] = {"main": folder}
    return folder


def test_what_is_needed_is_downloaded_once_and_nothing_else(person: Person, tiny: Path) -> None:
    model(
        tiny,
        "pytorch_model.bin",
        "tf_model.h5",
        "onnx/model.safetensors",
        "tokenizer_config.json",
        "adapter.safetensors",
    )
    exact = f"org/tiny@{commit_of(tiny)}"
    assert person.finds("org/tiny") == exact
    assert sorted(person.fetched) == sorted([*CHECKPOINT, "tokenizer_config.json"])
    assert person.finds("org/tiny") == exact
    assert person.hub.asked == []


def test_a_name_goes_on_meaning_what_it_meant_until_another_program_moves_it(
    person: Person, tiny: Path, tmp_path: Path
) -> None:
    before = person.finds("org/tiny")
    newer = person.hub.models["org/tiny"]["main"] = model(tmp_path / "newer", said="better")
    assert person.finds("org/tiny") == before
    moves = "from huggingface_hub import hf_hub_download; hf_hub_download('org/tiny', 'config.json')"
    subprocess.run([sys.executable, "-c", moves], env=person.variables, check=True, capture_output=True)
    assert person.finds("org/tiny") == f"org/tiny@{commit_of(newer)}" != before
    assert "config.json" not in person.fetched
    assert person.finds(before) == before
    assert person.hub.asked == []


@pytest.mark.parametrize("revision", ["step1000", "v1.0", "refs/pr/1"])
def test_a_revision_is_found_by_its_name_and_by_its_commit(
    person: Person, tiny: Path, tmp_path: Path, revision: str
) -> None:
    folder = person.hub.models["org/tiny"][revision] = model(tmp_path / "another", said=revision)
    exact = f"org/tiny@{commit_of(folder)}"
    assert person.finds(f"org/tiny@{revision}") == exact
    assert person.finds(exact) == exact
    assert person.hub.asked == []
    assert person.finds("org/tiny") == f"org/tiny@{commit_of(tiny)}" != exact


def test_a_commit_that_is_not_there_yet_is_downloaded(person: Person, tiny: Path) -> None:
    exact = f"org/tiny@{commit_of(tiny)}"
    assert person.finds(exact) == exact


def test_shards_are_downloaded_as_the_index_has_them(person: Person, tmp_path: Path) -> None:
    shards = [f"model-{i}-of-00002.safetensors" for i in ("00001", "00002")]
    folder = model(tmp_path / "large", "config.json", "tokenizer.json", *shards, "consolidated.safetensors")
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict(zip("ab", shards, strict=True))})
    )
    person.hub.models["large"] = {"main": folder}
    assert person.finds("large") == f"large@{commit_of(folder)}"
    assert sorted(person.fetched) == sorted(
        ["config.json", "tokenizer.json", *shards, "model.safetensors.index.json"]
    )
    assert person.finds("large")
    assert person.hub.asked == []


def without(hub: LocalHub) -> None:
    """Have no such model."""
    del hub.models["org/tiny"]


def gate(hub: LocalHub) -> None:
    hub.gated.add("org/tiny")


def refuse(hub: LocalHub) -> None:
    hub.refuses = True


def fail(hub: LocalHub) -> None:
    hub.fails = True


def cut(hub: LocalHub) -> None:
    hub.cuts = True


def keep_only(*names: str):
    def change(hub: LocalHub) -> None:
        folder = hub.models["org/tiny"]["main"]
        model(folder, *names)
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()

    return change


ANONYMOUS = {"HF_TOKEN": ""}
PRIVATE = (
    r"org/tiny is no folder, and there is no such model on the Hugging Face hub, or it is private: check the name; "
    r"if it is private, log in with `hf auth login`, or set HF_TOKEN"
)
GATED = r"org/tiny is gated: accept its terms at http://[\d.:]+/org/tiny, then log in with `hf auth login`, or set HF_TOKEN"
UNREACHABLE = (
    r"org/tiny is not a folder, and could not be downloaded from the Hugging Face hub \((?P<why>\w+)\); nor is all of "
    r"it in \S+. Check the name and the network, and try again; the model 'bundled'.*works offline"
)
REFUSED = {
    "no such model": (without, {}, PRIVATE),
    "no such model, and nobody logged in": (without, ANONYMOUS, PRIVATE),
    "gated": (gate, {}, GATED),
    "gated, and nobody logged in": (gate, ANONYMOUS, GATED),
    "a token that expired": (
        refuse,
        {},
        r"the Hugging Face hub refuses access to org/tiny with the token that is set \(401\): log in again with "
        r"`hf auth login`, or unset HF_TOKEN",
    ),
    "a hub in trouble": (
        fail,
        {},
        r"org/tiny could not be downloaded: the Hugging Face hub answers with error 500; try again later, or check HF_ENDPOINT",
    ),
    "a connection that breaks": (cut, {}, UNREACHABLE),
    "only pickled": (
        keep_only("config.json", "tokenizer.json", "pytorch_model.bin"),
        {},
        r"org/tiny holds its weights only pickled \(pytorch_model.bin\), .*from_pretrained\('org/tiny'\)\.save_pretrained.*",
    ),
    "no tokenizer": (
        keep_only("config.json", "model.safetensors"),
        {},
        r"org/tiny has no tokenizer\.json: save it beside the weights .*",
    ),
    "no checkpoint": (keep_only("README.md"), {}, r"org/tiny is not a checkpoint: it has no config\.json"),
    "a cache that cannot be written": (
        lambda hub: None,
        {"HF_HOME": "/dev/null/hf"},
        r"org/tiny cannot be downloaded to /dev/null/hf/hub \(Not a directory\): set HF_HOME to a folder that can .*",
    ),
    "offline": (
        lambda hub: None,
        {"HF_HUB_OFFLINE": "1"},
        r"org/tiny is not a folder, .* \(HF_HUB_OFFLINE is set\); nor is all of it in \S+. Unset it .*works offline",
    ),
    "no network": (lambda hub: None, {"HF_ENDPOINT": "http://127.0.0.1:9"}, UNREACHABLE),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_had_is_one_paragraph_with_a_remedy(why: str, person: Person, tiny: Path) -> None:
    change, person.environment, message = REFUSED[why]
    change(person.hub)
    done = person.asks("org/tiny", "quiet")
    assert done.returncode == 1
    assert re.fullmatch(f"error: {message}\n", done.stderr), done.stderr


def test_a_missing_revision_is_refused_with_where_they_are_listed(person: Person, tiny: Path) -> None:
    assert person.asks("org/tiny@step7").stderr == (
        f"error: org/tiny has no revision step7: its branches and tags are listed at {person.hub.endpoint}/org/tiny/tree/main\n"
    )


def test_after_a_connection_broke_only_the_rest_is_downloaded(person: Person, tiny: Path) -> None:
    person.hub.cuts = True
    assert person.asks("org/tiny").returncode == 1
    person.hub.cuts = False
    assert person.finds("org/tiny") == f"org/tiny@{commit_of(tiny)}"
    assert person.fetched == ["model.safetensors"]


def test_a_token_opens_what_is_gated(person: Person, tiny: Path) -> None:
    person.hub.gated.add("org/tiny")
    person.hub.token = TOKEN
    assert person.finds("org/tiny") == f"org/tiny@{commit_of(tiny)}"


def test_what_would_not_fit_on_the_disk_is_not_begun(person: Person, tiny: Path) -> None:
    full = "import shutil; shutil.disk_usage = lambda _: shutil._ntuple_diskusage(10, 0, 10)\n"
    done = subprocess.run(
        [sys.executable, "-c", full + FIND, "org/tiny"],
        cwd=ENGINE_ROOT,
        env=person.variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert re.search(r"org/tiny takes 0.0 MB, and \S+ has 0.0 MB free: set HF_HOME to a folder", done.stderr)
    assert person.fetched == []


def test_a_hub_that_never_answers_is_not_waited_for_without_end(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        person.environment = {"HF_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from mechinterp.model import hub; hub.TIMEOUT = 0.2\n" + FIND,
                "org/tiny",
            ],
            cwd=ENGINE_ROOT,
            env=person.variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert re.fullmatch(f"error: {UNREACHABLE}\n", done.stderr), done.stderr


def on_a_terminal(person: Person, *arguments: str) -> str:
    """Return what a person sees on standard error, on a terminal of a hundred columns."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    person.asks(*arguments, stderr=theirs)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 1 << 16):
            seen += part
    os.close(ours)
    assert TOKEN.encode() not in seen
    return seen.decode()


def test_a_terminal_shows_how_far_a_download_is(person: Person, tiny: Path) -> None:
    seen = on_a_terminal(person, "org/tiny")
    assert re.match(r"downloading org/tiny@[0-9a-f]{8}, 0\.0 MB, to \S+\r\n", seen)
    assert re.search(r"model\.safetensors: 100%", seen)
    assert on_a_terminal(person, "org/tiny") == ""


def test_a_terminal_shows_nothing_where_that_is_asked(person: Person, tiny: Path) -> None:
    assert on_a_terminal(person, "org/tiny", "quiet") == ""


def test_elsewhere_a_download_is_one_line(person: Person, tiny: Path) -> None:
    assert re.fullmatch(r"downloading org/tiny@[0-9a-f]{8}, .*\n", person.asks("org/tiny").stderr)
