"""Storage roots in buckets: commits by conditional requests, since there is nothing to rename.

The sequence and why it is safe: ``docs/adr/0031-ocfl-in-buckets.md``.
"""
