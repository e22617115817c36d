import socket

import pytest

from lectern.commands.watch import TRIED, bound
from lectern.errors import UsageError


def test_the_port_is_the_one_asked_for_and_only_this_machine_reaches_it() -> None:
    with bound(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_the_next_free_port_is_taken() -> None:
    with bound(20000) as first, bound(first.getsockname()[1]) as second:
        assert second.getsockname()[1] > first.getsockname()[1]
        with socket.create_connection(second.getsockname()):
            pass


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lectern.commands.watch.ADDRESS", "192.0.2.1")  # of no machine
    with pytest.raises(UsageError, match=f"no port from 8000 to {8000 + TRIED - 1} is free"):
        bound(8000)


def test_a_port_beyond_the_last_is_none() -> None:
    with bound(65535) as last:
        taken = last.getsockname()[1]
        with pytest.raises(UsageError, match="choose another: --port N"):
            bound(taken)
