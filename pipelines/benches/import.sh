#!/usr/bin/env bash
# Time and peak memory of importing large files with the optimised program:
#   bash pipelines/benches/import.sh [csv rows] [xlsx rows]        (default 1000000 and 300000)
# VIENKOP=<program> measures a program that is built already.
# Each file is loaded into an empty registry, then again (nothing changes). Needs GNU time; uses hyperfine when it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
csv_rows=${1:-1000000}
xlsx_rows=${2:-300000}
if [ -z "${VIENKOP:-}" ]; then cargo build --release --locked --quiet; fi
program=${VIENKOP:-${CARGO_TARGET_DIR:-target}/release/vienkop}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/config/sources" "$work/config/pipelines"
cp -r config/codelists config/texts config/questionnaires "$work/config/"
printf 'language = "en"\ndefault_pipeline = "csv"\n' > "$work/config/vienkop.toml"
cat > "$work/config/sources/owner.toml" <<TOML
id = "owner"
title = "The owner of all services"
delivers = "snapshot"
[fetch]
kind = "file"
path = "owner.csv"
[format]
kind = "csv"
[[table]]
entity = "institution"
[table.fields]
reg_no = "reg_no"
name = "name"
kind = "kind"
TOML
printf 'reg_no;name;kind\n90000270634;Iestāde;cita valsts iestāde\n' > "$work/owner.csv"
for kind in csv excel; do
  file=big.csv; [ $kind = excel ] && file=big.xlsx
  cat > "$work/config/sources/big-$kind.toml" <<TOML
id = "big-$kind"
title = "Benchmark"
delivers = "snapshot"
[fetch]
kind = "file"
path = "$file"
[format]
kind = "$kind"
[[table]]
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
owner_reg_no = { value = "90000270634" }
TOML
  printf 'title = "Benchmark"\nsources = ["owner", "big-%s"]\n' "$kind" > "$work/config/pipelines/$kind.toml"
done
python3 pipelines/benches/generate.py csv "$csv_rows" "$work/big.csv"
python3 pipelines/benches/generate.py xlsx "$xlsx_rows" "$work/big.xlsx"
ls -l "$work"/big.*
for kind in csv excel; do
  for turn in first again; do
    echo "== $kind, $turn"
    /usr/bin/time -f '%e s, %M KiB at peak' "$program" run $kind --config "$work/config" --work "$work/var-$kind" -q 2>&1 | grep -E 'big-|peak'
  done
done
if command -v hyperfine >/dev/null; then
  for kind in csv excel; do
    hyperfine --warmup 0 --runs 3 --prepare "rm -rf $work/var-$kind" \
      "$program run $kind --config $work/config --work $work/var-$kind -q"
  done
fi
