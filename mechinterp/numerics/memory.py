"""Memory that is reused stays with the process."""

import torch

LARGEST = 31 * 2**20  # bytes; blocks of 32 MiB or more do not raise glibc's thresholds


def keep_memory() -> None:
    """Make glibc keep the memory of freed tensors, up to 64 MiB, for the next ones; without glibc, do nothing.

    A training step frees and allocates the same few MiB over and over. Returning them to the system each time, to be
    mapped again page by page, can take as long as the products. glibc sets its thresholds by the largest block that
    was freed: mallopt(3), M_MMAP_THRESHOLD.
    """
    torch.empty(LARGEST, dtype=torch.uint8)
