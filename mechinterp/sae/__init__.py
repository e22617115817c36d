"""Sparse autoencoders: what they compute, how they are trained, what they are worth, and what their features mean."""
