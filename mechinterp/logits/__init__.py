"""Where a prediction comes from, and sampling from it: direct logit attribution, the logit lens, sampling.

May import `model`.
"""
