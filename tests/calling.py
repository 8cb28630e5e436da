"""The command line as the tests call it."""

import pytest

from cnnrepro import cli


def call(capsys, *arguments):
    """Exit status, standard output and standard error of a command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err
