"""What the tests share: a live server, sample deposits, an independent look at the OCFL root.

Nothing here imports the product, so that one side's mistakes do not hide the other's.
"""
