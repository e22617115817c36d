"""What the command line takes, and what it refuses."""

import pytest

from lectern.cli import parser


@pytest.mark.parametrize("port", [1, 8000, 65535])
def test_a_port_is_taken(port: int) -> None:
    assert parser({}).parse_args(["--watch", "--port", str(port)]).port == port


@pytest.mark.parametrize("port", ["0", "65536", "-1", "1.5", "http", "", "²"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser({}).parse_args(["--watch", "--port", port])
    assert caught.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", [1, 64])
def test_a_number_of_jobs_is_taken(jobs: int) -> None:
    assert parser({}).parse_args(["--jobs", str(jobs)]).jobs == jobs


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "1e9", "much"])
def test_what_is_no_number_of_gigabytes_is_refused(size: str) -> None:
    with pytest.raises(SystemExit):
        parser({}).parse_args([f"--memory-limit={size}"])


def test_gigabytes_are_read_as_bytes() -> None:
    assert parser({}).parse_args(["--memory-limit", "0.5"]).memory_limit == 500_000_000
