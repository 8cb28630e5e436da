"""``cnnrepro predict``: what a trained network says of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli import complete
from cnnrepro.cli.app import AsJson, Runs, app, examples, runs_dir, say
from cnnrepro.console import print_json, print_table
from cnnrepro.stderr import make_steps

if TYPE_CHECKING:
    from cnnrepro.training.picture_predictions import Answer, Answers


@app.command(
    epilog=examples(
        "cnnrepro predict 1f3a digit.png",
        "cnnrepro predict 1f3a scans photo.jpg --invert --top 1",
        "cnnrepro predict 1f3a scans --json",
    ),
)
def predict(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's key, or four or more of its first digits; it kept its weights.",
            autocompletion=complete.runs,
        ),
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE|FOLDER…",
            help="Picture files, and folders with pictures at any depth.",
            autocompletion=complete.pictures,
        ),
    ],
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many classes, the likeliest first.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Turn dark into light first: for digits on paper, as MNIST's are white.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the code of a network of your own that the run names.")
    ] = False,
    runs: Runs = None,
    as_json: AsJson = False,
) -> None:
    """Say what a trained network sees on pictures. Exit status 1 where one cannot be read; the others are shown.

    Pictures reach the network as the run's test images did: the square in the middle, brought to the same size.
    """
    from cnnrepro.data.folder.findings import Findings, sentences, shown
    from cnnrepro.data.folder.given_pictures import find_given_pictures
    from cnnrepro.runs.store import RunStore
    from cnnrepro.training.picture_predictions import ask

    store = RunStore(runs_dir(runs))
    record = store.find(run)
    files, left_out = find_given_pictures([paths.expand(picture) for picture in pictures])
    for sentence in sentences(Findings(left_out=left_out).to_dict()):
        say(sentence)
    with make_steps(record.spec.title()) as steps:
        steps.step("loads Keras and the network")
        steps.show()

        def told(done: int) -> None:
            steps.step(f"{done:,} of {len(files):,} pictures")

        answers = ask(record, store, files, invert=invert, trust=trust, told=told)
    if as_json:
        found = [_as_dict(answer, answers, top) for answer in answers.answers]
        print_json({"run": record.key, "network": record.spec.title(), "pictures": found})
    else:
        _print(answers, top)
    inverted = sum(answer.inverted for answer in answers.answers)
    if inverted and not invert:
        ground = "a light ground where the training images have a dark one, or the other way round"
        say(f"{inverted} of {len(files)} pictures {'has' if inverted == 1 else 'have'} {ground}; --invert turns that.")
    for answer in answers.unread:
        say(f"{shown(str(answer.picture))} {answer.reason}.")
    if answers.unread:
        raise typer.Exit(1)


def _print(answers: Answers, top: int) -> None:
    """A row a picture that could be read."""
    from cnnrepro.data.folder.findings import shown

    rows = []
    for answer in answers.answers:
        if answer.probabilities is not None:
            (label, share), *others = answer.likeliest(top)
            then = ", ".join(f"{answers.classes[other]} {less:.1%}" for other, less in others)
            rows.append([shown(str(answer.picture)), answers.classes[label], f"{share:.1%}", then])
    columns = ["picture", "class", "probability", "then"]
    if rows:
        print_table(columns, rows, fold="picture", right=["probability"], spare=["then"])


def _as_dict(answer: Answer, answers: Answers, top: int) -> dict:
    """What is said of a picture, as plain values."""
    if answer.probabilities is None:
        return {"picture": str(answer.picture), "error": answer.reason}
    likeliest = answer.likeliest(top)
    return {
        "picture": str(answer.picture),
        "classes": [
            {"label": label, "class": answers.classes[label], "probability": share} for label, share in likeliest
        ],
    }
