"""``cnnrepro inspect``: a model layer by layer."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnrepro.cli.app import AsJson, Model, Options, app, examples
from cnnrepro.console import echo, print_json, print_table


@app.command(
    epilog=examples(
        "cnnrepro inspect vgg16",
        "cnnrepro inspect alexnet_small --input 32x32x3 --classes 7",
        'cnnrepro inspect "INPUT -> [CONV -> RELU -> POOL]*2 -> FC" -o pooling=average',
    ),
)
def inspect(
    model: Model,
    input_: Annotated[
        str | None, typer.Option("--input", metavar="HxWxC", help="Such as 227x227x3.", show_default="the model's own")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Outputs.", show_default="the model's own")] = None,
    option: Options = None,
    as_json: AsJson = False,
) -> None:
    """Show a model layer by layer, with its totals against the published figures."""
    from cnnrepro.anatomy.trace_rows import spelled
    from cnnrepro.experiments.parameters import parse_assignments
    from cnnrepro.models import inspection

    shape = inspection.parse_shape(input_) if input_ is not None else None
    inspection.prefer_quick_backend(model)
    inspected = inspection.inspect(model, input_shape=shape, classes=classes, options=parse_assignments(option or ()))
    if as_json:
        print_json(inspected.to_dict())
        return
    rows = [spelled(row) for row in inspected.rows]
    spare = ("note", "bytes", "offset", "kind", "stride", "field")
    print_table(
        list(rows[0]), [list(row.values()) for row in rows], fold="note", right=list(rows[0])[2:-1], spare=spare
    )
    echo("\n".join(inspected.summary()))
