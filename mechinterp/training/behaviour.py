"""`python -m mechinterp.training.behaviour [MODEL]`: the former name of `python -m mechinterp.evaluation`."""

import runpy

if __name__ == "__main__":
    runpy.run_module("mechinterp.evaluation", run_name="__main__")
