"""The base network of the studies, P, written down as the notes do, and the data on which its forms are compared.

P has three times a convolution, a ReLU and a pool, then a hidden dense layer of 64: 122,570 parameters and 8.0 million
multiply-adds at 32x32x3 (27·32·1,024 + 288·64·256 + 576·64·64 + 1,024·64 + 640).
"""

from __future__ import annotations

from collections.abc import Mapping

from cnnrepro.experiments.study import ArmDesign, Setting

BASE = "INPUT -> [CONV -> RELU -> POOL]*3 -> FC -> RELU -> FC"
BASE_OPTIONS: Mapping[str, object] = {"filters": [32, 64, 64], "units": 64}

# Two of CIFAR-10's five training files, as many as were at hand: 18,000 images to train on, 2,000 to validate, and all
# 10,000 test images. Who has all five trains on as many.
PHOTOGRAPHS = Setting("cifar10", epochs=12, train_images=18_000, pilot_epochs=6)
SMALL_DIGITS = Setting("mnist_5k", epochs=3, train_images=1000)


def base(
    label: str,
    *,
    pattern: str = BASE,
    seeds: int = 10,
    rate: float = 1e-3,
    setting: str = "",
    family: str = "",
    searched: bool = True,
    fields: Mapping[str, object] | None = None,
    **options: object,
) -> ArmDesign:
    """An arm that is P, or a form of it.

    Args:
        label, seeds, rate, setting, family, searched, fields: as of ``ArmDesign``.
        pattern: where the layers are others.
        **options: where the options are others.
    """
    named = {"setting": setting, "family": family, "searched": searched, "fields": fields or {}}
    return ArmDesign(label, pattern, {**BASE_OPTIONS, **options}, seeds, rate, **named)
