"""Run all benchmarks."""

from benchmarks import from_nothing, nothing_to_do, prose_edit

for benchmark in (nothing_to_do, prose_edit, from_nothing):
    benchmark.main()
