"""What a trained model does on held-out prompts.

May import `model`, `text`, `attention`, `interventions` and `ioi`.
"""
