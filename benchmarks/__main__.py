"""Run all benchmarks."""

from benchmarks import (
    cached_forward,
    first_forward,
    from_nothing,
    long_deck,
    nothing_to_do,
    patching,
    preview,
    prose_edit,
    sae,
    toy_models,
)

for benchmark in (
    nothing_to_do,
    prose_edit,
    preview,
    long_deck,
    from_nothing,
    first_forward,
    cached_forward,
    patching,
    toy_models,
    sae,
):
    benchmark.main()
