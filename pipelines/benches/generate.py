#!/usr/bin/env python3
"""Writes a register of services of any size, as CSV or as a workbook with shared strings, always the same bytes.

    python3 pipelines/benches/generate.py csv 1000000 big.csv
    python3 pipelines/benches/generate.py xlsx 300000 big.xlsx
"""

import csv
import random
import sys
import zipfile
from xml.sax.saxutils import escape

HEADER = ["Kods", "Nosaukums", "Veids", "Saņēmēji", "Kanāli", "Termiņš", "Likumā noteiktais termiņš", "Vadītājs",
          "E-pasts", "Apraksts", "Pieteikumi gadā", "Publicēts"]
KINDS = ["publisks individuāla labuma", "publisks vispārēja labuma", "starpiestāžu koplietošanas"]
AUDIENCES = ["iedzīvotājs", "uzņēmējs", "iedzīvotājs; uzņēmējs", "iestāde"]
CHANNELS = ["klātienē iestādē; e-pasts", "e-adrese; e-lietotne", "tālrunis", "e-forma; klātienē iestādē; pasts"]
VERBS = ["reģistrēšana", "izsniegšana", "anulēšana", "atjaunošana", "izskatīšana", "saskaņošana"]
THINGS = ["atļaujas", "izziņas", "licences", "deklarācijas", "iesnieguma", "līguma", "apliecības", "projekta"]


def rows(count):
    pick = random.Random(2024)
    for n in range(1, count + 1):
        promised, allowed = pick.randint(1, 20), pick.randint(20, 40)
        yield [
            f"{n:07}", f"{pick.choice(THINGS).capitalize()} {pick.choice(VERBS)} Nr. {n}", pick.choice(KINDS),
            pick.choice(AUDIENCES), pick.choice(CHANNELS), f"{promised} dienas", f"{allowed} dienas",
            f"Nodaļas vadītājs {n % 977}", f"nodala{n % 977}@iestade.example",
            f"Pakalpojums {n}: " + " ".join(pick.choice(THINGS) for _ in range(12)) + ".",
            str(pick.randint(0, 9000)), f"{pick.randint(1, 28):02}.{pick.randint(1, 12):02}.2024",
        ]


def write_csv(count, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(rows(count))


def write_xlsx(count, path):
    strings, order = {}, []

    def cell(column, row, text):
        if text not in strings:
            strings[text] = len(order)
            order.append(text)
        return f'<c r="{chr(65 + column)}{row}" t="s"><v>{strings[text]}</v></c>'

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        def part(name, text):
            package.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        part("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>')
        part("_rels/.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        part("xl/workbook.xml", '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Pakalpojumi" sheetId="1" r:id="rId1"/></sheets></workbook>')
        part("xl/_rels/workbook.xml.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>')
        info = zipfile.ZipInfo("xl/worksheets/sheet1.xml", (2024, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        with package.open(info, "w", force_zip64=True) as sheet:
            sheet.write(b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for number, row in enumerate(with_header(count), start=1):
                cells = "".join(cell(column, number, text) for column, text in enumerate(row))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in order)
        part("xl/sharedStrings.xml", f'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="{len(order)}" uniqueCount="{len(order)}">{texts}</sst>')


def with_header(count):
    yield HEADER
    yield from rows(count)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("csv", "xlsx"):
        sys.exit(__doc__)
    {"csv": write_csv, "xlsx": write_xlsx}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
