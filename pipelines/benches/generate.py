#!/usr/bin/env python3
"""Writes a register of services of any size, as CSV or as a workbook with shared strings, always the same bytes.

    python3 pipelines/benches/generate.py csv 1000000 big.csv
    python3 pipelines/benches/generate.py xlsx 300000 big.xlsx
    python3 pipelines/benches/generate.py again 1000000 later.csv        # 1 % changed, 0.1 % left out, 0.1 % new
    python3 pipelines/benches/generate.py held 200000 held.csv           # names that repeat moderately,
    python3 pipelines/benches/generate.py new 20000 new.csv              # and some of them in other words
    python3 pipelines/benches/generate.py owners 0 owners.csv            # the institutions of these
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


def again(count):
    """The next delivery: of every thousand services ten are described and asked for otherwise, one is gone, one new."""
    for n, row in enumerate(rows(count + count // 1000), start=1):
        if n % 1000 == 500 and n <= count:
            continue
        if n % 100 == 50 and n <= count:
            row[9] += " Precizēts."
            row[10] = str(int(row[10]) + 1)
        yield row


# Names of services as the country's registers have them: what is done, to what, for whom. 12 * 60 * 4 * 18 names.
ACTIONS = ["reģistrācija", "izsniegšana", "anulēšana", "pagarināšana", "saskaņošana", "grozīšana", "atjaunošana",
           "izziņa", "konsultācija", "deklarēšana", "pārbaude", "apturēšana"]
OTHER_WORDS = {"reģistrācija": "reģistrēšana", "izsniegšana": "saņemšana", "anulēšana": "atcelšana",
               "grozīšana": "izmaiņas", "deklarēšana": "deklarācija", "pārbaude": "kontrole"}
QUALITIES = ["", "pirmreizēja", "atkārtota", "pagaidu"]
OBJECTS = [
    "būvatļaujas", "dzīvesvietas", "transportlīdzekļa", "ieroča glabāšanas atļaujas", "medību licences",
    "zvejas tiesību", "nekustamā īpašuma nodokļa", "zemes vienības", "adreses", "uzņēmuma", "biedrības",
    "ārstniecības personas", "zāļu recepšu", "invaliditātes", "ģimenes valsts pabalsta", "bērna kopšanas pabalsta",
    "slimības pabalsta", "vecuma pensijas", "bezdarbnieka statusa", "uzturēšanās atļaujas", "pases",
    "personas apliecības", "vīzas", "laulības", "paternitātes", "mantojuma", "autortiesību", "preču zīmes", "patenta",
    "piesārņojošas darbības atļaujas", "atkritumu apsaimniekošanas atļaujas", "koku ciršanas apliecinājuma",
    "meža inventarizācijas", "ūdens resursu lietošanas atļaujas", "zemes dzīļu izmantošanas licences",
    "alkohola tirdzniecības licences", "tabakas mazumtirdzniecības licences", "azartspēļu licences",
    "apsardzes darbības licences", "pasažieru pārvadājumu licences", "taksometra vadītāja", "kravu pārvadājumu atļaujas",
    "kuģa", "gaisa kuģa", "ostas", "izglītības programmas", "pedagoga", "profesionālās kvalifikācijas",
    "studiju kredīta", "zinātniskās institūcijas", "muzeja", "kultūras pieminekļa", "publiska pasākuma",
    "ielu tirdzniecības atļaujas", "kapavietas", "sociālā dzīvokļa", "asistenta pakalpojuma", "aprūpes mājās",
    "pirmsskolas vietas", "skolēna autobusa biļetes",
]
FOR_WHOM = ["", "fiziskām personām", "juridiskām personām", "nerezidentiem", "jaunajām ģimenēm", "daudzbērnu ģimenēm",
            "pensionāriem", "lauksaimniekiem", "zvejniekiem", "mežsaimniekiem", "studentiem", "skolēniem",
            "repatriantiem", "bēgļiem", "amatniekiem", "pārvadātājiem", "pašnodarbinātajiem", "bezpajumtniekiem"]


def held(count):
    """Services of many institutions with names put together from the words above."""
    pick = random.Random(1)
    for n in range(1, count + 1):
        words = [pick.choice(QUALITIES), pick.choice(OBJECTS), pick.choice(ACTIONS), pick.choice(FOR_WHOM)]
        yield described(n, f"T{n:07}", words, pick.randrange(OWNERS), pick)


def new(count):
    """What another source says of every tenth of them: a third in the same words, a third in others, and a third is
    something else."""
    tenth, pick = random.Random(1), random.Random(2)
    for n in range(1, count + 1):
        for _ in range(10):
            words = [tenth.choice(QUALITIES), tenth.choice(OBJECTS), tenth.choice(ACTIONS), tenth.choice(FOR_WHOM)]
            owner = tenth.randrange(OWNERS)
            described(n, "", words, owner, tenth)
        like = pick.randrange(3)
        if like == 1:
            words[2] = OTHER_WORDS.get(words[2], words[2])
        elif like == 2:
            words[1], words[3] = pick.choice(OBJECTS), pick.choice(FOR_WHOM)
        yield described(n, f"J{n:07}", words, owner, pick)


def described(n, code, words, owner, pick):
    name = " ".join(word for word in words if word)
    return [code, name[0].upper() + name[1:], pick.choice(KINDS), pick.choice(AUDIENCES), pick.choice(CHANNELS),
            "10 dienas", "30 dienas", f"Nodaļas vadītājs {n % 977}", f"nodala{n % 977}@iestade.example",
            f"Pakalpojums {code}.", "0", "01.01.2024", reg_no(owner)]


def reg_no(n):
    """A registration number with its check digit (the digits' sum with these weights is 3 modulo 11)."""
    for number in range(90000000000 + 20 * n, 90000000000 + 20 * n + 20):
        if sum(int(digit) * weight for digit, weight in zip(str(number), (9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1))) % 11 == 3:
            return str(number)
    raise ValueError(n)


# Institutions that own the services of the matching.
OWNERS = 400


def owners():
    yield ["reg_no", "name", "kind"]
    for n in range(OWNERS):
        yield [reg_no(n), f"Iestāde {n}", "pašvaldības iestāde" if n % 4 else "cita valsts iestāde"]


def write_csv(path, lines):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(lines)


def below(header, lines):
    yield header
    yield from lines


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
            for number, row in enumerate(below(HEADER, rows(count)), start=1):
                cells = "".join(cell(column, number, text) for column, text in enumerate(row))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in order)
        part("xl/sharedStrings.xml", f'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="{len(order)}" uniqueCount="{len(order)}">{texts}</sst>')


KINDS_OF_FILE = {
    "csv": lambda count, path: write_csv(path, below(HEADER, rows(count))),
    "xlsx": write_xlsx,
    "again": lambda count, path: write_csv(path, below(HEADER, again(count))),
    "owners": lambda _, path: write_csv(path, owners()),
    "held": lambda count, path: write_csv(path, below([*HEADER, "Turētājs"], held(count))),
    "new": lambda count, path: write_csv(path, below([*HEADER, "Turētājs"], new(count))),
}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in KINDS_OF_FILE:
        sys.exit(__doc__)
    KINDS_OF_FILE[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
