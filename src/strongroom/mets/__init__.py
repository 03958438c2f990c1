"""METS: other people's files read into domain values, our own written.

Leaves where files lie, which of them exist and what becomes of them to the callers.
"""
