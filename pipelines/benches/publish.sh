#!/usr/bin/env bash
# Time and peak memory of publishing and of delivery to a register on loopback (register.py), by the optimised program:
#   bash pipelines/benches/publish.sh > result.md
# INSTITUTIONS=<number> (default 400) and SERVICES=<number> (default 10000) choose. VIENKOP=<program> measures a program
# that is built already. Needs GNU time and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
export INSTITUTIONS=${INSTITUTIONS:-400} SERVICES=${SERVICES:-10000}
. pipelines/benches/common.sh
. pipelines/benches/pack_tables.sh
cp config/catalogues.toml "$work/config/"
printf 'title = "Benchmark"\nsources = [%s]\n[publish]\nmax_removed_share = 1.0\n' "$tables" \
  > "$work/config/pipelines/owner.toml"

python3 pipelines/benches/generate_pack.py "$work"
backend=SQLite
registry="sqlite://$work/registry.db"
heading
vienkop run -q --as-of 2025-12-30
line SQLite "run that publishes: $INSTITUTIONS institutions, $SERVICES services" "$SERVICES" "$(size_of_registry)"
vienkop publish --as-of 2025-12-30 --approve
line SQLite "publish: all feeds" "$SERVICES" ""
vienkop publish --as-of 2025-12-31
line SQLite "publish: all feeds, and changes since the day before" "$SERVICES" ""
tail -n 1 "$work/said" >&2
printf 'title = "Benchmark"\nsources = [%s]\n[publish]\nemit = ["cpsv", "dcat"]\n' "$tables" \
  > "$work/config/pipelines/owner.toml"
printf '\n[publish]\nbase_iri = "https://registrs.example/id/"\npublisher = "90000000001"\n' >> "$work/config/vienkop.toml"
vienkop publish --as-of 2026-01-01
line SQLite "publish: CPSV-AP and DCAT-AP, Turtle and JSON-LD" "$SERVICES" ""
tail -n 1 "$work/said" >&2

# Delivery: what is written of a service is the same, a request each and a hundred in one.
python3 pipelines/benches/register.py "$work/port" &
register=$!
trap 'kill $register; stop_postgres; rm -rf "$work"' EXIT
until [ -s "$work/port" ]; do sleep 0.1; done
mkdir -p "$work/config/targets"
target() { # id, then what differs
  cat > "$work/config/targets/$1.toml" <<TOML
id = "$1"
title = "$1"
[deliver.server]
url = "http://127.0.0.1:$(cat "$work/port")/"
requests_per_second = 10000
concurrent = 8
[[record]]
entity = "service"
$2
body = { uid = "{uid}", owner = "{owner_reg_no}", code = "{code}", name = "{name}", description = "{description}", kind = "{kind}", audience = "{audience}", steps = { each = "steps", item = { no = "{ordinal}", name = "{name}" } } }
TOML
}
target single 'send = { method = "PUT", path = "services/{uid}" }'
target lists 'send = { method = "POST", path = "services" }
batch = { size = 100, results = { at = "", uid = "/uid", status = "/status" } }'
sed -i 's/^emit = .*/emit = ["dcat"]/' "$work/config/pipelines/owner.toml"
vienkop publish --as-of 2026-01-01
line SQLite "publish: DCAT-AP alone, for comparison" "$SERVICES" ""
for id in single lists; do
  vienkop publish --as-of 2026-01-01 --to "$id"
  line SQLite "the same, and delivery of all services: $id" "$SERVICES" ""
  vienkop publish --as-of 2026-01-01 --to "$id"
  line SQLite "the same, and delivery of nothing new: $id" "$SERVICES" ""
done
