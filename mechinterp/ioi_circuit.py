"""`python -m mechinterp.ioi_circuit [MODEL]`: the former name of `python -m mechinterp.ioi`."""

import runpy

if __name__ == "__main__":
    runpy.run_module("mechinterp.ioi", run_name="__main__")
