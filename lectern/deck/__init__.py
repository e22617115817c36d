"""Decks: from a template, or plain Markdown, to the Markdown that Marp renders, with figures, values and claims."""
