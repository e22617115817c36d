"""How the lecture's own model is made: Spanish text, a tokenizer, training, and what it must show."""
