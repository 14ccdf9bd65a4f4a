#!/usr/bin/env bash
# The registry under a large source, on SQLite and PostgreSQL: a first load, the same delivery again, a delivery in which
# 1 % has changed, 0.1 % is gone and 0.1 % new, and the findings of the whole registry; beside them the floor: the same
# rows put into one table with the same columns by the database's own means.
#   bash pipelines/benches/registry.sh > result.md
# SIZE=<services> (default 1000000); VIENKOP=<program> measures a program that is built already; BACKENDS="SQLite
# PostgreSQL" chooses; SLOW=<milliseconds> lets the server log slower statements with their plans to $SLOW_LOG
# (default slow.log). Needs GNU time, python3 and the PostgreSQL server, which is started for this alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
size=${SIZE:-1000000}
backends=${BACKENDS:-SQLite PostgreSQL}
. pipelines/benches/common.sh

source_of_institutions owner owner.csv
source_of_services big big.csv '{ value = "90000270634" }'
printf 'reg_no;name;kind\n90000270634;Iestāde;cita valsts iestāde\n' > "$work/owner.csv"
python3 pipelines/benches/generate.py csv "$size" "$work/first.csv"
python3 pipelines/benches/generate.py again "$size" "$work/second.csv"

floor() {
  local columns
  columns=$(head -n 1 "$work/first.csv" | tr -d '\r' | sed 's/;/" TEXT, "/g; s/^/"/; s/$/" TEXT/')
  case $backend in
    SQLite)
      measure python3 - "$work/floor.db" "$work/first.csv" "$columns" <<'PYTHON'
import csv
import sqlite3
import sys

path, rows, columns = sys.argv[1:]
with sqlite3.connect(path) as registry, open(rows, encoding="utf-8", newline="") as file:
    registry.execute("PRAGMA journal_mode = WAL")
    registry.execute("PRAGMA synchronous = NORMAL")
    registry.execute(f"CREATE TABLE floor ({columns})")
    lines = csv.reader(file, delimiter=";")
    marks = ", ".join("?" * len(next(lines)))
    registry.executemany(f"INSERT INTO floor VALUES ({marks})", lines)
PYTHON
      line "$backend" "floor: inserts in one transaction (python)" "$size" "$(cat "$work"/floor.db | wc -c)"
      rm -f "$work"/floor.db* ;;
    PostgreSQL)
      pg psql -Xq -d postgres -c 'CREATE DATABASE floor'
      pg psql -Xq -d floor -c "CREATE TABLE floor ($columns)"
      measure "$programs/psql" -h "$cluster" -U vienkop -Xq -d floor \
        -c "\\copy floor FROM '$work/first.csv' (FORMAT csv, HEADER, DELIMITER ';')"
      line "$backend" 'floor: \copy (psql)' "$size" "$(pg psql -XAtq -d floor -c "SELECT pg_table_size('floor')")"
      pg psql -Xq -d postgres -c 'DROP DATABASE floor' ;;
  esac
}

# What a run of the large source came to, as its summary says it.
told() {
  grep -m 1 -E '^ *big\b|big ' "$work/said" | tr -s ' ' | tr '|' '/' | cut -c 1-120 >&2 || true
}

printf '%s services, %s MiB of CSV\n\n' "$size" "$(($(wc -c < "$work/first.csv") / 1048576))"
heading
for backend in $backends; do
  case $backend in
    SQLite) registry="sqlite://$work/registry.db" ;;
    PostgreSQL)
      slow=()
      if [ -n "${SLOW:-}" ]; then
        slow=(-c session_preload_libraries=auto_explain -c "auto_explain.log_min_duration=$SLOW"
          -c auto_explain.log_analyze=on -c auto_explain.log_timing=off -c "log_min_duration_statement=$SLOW")
      fi
      start_postgres "${slow[@]}"
      pg psql -Xq -d postgres -c 'CREATE DATABASE registry'
      registry=$(postgres_url registry) ;;
    *) echo "$backend is neither SQLite nor PostgreSQL" >&2; exit 2 ;;
  esac
  floor
  vienkop run owner -q
  cp "$work/first.csv" "$work/big.csv"
  vienkop run big -q
  told
  line "$backend" "first load" "$size" "$(size_of_registry)"
  vienkop run big -q
  told
  line "$backend" "the same again" "$size" "$(size_of_registry)"
  cp "$work/second.csv" "$work/big.csv"
  vienkop run big -q
  told
  line "$backend" "1 % changed, 0.1 % gone, 0.1 % new" "$size" "$(size_of_registry)"
  vienkop findings --links --json
  line "$backend" "findings of the whole registry (counted and listed)" "$size" ""
  if [ "$backend" = PostgreSQL ]; then
    if [ -n "${SLOW:-}" ]; then cp "$cluster/log" "${SLOW_LOG:-slow.log}"; fi
    stop_postgres
  fi
  rm -rf "$work"/registry.db* "$work/var-$backend"
done
