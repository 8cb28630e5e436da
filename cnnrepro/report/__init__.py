"""Figures, tables, verdicts and the pages that carry them.

A notebook draws and shows::

    from cnnrepro import report

    report.show(report.figures.curves(frame), "curves", alt="Validation accuracy of both networks over five epochs")
    report.show_table(report.tables.table(scores, caption="Test accuracy"))
    report.show_verdict(verdict)

and whoever ran it publishes: ``report.page.write_page(notebook, folder, …)`` writes one report,
``report.site.write_index`` lists them all. Importing this package loads none of matplotlib, nbconvert and IPython; each
name below is fetched when it is first used.
"""

from __future__ import annotations

import importlib

_MODULES = ("figures", "page", "safe_html", "site", "style", "tables")
_NAMES = {
    "comparison_picture": "told_apart",
    "contrast_picture": "study_views",
    "data_of_runs": "experiment_tables",
    "data_table": "experiment_tables",
    "images_table": "experiment_tables",
    "layers_table": "experiment_tables",
    "mistakes_figure": "experiment_tables",
    "show_mistakes": "experiment_tables",
    "score_table": "experiment_tables",
    "show": "display",
    "show_answer": "display",
    "show_claim_tables": "own_claim_views",
    "show_apart": "told_apart",
    "show_ledger": "statement_cards",
    "show_note": "display",
    "show_own_claim": "own_claim_views",
    "show_runs": "display",
    "show_study": "study_views",
    "show_search": "study_views",
    "show_source": "display",
    "show_table": "display",
    "show_verdict": "display",
    "sources_table": "statement_cards",
}
__all__ = [*_MODULES, *_NAMES]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"cnnrepro.report.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"cnnrepro.report.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'cnnrepro.report' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
