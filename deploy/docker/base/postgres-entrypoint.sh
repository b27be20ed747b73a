#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE as in the official image.
set -euo pipefail
user=${POSTGRES_USER:-postgres}
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  initdb --username="$user" --pwfile="${POSTGRES_PASSWORD_FILE:?}" --auth=scram-sha-256 >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  # As superuser of a server that nobody else can reach.
  postgres --single -j postgres >/dev/null <<<"CREATE DATABASE \"${POSTGRES_DB:-$user}\""
fi
[[ $1 != postgres ]] || set -- "$@" -c listen_addresses='*'
exec "$@"
