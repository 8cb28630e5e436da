"""Experiment trackers that people already use: a run shown in TensorBoard or MLflow."""
