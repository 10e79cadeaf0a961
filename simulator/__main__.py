"""The program ``simulator``, also as ``python -m simulator``."""

import sys


def main() -> None:
    """Run the command line; an interruption ends it quietly, also while it is still loading."""
    try:
        from simulator.experiment.stopping import Stop

        with Stop().listening():
            from simulator.present.cli import main as run

            run()
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
