import platform
import resource

import pytest
import torch

from mechinterp.numerics.memory import keep_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how memory is kept is glibc's")
def test_memory_that_is_freed_is_had_again_without_asking_the_system() -> None:
    keep_memory()

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        held = [torch.zeros(3 * 2**18) for _ in range(8)]  # 3 MiB each
        del held
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults()
    assert (
        sum(faults() for _ in range(10)) < 8 * 3 * 2**20 / 4096
    )  # as many as there are pages, once in ten times
