"""What a trained model does on prompts that were held out; it needs no training.

May import `model`, `text`, `attention`, `logits`, `interventions` and `ioi`.
"""
