"""Writes the invented sample registers below data-samples/: the same bytes on every run.

Needs: pip install openpyxl xlwt odfpy. Run: python3 data-samples/generate/registers.py
What each file shows and which flaws are planted: data-samples/README.md.
"""

from sample_registers import (
    agentura_xlsx,
    centrs_ods,
    dienests_csv,
    dienests_sqlite,
    dzives_situacijas,
    katalogs_csv,
    katalogs_xml,
    lietotnes_katalogi,
    novads_xlsx,
    pilseta_xls,
    portfeli,
    valsts_registrs,
)

SOURCES = [
    dzives_situacijas,
    novads_xlsx,
    pilseta_xls,
    dienests_csv,
    agentura_xlsx,
    centrs_ods,
    dienests_sqlite,
    valsts_registrs,
    portfeli,
    lietotnes_katalogi,
    katalogs_csv,
    katalogs_xml,
]

if __name__ == "__main__":
    for source in SOURCES:
        source.write()
