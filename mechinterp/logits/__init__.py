"""Where a prediction comes from and what is sampled from it: direct logit attribution, the logit lens, sampling.

May import `model`.
"""
