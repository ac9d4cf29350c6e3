"""How an older store becomes one of today, step by step (Alembic); loaded only when a store is older.

A new step is a file in `versions/`, its number at the end of `REVISIONS` in `upgrade.py`,
and the same change in `schema.py`: tests hold the three together. Steps that were
released are never edited. There is no way back but the copy kept before each upgrade.
"""
