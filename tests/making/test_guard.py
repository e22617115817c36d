"""What a step may read is what its key covers, however it is read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lectern.errors import FigureError
from lectern.project import ENGINE_ROOT
from tests.conftest import FIGURE, Sandbox

pytestmark = pytest.mark.heavy

SECRET = "secret.db"


def reading(sandbox: Sandbox, code: str, **more: str) -> str | None:
    """Return what is said of a figure whose compute runs this code, or None where nothing is."""
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    text = FIGURE.replace("    return Result", f"{lines}    return Result")
    sandbox.figure("one", more.get("head", "") + text)
    try:
        sandbox.make("one")
    except FigureError as error:
        return str(error)
    return None


READS = {
    "open": "open('secret.db').read()",
    "for reading and appending": "open('secret.db', 'a+').seek(0)",
    "for reading and writing": "open('secret.db', 'r+').read()",
    "the system's open": "import os\nos.read(os.open('secret.db', os.O_RDWR), 1)",
    "from an open folder": "import os\nos.open('secret.db', os.O_RDONLY, dir_fd=os.open('.', os.O_RDONLY))",
    "a list of a folder": "import os\nos.listdir('data')",
    "a look through a folder": "import os\nlist(os.scandir('data'))",
    "a pattern": "from pathlib import Path\nlist(Path('data').glob('*'))",
    "a walk": "import os\nlist(os.walk('data'))",
    "a database": "import sqlite3\nsqlite3.connect('secret.db')",
    "a database by its URI": "import sqlite3\nsqlite3.connect('file:secret.db?mode=ro', uri=True)",
    "another program": "import subprocess\nsubprocess.run(['cat', 'secret.db'])",
    "another program, by the shell": "import subprocess\nsubprocess.run('cat secret.db', shell=True)",
    "the shell": "import os\nos.system('cat secret.db')",
    "a link to it": "open('link').read()",
    "a link from elsewhere": "open(OUTSIDE).read()",
    "a way round": "open('/proc/self/cwd/secret.db').read()",
    "a folder of a longer name": "open('lectern_data/x.csv').read()",
}


@pytest.mark.parametrize("code", READS.values(), ids=READS)
def test_reading_what_is_not_declared_is_refused(
    sandbox: Sandbox, code: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandbox.write(SECRET, "7")
    sandbox.write("data/x.csv", "7")
    sandbox.write("lectern_data/x.csv", "7")
    (sandbox.root / "link").symlink_to(sandbox.root / SECRET)
    outside = tmp_path_factory.mktemp("outside") / "link"
    outside.symlink_to(sandbox.root / SECRET)
    said = reading(sandbox, code.replace("OUTSIDE", repr(str(outside))))
    assert said
    assert "which its key does not cover\n  → declare" in said


ALLOWED = {
    "writing": "open('new.txt', 'w').write('x')",
    "writing over": "open('secret.db', 'w').write('x')",
    "adding to the end": "open('secret.db', 'a').write('x')",
    "writing over, to be read too": "open('secret.db', 'w+').read()",
    "writing, by the system's open": "import os\nos.open('secret.db', os.O_WRONLY)",
    "emptying, by the system's open": "import os\nos.open('secret.db', os.O_RDWR | os.O_TRUNC)",
    "a new file, to be read too": "open('new.txt', 'a+').read()",
    "a declared file": "open('data/x.csv').read()",
    "the folder of declared files": "import os\nos.listdir('data')",
    "a declared database": "import sqlite3\nsqlite3.connect('data/x.csv')",
    "a program that is given no file": "import subprocess\nsubprocess.run(['true', 'secret'])",
    "versions of libraries": "import importlib.metadata\nimportlib.metadata.version('numpy')",
    "a declared file by a link": "open('link/x.csv').read()",
}


@pytest.mark.parametrize("code", ALLOWED.values(), ids=ALLOWED)
def test_what_is_declared_or_only_written_is_not(sandbox: Sandbox, code: str) -> None:
    sandbox.write(SECRET, "7")
    sandbox.write("data/x.csv", "7")
    (sandbox.root / "link").symlink_to(sandbox.root / "data")
    assert reading(sandbox, code, head="FILES = ('data/*.csv',)\n") is None


def test_a_linked_environment_is_no_part_of_the_project(tmp_path: Path) -> None:
    """Libraries lie elsewhere, and are imported by way of the link."""
    root = tmp_path / "project"
    (root / "figures").mkdir(parents=True)
    (root / "venv").symlink_to(sys.prefix)
    sandbox = Sandbox(root)
    sandbox.figure("one", FIGURE.replace("    return Result", "    import numpy.testing\n    return Result"))
    code = (
        "from pathlib import Path; from lectern.progress import Progress; from lectern.project import Project;"
        "from lectern.workshop import open_workshop; from lectern.making.request import Request\n"
        f"with open_workshop(Project(Path({str(root)!r})), Progress(), 1) as w: w.maker.make([Request('one')])"
    )
    python = root / "venv/bin/python"
    subprocess.run([str(python), "-c", code], check=True, cwd=ENGINE_ROOT)


@pytest.mark.parametrize(
    "told",
    [
        "os.environ.get('MINE', '')",
        "time.tzname[0]",
        "str(locale.getlocale())",
        "str(random.random())",
        "str(numpy.random.rand())",
    ],
)
def test_what_a_persons_own_surroundings_are_makes_no_difference(
    sandbox: Sandbox, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import locale, os, random, time\nimport numpy\n" + FIGURE
    text = text.replace("2 * number}", f"{told}}}").replace(
        "    return Result", "    locale.setlocale(locale.LC_ALL, '')\n    return Result"
    )
    sandbox.figure("one", text)
    code = (
        "from pathlib import Path; from lectern.progress import Progress; from lectern.project import Project;"
        "from lectern.workshop import open_workshop; from lectern.making.request import Request\n"
        f"with open_workshop(Project(Path({str(sandbox.root)!r})), Progress(), 1) as w:\n"
        "    print(w.maker.make([Request('one')], force=True)[Request('one')].sidecar.values)"
    )
    found = set()
    for surroundings in ({}, {"MINE": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "5"}):
        run = [sys.executable, "-c", code]
        env = {**os.environ, **surroundings}
        found.add(subprocess.run(run, capture_output=True, check=True, cwd=ENGINE_ROOT, env=env).stdout)
    assert len(found) == 1
