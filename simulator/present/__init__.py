"""Results for people: figures, a report, progress and the command line. Nothing is computed here."""
