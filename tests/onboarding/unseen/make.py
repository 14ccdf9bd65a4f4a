#!/usr/bin/env python3
"""Five held-out registers, as agencies bring them, made without knowledge of how `vienkop onboard` recognises columns.

Needs: pip install openpyxl. Run: python3 make.py (the same bytes on every run). Everything is invented. The right mapping
of each is the .toml beside it, written by hand.
"""

import csv
import hashlib
import io
import json
import random
import uuid
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

HERE = Path(__file__).resolve().parent


def reg_no(first, n):
    """The nth valid registration number that begins with `first` (4 digits)."""
    body = int(first) * 10**6 + n * 7919 % 10**6
    while True:
        digits = [int(d) for d in f"{body:010}"]
        check = (3 - sum(d * w for d, w in zip(digits, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6]))) % 11
        if check < 10:
            return f"{body:010}{check}"
        body += 1


def personal_code(r):
    if r.random() < 0.35:
        return f"32{r.randint(0, 9999):04}-{r.randint(0, 99999):05}"
    return f"{r.randint(1, 28):02}{r.randint(1, 12):02}{r.randint(45, 99):02}-1{r.randint(0, 9999):04}"


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


STAFF = ["Ārija Stūrīte", "Valdis Ķeizars", "Gunta Lāce-Meža", "Zigurds Čakste", "Inguna Pūpola", "Edgars Žagariņš", "Silvija Grīnfelde"]


def ascii_lv(text):
    return text.translate(str.maketrans("āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ", "acegiklnsuzACEGIKLNSUZ"))


# 1 -------------------------------------------------------------------------------------------------------------------

MUNICIPAL = {
    "Sociālie jautājumi": [
        ("Trūcīgas mājsaimniecības statusa noteikšana", "Izziņa par statusu", "Sociālo pakalpojumu un sociālās palīdzības likums"),
        ("Dzīvokļa pabalsts", "Lēmums par pabalstu", "Novada saistošie noteikumi Nr. 11/2021"),
        ("Aprūpe mājās", "Līgums par aprūpi", "MK noteikumi Nr. 275 (02.04.2019.)"),
        ("Asistents pašvaldībā", "Lēmums", "MK noteikumi Nr. 316 (18.05.2021.)"),
        ("Vienreizējs pabalsts krīzes situācijā", "Pabalsts kontā vai skaidrā naudā", "Sociālo pakalpojumu un sociālās palīdzības likums"),
        ("Ēdināšanas atlaide skolēniem", "Atlaide no 1. septembra", "Novada saistošie noteikumi Nr. 4/2022"),
    ],
    "Zeme un būves": [
        ("Adreses piešķiršana vai maiņa", "Lēmums par adresi", "MK noteikumi Nr. 455 (29.06.2021.)"),
        ("Zemes ierīcības projekta nosacījumi", "Nosacījumi", "Zemes ierīcības likums; MK noteikumi Nr. 505"),
        ("Paskaidrojuma raksts žogam", "Atzīme par akceptu", "Būvniecības likums"),
        ("Zemes noma līdz 12 gadiem", "Nomas līgums", "MK noteikumi Nr. 350 (19.06.2018.)"),
        ("Koku ciršana ārpus meža", "Atļauja", "MK noteikumi Nr. 309 (02.05.2012.)"),
        ("Ielas rakšanas darbi", "Atļauja ar shēmu", "MK noteikumi Nr. 421 (02.10.2001.)"),
        ("Izziņa par ēkas neesamību", "Izziņa", "Būvniecības likums, 21. pants"),
    ],
    "Dzimtsaraksti un deklarēšana": [
        ("Bērna piedzimšanas ieraksts", "Dzimšanas apliecība", "Civilstāvokļa aktu reģistrācijas likums"),
        ("Laulību slēgšana svētku zālē", "Laulības apliecība", "Civilstāvokļa aktu reģistrācijas likums"),
        ("Atkārtota apliecība no arhīva", "Apliecība", "MK noteikumi Nr. 761 (03.09.2013.)"),
        ("Dzīvesvietas deklarēšana pie mums", "Izziņa, ja vajag", "Dzīvesvietas deklarēšanas likums"),
        ("Deklarētās dzīvesvietas anulēšana", "Lēmums", "MK noteikumi Nr. 72 (11.02.2003.)"),
    ],
    "Bērni un skola": [
        ("Rinda uz bērnudārzu", "Vieta rindā", "Izglītības likums"),
        ("Bērna uzņemšana 1. klasē", "Rīkojums par uzņemšanu", "MK noteikumi Nr. 11 (11.01.2022.)"),
        ("Skolēnu autobuss", "Apliecība braukšanai", "Novada saistošie noteikumi Nr. 9/2019"),
        ("Mūzikas skolas līdzfinansējuma atlaide", "Lēmums", "Novada saistošie noteikumi Nr. 2/2020"),
    ],
    "Tirgošanās, pasākumi, kapi": [
        ("Ielu tirdzniecība", "Atļauja", "MK noteikumi Nr. 440 (12.05.2010.)"),
        ("Publisks pasākums", "Atļauja vai atteikums", "Publisku izklaides un svētku pasākumu drošības likums"),
        ("Reklāma uz stenda", "Atļauja un vieta stendā", "MK noteikumi Nr. 732 (30.10.2012.)"),
        ("Kapavietas ierādīšana", "Ieraksts kapu grāmatā", "Novada saistošie noteikumi Nr. 17/2018"),
        ("Kapavietas uzturētāja maiņa", "Ieraksts kapu grāmatā", "Novada saistošie noteikumi Nr. 17/2018"),
        ("Makšķerēšanas licence Dūņezerā", "Licence", "MK noteikumi Nr. 799 (22.12.2015.)"),
        ("Svētku zāles īre", "Līgums", "Cenrādis 2020"),
    ],
}


def municipality():
    """An old municipality's list that began as .xls: two title lines, headers with line breaks, the area merged down over
    its rows, true dates beside dates as text, fees and channels as people say them, a total and a signature below."""
    r = random.Random(11)
    book = Workbook()
    sheet = book.active
    sheet.title = "Lapa1"
    head = [
        "Nr. pēc kārtas", "Joma", "Lietas indekss", "Pakalpojuma\nNr.", "Ko var nokārtot", "Sīkāk par to", "Kurš drīkst prasīt",
        "Kad pienākas", "Kādi papīri jāatnes", "Kādā ceļā var iesniegt", "Kā dabū atbildi", "Ko saņem rezultātā", "Parasti gatavs",
        "Ne ilgāk kā\n(pēc likuma)", "Pēc kā mēs to darām", "Cik maksā", "Kas pie mums kārto", "Tālr. uzziņām", "Kabinets", "Gadā vidēji",
        "Vai vēl sniedzam", "Ieviests", "Pēdējoreiz labots",
    ]  # fmt: skip
    sheet["A1"] = "DŪŅEZERA NOVADA PAŠVALDĪBA, reģ. Nr. " + reg_no("9000", 31)
    sheet["A2"] = "Pakalpojumu uzskaites saraksts (papildināts no 2009. gada; 2023. gada redakcija)"
    for row in (1, 2):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(head))
        sheet.cell(row, 1).font = Font(bold=True, size=13)
        sheet.cell(row, 1).alignment = Alignment(horizontal="center")
    for column, text in enumerate(head, start=1):
        cell = sheet.cell(4, column, text)
        cell.font = Font(bold=True, italic=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    fees = ["bezmaksas", "7,11 EUR", 14.23, "Ls 5,00 (7,11 €)", "nav", "pēc cenrāža", "no 10 līdz 25 eiro", 0, "2.85 (ar PVN)", "valsts nodeva 7 eiro, trūcīgajiem 0"]
    ways = [
        "klātienē, pa pastu", "atnākot uz domi / e-pastā ar drošu e-parakstu", "Klātienē; e-adrese; latvija.lv", "tikai klātienē",
        "VPVKAC Dūņciemā vai pa e-pastu", "pa telefonu, klātienē", "e-adrese, pasts, klātienē, VPVKAC",
    ]  # fmt: skip
    answers = ["uz vietas", "pa pastu", "e-adresē", "e-pastā vai uz vietas", "kā cilvēks lūdzis"]
    who = ["fiziska persona", "juridiska persona", "fiz. un jur. personas", "visi", "uzņēmēji"]
    papers = ["Iesniegums", "Iesniegums\nPase vai ID karte", "iesniegums; izziņa par ienākumiem", "Iesniegums, zemes robežu plāns", "nekas nav jānes"]
    conditions = ["Deklarēts novadā", "Ienākumi zem sliekšņa", "Īpašums ir novadā", "", "Nav parādu pašvaldībai"]
    row, n = 5, 0
    for area, services in MUNICIPAL.items():
        top = row
        sheet.cell(row, 2, area).alignment = Alignment(vertical="center", text_rotation=90)
        for name, result, act in services:
            begun = date(2009, 7, 1) + timedelta(days=r.randint(0, 4500))
            changed = begun + timedelta(days=r.randint(60, 900))
            values = {
                1: f"{n + 1}.", 3: f"{3 + n % 6}-{1 + n % 9}", 4: f"D{n + 1:02}" if n < 20 else f"D{n + 1:02}/J", 5: name,
                6: "" if n % 9 == 4 else f"Kārtojam jautājumu: {name[0].lower() + name[1:]}. Jāpiesaka laikus.", 7: who[n % 5],
                8: conditions[n % 5], 9: papers[r.randint(0, 4)], 10: ways[n % 7], 11: answers[r.randint(0, 4)], 12: result,
                13: ["5 dienas", "uzreiz", "2 nedēļas", "10 darbdienas", "1 mēn.", "3-5 d."][n % 6], 14: ["30 dienas", "1 mēnesis", "4 mēneši", "15 darba dienas", "-"][n % 5],
                15: act, 16: fees[n % 10], 17: STAFF[n % 7], 18: f"6{r.randint(3000000, 4999999)}", 19: r.randint(1, 24),
                20: r.choice([3, 12, 45, 160, 820, "ap 50", None]), 21: ["jā", "jā", "Jā", "nē", "jā", "uz laiku pārtraukts"][n % 6],
                22: begun if n % 8 else begun.strftime("%d.%m.%Y."), 23: changed if n % 3 else None,
            }  # fmt: skip
            for column, value in values.items():
                cell = sheet.cell(row, column, value)
                if isinstance(value, date):
                    cell.number_format = "DD.MM.YYYY" if column == 22 else "D. MMM YYYY"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
            row, n = row + 1, n + 1
        sheet.merge_cells(start_row=top, start_column=2, end_row=row - 1, end_column=2)
    # The same officer for both services of the cemetery, written once over two rows.
    grave = next(k for k in range(5, row) if sheet.cell(k, 5).value == "Kapavietas ierādīšana")
    for column in (17, 18, 19):
        sheet.cell(grave + 1, column).value = None
        sheet.merge_cells(start_row=grave, start_column=column, end_row=grave + 1, end_column=column)
    sheet.cell(row, 1, "KOPĀ").font = Font(bold=True)
    sheet.cell(row, 20, f"=SUM(T5:T{row - 1})")
    sheet.cell(row + 2, 5, "Sarakstu uztur: lietvede Ā. Stūrīte")
    sheet.column_dimensions["C"].hidden = True
    sheet.freeze_panes = "F5"
    for extra in ("Lapa2", "Lapa3"):
        book.create_sheet(extra)
    path = HERE / "dunezera-saraksts.xlsx"
    book.save(path)
    fixed(path)


# 2 -------------------------------------------------------------------------------------------------------------------


def records_system():
    """A records-management system's export: windows-1257, semicolons, everything quoted, a semicolon too many at the end of
    each line, technical columns, line breaks in texts, names, addresses and personal codes of those who wrote."""
    r = random.Random(22)
    applicants = ["Andris Sproģis", "Līga Kārkliņa", "Rūta Āboltiņa", "Pēteris Švarcs", "Ņina Jegorova", "Mārtiņš Ūsiņš", "Elīna Ģērmane"]
    companies = ["SIA \"Vējdzirnavas\"", "ZS \"Lejnieki\"", "SIA \"Bitenieks un dēli\"", "Biedrība \"Krasts\""]
    offices = [reg_no("9000", 57), reg_no("4090", 58)]
    subjects = ["Par ūdens lietošanas atļauju", "Par piesārņojuma pārbaudi", "Par zvejas rīku limitu", "Par izziņu no reģistra", "Par atkritumu pārvadāšanu"]
    head = [
        "OBJ_GUID", "OBJ_TIPS", "VERS", "NMR kods", "Žurnāls", "Dok. reģ. Nr.", "Dok. veids", "Saņemts", "Reģistrēts", "Korespondents",
        "Koresp. pers. kods / reģ. Nr.", "Koresp. tips", "Koresp. adrese", "Koresp. e-pasts", "Saturs", "Nomenkl. indekss", "Piegādes veids",
        "Pakalpojuma ID", "Rezolūcija", "Nodots izpildei", "Izpildītājs", "Struktūrvienība", "Kontroles termiņš", "Statuss", "Izskatīšanas iznākums",
        "Izpildes datums", "Atb. dok. Nr.", "Pieejamība", "Piel. sk.", "Lapas", "ACL_ID", "CREATED_BY", "MODIFIED_ON", "IS_DEL", "CRC32", "Kartītes saite",
    ]  # fmt: skip
    out = io.StringIO()
    write = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator=";\r\n")
    write.writerow(head)

    def moment(value):
        return value.strftime("%d.%m.%Y %H:%M:%S") if value else ""

    for n in range(55):
        got = datetime(2023, 10, 2, 8, 30) + timedelta(days=3 * n, minutes=r.randint(0, 500), seconds=r.randint(0, 59))
        registered = (got + timedelta(days=n % 3)).replace(hour=17, minute=r.randint(5, 55))
        status = ["Izpildīts", "Izpildīts", "Izpildē", "Nodots lietā", "Reģistrēts", "Izpildīts", "Gaida korespondenta atbildi", "Pāradresēts", "Atsaukts", "Rezolūcija"][n % 10]
        given = (registered + timedelta(days=r.randint(1, 3))).replace(hour=r.randint(8, 15)) if status not in ("Reģistrēts", "Rezolūcija") else None
        done = given + timedelta(days=r.randint(2, 28), minutes=r.randint(0, 300)) if status in ("Izpildīts", "Nodots lietā", "Pāradresēts", "Atsaukts") else None
        outcome = ["Apmierināts", "Atteikts", "Daļēji apmierināts", "Sniegta atbilde"][n % 4] if status in ("Izpildīts", "Nodots lietā") else ""
        legal = n % 5 == 2
        who = companies[n % 4] if legal else applicants[n % 7]
        write.writerow([
            "{" + str(uuid.UUID(int=r.getrandbits(128), version=4)).upper() + "}", "DOC_IN", r.randint(1, 9), offices[n % 9 == 4], "Ienākošie",
            f"{1 + n % 4}.{1 + n % 3}-12/{n + 318}", ["Iesniegums", "Iesniegums", "Pieteikums", "Sūdzība", "Informācijas pieprasījums", "Iesniegums"][n % 6],
            moment(got), moment(registered), who, reg_no("4000" if n % 2 else "4300", n) if legal else personal_code(r), "JP" if legal else "FP",
            f"Ezera iela {r.randint(1, 90)}-{r.randint(1, 40)}, Krastnieki, LV-{r.randint(4100, 4899)}", f"adresats{n}@vestules.example" if n % 3 else "",
            f"{subjects[n % 5]}\r\n(iesniedzējs: {who})" if n % 7 == 3 else subjects[n % 5], f"{1 + n % 4}.{1 + n % 3}-12",
            ["E-adrese", "Pasts", "E-pasts", "Personīgi", "E-adrese", "Portāls"][n % 6], "" if n % 8 == 6 else f"VRD-{110 + 10 * (n % 5)}",
            ["Izskatīt un sagatavot atbildi", "Zināšanai; izpildei", ""][n % 3], moment(given), STAFF[n % 7] if given else "",
            ["Atļauju daļa", "Kontroles daļa", "Klientu centrs"][n % 3], (got + timedelta(days=30)).strftime("%d.%m.%Y"), status, outcome, moment(done),
            f"2.{1 + n % 3}-3/{n + 900}" if outcome else "", ["IP", "VP"][n % 2], r.randint(0, 6), r.randint(1, 14), r.randint(1000, 1100),
            "dvs\\svc_import" if n % 4 else "dvs\\asturite", moment((done or registered) + timedelta(minutes=7)), "0", f"{r.getrandbits(32):08X}",
            f"https://dvs.vrd.example/karte?id={n + 40318}",
        ])  # fmt: skip
    (HERE / "DVS_ienakosie_20240331.csv").write_bytes(out.getvalue().encode("cp1257"))


# 3 -------------------------------------------------------------------------------------------------------------------


def portal():
    """An agency portal's catalogue: camelCase Latvian without diacritics, two languages as members, a time as count and unit,
    lists of structures, members left out or null."""
    r = random.Random(33)
    things = [
        "Kuģošanas apliecības izsniegšana", "Motorlaivas reģistrācija", "Motorlaivas izslēgšana no uzskaites", "Ostas caurlaide", "Jūrnieka grāmatiņa",
        "Loča kvalifikācijas pārbaude", "Zvejas kuģa apskate", "Bāku apskates atļauja", "Nogrimuša priekšmeta pieteikums", "Radiooperatora sertifikāts",
        "Atpūtas kuģa vadītāja apliecība", "Piestātnes pases saskaņošana", "Hidrogrāfiskās kartes izraksts", "Ūdens motocikla numura zīme",
    ]  # fmt: skip
    owner = [("Jūras un piestātņu aģentūra", reg_no("9000", 71)), ("Navigācijas dienests", reg_no("9001", 72))]
    rows = []
    for n in range(28):
        name = things[n % 14] + ("" if n < 14 else [" (atkārtoti)", " ārvalstniekam"][n % 2])
        slug = ascii_lv(name).lower().replace(" ", "-").replace("(", "").replace(")", "")
        body, number = owner[n % 6 == 5]
        row = {
            "id": 5200 + 3 * n,
            "pakalpojumaNumurs": f"JPA.{1 + n // 10}.{n % 10:02}",
            "epNumurs": f"EP{300 + n}" if n % 3 == 0 else None,
            "nosaukums": {"lv": name, "en": f"Maritime service {n + 1}"},
            "apraksts": {"lv": f"<p>{name}. Pakalpojumu sniedz {body}.</p>", "en": None if n % 4 else "<p>See the Latvian text.</p>"},
            "turetajs": {"nosaukums": body, "nmrKods": number},
            "merkgrupas": [["iedzivotajs"], ["uznemejs"], ["iedzivotajs", "uznemejs"]][n % 3],
            "tips": ["individualaLabuma", "visparejaLabuma"][n % 11 == 7],
            "pieteiksanasKanali": [["portals", "klatiene"], ["eAdrese", "pasts"], ["klatiene"], ["portals", "eAdrese", "epasts"]][n % 4],
            "sanemsanasKanali": [["klatiene"], ["eAdrese"], ["portals"]][n % 3],
            "autentifikacija": ["eParaksts", "smartId", "eId"][: n % 4] or None,
            "planotaisIlgums": {"skaits": [1, 5, 10, 2][n % 4], "mervieniba": ["stundas", "darbaDienas", "dienas", "menesi"][n % 4]},
            "likumaTermins": ["30 dienas", "1 mēnesis", None, "10 darba dienas"][n % 4],
            "nosacijumi": ["Pretendents ir vismaz 16 gadus vecs.", "Kuģis atrodas Latvijā.", None][n % 3],
            "nepieciesamieDokumenti": r.sample(["Iesniegums", "Personas apliecinošs dokuments", "Kuģa rasējums", "Maksājuma uzdevums"], 1 + n % 3),
            "maksas": [] if n % 5 == 0 else [{"summa": [7.11, "28,46", 71, 14.23][n % 4], "valuta": "EUR", "piezime": ["", "steidzami: divkārša"][n % 2]}],
            "soli": [
                {"kartasNr": k + 1, "nosaukums": step, "ilgums": time, "redzamsKlientam": seen}
                for k, (step, time, seen) in enumerate(
                    [("Pieteikuma pieņemšana", "1 darba diena", True), ("Dokumentu pārbaude", "2 dienas", False), ("Apskate uz vietas", None, True),
                     ("Lēmums", "3 darba dienas", True)][: 2 + n % 3]
                )
            ],
            "tiesibuAkti": [
                {"nosaukums": act, "saite": f"https://tiesibas.example/ta/{100000 + 37 * n + k}", "pants": clause}
                for k, (act, clause) in enumerate([("Jūrlietu pārvaldības likums", "12. pants"), ("MK noteikumi Nr. 158", "4.2. apakšpunkts")][: 1 + n % 2])
            ],
            "biezakieJautajumi": [{"jautajums": "Vai jāierodas pašam?", "atbilde": "Nē, var ar pilnvaru."}] if n % 4 == 1 else [],
            "atbildigaPersona": {"vardsUzvards": STAFF[n % 7], "epasts": ascii_lv(STAFF[n % 7]).lower().replace(" ", ".") + "@jpa.example"},
            "digitalizacijasLimenis": ["e-pakalpojums", "klātienē", "vienkāršots e-pakalpojums"][n % 3],
            "sniegsanasStatuss": "apturets" if n % 9 == 8 else "sniegts",
            "publicesanasStatuss": ["publicets", "publicets", "melnraksts"][n % 3],
            "tiesaSaite": f"https://e.jpa.example/pakalpojumi/{slug}",
            "atslegvardi": [ascii_lv(w).lower() for w in name.split()[:2]],
            "pieprasijumuSkaitsGada": r.randint(0, 7000),
            "vertejums": {"videjais": round(r.uniform(2, 5), 1), "balsis": r.randint(0, 300)},
            "seo": {"slug": slug, "indekset": n % 3 != 2},
            "veidots": f"2022-0{1 + n % 9}-11T10:00:00+02:00",
            "labots": f"2024-02-{1 + n:02}T16:20:31+02:00",
            "redaktors": f"jpa-red-{n % 4}",
        }  # fmt: skip
        if n % 13 == 12:
            del row["likumaTermins"], row["maksas"], row["atbildigaPersona"]
        rows.append(row)
    document = {
        "meta": {"versija": "3.4.1", "generets": "2024-03-01T04:00:02+02:00", "kopa": len(rows), "lapa": {"nr": 1, "no": 1}, "valodas": ["lv", "en"]},
        "dati": rows,
    }
    (HERE / "jpa-katalogs.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


# 4 -------------------------------------------------------------------------------------------------------------------


def subordinate():
    """A ministry's list of its bodies: abbreviations, most of it attributes, a classifier before the list, leading zeros
    lost in some ATVK, web sites without a scheme, a previous number inside."""
    r = random.Random(44)
    ministry = reg_no("9000", 200)
    names = ["Augsnes izpētes", "Sēklkopības", "Zivju audzēšanas", "Lauku ceļu", "Meliorācijas", "Biškopības", "Lopu ciltsgrāmatu", "Dzirnavu uzraudzības", "Purvu", "Mežaudžu", "Upju plūdu"]
    forms = [("TPI", "pārvalde"), ("TPI", "dienests"), ("VSIA", "laboratorija"), ("APP", "institūts"), ("TPI", "inspekcija"), ("NOD", "fonds")]
    xml = [
        '<?xml version="1.0" encoding="UTF-8"?>', "<!-- IS PIERS v1.9 / izdr. 15.01.2024 -->",
        '<PadSar xmlns="urn:piers:padotiba" min="ZLM" gads="2024">', " <Klas>",
        *(f'  <K k="{code}" n="{text}"/>' for code, text in [
            ("MIN", "ministrija"), ("TPI", "ministrijas padotības iestāde"), ("VSIA", "valsts kapitālsabiedrība"),
            ("APP", "cita atvasināta publiska persona"), ("NOD", "biedrība vai nodibinājums")]),
        " </Klas>", " <Saraksts>",
    ]  # fmt: skip
    for n in range(34):
        form, noun = ("MIN", "") if n == 0 else forms[n % 6]
        full = "Zemes lietu ministrija" if n == 0 else f"{names[n % 11]} {noun}" + ("" if n < 23 else " (filiāle)")
        full = f'Valsts SIA "{full}"' if form == "VSIA" else full
        number = ministry if n == 0 else reg_no({"VSIA": "4000", "NOD": "4000"}.get(form, "9000"), 200 + n)
        letters = "".join(w[0] for w in full.replace('"', "").replace("(", "").split()).upper()
        host = f"{ascii_lv(letters).lower()}{n}.example"
        atvk = ["0001000", "0005000", "0021000", "0030200", "1000", "0040100"][n % 6]
        parent = f'<AugstIest rn="{ministry}">ZLM</AugstIest>' if n else ""
        social = "".join(f'<S v="{kind}" h="https://{kind}.example/{ascii_lv(letters).lower()}{n}"/>' for kind in ["fb", "x", "yt"][: r.randint(0, 3)])
        xml.append(
            f'  <Iest id="{700 + n}" rn="{number}" vk="{form}" st="{"L" if n % 16 == 15 else "D"}"><Nos><P>{escape(full)}</P>'
            f'<S>{letters}</S></Nos>{parent}<Vad am="{["direktors", "p.i.", "valdes loc."][n % 3]}">{STAFF[n % 7]}</Vad>'
            + (f"<PKV>{STAFF[(n + 3) % 7]}</PKV>" if n % 3 else "<PKV/>")
            + f'<Adr atvk={quoteattr(atvk)} pi="LV-{1000 + 37 * n}">Lauku iela {n + 1}</Adr>'
            f'<Kont t="6{7000000 + 1313 * n}" ep="{"pasts" if n % 2 else "info"}@{host}" ea="_DEFAULT@{number}"/>'
            f'<Tim>{"www." if n % 2 else "https://"}{host}</Tim>'
            + (f"<SocT>{social}</SocT>" if social else "")
            + f'<Dib d="{1991 + n % 30}-0{1 + n % 9}-0{1 + n % 8}"/><Amati sk="{r.randint(4, 400)}"/></Iest>'
        )
    xml += [" </Saraksts>", "</PadSar>"]
    (HERE / "PIERS_padotiba.xml").write_bytes(b"\xef\xbb\xbf" + ("\r\n".join(xml) + "\r\n").encode())


# 5 -------------------------------------------------------------------------------------------------------------------


def listings():
    """A web contractor's CSV of what the portals list: English, commas inside quotes, references with a bar between, dates as
    a content system writes them, test pages left in."""
    r = random.Random(55)
    topics = ["Passports and ID", "Starting a company", "Building, renovation", "Vehicles", "Family, children", "Taxes", "Health care, sick leave"]
    titles = [
        "Pases vai personas apliecības saņemšana", "Sabiedrības reģistrācija, grozījumi un likvidācija", "Būvatļauja", "Transportlīdzekļa pārbūve", "Bērna kopšanas pabalsts",
        "Nodokļu parāda samaksas sadalīšana", "Slimības pabalsts", "Vadītāja apliecības maiņa", "Aprūpe mājās, asistents", "Pārtikas uzņēmuma atzīšana",
    ]  # fmt: skip
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow([
        "Portal", "Node", "Rev", "Headline", "Lang", "Topic", "Permalink", "Offered services", "Went live", "Last touched", "Body SHA-256", "Author", "Words",
        "Hits 30d", "Broken links", "Thumbnail",
    ])  # fmt: skip
    for n in range(58):
        site = ["latvija.gov.lv", "latvija.gov.lv", "business.gov.lv", "virsis.gov.lv"][n % 4]
        title = titles[n % 10] + ("" if n < 10 else f" ({topics[n % 7].lower()})")
        title = "TEST please delete" if n == 37 else title
        live = datetime(2020, 5, 4, 6, 0) + timedelta(days=23 * n, minutes=r.randint(0, 700))
        refs = "|".join(f"SV-{(n * 5 + k) % 60:04}" for k in range([1, 1, 3, 2, 0][n % 5]))
        write.writerow([
            site, 88000 + 11 * n, r.randint(1, 40), title, "lv", topics[n % 7], f"https://{site}.example/node/{88000 + 11 * n}", refs,
            live.strftime("%d %b %Y") if n % 6 else "", (live + timedelta(days=r.randint(1, 400))).strftime("%Y-%m-%dT%H:%M:%SZ"),
            hashlib.sha256(f"{n}{title}".encode()).hexdigest(), f"editor{n % 5}", r.randint(80, 1900), r.randint(0, 9000), ["", "1", "0", "3"][n % 4],
            "" if n % 3 else f"/sites/default/files/{n}.png",
        ])  # fmt: skip
    (HERE / "portal_listings_q1.csv").write_text(out.getvalue(), encoding="utf-8-sig", newline="")


if __name__ == "__main__":
    for write in [municipality, records_system, portal, subordinate, listings]:
        write()
