"""`./dev demo`: two order files through a running site by its public API alone. Standard library only.

__main__    the command: which site, which files, what came of it
api         requests, uploads, and problems made readable
template    the orders template that the files need, published once
sync        one file: uploaded, synced, its progress shown
"""
