#!/usr/bin/env bash
# Status events from a file into an empty registry and lake: CSV, XML and NDJSON, and a workbook; each of two sizes, to
# show whether memory grows, and before each the floor: the same file only read, with the crate that the reader of its
# format is built on. Then the indicators over a lake that was filled with generated events.
#   bash pipelines/benches/status.sh > result.md
# EVENTS=<events> (default 5000000), XLSX_EVENTS (default 1000000, the most that a sheet holds), SMALLER=<how many times
# smaller the small files are> (default 5), LAKE_EVENTS=<events> (default 100000000; 0: no indicators), FORMATS="csv xml
# json xlsx" and BACKENDS="SQLite" choose; BACKENDS may name PostgreSQL too. VIENKOP, FLOOR and FILL_LAKE=<programs>
# measure what is built already (connectors/examples/floor.rs and fill_lake.rs). Needs GNU time and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
events=${EVENTS:-5000000}
xlsx_events=${XLSX_EVENTS:-1000000}
smaller=${SMALLER:-5}
lake_events=${LAKE_EVENTS:-100000000}
formats=${FORMATS:-csv xml json xlsx}
backends=${BACKENDS:-SQLite}
# All events lie before this day, and open requests are as old on every day that the benchmark runs.
as_of=2024-12-31
examples=${CARGO_TARGET_DIR:-target}/release/examples
if [ -z "${FLOOR:-}" ] || [ -z "${FILL_LAKE:-}" ]; then
  cargo build --release --locked --quiet --workspace --bins --examples
fi
. pipelines/benches/common.sh
floor=$(readlink -f "${FLOOR:-$examples/floor}")
fill_lake=$(readlink -f "${FILL_LAKE:-$examples/fill_lake}")
export VIENKOP_PSEUDONYM_KEY=only-for-the-benchmark

source_of_institutions owner owners.csv
source_file service services.csv <<'TOML'
entity = "service"
[table.fields]
code = "code"
name = "name"
kind = "kind"
owner_reg_no = "owner"
expected_time = "expected"
statutory_time = "statutory"
TOML
python3 pipelines/benches/generate_status.py owners 0 "$work/owners.csv"
python3 pipelines/benches/generate_status.py services 0 "$work/services.csv"

# source_of_events FORMAT FILE REQUESTS EVENTS SPELLING…: what both tables are read with, then where each field is.
source_of_events() {
  local id="big-$1" kind=$1 said=$3 happened=$4
  shift 4
  [ "$kind" = xlsx ] && kind=excel
  cat > "$work/config/sources/$id.toml" <<TOML
id = "$id"
title = "Benchmark"
delivers = "snapshot"
[fetch]
kind = "file"
path = "events.${id#big-}"
[format]
kind = "$kind"
[[table]]
entity = "service_request"
$said
[table.fields]
institution_reg_no = "$1"
request_no = "$2"
kind = "$3"
service_code = "$4"
channel = "$5"
applicant_hash = { column = "$6", pseudonymise = true }
due_at = "$7"
result = "$8"
[[table]]
entity = "status_event"
$happened
[table.fields]
institution_reg_no = "$1"
request_no = "$2"
event_id = "$9"
seq = "${10}"
state = "${11}"
at = "${12}"
actor_role = "${13}"
derivation = { value = "source_log" }
TOML
  printf 'title = "Benchmark"\nsources = ["%s"]\n' "$id" > "$work/config/pipelines/$id.toml"
}

flat=(Iestāde Numurs Veids Pakalpojums Kanāls Iesniedzējs Termiņš Rezultāts Notikums Secība Statuss Laiks Kas)
source_of_events csv events.csv 'repeats = true' '' "${flat[@]}"
source_of_events xlsx events.xlsx 'repeats = true' '' "${flat[@]}"
record=$'[table.read]\nrecord = "/izraksts/pieteikums"'
source_of_events xml events.xml "$record" "$record"$'\nexplode = "vesture/notikums"' \
  @iestade numurs veids @pakalpojums kanals iesniedzejs termins rezultats \
  vesture/notikums/@id vesture/notikums/@nr vesture/notikums/statuss vesture/notikums/laiks vesture/notikums/loma
source_of_events json events.json '' $'[table.read]\nexplode = "notikumi"' \
  iestade numurs veids pakalpojums kanals iesniedzejs termins rezultats \
  notikumi/id notikumi/nr notikumi/statuss notikumi/laiks notikumi/loma

# begin BACKEND: an empty registry and lake, with the institutions and services.
begin() {
  backend=$1
  rm -rf "$work"/registry.* "$work/var-$backend"
  case $backend in
    SQLite) registry="sqlite://$work/registry.db" ;;
    PostgreSQL)
      [ -n "${cluster:-}" ] || start_postgres
      pg psql -Xq -d postgres -c 'SET client_min_messages = warning' -c 'DROP DATABASE IF EXISTS registry' \
        -c 'CREATE DATABASE registry'
      registry=$(postgres_url registry) ;;
    *) echo "$backend is neither SQLite nor PostgreSQL" >&2; exit 2 ;;
  esac
  vienkop run owner -q --as-of "$as_of"
  vienkop run service -q --as-of "$as_of"
}

# row WHAT EVENTS BYTES [made]: a line of the table, with the size of the file that was read ("" for none); `made`: with
# the sizes of the registry and the lake.
row() {
  local registry_bytes="" lake_bytes=""
  if [ "${4:-}" = made ]; then
    registry_bytes=$(size_of_registry || true)
    lake_bytes=$(find "$work" -name '*.parquet' -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')
  fi
  awk -v what="$1" -v events="$2" -v seconds="$seconds" -v kib="$kib" -v file="$3" -v registry="$registry_bytes" \
    -v lake="$lake_bytes" '
    function mib(bytes) { return (bytes != "") ? sprintf("%d", bytes / 1048576) : "" }
    BEGIN {
      rate = (seconds > 0) ? sprintf("%d", events / seconds) : ""
      printf("| %s | %d | %s | %.1f | %s | %d | %s | %s |\n", what, events, mib(file), seconds, rate, kib / 1024,
        mib(registry), mib(lake))
    }'
}

printf '| what | events | file, MiB | seconds | events/s | peak memory, MiB | registry, MiB | lake, MiB |\n'
printf '|---|---:|---:|---:|---:|---:|---:|---:|\n'
for format in $formats; do
  most=$events
  [ "$format" = xlsx ] && most=$xlsx_events
  for size in $((most / smaller)) "$most"; do
    file="$work/events.$format"
    python3 pipelines/benches/generate_status.py "$format" "$size" "$file"
    bytes=$(wc -c < "$file")
    measure "$floor" "$file"
    row "$format: floor, $(tail -n 1 "$work/said") cells only read" "$size" "$bytes"
    for backend in $backends; do
      begin "$backend"
      vienkop run "big-$format" -q --as-of "$as_of"
      row "$format: run on $backend" "$size" "$bytes" made
    done
    rm -f "$file"
  done
done
stop_postgres

if [ "$lake_events" -gt 0 ]; then
  begin SQLite
  measure "$fill_lake" "$work/registry.db" config/codelists "$lake_events"
  row "lake filled (generated, not read)" "$lake_events" "" made
  vienkop kpi --json --as-of "$as_of"
  row "kpi --json over the lake, all services" "$lake_events" ""
  vienkop kpi --json --as-of "$as_of" --service P-000
  row "kpi --json of one service" "$lake_events" ""
fi
