"""Run the migrations on the connection, and in the transaction, of `upgrade.py`."""

from alembic import context

from triage.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot change a column in place
    transactional_ddl=True,  # SQLite can do this as well, once BEGIN is ours
)
with context.begin_transaction():
    context.run_migrations()
