"""Turns exercises, written once with their solutions, into a student's notebook and one that was executed."""
