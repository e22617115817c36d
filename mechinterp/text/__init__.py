"""Text to train and to measure on: the Spanish corpus, English templates, random sequences, the tokenizer.

May import `model`.
"""
