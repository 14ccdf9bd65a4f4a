#!/usr/bin/env python3
"""Six registers that no sample resembles, as agencies bring them. Written before `vienkop onboard` was, with their right
mappings (the .toml beside each), so that it can be told how much of a register it understands by itself.

Needs: pip install openpyxl. Run: python3 tests/onboarding/make.py (the same bytes on every run). Everything is invented.
"""

import json
import random
import sqlite3
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

HERE = Path(__file__).resolve().parent
pick = random.Random(1999)

THINGS = [
    "būvatļaujas", "tirdzniecības atļaujas", "dzīvesvietas deklarācijas", "zemes lietošanas mērķa", "koku ciršanas atļaujas",
    "pabalsta", "dienas centra vietas", "bērnudārza vietas", "kapavietas", "reklāmas atļaujas", "izziņas par nodokļiem",
    "medību atļaujas", "peldvietas", "sporta zāles", "arhīva izziņas",
]
ACTS = ["izsniegšana", "reģistrēšana", "saskaņošana", "anulēšana", "piešķiršana"]
PEOPLE = ["Ilze Vītoliņa", "Jānis Krūmiņš", "Dace Ozola-Bērza", "Māris Šķēle", "Žanete Ūdre", "Kārlis Ābele"]
REG_NOS = ["90000054163", "90009116327", "90002067769", "40900022399"]


def name(n):
    return f"{THINGS[n % len(THINGS)].capitalize()} {ACTS[n % len(ACTS)]}"


def personal_code(n):
    return f"{1 + n % 28:02}{1 + n % 12:02}{60 + n % 39:02}-1{1000 + n * 7 % 9000:04}"


def fixed(path):
    """openpyxl stamps the time of writing into the archive; a fixed one takes its place."""
    with zipfile.ZipFile(path) as archive:
        parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts:
            if part == "docProps/core.xml":
                content = (
                    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><cp:coreProperties xmlns:cp="http://schemas.'
                    b'openxmlformats.org/package/2006/metadata/core-properties"/>'
                )
            archive.writestr(zipfile.ZipInfo(part, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def wide_workbook():
    """A culture house's list for the council: headings of two rows, questions as headers, units in headers, a second sheet
    of last year's numbers."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Apstiprināts 2023"
    sheet["B1"] = "APSTIPRINĀTS ar domes 12.01.2023. lēmumu Nr. 14"
    sheet["B2"] = "Upmalas novada Kultūras centra pakalpojumu saraksts"
    sheet["B2"].font = Font(bold=True, size=14)
    top = ["N.p.k.", "Uzskaites numurs", "Ko mēs piedāvājam", None, "Kam tas domāts", "Kur un kā pieteikties", None,
           "Cik ilgi jāgaida (darba dienās)", "Noteikts normatīvajā aktā", "Par to atbild", None, "Maksa (EUR)", "Piezīmes"]
    below = [None, None, "Nosaukums", "Īss skaidrojums", None, "Klātienē", "Attālināti", None, None, "Vārds, uzvārds", "E-pasta adrese", None, None]
    for column, (a, b) in enumerate(zip(top, below), start=1):
        sheet.cell(4, column, a).font = Font(bold=True)
        sheet.cell(5, column, b).font = Font(bold=True)
        sheet.cell(4, column).fill = PatternFill("solid", fgColor="DDDDDD")
    for cells in ("C4:D4", "F4:G4", "J4:K4"):
        sheet.merge_cells(cells)
    for cell in ("A4:A5", "B4:B5", "E4:E5", "H4:H5", "I4:I5", "L4:L5", "M4:M5"):
        sheet.merge_cells(cell)
    for n in range(18):
        row = 6 + n + n // 9
        person = PEOPLE[n % 6]
        values = [
            n + 1, f"UKC-{n + 1:03}", name(n), f"Skaidrojums par to, kā notiek {name(n).lower()}.",
            ["Iedzīvotājiem", "Uzņēmējiem", "Iedzīvotājiem un uzņēmējiem"][n % 3], "x" if n % 4 else "", "X" if n % 3 else "",
            [5, 10, 15, "1-5", 30][n % 5], "MK 2014. gada 19. augusta noteikumi Nr. 500" if n % 2 else "Paašvaldību likuma 15. pants",
            person, person.split()[0].lower() + "@upmala.example", ["bez maksas", 12.5, 4.27, 0][n % 4], "" if n % 5 else "sezonāls",
        ]
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column, value)
    # A heading amid the data.
    sheet.cell(15, 1, "II. Filiāļu pakalpojumi").font = Font(bold=True)
    sheet.merge_cells("A15:M15")
    sheet.cell(27, 2, "Sagatavoja: I. Vītoliņa, tālr. 64000000")
    for column in range(1, 14):
        sheet.column_dimensions[get_column_letter(column)].width = 22
    other = book.create_sheet("Apmeklējumi 2022")
    other.append(["Mēnesis", "Skaits"])
    for month in range(1, 13):
        other.append([month, pick.randint(100, 900)])
    path = HERE / "kulturas-centrs.xlsx"
    book.save(path)
    fixed(path)


def old_export():
    """A program of the nineties: capital letters without diacritics, eight characters at most, bars between, windows-1257,
    dates without dots, T and F."""
    lines = ["PAKNR|PAKNOSAUK|PAKVEID|IESTREGNR|ATBVARDS|ATBTEL|TERM_D|LIKTERM|KANALI|IEV_DAT|BEIGDAT|MAKSAS|APRAKSTS"]
    for n in range(40):
        start = date(1997, 3, 1) + timedelta(days=97 * n)
        lines.append("|".join([
            f"{n + 1:05}", name(n).upper(), ["PIL", "PVL", "SIK"][n % 3], REG_NOS[n % 4], PEOPLE[n % 6].upper(), f"2{6000000 + n * 311}",
            str(3 + n % 20), str(30 if n % 5 else 60), ["KLAT", "PASTS", "EPASTS", "KLAT,PASTS"][n % 4], start.strftime("%Y%m%d"),
            "" if n % 7 else (start + timedelta(days=2000)).strftime("%Y%m%d"), "T" if n % 3 == 0 else "F", f"Pakalpojums: {name(n).lower()}",
        ]))
    (HERE / "SRVREG97.TXT").write_bytes(("\r\n".join(lines) + "\r\n\x1a").encode("cp1257"))


def english_xml():
    """A vendor's export in English with names of its own, two languages beside each other, times as ISO 8601."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', '<ServiceCatalogue xmlns="urn:vendor:catalogue:2" exported="2024-02-29T23:59:59Z">', " <Items>"]
    for n in range(24):
        channels = "".join(f'<Channel kind="{kind}"/>' for kind in [["Counter", "Phone"], ["Web"], ["Web", "Mail"], ["Counter"]][n % 4])
        parts.append(
            f'  <Item ref="SC{n + 100}" state="{["Live", "Draft", "Retired"][n % 5 // 2]}">'
            f'<Title lang="lv">{name(n)}</Title><Title lang="en">Service {n + 1}</Title>'
            f"<Authority><RegistrationNumber>{REG_NOS[n % 4]}</RegistrationNumber><LegalName>Iestāde {n % 4}</LegalName></Authority>"
            f"<Audience>{['Citizen', 'Business', 'Citizen;Business'][n % 3]}</Audience><Channels>{channels}</Channels>"
            f"<ProcessingTime>P{5 + n % 20}D</ProcessingTime><MaximumTime>P1M</MaximumTime>"
            f'<Fee currency="EUR">{["0.00", "14.23", "7.11"][n % 3]}</Fee>'
            f"<Summary>{name(n)} pēc iesniedzēja lūguma.</Summary><LandingPage>https://e.vendor.example/{n + 100}</LandingPage>"
            f"<Contact><Person>{PEOPLE[n % 6]}</Person><Email>kontakts{n % 6}@vendor.example</Email></Contact>"
            f"<Modified>2024-01-{1 + n:02}T08:00:00+02:00</Modified></Item>"
        )
    parts += [" </Items>", "</ServiceCatalogue>"]
    (HERE / "ServiceCatalogueExport.xml").write_text("\n".join(parts) + "\n", encoding="utf-8")


def journal():
    """The counter's journal of applications: UTF-16 with tabs, as Excel saves "Unicode text"; a column a day of each step,
    names and personal codes of applicants."""
    head = ["Ieraksta Nr.", "Saņemšanas datums", "Iesniedzējs", "Personas kods", "Mob. tālr.", "Dzīvesvieta", "Par ko iesniegums", "Pakalp. šifrs",
            "Kā iesniegts", "Nodots speciālistam", "Pieprasīti papildu dokumenti", "Atbilde nosūtīta", "Lēmums", "Jāizpilda līdz", "Komentārs"]  # fmt: skip
    lines = ["\t".join(head)]
    for n in range(60):
        day = datetime(2023, 1, 2, 9, 0) + timedelta(days=5 * n, minutes=13 * n)

        def at(days):
            return (day + timedelta(days=days)).strftime("%d.%m.%Y. %H:%M")

        closed = n % 6 != 5
        lines.append("\t".join([
            f"{n + 1}/2023", at(0), PEOPLE[n % 6], personal_code(n), f"+371 2{8000000 + 977 * n}", f"Liepu iela {n + 1}, Upmala, LV-3{400 + n}",
            f"Lūdzu {name(n).lower()}", f"P{1 + n % 15:02}", ["klātienē", "e-pasts", "pasts", "e-adrese", "KAC"][n % 5], at(1) if n % 9 else "",
            at(2) if n % 4 == 0 else "", at(4 + n % 11) if closed else "", ["apmierināts", "noraidīts", "daļēji apmierināts"][n % 3] if closed else "",
            (day + timedelta(days=30)).strftime("%d.%m.%Y."), "" if n % 8 else "zvanīja, prasīja, kad būs",
        ]))
    (HERE / "Žurnāls 2023.txt").write_bytes(b"\xff\xfe" + ("\r\n".join(lines) + "\r\n").encode("utf-16-le"))


def tickets():
    """A ticket system's dump, a line a ticket: members nested, English, moments in milliseconds since 1970, history inside."""
    lines = []
    for n in range(50):
        begun = 1_709_280_000_000 + n * 7_300_000
        states = ["New", "Assigned", "Waiting for customer", "Assigned", "Resolved", "Closed"][: 2 + n % 5]
        lines.append(json.dumps({
            "ticketNumber": f"INC{70000 + n}",
            "type": ["ServiceRequest", "Incident", "Complaint"][n % 3 if n % 4 == 0 else 0],
            "openedOn": begun,
            "status": states[-1],
            "catalogItem": {"code": f"K-{1 + n % 12}", "displayName": name(n)},
            "source": ["portal", "phone", "email", "walk-in"][n % 4],
            "requester": {"fullName": PEOPLE[n % 6], "email": f"persona{n}@pasts.example", "personCode": personal_code(n + 100), "isCompany": n % 7 == 0},
            "sla": {"dueAt": begun + 30 * 86_400_000},
            "log": [{"seq": k, "to": state, "ts": begun + k * 90_000_000, "byRole": "agent"} for k, state in enumerate(states)],
        }, ensure_ascii=False))
    (HERE / "tickets.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")


def database():
    """A register program's own file: short names, the institution in another table, kinds as numbers."""
    path = HERE / "registrs.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as base:
        base.executescript("""
            CREATE TABLE org (id INTEGER PRIMARY KEY, regnr TEXT, nos TEXT, tips TEXT, e_pasts TEXT);
            CREATE TABLE pak (pak_id INTEGER PRIMARY KEY, kods TEXT, nos TEXT, org_id INTEGER, sanemeji TEXT, apr TEXT, izp_term INTEGER,
                izp_mv TEXT, no_dat TEXT, lidz_dat TEXT, vad TEXT, saite TEXT, sk_gada INTEGER);
            CREATE TABLE pieteikumi_log (id INTEGER PRIMARY KEY, kas TEXT, kad TEXT);
        """)
        kinds = ["valsts iestāde", "pašvaldība", "pašvaldības iestāde", "kapitālsabiedrība"]
        for n, reg_no in enumerate(REG_NOS, start=1):
            base.execute("INSERT INTO org VALUES (?, ?, ?, ?, ?)", (n, reg_no, f"Iestāde {n}", kinds[n - 1], f"pasts{n}@iestade.example"))
        for n in range(30):
            base.execute(
                "INSERT INTO pak VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (n + 1, f"{n + 1:03}.{n % 4}", name(n), 1 + n % 4, ["iedzīvotājs", "uzņēmējs"][n % 2], f"Apraksts {n}", 5 + n, ["d", "dd"][n % 2],
                 f"20{10 + n % 14}-0{1 + n % 9}-15", None, PEOPLE[n % 6], f"https://iestade.example/{n}", n * 37),
            )


if __name__ == "__main__":
    for write in [wide_workbook, old_export, english_xml, journal, tickets, database]:
        write()
