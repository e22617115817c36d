"""How the lecture's figures look and how they write."""
