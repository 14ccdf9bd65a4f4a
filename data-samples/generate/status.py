"""Writes the three invented status exports below data-samples/: the same bytes on every run.

Needs: pip install openpyxl. Run: python3 data-samples/generate/status.py
What each file shows and which flaws are planted: data-samples/README.md.
"""

from sample_status import doclogix_xlsx, lietvaris_csv, namejs_xml

SOURCES = [namejs_xml, lietvaris_csv, doclogix_xlsx]

if __name__ == "__main__":
    for source in SOURCES:
        source.write()
