"""Figures made by a Dask cluster that has the engine installed, and nothing of the project."""

import contextlib
import json
import queue
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client
from distributed.comm import CommClosedError

from lectern.making import cluster as clusters
from lectern.making import cluster_workers, engine
from lectern.making.request import Request
from lectern.preview.jobs import Ended, Jobs
from lectern.project import ENGINE_ROOT
from tests.conftest import FIGURE, SLOW, Sandbox
from tests.making.running_cluster import Running, cluster
from tests.test_interruption import wait_until

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of Dask's own sockets
]

# What a figure may need of its project: a package, a declared file, a file as a parameter, another figure's result.
RICH = '''
"""All that can travel."""
from pathlib import Path
import json
import os
import numpy as np
from matplotlib.figure import Figure
from lectern.figure import Claim, Result
from helping.sums import total

FILES = ("data/*.txt",)

def compute(first, weights, table=Path("tables/a.json"), seed=3):
    print("here", os.getcwd())
    text = Path("data/words.txt").read_text() + first.data["word"]
    numbers = np.random.default_rng(seed).normal(size=100) @ np.ones((100, 3)) * json.loads(table.read_text())
    return Result({"numbers": numbers, "text": text, "total": total(numbers), "weights": weights, "of": str(table)},
                  {"letters": len(text), "here": __file__}, {"some": Claim("letters", len(text), at_least=1)},
                  f"Of {table}")

def draw(data):
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot(data["numbers"])
    return figure
'''
FIRST = '''
"""A word."""
from matplotlib.figure import Figure
from lectern.figure import Result

def compute(word="uno"):
    return Result({"word": word})

def draw(data):
    figure = Figure(figsize=(2, 1))
    figure.text(0, 0, data["word"])
    return figure
'''
LOADER = """
from pathlib import Path
def find(value, quiet):
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(f"there is no folder {value}")
    return folder.name, [folder / "weights.txt"], value, str(folder)
def load(value):
    text = (Path(value).resolve() / "weights.txt").read_text()
    if text == "bad":
        raise ValueError(f"{value} holds no weights")
    return text
"""
# One figure says where it is, and does not end; on another worker it does.
LINGERS = """
    import os, threading
    from pathlib import Path
    with open({log!r}, "a") as log:
        log.write("{name}\\n")
    mark = Path({mark!r})
    if not mark.exists():
        mark.write_text(str(os.getppid()) + " " + str(os.getpid()))
        threading.Event().wait(60)
    return Result"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder, [folder.parent / "projects"]) as found:
        yield found


@pytest.fixture
def project(running: Running, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A project in a folder that the workers may not read."""
    root = running.folder.parent / "projects" / request.node.name.replace("[", "-").replace("]", "")
    (root / "figures").mkdir(parents=True)
    found = Sandbox(root)
    with found.closing:
        yield found
    clusters.cluster_at(running.address).close()


def dask(running: Running) -> tuple[str, ...]:
    return "--dask", running.address


def idle(running: Running) -> bool:
    with Client(running.address, set_as_default=False) as client:
        return not any(client.processing().values())


def sidecars(project: Sandbox) -> dict[str, dict[str, object]]:
    found = {path.name: json.loads(path.read_text()) for path in (project.root / "img").rglob("*.json")}
    return {name: {**sidecar, "seconds": None, "digest": None} for name, sidecar in found.items()}


def test_what_comes_out_is_what_comes_out_here(project: Sandbox, running: Running) -> None:
    from lectern.fixtures import Fixture

    project.fixtures["weights"] = Fixture("loading:find", "loading:load", "there", "weights")
    model = project.root.parent / "model"  # as in a cache: what is in it lies elsewhere
    model.mkdir()
    (model / "weights.txt").symlink_to(project.write("../blobs/0a1b", "strong"))
    project.write("loading.py", LOADER)
    project.write("helping/__init__.py", "")
    project.write("helping/sums.py", "def total(numbers):\n    return float(numbers.sum())\n")
    project.write("data/words.txt", "¡hola!")
    project.write("tables/a.json", "0.1")
    project.figure("first", FIRST)
    project.figure("rich", RICH)
    asked = ("--only", "rich", "--weights", str(model))
    with _importing(project.root):
        assert project.build(*asked, *dask(running)) == 0
        there, pictures = (
            sidecars(project),
            {p.name: p.read_bytes() for p in project.root.rglob("img/**/*.png")},
        )
        assert len(there) == 2
        shutil.rmtree(project.root / "img")
        shutil.rmtree(project.root / ".lectern")
        assert project.build(*asked) == 0
    assert sidecars(project) == there
    assert {path.name: path.read_bytes() for path in project.root.rglob("img/**/*.png")} == pictures


@contextlib.contextmanager
def _importing(root: Path) -> Iterator[None]:
    import sys

    sys.path.insert(0, str(root))
    yield
    sys.path.remove(str(root))
    sys.modules.pop("loading", None)


def test_mistakes_read_as_if_made_here(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("helper.py", "def fail(number):\n    return 1 / (number - 2)\n")
    project.write("secret.txt", "x")
    project.figure(
        "divides",
        FIGURE.replace(
            "    return Result",
            "    import helper\n    print(__file__)\n    helper.fail(number)\n    return Result",
        ),
    )
    project.figure(
        "reads", FIGURE.replace("    return Result", "    open('secret.txt').read()\n    return Result")
    )
    project.figure(
        "dies", FIGURE.replace("    return Result", "    import os\n    os.abort()\n    return Result")
    )
    project.figure(
        "slow",
        "TIME_LIMIT = 0.5\n"
        + FIGURE.replace(
            "    return Result", "    import threading\n    threading.Event().wait(60)\n    return Result"
        ),
    )
    absolute = f"    open({str(project.root / 'secret.txt')!r}).read()\n    return Result"
    project.figure("wanders", FIGURE.replace("    return Result", absolute))
    asked = ("--only", "divides", "reads", "wanders", "dies", "slow", "--quiet")
    assert project.build(*asked, *dask(running)) == 1
    there = capsys.readouterr().err
    assert project.build(*asked) == 1
    here = capsys.readouterr().err
    assert sorted(_said(there)) == sorted(_said(here))
    assert "helper.py, line 2: figure 'divides': ZeroDivisionError" in there
    assert f"it reads {project.root / 'secret.txt'}, which its key does not cover" in there
    assert str(running.folder) not in there


def test_what_is_not_declared_is_refused_there_too(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    def figure(name: str, line: str) -> None:
        project.figure(
            name,
            "import importlib, os, pathlib\n"
            + FIGURE.replace("    return Result", f"    {line}\n    return Result"),
        )

    project.write("secret.txt", "x")
    project.write("helper.py", "")
    # The workers have the wheel's mechinterp, too.
    figure("takes", "importlib.import_module('mechinterp.model.checkpoints')")
    figure("helps", "importlib.import_module('helper')")
    figure("looks", "path = pathlib.Path('secret.txt'); path.exists() and path.read_text()")
    figure("lists", "os.listdir('figures')")
    asked = ("--only", "takes", "helps", "looks", "lists", "--quiet")
    assert project.build(*asked, *dask(running)) == 1
    there = capsys.readouterr().err
    assert project.build(*asked) == 1
    assert sorted(_said(there)) == sorted(_said(capsys.readouterr().err))
    assert there.count("which its key does not cover") == 4
    assert f"it reads {ENGINE_ROOT / 'mechinterp/__init__.py'}" in there


def test_what_a_job_writes_to_its_files_is_told_and_is_no_others(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = "FILES = ('data/*.txt',)\nimport os\n"
    reads = "    alt = open('data/a.txt').read() + str(sorted(os.listdir('data')))\n    return Result"
    writes = "    open('data/a.txt', 'a').write('!')\n    return Result"
    project.write("data/a.txt", "text")
    project.write("data/b.csv", "1")
    project.figure("reads", declared + FIGURE.replace("    return Result", reads).replace('"A bar"', "alt"))
    project.figure("writes", declared + FIGURE.replace("    return Result", writes))
    for name in ("a", "b"):  # on both workers
        assert project.build("--only", "writes", "--force", *dask(running), "--quiet") == 1, name
        assert "writes.py: figure 'writes': data/a.txt changed while compute ran" in capsys.readouterr().err
    assert project.build("--only", "reads", *dask(running), "--quiet") == 0
    assert sidecars(project)["reads.json"]["alt"] == "text['a.txt', 'b.csv']"


def test_the_memory_that_figures_may_take_holds_there(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    project.figure("one", FIGURE.replace("    return Result", SLOW))
    assert project.build("--only", "one", "--memory-limit", "0.01", *dask(running), "--quiet") == 1
    assert "all figures together may take 0.0 GB" in capsys.readouterr().err


def test_the_preview_makes_figures_there_and_a_newer_save_stops_an_older_job(
    project: Sandbox, running: Running, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    lingers = LINGERS.format(log=str(tmp_path / "log"), name="one", mark=str(mark))
    project.figure("one", FIGURE.replace("    return Result", lingers))
    ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    jobs = Jobs(replace(project.project, cluster=running.address), 4, ended.put, lambda: None)
    with contextlib.closing(jobs):
        jobs.want({Request("one"): "before"})
        wait_until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
        parent, worker = map(int, mark.read_text().split())
        assert _worker_of(parent, running) in ("a", "b")
        project.figure("one")
        jobs.want({Request("one"): "after"})
        assert ended.get(timeout=20) == Ended(Request("one"), "after", None)
        wait_until(lambda: not Path(f"/proc/{worker}").exists())
    assert (project.root / "img" / "one.png").exists()


def _said(text: str) -> list[str]:
    """Return what is said but for the remedies; in which order figures fail is chance."""
    lines = text.replace("error: ", "").splitlines()
    return [line for line in lines if not line.lstrip().startswith("→")]


def test_one_figure_is_made_there_too(project: Sandbox, running: Running, tmp_path: Path) -> None:
    project.figure(
        "one",
        FIGURE.replace("    return Result", "    import os\n    print(os.getppid())\n    return Result"),
    )
    process = project.command(
        "figure", "one", "--format", "pdf", "-o", str(tmp_path / "one.pdf"), *dask(running)
    )
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert _worker_of(int(err.split("one │ ")[1].split()[0]), running) in ("a", "b")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_files_that_were_lost_with_all_workers_are_sent_again(
    project: Sandbox, running: Running, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    project.figure(
        "one",
        FIGURE.replace(
            "    return Result", LINGERS.format(log=str(tmp_path / "log"), name="one", mark=str(mark))
        ),
    )
    process = project.command("--only", "one", *dask(running))
    wait_until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
    for name in ("a", "b"):
        running.kill(name)
        running.worker(name)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert (tmp_path / "log").read_text().split() == ["one", "one"]


def test_a_killed_workers_job_runs_elsewhere_and_what_was_done_is_not_done_again(
    project: Sandbox, running: Running, tmp_path: Path
) -> None:
    log, mark = tmp_path / "log", tmp_path / "mark"
    for name in ("one", "two", "three"):
        lingers = LINGERS.format(log=str(log), name=name, mark=str(mark))
        done = (
            f'\n    with open({str(log)!r}, "a") as log:\n        log.write("{name}\\n")\n    return Result'
        )
        project.figure(name, FIGURE.replace("    return Result", lingers if name == "three" else done))
    assert project.build("--only", "one", *dask(running)) == 0
    process = project.command("--only", "one", "two", "three", *dask(running))
    wait_until(
        lambda: (
            mark.exists() and len(mark.read_text().split()) == 2 and (project.root / "img/two.json").exists()
        )
    )
    running.kill(_worker_of(int(mark.read_text().split()[0]), running))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert sorted(log.read_text().split()) == [
        "one",
        "three",
        "three",
        "two",
    ]  # it began twice, and ended once
    for name in ("a", "b"):
        if name not in running.processes:
            running.worker(name)
    with Client(running.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=30)


def _worker_of(parent: int, running: Running) -> str:
    """Return the worker that started the process from which a job was forked."""
    started = int(Path(f"/proc/{parent}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return next(name for name, process in running.processes.items() if process.pid == started)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_submitted_ends_with_the_build(
    project: Sandbox, running: Running, tmp_path: Path, number: signal.Signals
) -> None:
    mark = tmp_path / "mark"
    project.figure(
        "one",
        FIGURE.replace(
            "    return Result", LINGERS.format(log=str(tmp_path / "log"), name="one", mark=str(mark))
        ),
    )
    process = project.command("--only", "one", *dask(running))
    wait_until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert "Traceback" not in err
    wait_until(lambda: not Path(f"/proc/{mark.read_text().split()[1]}").exists())
    wait_until(lambda: idle(running))


def test_another_engine_is_refused(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.figure("one")
    monkeypatch.setattr(engine, "__version__", "0.0.9")
    assert project.build("--only", "one", *dask(running), "--quiet") == 1
    err = capsys.readouterr().err
    assert "has the engine 0.1.0 (sources " in err
    assert "and this is 0.0.9 (sources " in err
    assert "→ install this version where the scheduler and the workers run" in err


def test_a_worker_that_goes_while_it_is_sent_files_is_no_lost_cluster(
    project: Sandbox, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    scatter, failures = Client.scatter, [CommClosedError("Stream is closed")]

    def failing_once(client: Client, *arguments: object, **options: object) -> object:
        if failures:
            raise failures.pop()
        return scatter(client, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "scatter", failing_once)
    project.figure("one")
    assert project.build("--only", "one", *dask(running), "--quiet") == 0
    assert not failures


def test_a_worker_without_engine_is_refused(
    project: Sandbox, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    project.figure("one")
    with Client(running.address, set_as_default=False) as client:
        running.worker_without_engine("bare")
        client.wait_for_workers(3, timeout=30)
        assert project.build("--only", "one", *dask(running), "--quiet") == 1
        assert "has no engine to run jobs\n  → install this version" in capsys.readouterr().err
        running.kill("bare")
        wait_until(lambda: len(client.nthreads()) == 2)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "foo://x"])
def test_a_cluster_that_is_not_there_is_told_in_a_paragraph(
    sandbox: Sandbox, address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "CONNECTING", 0.5)
    sandbox.figure("one")
    sandbox.figure("two")
    assert sandbox.build("--only", "one", "two", "--dask", address, "--quiet") == 1
    err = capsys.readouterr().err
    assert err.startswith(f"error: there is no Dask scheduler to be reached at {address}: ")
    assert len(err.splitlines()) == 2
    assert sandbox.build("--only", "one", "two", "--quiet") == 0
    assert (
        sandbox.build("--only", "one", "two", "--dask", address, "--quiet") == 0
    )  # nothing to do needs none


def test_workers_and_then_the_scheduler_go(
    project: Sandbox,
    running: Running,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The last test: it leaves nothing of the cluster."""
    mark = tmp_path / "mark"
    lingers = LINGERS.format(log=str(tmp_path / "log"), name="one", mark=str(mark))
    project.figure("one", FIGURE.replace("    return Result", lingers))
    monkeypatch.setattr(clusters, "WORKERS_COMING", 0.5)
    monkeypatch.setattr(clusters, "WORKERS_BACK", 0.5)
    monkeypatch.setattr(cluster_workers, "LOOK", 0.2)
    ends = threading.Thread(target=_kill_workers_at, args=(mark, running))
    ends.start()
    asked = ("--only", "one", *dask(running))
    assert project.build(*asked, "--quiet") == 1  # they go in the middle
    ends.join()
    assert project.build(*asked, "--quiet") == 1  # there are none from the beginning
    said = (
        f"error: the Dask cluster at {running.address} has no workers\n  → what was made is kept: start some"
    )
    assert capsys.readouterr().err.count(said) == 2
    clusters.cluster_at(running.address).close()

    running.worker("a")
    mark.unlink()
    process = project.command(*asked)
    wait_until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
    running.kill("scheduler")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "does not answer any more\n  → what was made is kept" in err
    assert "Traceback" not in err


def _kill_workers_at(mark: Path, running: Running) -> None:
    wait_until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
    for name in ("a", "b"):
        running.kill(name)
