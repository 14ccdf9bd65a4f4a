# What the benchmarks of the registry have in common, to be sourced from the repository's root: $program, $work (removed
# in the end, with the server of PostgreSQL), sources, and a table of measurements.
. pipelines/benches/postgres.sh
if [ -z "${VIENKOP:-}" ] && [ ! -x "${CARGO_TARGET_DIR:-target}/release/vienkop" ]; then
  cargo build --release --locked --quiet
fi
program=$(readlink -f "${VIENKOP:-${CARGO_TARGET_DIR:-target}/release/vienkop}")
work=$(mktemp -d)
trap 'stop_postgres; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work/config/sources" "$work/config/pipelines"
cp -r config/codelists config/texts config/questionnaires "$work/config/"
[ ! -f config/matching.toml ] || cp config/matching.toml "$work/config/"
printf 'language = "en"\ndefault_pipeline = "owner"\n' > "$work/config/vienkop.toml"

# source_file ID FILE: a source and the pipeline of this name that runs it; the [[table]] comes from standard input.
source_file() {
  { printf 'id = "%s"\ntitle = "Benchmark"\ndelivers = "snapshot"\n' "$1"
    printf '[fetch]\nkind = "file"\npath = "%s"\n[format]\nkind = "csv"\n[[table]]\n' "$2"
    cat; } > "$work/config/sources/$1.toml"
  printf 'title = "Benchmark"\nsources = ["%s"]\n' "$1" > "$work/config/pipelines/$1.toml"
}

source_of_institutions() {
  source_file "$1" "$2" <<'TOML'
entity = "institution"
[table.fields]
reg_no = "reg_no"
name = "name"
kind = "kind"
TOML
}

# source_of_services ID FILE OWNER: the owner's column, or `{ value = "…" }`.
source_of_services() {
  source_file "$1" "$2" <<TOML
entity = "service"
[table.fields]
code = "Kods"
name = "Nosaukums"
kind = "Veids"
audience = { column = "Saņēmēji", split = [";"] }
request_channels = { column = "Kanāli", split = [";"] }
expected_time = "Termiņš"
statutory_time = "Likumā noteiktais termiņš"
manager_name = "Vadītājs"
manager_email = "E-pasts"
description = "Apraksts"
annual_requests = "Pieteikumi gadā"
owner_reg_no = $3
TOML
}

# measure COMMAND …: runs it and leaves $seconds (wall clock) and $kib (peak of resident memory); what it says stands in
# $work/said. Whatever does not end well ends the benchmark: a source that failed must not count as a fast one.
measure() {
  local code=0
  /usr/bin/time -f '%e %M' -o "$work/time" "$@" > "$work/said" 2>&1 || code=$?
  if [ "$code" -ne 0 ]; then cat "$work/said" >&2; return "$code"; fi
  read -r seconds kib < <(tail -n 1 "$work/time")
}

# vienkop SUBCOMMAND …: measured, with the registry $registry.
vienkop() {
  measure "$program" "$@" --config "$work/config" --work "$work/var-$backend" --registry "$registry"
}

# line BACKEND WHAT ROWS BYTES: a line of the table.
line() {
  awk -v backend="$1" -v what="$2" -v rows="$3" -v bytes="$4" -v seconds="$seconds" -v kib="$kib" 'BEGIN {
    rate = (seconds > 0) ? sprintf("%d", rows / seconds) : ""
    size = (bytes != "") ? sprintf("%d", bytes / 1048576) : ""
    printf("| %s | %s | %.1f | %s | %d | %s |\n", backend, what, seconds, rate, kib / 1024, size)
  }'
}

heading() {
  printf '| database | what | seconds | rows/s | peak memory, MiB | database, MiB |\n|---|---|---:|---:|---:|---:|\n'
}

# The size of the registry $registry on disk, with what is still in the log of SQLite.
size_of_registry() {
  case $backend in
    SQLite) cat "$work"/registry.db "$work"/registry.db-wal 2>/dev/null | wc -c ;;
    PostgreSQL) pg psql -XAtq -d registry -c 'SELECT pg_database_size(current_database())' ;;
  esac
}
