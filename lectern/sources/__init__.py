"""What figures are made from: scripts, the modules and files they use, and keys that say what changed."""
