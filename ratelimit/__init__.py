"""The token bucket that will guard each user and each address, as an extension of the `limits` library.

Nothing is limited yet. The package is here so that the import contracts hold for it from the start: it knows
neither `app` nor `jobs`.
"""
