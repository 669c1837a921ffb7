"""One file per command: ``parser()`` says what it takes, ``execute(arguments)`` does it and returns the exit code."""
