"""Strongroom: versioned object storage for preservation."""

__version__ = "0.1.0"
