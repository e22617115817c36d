"""Memory that is used again and again stays with the process."""

import torch

LARGEST = 31 * 2**20  # bytes; from 32 MiB on glibc's limits do not grow


def keep_memory() -> None:
    """Have glibc keep the memory of tensors that are freed, up to 64 MiB, for the next ones; elsewhere do nothing.

    A step of training frees and asks for the same few MiB over and over, and giving them back to the system each time,
    to be had page by page again, may take as long as the products. glibc learns what to keep from the largest block
    that was freed: mallopt(3), M_MMAP_THRESHOLD.
    """
    torch.empty(LARGEST, dtype=torch.uint8)
