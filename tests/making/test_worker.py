"""What a script can do wrong, and what is said of it."""

import os
import py_compile

import psutil
import pytest

from lectern.errors import FigureError
from lectern.making import memory
from lectern.making.request import Request
from lectern.progress import Progress
from lectern.workshop import open_workshop
from tests.conftest import FIGURE, Sandbox

pytestmark = pytest.mark.heavy


def error_of(sandbox: Sandbox, **replaced: str) -> str:
    text = FIGURE
    for old, new in replaced.items():
        text = text.replace({"result": "    return Result", "figure": "    return figure"}.get(old, old), new)
    sandbox.figure("one", text)
    with pytest.raises(FigureError) as caught:
        sandbox.make("one")
    assert not list((sandbox.root / "img").glob("*")) if (sandbox.root / "img").exists() else True
    return str(caught.value)


def test_an_exception_is_placed_and_its_frames_are_the_projects_own(sandbox: Sandbox) -> None:
    sandbox.write("helpers/deep.py", "import json\n\ndef fail():\n    json.loads('{')\n")
    said = error_of(sandbox, result="    from helpers.deep import fail\n    fail()\n    return Result")
    assert said.startswith("helpers/deep.py, line 4: figure 'one': json.decoder.JSONDecodeError")
    assert "figures/one.py" in said
    assert "json/decoder.py" not in said
    assert "lectern" not in said


def test_what_it_printed_is_shown_with_the_error(sandbox: Sandbox) -> None:
    said = error_of(sandbox, result="    print('so far')\n    raise ValueError('no')\n    return Result")
    assert "it printed:\n    so far" in said


def test_what_a_good_script_prints_is_reported(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("    return Result", "    print('hello')\n    return Result"))
    progress = Progress()
    printed: list[str] = []
    progress.ended = lambda _figure, _step, outcome: printed.append(outcome.printed if outcome else "")  # type: ignore[method-assign]
    sandbox.workshop(progress).maker.make([Request("one")])
    assert printed == ["hello\n", ""]


def test_a_hanging_script_is_stopped_where_it_hangs(sandbox: Sandbox) -> None:
    said = error_of(
        sandbox,
        result="    import threading\n    threading.Event().wait()\n    return Result",
        **{"def compute": "TIME_LIMIT = 1\n\ndef compute"},
    )
    assert said.startswith("figures/one.py, line 9: figure 'one': compute ran longer than its 1 s")
    assert "raise TIME_LIMIT" in said


def test_a_script_killed_for_memory(sandbox: Sandbox) -> None:
    said = error_of(sandbox, result="    import os\n    os.kill(os.getpid(), 9)\n    return Result")
    assert "compute was killed by the system" in said
    assert "ran out of memory" in said


def test_a_script_that_asks_for_too_much_memory(sandbox: Sandbox) -> None:
    said = error_of(sandbox, result="    bytearray(1 << 60)\n    return Result")
    assert "MemoryError" in said
    assert "--jobs 1" in said


def test_a_script_that_ends_its_process(sandbox: Sandbox) -> None:
    said = error_of(
        sandbox, result="    import os\n    os.write(2, b'bye')\n    os._exit(3)\n    return Result"
    )
    assert "compute died with exit code 3" in said
    assert "bye" in said


def test_a_script_that_exits(sandbox: Sandbox) -> None:
    assert "SystemExit: 1" in error_of(sandbox, result="    raise SystemExit(1)\n    return Result")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "compute returned nothing"),
        ("3", "compute returned a builtins.int"),
        ("Result({'a': object()})", r"compute's data['a'] is a builtins.object"),
        ("Result({}, values={'x': float('nan')})", "value 'x' is nan"),
        ("Result({}, values={'x': {}})", "value 'x' is a builtins.dict"),
        ("Result({}, claims={'x': 1})", "claim 'x' is a builtins.int"),
        ("Result({}, claims={'x': Claim('c', 1)})", "claim 'c' has no bound"),
        (
            "Result({}, claims={'x': Claim('c', '1', at_least=0)})",
            "claim 'c': measured is '1', which is no number",
        ),
        (
            "Result({}, claims={'x': Claim('c', 1, at_least='0')})",
            "claim 'c': at_least is '0', which is no number",
        ),
        ("Result({}, claims={'x': Claim('c', 1, at_most=float('nan'))})", "at_most is not a number that"),
        ("Result({}, values={'x': chr(0xd800)})", "holds half a character"),
        ("Result({}, alt=chr(0xd800))", "holds half a character"),
        ("Result({}, claims={'x': Claim(chr(0xd800), 1, at_least=0)})", "holds half a character"),
    ],
)
def test_compute_returns_what_the_contract_says(sandbox: Sandbox, returned: str, message: str) -> None:
    assert message in error_of(sandbox, result=f"    return {returned}\n    return Result")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "draw returned nothing"),
        ("figure.axes", "draw returned a builtins.list"),
        ("Figure()", "draw returned an empty figure"),
    ],
)
def test_draw_returns_a_figure_with_something_on_it(sandbox: Sandbox, returned: str, message: str) -> None:
    sandbox.figure("one", FIGURE.replace("return figure", f"return {returned}"))
    with pytest.raises(FigureError) as caught:
        sandbox.make("one")
    assert message in str(caught.value)


def test_a_library_that_is_not_installed_is_named(sandbox: Sandbox) -> None:
    said = error_of(sandbox, result="    import no_such_library\n    return Result")
    assert "No module named 'no_such_library'" in said
    assert "pip install no_such_library" in said


def test_reading_a_file_outside_the_key_is_an_error_naming_it(sandbox: Sandbox) -> None:
    path = sandbox.write("data.txt", "7")
    said = error_of(sandbox, result=f"    open({str(path)!r}).read()\n    return Result")
    assert said.startswith(
        f"figures/one.py, line 6: figure 'one': it reads {path}, which its key does not cover"
    )
    sandbox.figure(
        "one", FIGURE.replace("    return Result", f"    open({str(path)!r}).read()\n    return Result")
    )
    sandbox.edit("figures/one.py", "def compute", "FILES = ('data.txt',)\n\ndef compute")
    assert sandbox.make("one")


def test_importing_a_module_behind_the_keys_back_is_an_error_naming_it(sandbox: Sandbox) -> None:
    sandbox.write("hidden.py", "X = 1")
    said = error_of(
        sandbox, result="    import importlib\n    importlib.import_module('hidden')\n    return Result"
    )
    assert f"it reads {sandbox.root / 'hidden.py'}" in said


def test_writing_and_reading_elsewhere_is_allowed(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "file"
    use = f"    open({str(path)!r}, 'w').write('x')\n    open({str(path)!r}).read()\n    return Result"
    sandbox.figure("one", FIGURE.replace("    return Result", use))
    assert sandbox.make("one")


def test_a_module_saved_twice_within_a_second_is_the_one_saved_last(sandbox: Sandbox) -> None:
    """Python trusts a compiled module by size and whole seconds; workers must not."""
    sandbox.figure(
        "one", FIGURE.replace("    return Result", "    from near import N as number\n    return Result")
    )
    module = sandbox.write("near.py", "N = 5\n")
    sandbox.make("one")
    stamp = module.stat().st_mtime
    sandbox.write("near.py", "N = 6\n")
    os.utime(module, (stamp, stamp))
    sandbox.make("one")
    state = sandbox.workshop().states.of(Request("one"))
    assert state.sidecar is not None
    assert state.sidecar.values == {"twice": 12}


def test_what_a_module_was_compiled_to_before_is_not_used(sandbox: Sandbox) -> None:
    module = sandbox.write("near.py", "N = 5\n")
    stamp = module.stat().st_mtime
    py_compile.compile(str(module))
    sandbox.write("near.py", "N = 6\n")
    os.utime(module, (stamp, stamp))
    sandbox.figure(
        "one", FIGURE.replace("    return Result", "    from near import N as number\n    return Result")
    )
    sandbox.make("one")
    sidecar = sandbox.workshop().states.of(Request("one")).sidecar
    assert sidecar
    assert sidecar.values == {"twice": 12}


@pytest.mark.parametrize("told_by", ["MPLCONFIGDIR", "MATPLOTLIBRC"])
def test_a_persons_own_matplotlibrc_changes_nothing(sandbox: Sandbox, told_by: str) -> None:
    """The first is where caches are too, and is passed on to who makes figures."""
    sandbox.figure("one")
    sandbox.make("one")
    before = (sandbox.root / "img/one.svg").read_bytes()
    sandbox.write("own/matplotlibrc", "axes.linewidth: 20\n")
    command = sandbox.command("--only", "one", "--force", **{told_by: str(sandbox.root / "own")})
    assert "draw" in "".join(command.communicate())
    assert command.returncode == 0
    assert (sandbox.root / "img/one.svg").read_bytes() == before


def test_workers_use_one_thread(sandbox: Sandbox) -> None:
    probe = "    import torch\n    assert torch.get_num_threads() == 1\n    return Result"
    sandbox.figure("one", FIGURE.replace("    return Result", probe))
    assert sandbox.make("one")


def test_numbers_of_other_libraries_are_numbers_in_a_claim(sandbox: Sandbox) -> None:
    text = FIGURE.replace("at_least=0", "at_least=numpy.float32(0), at_most=torch.tensor(9)")
    sandbox.figure("one", "import numpy, torch\n" + text.replace('"twice", 2', '"twice", numpy.float64(2)'))
    assert sandbox.make("one")
    sidecar = sandbox.workshop().states.of(Request("one")).sidecar
    assert sidecar
    assert str(sidecar.claims["positive"]) == "twice = 4, claimed at least 0 and at most 9: holds"


def test_the_line_of_a_script_that_is_stopped_is_its_own_not_one_it_printed(sandbox: Sandbox) -> None:
    hang = "    import threading, traceback\n    traceback.print_stack()\n    print('  File \"figures/one.py\", line x')\n"
    said = error_of(
        sandbox,
        result=f"{hang}    threading.Event().wait()\n    return Result",
        **{"def compute": "TIME_LIMIT = 1\n\ndef compute"},
    )
    assert said.startswith("figures/one.py, line 11: figure 'one': compute ran longer than its 1 s")


def test_a_figure_named_like_a_library_may_use_it(sandbox: Sandbox) -> None:
    probe = "    import numpy\n    number = int(numpy.int64(number))\n    return Result"
    sandbox.figure("numpy", FIGURE.replace("    return Result", probe))
    assert sandbox.make("numpy") == [("numpy", "compute"), ("numpy", "draw")]


def test_a_figure_that_takes_too_much_memory_is_ended_before_the_system_does_it(sandbox: Sandbox) -> None:
    grow = "    held = []\n    while True:\n        held.append(bytearray(b'x') * 5_000_000)\n        sum(range(200_000))"
    sandbox.figure("one", FIGURE.replace("    return Result", f"{grow}\n    return Result"))
    with (
        open_workshop(sandbox.project, Progress(), jobs=1, memory_bound=800_000_000) as workshop,
        pytest.raises(
            FigureError, match=r"compute was ended when it had taken \d\.\d GB .* 0\.8 GB\n.*--memory-limit"
        ),
    ):
        workshop.maker.make([Request("one")])


def test_the_bound_is_on_all_workers_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest is ended."""
    taken = {1: 40, 2: 50, 3: 20}
    monkeypatch.setattr(memory, "taken_by", taken.__getitem__)
    assert memory.largest(taken, 110) is None
    assert memory.largest(taken, 109) == (2, 50)
    assert 0 < memory.default_bound() < psutil.virtual_memory().total
