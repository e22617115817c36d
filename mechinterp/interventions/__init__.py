"""Runs in which activations are replaced: activation, path and attribution patching, ablation, and their metrics.

`patched_runs` and `path_runs` define patching one run at a time: read them first. `activation_patching` and
`path_patching` compute the same in one sweep over the layers.

May import `model`, `attention` and `numerics`.
"""
