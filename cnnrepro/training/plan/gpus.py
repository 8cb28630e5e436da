"""GPUs by name: what they compute at best and how much they hold, from their makers' data sheets."""

from __future__ import annotations

from dataclasses import dataclass

from cnnrepro.errors import unknown

# The share of a GPU's peak that a training reaches, where nothing better is known. Krizhevsky et al. 2012, section 5:
# 90 cycles in "five to six days on two NVIDIA GTX 580 3GB GPUs". The arithmetic of the convolutions and dense layers is
# 724,406,816 multiply-adds · 2 operations · 3 (forwards, and backwards for inputs and for weights) · 1.2 million images
# · 90 = 4.7e17; two cards at 1.58e12 a second would need 1.72 days; 1.72 / 5.5 = 0.31. Modern cards reach a similar
# share of much higher peaks with large networks, and less with small ones.
UTILISATION = 0.31


@dataclass(frozen=True)
class Device:
    """A GPU.

    Args:
        name: what users call it.
        title: what its maker calls it.
        teraflops: operations a second at best (10¹², a multiply-add is two), dense, in ``precision``.
        precision: "float32", "mixed_float16" or "mixed_bfloat16".
        memory_gb: in 10⁹ bytes.
        source: where the figures come from.
    """

    name: str
    title: str
    teraflops: float
    precision: str
    memory_gb: float
    source: str


DEVICES: dict[str, Device] = {
    entry.name: entry
    for entry in (
        Device("gtx580", "NVIDIA GeForce GTX 580", 1.58, "float32", 3.0, "2 · 512 cores · 1.544 GHz; the paper's 3 GB"),
        Device("k40", "NVIDIA Tesla K40", 4.29, "float32", 12.0, "NVIDIA Tesla K40 data sheet"),
        Device("v100", "NVIDIA V100 SXM2", 125.0, "mixed_float16", 32.0, "NVIDIA V100 data sheet, tensor cores"),
        Device("t4", "NVIDIA T4", 65.0, "mixed_float16", 16.0, "NVIDIA T4 data sheet, tensor cores"),
        Device("a100", "NVIDIA A100 SXM 80 GB", 312.0, "mixed_bfloat16", 80.0, "NVIDIA A100 data sheet, dense"),
        Device("rtx3090", "NVIDIA GeForce RTX 3090", 71.0, "mixed_bfloat16", 24.0, "NVIDIA GA102 white paper, dense"),
        Device("rtx4090", "NVIDIA GeForce RTX 4090", 165.2, "mixed_bfloat16", 24.0, "NVIDIA Ada white paper, dense"),
        Device("h100", "NVIDIA H100 SXM", 989.4, "mixed_bfloat16", 80.0, "NVIDIA H100 data sheet, dense"),
        Device("h200", "NVIDIA H200 SXM", 989.4, "mixed_bfloat16", 141.0, "NVIDIA H200 data sheet, dense"),
    )
}


def device(name: str) -> Device:
    """The GPU of that name.

    Raises:
        UsageError: there is none; lists the known ones.
    """
    if name not in DEVICES:
        raise unknown("device", name, DEVICES)
    return DEVICES[name]
