"""What the page of a claim of somebody's own shows: the verdict, and what its file fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnrepro.claims.own_claims import OwnVerdict, first_start, own_verdict, spelled_start
from cnnrepro.experiments.own_claim import ClaimFile, read
from cnnrepro.lessons.studies import rule_rows

if TYPE_CHECKING:
    from cnnrepro.experiments.results import Results

__all__ = ["fixed_rows", "read", "verdict"]


def verdict(file: ClaimFile, results: Results) -> OwnVerdict:
    """The verdict on the claim of a file, from its runs."""
    return own_verdict(file, results)


def fixed_rows(file: ClaimFile, results: Results) -> list[tuple[str, str]]:
    """What the file fixed, and since when there are runs, as rows of what and how."""
    claim, spec = file.claim, results.arms[0].specs[0]
    own, *imported = file.digests
    images = f"{spec.train_images:,} training images" if spec.train_images else "all training images"
    told = {"published": claim.published, "expected to turn it round": claim.expected}
    return [
        ("file", f"{own}, SHA-256 {file.sha256}"),
        *((f"imported by it: {name}", f"SHA-256 {file.digests[name]}") for name in imported),
        (
            "first run that counts",
            f"started {spelled_start(first_start(results))}. A file can be edited after the runs: whether the rule "
            "was fixed before them cannot be seen from this page.",
        ),
        *((f"arm {label}", claim.network_of(label)) for label in claim.arms),
        ("data", f"{spec.data_title()}, {images}, {spec.epochs} epoch{'s' * (spec.epochs != 1)}"),
        (
            "training",
            f"recipe {spec.recipe}, {spec.batch_size} images a step, pipeline {spec.pipeline}; an arm may say others",
        ),
        ("seeds of an arm", f"{claim.seeds}, from 0 on"),
        ("learning rate", "the one that the file gives, or the recipe’s; none was searched for"),
        *rule_rows(file.study),
        *((what, how) for what, how in told.items() if how),
    ]
