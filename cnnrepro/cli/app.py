"""The command line's frame: the app, the options that several commands share, and how it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from cnnrepro import __version__, paths
from cnnrepro.cli import complete
from cnnrepro.errors import UsageError, meant
from cnnrepro.stderr import say_line


class Interrupted(Exception):
    """A KeyboardInterrupt on its way through typer, which would make a bare exit status of it."""


class _Commands(TyperGroup):
    def invoke(self, ctx: typer.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(*error.args) from error


def examples(*commands: str) -> str:
    """Commands as they stand at the end of a help."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


app = typer.Typer(
    name="cnnrepro",
    cls=_Commands,
    help="Reproduce the classic results about convolutional networks, and see which hold.",
    epilog=examples("cnnrepro list", "cnnrepro run convolution_by_hand", "cnnrepro train resnet20 --help"),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def named_path(text: str | Path) -> Path:
    """The path that an option names; an empty one is none, though Python takes it for the current folder."""
    if not str(text).strip():
        raise typer.BadParameter(f"a path is needed, and an unset variable may have left none. Received: {str(text)!r}")
    return Path(text)


Runs = Annotated[
    Path | None,
    typer.Option("--runs", metavar="DIR", help="Folder of the run store.", show_default=False, parser=named_path),
]
Reports = Annotated[
    Path | None,
    typer.Option("--reports", metavar="DIR", help="Folder of the report pages.", show_default=False, parser=named_path),
]
Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY", help="A run's key, or four or more of its first digits.", autocompletion=complete.runs
    ),
]
Model = Annotated[
    str,
    typer.Argument(
        help="A name of `cnnrepro list models`, a layer pattern, or a network of your own: FILE.keras, "
        "FILE.py:FUNCTION or MODULE:FUNCTION.",
        autocompletion=complete.models,
    ),
]
Recipe = Annotated[str, typer.Option(help="A name of `cnnrepro list recipes`.", autocompletion=complete.recipes)]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training split.", show_default="the recipe's")]
BatchSize = Annotated[int | None, typer.Option(help="Images a step.", show_default="the recipe's")]
Pipeline = Annotated[
    str | None,
    typer.Option(
        help="What becomes of an image: see `cnnrepro list pipelines`.",
        show_default="the recipe's",
        autocompletion=complete.pipelines,
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", metavar="NAME=VALUE", help="An option of the model; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if version:
        typer.echo(f"cnnrepro {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
    else:
        paths.working_folder()  # whatever it does, it would end there


def runs_dir(given: Path | None) -> Path:
    """The folder of the run store: what ``--runs`` says, or the default."""
    return paths.expand(given) if given else paths.runs_dir()


def reports_dir(given: Path | None) -> Path:
    """The folder of the pages: what ``--reports`` says, or the default."""
    return paths.expand(given) if given else paths.reports_dir()


def explain_call(error: Exception, arguments: Sequence[str]) -> str:
    """What typer found wrong with a call: the nearest option or command where one is unknown, and where the help is."""
    context = getattr(error, "ctx", None)
    help_of = f"See `{context.command_path if context else 'cnnrepro'} --help`."
    received = getattr(error, "option_name", None)
    if received is None or not hasattr(error, "possibilities"):
        sentence = error.format_message()
        return f"{sentence}{'' if sentence.endswith(('.', '?')) else '.'} {help_of}"
    options = (*context.help_option_names, *(name for one in context.command.params for name in one.opts))
    known = [name for name in options if name.startswith("--")]
    if len(received) == 2:  # "-epochs" was read as "-e"
        received = next((word.partition("=")[0] for word in arguments if word.startswith(received)), received)
    return f"No such option: {received}.{meant(received.lower().replace('_', '-'), known)} {help_of}"


def list_by_default(context: typer.Context, as_json: bool) -> bool:
    """Whether a group of commands was called without one; raises UsageError for a --json that would go unheeded."""
    if context.invoked_subcommand is not None and as_json:
        raise UsageError(f"--json goes behind the sub-command: {context.command_path} {context.invoked_subcommand} …")
    return context.invoked_subcommand is None


def say(sentence: str) -> None:
    """A line to standard error, with a capital letter and no traceback."""
    say_line(f"cnnrepro: {sentence}")
