"""Sparse autoencoders: architectures, training, metrics, what features mean, steering, SAELens' format.

May import `model`, `text` and `numerics`.
"""
