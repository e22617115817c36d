"""Computing and drawing figures: each step in a process of its own, each result kept until its key changes."""
