"""Statements that training runs are to decide, and whose experiments are still to be written: how each is to be judged.

What is common to the designs: every arm has the learning rate that the same search finds for its family, the same
images in the same order and as many steps; arms are paired by seed, and judged by the interval of the mean difference
(``claims/contrasts.py``). *Half of CIFAR-10* is 18,000 training images, 2,000 for validation and 10,000 for the test.
"""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import NOT_TESTED

_TO_COME = {"function": "to_come:not_tested"}

STATEMENTS = (
    Statement(
        number=35,
        text="Pooling layers can be done without: convolutions with a stride make the maps smaller instead.",
        source="S0, Pooling Layer",
        method="Half of CIFAR-10, five seeds, 15 epochs: a small network with pools; with strides in its convolutions "
        "and no pools; with a 3x3 convolution of stride 2 in place of each pool; and with such a convolution of "
        "stride 1 before each pool, which has as many parameters. It holds where the last two have the same test "
        "error within 0.5 points; the strided network, which has fewer parameters, is the condition under which it "
        "may turn round",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=36,
        text="Small strides work better in practice: with stride 1 the pools do all of the downsampling.",
        source="S2, why use stride of 1 in conv",
        method="Half of CIFAR-10, five seeds, 15 epochs: stride 1 with pools; stride 2; stride 2 with as many more "
        "filters as make the multiply-adds equal; and a larger stride on a larger input at the same cost. It holds "
        "where stride 1 has the lower test error, by 0.5 points or more, both at equal parameters and at equal cost; "
        "it may turn round where the cost is fixed and the resolution is not",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=37,
        text="Without padding the information at the borders is washed away.",
        source="S1, Padding; S2, why use padding",
        method="Digits of 14 pixels at any place of a 32x32 canvas, ten seeds, 15 epochs: one network without "
        "padding, with zeros so that the size stays, with reflected pixels, and with all the padding that a filter "
        "can reach. It holds where the error at the border less that at the centre is larger without padding by 1 "
        "point or more; with digits in the centre alone it may turn round",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=38,
        text="A stack of small filters is better than one large filter that sees as much.",
        source="S0, Layer Sizing Patterns; S2, layer sizing patterns",
        method="Half of CIFAR-10, five seeds, 15 epochs: one 7x7 convolution against three of 3x3, with ReLUs between "
        "them and without, all with the same number of parameters. It holds where the stack has the lower test error "
        "by 0.5 points or more; without the ReLUs it may turn round. The notes prefer small filters and give no "
        "reason; that a stack of them is better is from the page that they rest on",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=39,
        text="Full connectivity is wasteful, and its many parameters quickly lead to overfitting.",
        source="S2, Architecture; S3, Architecture Overview",
        method="MNIST, 500 to 55,000 training images, five seeds each: a network of dense layers and a ConvNet, both "
        "of 93,000 parameters, trained until they know 99.9 % of their training images. The first part holds where "
        "the ConvNet has the lower test error at every number of images, the second where the dense network has the "
        "larger gap between training and test accuracy; with the pixels of all images in one shuffled order it may "
        "turn round",
        parts=(
            Claimed("Full connectivity is wasteful.", NOT_TESTED),
            Claimed("Its many parameters quickly lead to overfitting.", NOT_TESTED),
        ),
        **_TO_COME,
    ),
    Statement(
        number=41,
        text="Random patches and mirrors of the training images reduce overfitting, and ten views of a test image are "
        "better than one.",
        source="S1, Reducing overfitting",
        method="Half of CIFAR-10, five seeds, 30 epochs: no augmentation, mirrors, patches, and both; each network is "
        "tested on one view and on ten, on the same weights. The first part holds where the gap between training and "
        "test accuracy is smaller by 0.5 points or more, the second where ten views have an error lower by as much; "
        "mirrored digits are the condition under which it may turn round. The notes tell of the ten views and compare "
        "them with nothing; that they are better is from the paper",
        parts=(
            Claimed("Random patches and mirrors reduce overfitting.", NOT_TESTED),
            Claimed("Predictions averaged over ten views are better than those from one.", NOT_TESTED),
        ),
        **_TO_COME,
    ),
    Statement(
        number=42,
        text="Noise along the principal colours of the training images reduces overfitting.",
        source="S1, Reducing overfitting",
        method="Half of CIFAR-10, five seeds, 30 epochs: no noise, AlexNet's 0.1, and 0.5, tested on the images as "
        "they are and under coloured casts of light. It holds where the test error is lower by 0.5 points or more; "
        "where the test's light is that of the training images it may turn round",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=43,
        text="It helps to divide the learning rate by 10 whenever the loss stops improving.",
        source="S1, Training",
        method="Half of CIFAR-10, five seeds, 30 epochs: a high rate and a low one throughout, the high one divided "
        "on a plateau, and one that falls to 0 in a line. It holds where dividing has a test error lower than both "
        "constant rates by 0.5 points or more; over 5 epochs, or against the line, it may turn round. The notes tell "
        "it of AlexNet and compare it with nothing; whether it was so is statement 61",
        verdict=NOT_TESTED,
        **_TO_COME,
    ),
    Statement(
        number=44,
        text="Weights may start from N(0, 0.01) as well as from Glorot's or He's draws, and biases of 1 help at first.",
        source="S1, Filters and Training",
        method="2,000 digits of MNIST, five seeds, 5 epochs: 5 and 20 plain layers from each start, with biases of 0 "
        "and of 1, and again with batch normalisation. What is compared is the number of steps until the training "
        "loss is 1; runs that never get there count as the slowest. Few layers, and batch normalisation, are the "
        "conditions under which it may turn round. The notes name the starts side by side; that biases of 1 help at "
        "first is from the paper",
        parts=(
            Claimed("N(0, 0.01) is as good a start as Glorot's or He's.", NOT_TESTED),
            Claimed("Biases of 1 make the beginning of a training faster.", NOT_TESTED),
        ),
        **_TO_COME,
    ),
    Statement(
        number=46,
        text="Filters start from different values and so learn different features; those of a first layer become edges "
        "and blobs of colour.",
        source="S0, Convolutional Layer; S1, Filters; S2, Conv layer",
        method="Half of CIFAR-10, first filters of 7x7, five seeds, 15 epochs: trained, at the start, trained on "
        "images with permuted pixels, and with all filters started equal. The second part holds where the best Gabor "
        "function or blob explains more of a trained filter than of one at the start, and more than half of it for "
        "half of the filters; the first, where filters that start equal stay equal and the others do not. With few "
        "images it may turn round",
        parts=(
            Claimed("Filters that start from different values learn different features.", NOT_TESTED),
            Claimed("First-layer filters become edges and blobs of colour.", NOT_TESTED),
        ),
        **_TO_COME,
    ),
)
