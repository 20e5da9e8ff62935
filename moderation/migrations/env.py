"""What Alembic runs: the steps, on the connection and in the transaction that `migrate` holds."""

from alembic import context

from moderation.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    # SQLite can roll DDL back as well; `migrate` began the transaction.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
