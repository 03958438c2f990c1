"""Finds out what a store really does, by trying it, and what that means for keeping things there.

Probes are small, each with its reason, and clean up after themselves; how their findings are shown
is left to the command line.
"""
