#!/usr/bin/env bash
# Services recognised by score: those of one source against those that another holds, on SQLite and PostgreSQL.
#   bash pipelines/benches/matching.sh > result.md
# HELD=<services held> (default 200000), NEW=<services that come> (default 20000); VIENKOP and BACKENDS as in registry.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
held=${HELD:-200000}
new=${NEW:-20000}
backends=${BACKENDS:-SQLite PostgreSQL}
. pipelines/benches/common.sh

source_of_institutions owner owners.csv
source_of_services held held.csv '"Turētājs"'
source_of_services new new.csv '"Turētājs"'
python3 pipelines/benches/generate.py owners 0 "$work/owners.csv"
python3 pipelines/benches/generate.py held "$held" "$work/held.csv"
python3 pipelines/benches/generate.py new "$new" "$work/new.csv"

printf '%s new services against %s held\n\n' "$new" "$held"
heading
for backend in $backends; do
  case $backend in
    SQLite) registry="sqlite://$work/registry.db" ;;
    PostgreSQL)
      start_postgres
      pg psql -Xq -d postgres -c 'CREATE DATABASE registry'
      registry=$(postgres_url registry) ;;
    *) echo "$backend is neither SQLite nor PostgreSQL" >&2; exit 2 ;;
  esac
  vienkop run owner -q
  vienkop run held -q
  line "$backend" "the held ones" "$held" "$(size_of_registry)"
  vienkop run new -q
  line "$backend" "the new ones, compared" "$new" "$(size_of_registry)"
  grep -m 4 -iE 'merged|review' "$work/said" >&2 || true
  stop_postgres
  rm -rf "$work"/registry.db* "$work/var-$backend"
done
