"""Statements that studies decide: what others have said of layers in training. Judged by ``claims/checks/studies.py``.

What the arms are, and by which rule each is judged, stands in the files of their experiments.
"""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, UNDECIDED

_STUDIED = {"function": "studies:studied", "needs": {"full": True}}

STATEMENTS = (
    Statement(
        number=31,
        text="The effect of normalisation layers has been minimal in practice.",
        source="S0, Other Notes",
        method="a small network with local response normalisation, with batch normalisation and with none; again at a "
        "high learning rate, and batch normalisation in ResNet-20",
        experiment="normalisation",
        parts=(
            Claimed("The effect of local response normalisation is minimal.", DOES_NOT_HOLD),
            Claimed("The effect of batch normalisation is minimal.", DOES_NOT_HOLD),
        ),
        **_STUDIED,
    ),
    Statement(
        number=32,
        text="Overlapping pools, 3x3 with stride 2, are better than 2x2 with stride 2, and make overfitting harder.",
        source="S0, Pooling Layer; S2, Pooling layer",
        method="the same network with both pools and equally large maps; again with maps that shrink. The notes name "
        "both as usual; that overlap helps is from the paper that they rest on",
        experiment="pooling_in_training",
        parts=(
            Claimed("Overlapping pools give a lower error.", DOES_NOT_HOLD),
            Claimed("With overlapping pools the gap between training and test is smaller.", HOLDS),
        ),
        **_STUDIED,
    ),
    Statement(
        number=33,
        text="Pools with windows larger than 3x3 are too destructive.",
        source="S2, Pooling layer",
        method="windows of 2, 3, 5 and 7 with stride 2; again with a large window in the last pool alone, and with a "
        "stride that grows with the window",
        verdict=HOLDS,
        experiment="pooling_in_training",
        **_STUDIED,
    ),
    Statement(
        number=34,
        text="Max pooling works better than average pooling and L2 pooling.",
        source="S0, Pooling Layer; S2, General pooling",
        method="the same network with the three kinds of pools; again with another kind in the last pool alone, and on "
        "digits. The notes call max the most common and average less common recently; why, they do not say",
        experiment="pooling_in_training",
        parts=(
            Claimed("Max pooling works better than average pooling.", DOES_NOT_HOLD),
            Claimed("Max pooling works better than L2 pooling.", DOES_NOT_HOLD),
        ),
        **_STUDIED,
    ),
    Statement(
        number=40,
        text="Dropout of one half reduces overfitting, and doubles the number of epochs to converge.",
        source="S1, Reducing overfitting",
        method="a network with a hidden dense layer of 512, with and without dropout; again with one of 64",
        experiment="dropout",
        parts=(
            Claimed("Dropout of one half reduces overfitting.", HOLDS),
            Claimed("It doubles the number of epochs to converge.", UNDECIDED),
        ),
        **_STUDIED,
    ),
    Statement(
        number=45,
        text="With pools a network recognises features regardless of their exact position or size.",
        source="S1, Pooling",
        method="digits in a frame, tested moved and rescaled, with max pools and with strides in their place; again "
        "with a global average, and trained on digits in all places",
        experiment="pooling_in_training",
        parts=(
            Claimed("Pools make the position not matter.", DOES_NOT_HOLD),
            Claimed("Pools make the size not matter.", DOES_NOT_HOLD),
        ),
        **_STUDIED,
    ),
    Statement(
        number=47,
        text="Deep plain networks train worse than shallower ones, and skip connections undo that.",
        source="S0, Modern Architectures",
        method="plain networks and ResNets of 20 and 56 layers with the same parameters: the loss on training "
        "images. The notes say that ResNet introduced skip connections; what for is from its paper",
        experiment="depth",
        parts=(
            Claimed("A plain network of 56 layers trains worse than one of 20.", HOLDS),
            Claimed("Skip connections undo that.", UNDECIDED),
        ),
        **_STUDIED,
    ),
    Statement(
        number=64,
        text="Pooling controls overfitting.",
        source="S0, Pooling Layer; S1, Pooling; S2, Pooling layer",
        method="a network with pools and without, and a dense layer behind: the gap between training and test "
        "accuracy; again with the same parameters, behind a global average",
        verdict=HOLDS,
        experiment="pooling_in_training",
        **_STUDIED,
    ),
)
