"""The command line: parses, calls, prints; nothing else.

Results go to standard output, progress and errors to standard error. Exit status: 0 done, 1 the work failed, 2 the
call was wrong, 129 hung up (SIGHUP), 130 interrupted (Ctrl-C), 143 terminated (SIGTERM).
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from cnnrepro.cli.app import Interrupted, app, explain_call, say
from cnnrepro.errors import CnnreproError, UsageError, shortened
from cnnrepro.stderr import go_nowhere, prepare_streams, say_line

# Each adds its commands to the app, in this order.
# isort: off
from cnnrepro.cli import listing, inspect, run, train, predict, compare, plan  # noqa: F401
from cnnrepro.cli import claims, notebooks, publish, open_page, doctor, runs, data, bench  # noqa: F401
# isort: on

LONGEST_ERROR = 20_000  # characters: what is wrong with many runs or pages, and no file that somebody gave


def main(arguments: Sequence[str] | None = None) -> None:
    """The command ``cnnrepro``: every way it can end is an exit status and, for errors, one sentence."""
    prepare_streams()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:  # wherever it stands: people add it to the end of the command that failed
        arguments = [argument for argument in arguments if argument != "--debug"]
    sys.exit(status_of(lambda: app(args=arguments, prog_name="cnnrepro", standalone_mode=False), debug, arguments))


def status_of(work: Callable[[], int | None], debug: bool = False, arguments: Sequence[str] = ()) -> int:
    """The exit status of some work; how it ended is said in a sentence."""
    try:
        status = work() or 0
        if sys.stdout is not None:
            sys.stdout.flush()  # else Python finds at its end that nobody reads, with an exit status of its own
        return status
    except (KeyboardInterrupt, Interrupted) as error:
        say("interrupted; the same command goes on from the last finished epoch.")
        return 128 + int(next(iter(error.args), signal.SIGINT))
    except BrokenPipeError:  # `cnnrepro runs | head`
        go_nowhere(1)
        return 0
    except SystemExit as error:  # rich's way to say the same
        if isinstance(error.__context__, BrokenPipeError):
            return 0
        raise
    except Exception as error:
        if debug:
            say_line(traceback.format_exc())
        return _explain(error, arguments)


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print an error as a sentence; the exit status it leads to."""
    if isinstance(error, CnnreproError):
        say(shortened(str(error), LONGEST_ERROR))
        return error.exit_status
    if hasattr(error, "format_message"):  # typer's own: an unknown command or option, a value of the wrong type
        say(explain_call(error, arguments))
        return UsageError.exit_status
    if isinstance(error, OSError) and error.strerror:
        say(f"{error.strerror}: {error.filename or 'a file'}. --debug shows where it happened.")
        return 1
    say(f"an error of cnnrepro's own: {type(error).__name__}: {error}. --debug shows where it happened.")
    return 1
