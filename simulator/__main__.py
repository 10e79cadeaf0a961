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
    finally:
        # Python notes an interrupt that passes through a library's exec of a text, and ends ``python -m`` by SIGINT
        # although it was caught and told; executing another text takes the note back.
        exec("")


if __name__ == "__main__":
    main()
