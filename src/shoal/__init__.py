"""Shoal: real Ray clusters from one spec."""

__version__ = "0.1.0"
