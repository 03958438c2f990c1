"""Programs that look at files: their outputs read, and the programs themselves run.

Which of their findings count is decided elsewhere, by :mod:`strongroom.domain.merging`.
"""
