"""Measuring the shipped models on labelled sets, through the shipped pipeline."""
