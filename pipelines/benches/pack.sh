#!/usr/bin/env bash
# Time and peak memory of the whole report pack, by the optimised program:
#   bash pipelines/benches/pack.sh > result.md
# INSTITUTIONS=<number> (default 400), SERVICES=<number> (default 3000) and EVENTS=<status events> (default 9000000, which
# are 2,000,000 requests) choose. VIENKOP=<program> measures a program that is built already. The surveys are those of the
# samples. Needs GNU time and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
export INSTITUTIONS=${INSTITUTIONS:-400} SERVICES=${SERVICES:-3000}
events=${EVENTS:-9000000}
as_of=2025-12-31
. pipelines/benches/common.sh
export VIENKOP_PSEUDONYM_KEY=only-for-the-benchmark
cp config/assessment.toml "$work/config/"
ln -s "$PWD/data-samples" "$work/data-samples"
surveys='"publisko-personu-saraksts", "aptauja-2024-forms", "aptauja-2024-csv", "aptauja-2025-csv"'
for id in ${surveys//[\",]/}; do cp "config/sources/samples/$id.toml" "$work/config/sources/"; done

. pipelines/benches/pack_tables.sh
cat > "$work/config/sources/requests.toml" <<'TOML'
id = "requests"
title = "Benchmark"
delivers = "snapshot"
[fetch]
kind = "file"
path = "events.csv"
[format]
kind = "csv"
[[table]]
entity = "service_request"
repeats = true
[table.fields]
institution_reg_no = "Iestāde"
request_no = "Numurs"
kind = "Veids"
service_code = "Pakalpojums"
channel = "Kanāls"
applicant_hash = { column = "Iesniedzējs", pseudonymise = true }
due_at = "Termiņš"
result = "Rezultāts"
[[table]]
entity = "status_event"
[table.fields]
institution_reg_no = "Iestāde"
request_no = "Numurs"
event_id = "Notikums"
seq = "Secība"
state = "Statuss"
at = "Laiks"
actor_role = "Kas"
derivation = { value = "source_log" }
TOML
printf 'title = "Benchmark"\nsources = [%s, %s, "requests"]\n' "$surveys" "$tables" > "$work/config/pipelines/owner.toml"

python3 pipelines/benches/generate_pack.py "$work"
python3 pipelines/benches/generate_status.py csv "$events" "$work/events.csv"
backend=SQLite
registry="sqlite://$work/registry.db"
heading
vienkop run -q --as-of "$as_of"
line SQLite "run: $INSTITUTIONS institutions, $SERVICES services, $events events" "$events" "$(size_of_registry)"
printf "[assess]\nquestionnaires = [\"2024\", \"2025\"]\n" >> "$work/config/pipelines/owner.toml"
vienkop assess --as-of "$as_of"
line SQLite "assess: all forms of the report" "$events" ""
for file in "$work/var-$backend/reports/$as_of"/report.*; do
  printf '%s: %d KiB\n' "${file##*/}" $(($(wc -c < "$file") / 1024)) >&2
done
