"""What heads attend to and what their weights say: head scores, QK and OV circuits, composition.

May import `model` and `numerics`.
"""
