"""The pipelines: what becomes of a picture between its canvas and the network, as each paper has it.

Plain data. What is drawn is in ``draws``, what is computed from the training split in ``data/image_statistics``, and
how a batch is transformed in ``cnnrepro.layers.augmentation``.

The canvas is the square that every picture is brought to, once: 256 x 256 for photographs, 28 x 28 for MNIST, 32 x 32
for CIFAR-10. Pixels are 0 … 255 there. The papers' sizes are given for their canvas; on another they keep proportion.
"""

from __future__ import annotations

from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.errors import unknown

_KRIZHEVSKY = "Krizhevsky, Sutskever and Hinton 2012, section 4.1"
_ALEXNET = {"crop": "window", "mirror": True, "values": "minus_mean_image", "colour_noise": 0.1, "views": 10}

PIPELINES: dict[str, Pipeline] = {
    entry.name: entry
    for entry in (
        Pipeline("plain", "The whole canvas, mean 0 and standard deviation 1 a channel; nothing is drawn"),
        Pipeline(
            "unit", "The whole canvas, pixels divided by 255, as tutorials do it; nothing is drawn", values="unit"
        ),
        Pipeline(
            "alexnet-2012",
            f"{_KRIZHEVSKY}: 224 x 224 windows out of 32 · 32 places, mirrored or not (“a factor of 2048”), less the "
            "mean image; principal colours of the training split, α of standard deviation 0.1; ten views",
            offsets="paper",
            **_ALEXNET,
        ),
        Pipeline(
            "alexnet-2012-code",
            f"{_KRIZHEVSKY}, with the 33 · 33 places that its code, cuda-convnet, draws from",
            offsets="code",
            **_ALEXNET,
        ),
        Pipeline(
            "alexnet-2012-227",
            f"{_KRIZHEVSKY}, with the windows of 227 x 227 that the arithmetic of its first layer needs: (227 - 11) / "
            "4 + 1 = 55",
            offsets="paper",
            window=227,
            **_ALEXNET,
        ),
        Pipeline(
            "alexnet-2012-imagenet",
            f"{_KRIZHEVSKY}, with ImageNet's principal colours as fb.resnet.torch and others copy them",
            offsets="paper",
            colours="imagenet",
            **_ALEXNET,
        ),
        Pipeline(
            "vgg-2014",
            "Simonyan and Zisserman 2015, sections 2.1 and 3.1, single scale S = 256: less the mean colour, 224 x 224 "
            "windows, mirrored or not, AlexNet's colour noise. One window in the centre at test; the paper's dense "
            "evaluation is not here",
            crop="window",
            mirror=True,
            values="minus_mean_colour",
            colour_noise=0.1,
        ),
        Pipeline(
            "googlenet-2014",
            "Szegedy et al. 2015, section 6: windows of 8 % to 100 % of the picture, ratio of sides 3/4 to 4/3 (here: "
            "uniform in its logarithm, and of the canvas, not of the whole picture). Its photometric distortions and "
            "random interpolation are not here; ten views in place of its 144",
            crop="area",
            area=(0.08, 1.0),
            aspect=(3 / 4, 4 / 3),
            mirror=True,
            values="minus_mean_colour",
            views=10,
        ),
        Pipeline(
            "resnet-2015",
            "He et al. 2016, section 3.4: short side S drawn from 256 … 480, a 224 x 224 window, mirrored or not, "
            "AlexNet's colour noise; ten views. Here S enlarges the canvas, not the whole picture, and the mean colour "
            "is subtracted, not the mean of each pixel, which has no place after enlarging",
            crop="scale",
            scale=(1.0, 480 / 256),
            mirror=True,
            values="minus_mean_colour",
            colour_noise=0.1,
            views=10,
        ),
        Pipeline(
            "resnet-cifar-2015",
            "He et al. 2016, section 4.2: less the mean of each pixel, 4 pixels padded on each side, a window of 32 x "
            "32 of the padded picture, mirrored or not; the whole picture at test",
            crop="window",
            padding=4,
            mirror=True,
            values="minus_mean_image",
        ),
        Pipeline(
            "shifted-digits",
            "This project, for the recipe fast-mnist where digits are few: moved by up to 2 pixels up, down and to the "
            "sides, zeros coming in; mean 0 and standard deviation 1 as in plain",
            crop="window",
            padding=2,
        ),
        Pipeline(
            "framed-digits",
            "This project, for tests of moved and rescaled digits: 6 pixels of background on each side (28 x 28 in a "
            "frame of 40 x 40); mean 0 and standard deviation 1 as in plain; nothing is drawn",
            padding=6,
        ),
        Pipeline(
            "scattered-digits",
            "This project: each digit at a random place of the frame of framed-digits, 0 to 12 pixels from its upper "
            "and left edge; at test in the middle, as there",
            crop="window",
            padding=12,
            grow=12,
        ),
        Pipeline(
            "lenet-1998",
            "LeCun et al. 1998, section II-B: 28 x 28 in a frame of 32 x 32, background -0.1, foreground 1.175",
            padding=2,
            values="lenet",
        ),
    )
}
"""What becomes of an image on its way into a network, by name."""


def pipeline(name: str) -> Pipeline:
    """The pipeline of that name; raises UsageError that lists the known ones."""
    if name not in PIPELINES:
        raise unknown("pipeline", name, PIPELINES)
    return PIPELINES[name]
