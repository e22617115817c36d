"""Rendering: Markdown to slides through Marp, slides to one offline page, and to PDF through a browser."""
