"""Text to measure on and to train on: the Spanish corpus, English templates, random sequences, the tokenizer.

May import `model`.
"""
