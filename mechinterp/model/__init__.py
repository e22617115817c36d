"""The transformer, its tokenizer, and how both are loaded: GPT-2 checkpoints, or others by TransformerLens' bridge.

May import no other room.
"""
