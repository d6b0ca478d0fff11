"""Mien reads facial expressions in pictures, videos and live cameras, in real time, on a plain CPU."""

__version__ = "0.1.0"
