"""Indirect object identification: prompts, their corruptions, and the heads of a model that perform the task.

May import `model`, `text`, `attention`, `logits`, `interventions` and `numerics`.
"""
