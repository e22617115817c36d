"""Runs in which activations are replaced: activation, path and attribution patching, ablation, and their metrics.

May import `model`, `attention`, `logits` and `numerics`.
"""
