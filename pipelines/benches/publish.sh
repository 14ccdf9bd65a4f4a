#!/usr/bin/env bash
# Time and peak memory of publishing, by the optimised program:
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
