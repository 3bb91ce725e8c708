#!/bin/sh
# Make Temporal's two databases, or bring them to this server's schema; done again it changes nothing.
set -eu
SQL_PASSWORD="$(cat "$SQL_PASSWORD_FILE")"
export SQL_PASSWORD

set_up() { # database, folder of its schema
    sql="temporal-sql-tool --plugin postgres12 --ep $SQL_HOST -p 5432 -u $SQL_USER --db $1"
    $sql create || echo "$1 is there already"
    $sql setup-schema -v 0.0 || echo "$1 has a schema already"
    $sql update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

set_up temporal temporal
set_up temporal_visibility visibility
