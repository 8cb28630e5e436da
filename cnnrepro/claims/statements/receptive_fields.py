"""Statements; their checks are in ``claims/checks/receptive_fields.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=11,
        text="The first layer sees filter size times stride, each further one (F − 1)·S more; three 3x3 see 7x7.",
        source="S1, Receptive Field",
        method="The recursion against products of strides, on all short chains and on built networks",
        verdict=HOLDS_IF,
        function="receptive_fields:field_formula",
    ),
    Statement(
        number=15,
        text="Dilation puts gaps between the cells of a filter, and merges space with fewer layers.",
        source="S0, Advanced Conv Layer Concepts; S2, Dilated convolutions",
        method="Layers needed with and without dilation; a dilated filter against one with zeros in its gaps",
        verdict=HOLDS,
        function="receptive_fields:dilation",
    ),
)
