#!/usr/bin/env bash
# Time and peak memory of importing records of an API in pages of 100, and of the same records from a file:
#   bash pipelines/benches/rest.sh [records]        (default 100000)
# The server is a program of its own on loopback (serve_pages.py), and a part of the time is its: the first line is what
# it takes to ask it for all pages and to parse them. VIENKOP=<program> measures a program that is built already. Needs
# GNU time and Python 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
. pipelines/benches/common.sh
records=${1:-100000}
backend=SQLite
registry="sqlite://$work/registry.db"
mkfifo "$work/end"
python3 pipelines/benches/serve_pages.py serve "$records" < "$work/end" > "$work/port" &
exec 9> "$work/end"
until [ -s "$work/port" ]; do sleep 0.1; done
python3 pipelines/benches/serve_pages.py write "$records" > "$work/records.ndjson"

source_of_institutions owner owner.csv
printf 'reg_no;name;kind\n90000270634;Iestāde;cita valsts iestāde\n' > "$work/owner.csv"
table() {
  cat <<'TOML'
[format]
kind = "json"
lines = true
[[table]]
entity = "service"
[table.fields]
code = "kods"
name = "nosaukums"
kind = "veids"
audience = "sanemeji"
request_channels = "kanali"
expected_time = "termins"
manager_name = "vaditajs/vards"
manager_email = "vaditajs/epasts"
description = "apraksts"
annual_requests = "gada"
owner_reg_no = { value = "90000270634" }
TOML
}
{ printf 'id = "rest"\ntitle = "Benchmark"\ndelivers = "snapshot"\n'
  printf '[fetch]\nkind = "rest"\n[fetch.server]\nurl = "http://127.0.0.1:%s/"\nrequests_per_second = 10000\n' "$(cat "$work/port")"
  printf '[fetch.request]\npath = "items"\nrecords = "/items"\nid = "id"\n'
  printf '[fetch.paging]\nkind = "offset"\ntotal = "/total"\n'
  table; } > "$work/config/sources/rest.toml"
{ printf 'id = "file"\ntitle = "Benchmark"\ndelivers = "snapshot"\n[fetch]\nkind = "file"\npath = "records.ndjson"\n'
  table; } > "$work/config/sources/file.toml"
for source in rest file; do
  printf 'title = "Benchmark"\nsources = ["owner", "%s"]\n' "$source" > "$work/config/pipelines/$source.toml"
done
heading
measure python3 pipelines/benches/serve_pages.py read "$(cat "$work/port")"
line "-" "pages asked for and parsed (Python)" "$records" ""
for source in rest file; do
  rm -rf "$work"/registry.db* "$work/var-$backend"
  vienkop run "$source"
  line "$backend" "$source, first" "$records" ""
  vienkop run "$source"
  line "$backend" "$source, again" "$records" ""
done
