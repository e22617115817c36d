"""Numerics independent of models: bootstrap intervals, products with weights, memory, a run's saved state.

May import no other room.
"""
