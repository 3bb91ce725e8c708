"""What Alembic runs: the migrations, on the connection that weaver.walle.migrating hands over."""

from alembic import context

from weaver.walle import notification_tables, simulated_tables, trading_tables
from weaver.walle.tables import Table

del notification_tables, simulated_tables, trading_tables  # imported to be known to Table.metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
