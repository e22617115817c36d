"""How the lecture's own model is trained: settings, batches, the loss, checkpoints, the model card.

May import `model`, `text`, `evaluation` and `numerics`.
"""
