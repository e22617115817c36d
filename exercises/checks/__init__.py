"""What tells students whether their solutions are right, and, for the usual mistakes, what is wrong."""
