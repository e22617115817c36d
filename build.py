"""Build the lecture: `python build.py --help` tells how."""

import sys

MINIMUM = (3, 11)
DECK = "slides/mechinterp.md.j2"


def main() -> int:
    """Run the command line; say what to install where something is missing."""
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        print("error: Python %d.%d or newer is needed, this is %s" % (*MINIMUM, found), file=sys.stderr)
        return 1
    try:
        from lectern.cli import run

        return run(sys.argv[1:], fixtures=fixtures(), deck=DECK)
    except KeyboardInterrupt:  # while modules are loaded; from then on the command line takes care of it
        return 130
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("lectern", "mechinterp"):
            raise
        print(
            "error: the Python package %r is not installed here\n"
            "  → run `make`, which sets everything up, then `.venv/bin/python build.py`" % error.name,
            file=sys.stderr,
        )
        return 1


def fixtures() -> dict:
    """Return what the lecture's figures may ask for besides each other: the model, an SAE, checkpoints."""
    from lectern.fixtures import Fixture, Option

    return {
        "model": Fixture(
            find="mechinterp.model.checkpoints:find",
            load="mechinterp.model.loading:load_model",
            default="bundled",
            help="make the lecture on another model: a folder with a checkpoint, or a Hugging Face hub id[@revision]",
            options={
                "memory": Option(1, "GB", "memory that the activations of a model may take at once"),
                "device": Option(
                    "auto",
                    "DEVICE",
                    "where a model computes: cpu, cuda, mps, or auto, a GPU for a large model where there is one",
                    ("auto", "cpu", "cuda", "mps"),
                ),
            },
        ),
        "sae": Fixture(
            find="mechinterp.sae.folder:find",
            load="mechinterp.sae.shown:load",
            default="none",
            help="show this sparse autoencoder of the model: a folder in SAELens' format",
            fits="mechinterp.sae.folder:fits",
        ),
        "checkpoints": Fixture(
            find="mechinterp.evaluation.checkpoints:find",
            load="mechinterp.evaluation.checkpoints:load",
            default="none",
            help="show how induction appears along these: folders or hub ids with revisions, commas between them",
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
