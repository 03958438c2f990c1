"""Puts the parts together: the server, the worker, and what operators do to a data folder.

Only entry points and tests import from here. Each module loads what its process needs and no more.
"""
