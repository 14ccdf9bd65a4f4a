#!/usr/bin/env python3
"""Writes status events of any number, always the same: a row an event (csv, xlsx) or a request with its events (xml, json).

    python3 pipelines/benches/generate_status.py csv 5000000 events.csv
    python3 pipelines/benches/generate_status.py xml 5000000 events.xml
    python3 pipelines/benches/generate_status.py json 5000000 events.ndjson
    python3 pipelines/benches/generate_status.py xlsx 1000000 events.xlsx     # at most 1,048,575 rows fit a sheet
    python3 pipelines/benches/generate_status.py owners 0 owners.csv          # the institutions
    python3 pipelines/benches/generate_status.py services 0 services.csv      # and services of the requests

About 4.5 events a request, requests over 36 months in the order of their submission, of 200 services of 20 institutions
(SERVICES and INSTITUTIONS in the environment say otherwise).
"""

import os
import random
import sys
import zipfile
from datetime import date, timedelta

from generate import reg_no

INSTITUTIONS, SERVICES = (int(os.environ.get(name, many)) for name, many in [("INSTITUTIONS", 20), ("SERVICES", 200)])
FIRST, DAYS = date(2021, 7, 1), 1096
OWNERS = [reg_no(n) for n in range(INSTITUTIONS)]
CODES = [f"P-{n:03}" for n in range(SERVICES)]

# Ways that requests go, and how many of a hundred go each; written with labels as the records systems print them.
WAYS = [
    (38, ["Saņemts", "Reģistrēts", "Izskatīšanā", "Slēgts"]),
    (22, ["Saņemts", "Reģistrēts", "Izskatīšanā", "Pieņemts lēmums", "Slēgts"]),
    (12, ["Saņemts", "Reģistrēts", "Izskatīšanā", "Pieprasīta papildu informācija", "Izskatīšanā", "Slēgts"]),
    (8, ["Saņemts", "Slēgts"]),
    (6, ["Sagatave", "Saņemts", "Izskatīšanā", "Pieņemts lēmums", "Noraidīts"]),
    (5, ["Saņemts", "Reģistrēts", "Izskatīšanā"]),
    (4, ["Saņemts", "Reģistrēts", "Gaida atzinumu", "Izskatīšanā", "Slēgts"]),
    (2, ["Saņemts", "Reģistrēts", "Izskatīšanā", "Slēgts", "Atjaunots", "Izskatīšanā", "Slēgts", "Apstrīdēts"]),
    (1, ["Saņemts", "Reģistrēts", "Atlikts", "Izskatīšanā", "Izsniegts"]),
    (1, ["Saņemts", "Nosūtīts pēc piekritības"]),
    (1, ["Saņemts", "Atsauca klients"]),
]
WAY = [way for share, way in WAYS for _ in range(share)]
KINDS = ["Iesniegums"] * 29 + ["Sūdzība", "Jautājums", "Incidents"]
CHANNELS = ["e-pakalpojums", "e-pakalpojums", "e-adrese", "klātienē", "klātienē", "VPVKAC", "e-pasts", "tālrunis"]
ROLES = ["iesniedzējs", "lietvedis", "izpildītājs", "nodaļas vadītājs"]
CLOSED = {"Slēgts", "Noraidīts", "Izsniegts", "Apstrīdēts"}

# Texts of days and minutes, made once: an event costs two look-ups.
ISO_DAYS = [(FIRST + timedelta(days=n)).isoformat() for n in range(DAYS + 400)]
MINUTES = [f"{n // 60:02}:{n % 60:02}" for n in range(1440)]


def requests(events):
    """Requests until there are so many events: number, owner, kind, service, channel, applicant, due day, result, and
    events as (state, day, minute); days count from FIRST."""
    pick = random.Random(2024).getrandbits
    # Requests of the last months would be open; they are all the same length here, as the file is to measure with.
    total = max(1, events * 100 // sum(share * len(way) for share, way in WAYS))
    made = n = 0
    while made < events:
        bits = pick(64)
        service = (bits & 0xFFFF) % SERVICES
        way = WAY[(bits >> 16 & 0xFFFF) % 100][: events - made]
        day, minute, gap = min(n * DAYS // total, DAYS - 1), 480 + (bits >> 32 & 0xFF), (bits >> 40 & 0xF) + 1
        steps = []
        for turn, state in enumerate(way):
            steps.append((state, day + turn * gap // 2, minute + 17 * turn))
        n += 1
        made += len(way)
        result = "" if way[-1] not in CLOSED else "Noraidīts" if "Noraidīts" in way else "Piešķirts"
        applicant = f"{bits >> 48 & 0xFFFF:06}-{bits >> 44 & 0xFFFF:05}"
        yield (f"R-{n:08}", OWNERS[service % INSTITUTIONS], KINDS[bits >> 44 & 0x1F], CODES[service],
               CHANNELS[bits >> 49 & 0x7], applicant, day + 30, result, steps)  # fmt: skip


HEADER = ["Iestāde", "Numurs", "Veids", "Pakalpojums", "Kanāls", "Iesniedzējs", "Termiņš", "Rezultāts", "Notikums",
          "Secība", "Statuss", "Laiks", "Kas"]  # fmt: skip


def write_in_chunks(path, head, texts, tail=""):
    """One text a request: thousands of them are written at once."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(head)
        chunk = []
        for text in texts:
            chunk.append(text)
            if len(chunk) == 8192:
                file.write("".join(chunk))
                chunk.clear()
        file.write("".join(chunk) + tail)


def csv_texts(events):
    for no, owner, kind, service, channel, applicant, due, result, steps in requests(events):
        head = f"{owner};{no};{kind};{service};{channel};{applicant};{ISO_DAYS[due]};{result};{no[2:]}-"
        yield "".join(
            f"{head}{seq};{seq};{state};{ISO_DAYS[day]} {MINUTES[minute]};{ROLES[seq & 3]}\r\n"
            for seq, (state, day, minute) in enumerate(steps)
        )


def xml_texts(events):
    for no, owner, kind, service, channel, applicant, due, result, steps in requests(events):
        history = "".join(
            f'<notikums id="{no[2:]}-{seq}" nr="{seq}"><laiks>{ISO_DAYS[day]}T{MINUTES[minute]}:00</laiks>'
            f"<statuss>{state}</statuss><loma>{ROLES[seq & 3]}</loma></notikums>\n"
            for seq, (state, day, minute) in enumerate(steps)
        )
        result = f"<rezultats>{result}</rezultats>" if result else ""
        yield (
            f'<pieteikums iestade="{owner}" pakalpojums="{service}"><numurs>{no}</numurs><veids>{kind}</veids>'
            f"<kanals>{channel}</kanals><iesniedzejs>{applicant}</iesniedzejs><termins>{ISO_DAYS[due]}</termins>"
            f"{result}<vesture>\n{history}</vesture></pieteikums>\n"
        )


def json_texts(events):
    for no, owner, kind, service, channel, applicant, due, result, steps in requests(events):
        history = ",".join(
            f'{{"id":"{no[2:]}-{seq}","nr":{seq},"statuss":"{state}",'
            f'"laiks":"{ISO_DAYS[day]}T{MINUTES[minute]}:00","loma":"{ROLES[seq & 3]}"}}'
            for seq, (state, day, minute) in enumerate(steps)
        )
        result = f'"{result}"' if result else "null"
        yield (
            f'{{"iestade":"{owner}","numurs":"{no}","veids":"{kind}","pakalpojums":"{service}","kanals":"{channel}",'
            f'"iesniedzejs":"{applicant}","termins":"{ISO_DAYS[due]}","rezultats":{result},"notikumi":[{history}]}}\n'
        )


TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    + "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{TYPES}.{kind}+xml"/>'
        for part, kind in [("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles"), ("sharedStrings", "sharedStrings")]
    )
    + "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="Notikumi" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    + "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}.xml"/>'
        for n, (kind, target) in enumerate([("worksheet", "worksheets/sheet1"), ("styles", "styles"), ("sharedStrings", "sharedStrings")], start=1)
    )
    + "</Relationships>",
    # Cell formats: 0 general, 1 a day, 2 a day with its time (Excel's own numbers 14 and 22).
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
}  # fmt: skip


def write_xlsx(events, path):
    """Texts shared, days and times true dates, the sheet written as it is made."""
    epoch = (FIRST - date(1899, 12, 30)).days
    strings = {}

    def text(column, row, value):
        return f'<c r="{column}{row}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>' if value else ""

    moment = (2024, 1, 1, 0, 0, 0)

    def member(name):
        info = zipfile.ZipInfo(name, moment)
        info.compress_type = zipfile.ZIP_DEFLATED
        return info

    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, content in PARTS.items():
            package.writestr(member(name), declaration + content, zipfile.ZIP_DEFLATED)
        with package.open(member("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            cells = "".join(text(chr(65 + n), 1, name) for n, name in enumerate(HEADER))
            chunk = [f'{declaration}<worksheet xmlns="{MAIN}"><sheetData><row r="1">{cells}</row>']
            row = 1
            for no, owner, kind, service, channel, applicant, due, result, steps in requests(events):
                said = [owner, no, kind, service, channel, applicant]
                shared = [(column, strings.setdefault(value, len(strings))) for column, value in zip("ABCDEF", said)]
                for seq, (state, day, minute) in enumerate(steps):
                    row += 1
                    same = "".join(f'<c r="{column}{row}" t="s"><v>{n}</v></c>' for column, n in shared)
                    chunk.append(
                        f'<row r="{row}">{same}<c r="G{row}" s="1"><v>{epoch + due}</v></c>{text("H", row, result)}'
                        f'<c r="I{row}"><v>{int(no[2:]) * 16 + seq}</v></c><c r="J{row}"><v>{seq}</v></c>'
                        f'{text("K", row, state)}<c r="L{row}" s="2"><v>{epoch + day + minute / 1440:.6f}</v></c>'
                        f"{text('M', row, ROLES[seq & 3])}</row>"
                    )
                if len(chunk) >= 8192:
                    sheet.write("".join(chunk).encode())
                    chunk.clear()
            sheet.write(("".join(chunk) + "</sheetData></worksheet>").encode())
        with package.open(member("xl/sharedStrings.xml"), "w", force_zip64=True) as part:
            part.write(f'{declaration}<sst xmlns="{MAIN}" uniqueCount="{len(strings)}">'.encode())
            part.write("".join(f"<si><t>{value}</t></si>" for value in strings).encode())
            part.write(b"</sst>")


KINDS_OF_FILE = {
    "csv": lambda events, path: write_in_chunks(path, ";".join(HEADER) + "\r\n", csv_texts(events)),
    "xml": lambda events, path: write_in_chunks(
        path, '<?xml version="1.0" encoding="UTF-8"?>\n<izraksts>\n', xml_texts(events), "</izraksts>\n"
    ),
    "json": lambda events, path: write_in_chunks(path, "", json_texts(events)),
    "xlsx": write_xlsx,
    "owners": lambda _, path: write_in_chunks(
        path, "reg_no;name;kind\n", (f"{owner};Iestāde {n};cita valsts iestāde\n" for n, owner in enumerate(OWNERS))
    ),
    "services": lambda _, path: write_in_chunks(
        path,
        "code;name;kind;owner;expected;statutory\n",
        (
            f"{code};Pakalpojums {code};publisks individuāla labuma;{OWNERS[n % INSTITUTIONS]};{5 + n % 20} dienas;"
            f"{30 if n % 3 else 20} {'dienas' if n % 2 else 'darba dienas'}\n"
            for n, code in enumerate(CODES)
        ),
    ),
}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in KINDS_OF_FILE:
        sys.exit(__doc__)
    KINDS_OF_FILE[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
