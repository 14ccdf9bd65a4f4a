"""The state register: its own services, the resources, and the links between needs, services and resources.

One XML with a default namespace; steps, legal acts, fees, indicators and questions are repeated nested children.
Two services also stand in their owners' registers (0001 by owner and code, ZUD-001 by the register's identifier too).
"""

from xml.sax.saxutils import escape, quoteattr

from .common import (
    AGENTURA,
    AUSMA,
    CENTRS,
    DIENESTS,
    GENERAL,
    GUNTIS,
    ILZE,
    NOVADS,
    PILSETA,
    PUBLIC,
    RAITIS,
    ROBERTS,
    SANITA,
    SHARED,
    ULDIS,
    VELTA,
    ZANE,
    target,
)

SOURCE = "valsts-registrs"

# Fields are named as the elements; lists and the nested children come after them.
SERVICES = [
    {
        "kods": "0001", "turetajs": NOVADS, "virsisId": "PAK-000101", "epId": "EP901",
        "nosaukums": "Pabalsts, bērnam piedzimstot", "nosaukumsEn": "Childbirth allowance",
        "veids": PUBLIC, "sanemeji": ["iedzīvotājs"], "temas": ["Bērni un ģimene"], "sablons": "SPP-01",
        "limenis": "e-pakalpojums", "statuss": "sniegts", "posms": "sniegšana vai lietošana",
        "vaditajs": ILZE,
        "kanali": ["e-lietotne", "e-adrese", "klātienē VPVKAC"], "termins": "10 dienas", "likumaTermins": "30 dienas",
        "soli": [("1", "Iesnieguma reģistrēšana", "1 darba diena", "jā"), ("2", "Lēmums un izmaksa", "7 dienas", "jā")],
        "akti": [("Pašvaldību likums", "4. panta pirmās daļas 9. punkts", "https://likumi.lv/ta/id/336956")],
        "raditaji": [("izpildes laiks", "95", "% termiņā", "gads")],
        "jautajumi": [("Vai pabalsts jāpieprasa?", "Jā, sešu mēnešu laikā pēc bērna piedzimšanas.")],
        "apraksts": "Vienreizējs pašvaldības pabalsts par katru jaundzimušo.",
    },
    {
        "kods": "0060", "turetajs": NOVADS, "virsisId": "PAK-000102", "nosaukums": "Ziņojums par bojājumu publiskajā ārtelpā",
        "nosaukumsEn": "Reporting damage in public space", "veids": PUBLIC, "sanemeji": ["iedzīvotājs", "uzņēmējs"],
        "temas": ["Transports", "Vide un daba"], "limenis": "e-pakalpojums", "statuss": "sniegts",
        "posms": "uzturēšana un pilnveide", "vaditajs": GUNTIS,
        "kanali": ["mobilā lietotne", "tālrunis", "e-pasts"], "termins": "3 darba dienas", "likumaTermins": "10 darba dienas",
        "soli": [("1", "Ziņojuma saņemšana", "10 min", "jā"), ("2", "Apsekošana", "1 darba diena", "nē"),
                 ("3", "Bojājuma novēršana", "2 darba dienas", "jā")],
        "akti": [("Pašvaldību likums", "4. panta pirmās daļas 1. punkts", "https://likumi.lv/ta/id/336956")],
        "raditaji": [("izpildes laiks", "80", "% termiņā", "mēnesis"), ("vērtējums", "4,2", "balles no 5", "gads")],
        "apraksts": "Bedres, bojāts apgaismojums, nolūzuši koki un citi bojājumi.",
    },
    {
        "kods": "5.1", "turetajs": PILSETA, "virsisId": "PAK-000301", "nosaukums": "Publiska pasākuma saskaņošana",
        "nosaukumsEn": "Approval of a public event", "veids": PUBLIC, "sanemeji": ["iedzīvotājs", "uzņēmējs"],
        "temas": ["Kultūra un atpūta"], "limenis": "vienkāršots e-pakalpojums", "statuss": "sniegts",
        "posms": "sniegšana vai lietošana", "vaditajs": ULDIS,
        "kanali": ["e-forma", "klātienē iestādē"], "termins": "7 dienas", "likumaTermins": "10 dienas",
        "soli": [("1", "Pieteikuma izskatīšana", "5 dienas", "jā"), ("2", "Atļaujas izsniegšana", "1 diena", "jā")],
        "akti": [("Publisku izklaides un svētku pasākumu drošības likums", "5. pants", None)],
        "maksa": [("28,46", "EUR", "pasākumam ar ieejas maksu"), ("0,00", "EUR", "labdarības pasākumam")],
        "jautajumi": [("Cik laikus jāpiesakās?", "Vismaz desmit dienas pirms pasākuma."),
                      ("Vai atļauju var anulēt?", "Jā, ja apdraudēta drošība & kārtība.")],
        "apraksts": "Saskaņojums pasākumam ielā, parkā vai citā publiskā vietā.",
    },
    {
        "kods": "5.2", "turetajs": PILSETA, "virsisId": "PAK-000302", "nosaukums": "Dzimšanas reģistrācija",
        "nosaukumsEn": "Birth registration", "veids": PUBLIC, "sanemeji": ["iedzīvotājs"],
        "temas": ["Dokumenti un pilsonība", "Bērni un ģimene"], "limenis": "e-pakalpojums", "statuss": "sniegts",
        "posms": "sniegšana vai lietošana", "vaditajs": ZANE,
        "kanali": ["e-lietotne", "klātienē iestādē"], "termins": "1 diena", "likumaTermins": "1 diena",
        "soli": [("1", "Pieteikums", "30 min", "jā"), ("2", "Ieraksts reģistrā", "4 stundas", "nē"),
                 ("3", "Apliecības izsniegšana", "30 min", "jā")],
        "akti": [("Civilstāvokļa aktu reģistrācijas likums", "4. nodaļa", "https://likumi.lv/ta/id/253442"),
                 ("Bērnu tiesību aizsardzības likums", "8. pants", "https://likumi.lv/ta/id/49096")],
        "apraksts": "Dzimšanas faktu reģistrē mēneša laikā.",
    },
    {
        "kods": "ZUD-001", "turetajs": DIENESTS, "virsisId": "PAK-000201", "nosaukums": "Ūdens resursu lietošanas atļauja",
        "nosaukumsEn": "Permit for the use of water resources", "veids": PUBLIC, "sanemeji": ["uzņēmējs"],
        "temas": ["Vide un daba"], "limenis": "e-pakalpojums", "statuss": "sniegts", "posms": "sniegšana vai lietošana",
        "vaditajs": RAITIS, "kanali": ["iestādes portāls", "e-adrese"],
        "termins": "45 dienas", "likumaTermins": "60 dienas",
        "akti": [("Ūdens apsaimniekošanas likums", "9. pants", "https://likumi.lv/ta/id/66885")],
        "maksa": [("1 234,50", "EUR", None)], "apraksts": "Atļauja ūdens ieguvei un notekūdeņu novadīšanai.",
    },
    {
        "kods": "ZUD-020", "turetajs": DIENESTS, "virsisId": "PAK-000211", "nosaukums": "Zemes vienību datu apmaiņa",
        "nosaukumsEn": "Land parcel data exchange", "veids": SHARED, "sanemeji": ["iestāde"],
        "temas": ["Mājoklis un īpašums"], "limenis": "digitāls pakalpojums", "statuss": "sniegts",
        "posms": "uzturēšana un pilnveide", "vaditajs": VELTA,
        "kanali": ["API"], "termins": "2 darba dienas", "likumaTermins": "5 darba dienas",
        "soli": [("1", "Piekļuves pieteikums", "1 darba diena", "jā"), ("2", "Piekļuves piešķiršana", "1 darba diena", "jā")],
        "akti": [("Valsts pārvaldes iekārtas likums", "54. pants", "https://likumi.lv/ta/id/63545")],
        "apraksts": "Mašīnlasāmi dati par zemes vienībām pašvaldībām un valsts iestādēm.",
    },
    {   # no need is linked to it, and as a service of general benefit it has no channels or times
        "kods": "ZUD-021", "turetajs": DIENESTS, "virsisId": "PAK-000212", "nosaukums": "Brīdinājumi par plūdiem",
        "nosaukumsEn": "Flood warnings", "veids": GENERAL, "sanemeji": ["sabiedrība kopumā"], "temas": ["Vide un daba"],
        "statuss": "sniegts", "posms": "sniegšana vai lietošana",
        "vaditajs": RAITIS,
        "akti": [("Ūdens apsaimniekošanas likums", "21. pants", "https://likumi.lv/ta/id/66885")],
        "apraksts": "Brīdinājumi iedzīvotājiem un pašvaldībām, kad ūdens līmenis upēs strauji ceļas.",
    },
    {
        "kods": "NAA-R-01", "turetajs": AGENTURA, "virsisId": "PAK-000401",
        "nosaukums": "Atbalsts saimnieciskās darbības uzsākšanai", "nosaukumsEn": "Support for starting a business",
        "veids": PUBLIC, "sanemeji": ["iedzīvotājs", "uzņēmējs"], "temas": ["Uzņēmējdarbība", "Nodarbinātība"],
        "limenis": "e-pakalpojums", "statuss": "sniegts", "posms": "sniegšana vai lietošana",
        "vaditajs": ROBERTS, "kanali": ["iestādes portāls", "klātienē iestādē"],
        "termins": "30 darba dienas", "likumaTermins": "40 darba dienas",
        "soli": [("1", "Biznesa plāna iesniegšana", "1 stunda", "jā"), ("2", "Ekspertu vērtējums", "20 darba dienas", "jā"),
                 ("3", "Līguma noslēgšana", "5 darba dienas", "jā")],
        "akti": [("Bezdarbnieku un darba meklētāju atbalsta likums", "3. pants", "https://likumi.lv/ta/id/62539")],
        "raditaji": [("dzīvotspējīgi uzņēmumi pēc gada", "70", "%", "gads")],
        "apraksts": "Konsultācijas, ikmēneša dotācija pirmajā pusgadā un līdzekļi biznesa plāna īstenošanai.",
    },
    {   # no resource is linked to it
        "kods": "NAA-R-02", "turetajs": AGENTURA, "virsisId": "PAK-000402", "nosaukums": "Konsultācija par darbu citā Eiropas valstī",
        "nosaukumsEn": "Counselling on working elsewhere in Europe", "veids": PUBLIC, "sanemeji": ["iedzīvotājs"],
        "temas": ["Nodarbinātība"], "limenis": "vienkāršots e-pakalpojums", "statuss": "sniegts",
        "posms": "sniegšana vai lietošana", "vaditajs": SANITA,
        "kanali": ["videokonsultācija", "tālrunis", "e-pasts"], "termins": "3 darba dienas", "likumaTermins": "10 darba dienas",
        "akti": [("Bezdarbnieku un darba meklētāju atbalsta likums", "4. pants", "https://likumi.lv/ta/id/62539")],
        "apraksts": "Padomdevējs pastāsta par vakancēm, dzīves apstākļiem un sociālo apdrošināšanu.",
    },
    {
        "kods": "0111", "turetajs": CENTRS, "virsisId": "PAK-000501", "nosaukums": "Atelpas brīža pakalpojums",
        "nosaukumsEn": "Respite care", "veids": PUBLIC, "sanemeji": ["iedzīvotājs"], "temas": ["Sociālā aizsardzība"],
        "limenis": "klātienē", "statuss": "sniegts", "posms": "sniegšana vai lietošana",
        "vaditajs": AUSMA, "kanali": ["klātienē iestādē", "pasts"],
        # flaw: the law counts months, the centre days
        "termins": "20 dienas", "likumaTermins": "1 mēnesis",
        "akti": [("Sociālo pakalpojumu un sociālās palīdzības likums", "27. pants", "https://likumi.lv/ta/id/68488")],
        "apraksts": "Aprūpe līdz 30 diennaktīm gadā, lai tuvinieki varētu atpūsties.",
    },
]  # fmt: skip

# code, kind, technology group, owner, name, address, description
RESOURCES = [
    ("RES-01", "digitālo tehnoloģiju resurss", "T8", AGENTURA, "Bezdarbnieku uzskaites sistēma", None,
     "Pamatdarbības sistēma: reģistrācija, pasākumi, lēmumi."),
    ("RES-02", "informācijas resurss", None, DIENESTS, "Ūdens lietošanas atļauju reģistrs",
     "https://dati.zemes-udens-dienests.example/atlaujas", "Spēkā esošās un anulētās atļaujas."),
    ("RES-03", "digitālo tehnoloģiju resurss", "T7", DIENESTS, "Telpisko datu pakalpe", "https://dati.zemes-udens-dienests.example/wfs",
     "Zemes vienību robežas, meliorācijas sistēmas, aizsargjoslas."),
    ("RES-04", "informācijas resurss", None, NOVADS, "Sociālās palīdzības saņēmēju dati", None,
     "Novada sociālā dienesta datu kopa; nav publiska."),
    ("RES-05", "digitālo tehnoloģiju resurss", "T2", PILSETA, "Pilsētas e-formu platforma",
     "https://eformas.viesturciema-valstspilsetas-pasvaldiba.example", "E-formas, ko izmanto abas pašvaldības."),
    ("RES-06", "digitālo tehnoloģiju resurss", "T3", PILSETA, "Pieteikumu vadības sistēma", None,
     "Pieteikumu reģistrēšana, statusi un termiņi."),
    ("RES-07", "digitālo tehnoloģiju resurss", "T7", NOVADS, "Maksājumu modulis", "https://maksa.erglupes-pasvaldiba.example/api",
     "Nodevu un maksas pakalpojumu apmaksa."),
    ("RES-08", "informācijas resurss", None, CENTRS, "Aprūpes vietu un rindas uzskaite", None, "Brīvās vietas un rinda."),
    # No service uses it: allowed.
    ("RES-09", "cits", "T10", NOVADS, "Arhīva krātuve", None, "Slēgtu lietu glabātava."),
    # flaw: not a kind of resource
    ("RES-10", "aparatūras komplekts", "T10", NOVADS, "Klientu rindas automāts", None, "Biļešu automāts klientu centrā."),
]  # fmt: skip

# need -> owner and codes of the services that meet it. DS05-V03 has none: an unmet need.
NEEDS = {
    "DS01-V01": [(PILSETA, "5.2")],
    "DS01-V02": [(NOVADS, "0001"), (NOVADS, "0003"), (PILSETA, "1.1")],
    "DS01-V03": [(NOVADS, "0002"), (PILSETA, "1.2")],
    "DS02-V01": [(NOVADS, "0020"), (PILSETA, "2.1")],
    "DS02-V02": [(NOVADS, "0011"), (PILSETA, "1.11")],
    "DS03-V01": [(AGENTURA, "NAA-R-01")],
    "DS03-V02": [(DIENESTS, "ZUD-001"), (DIENESTS, "ZUD-002"), (DIENESTS, "ZUD-003")],
    "DS03-V03": [(AGENTURA, "NAA-C-01"), (AGENTURA, "NAA-C-02"), (AGENTURA, "NAA-C-03")],
    "DS04-V01": [(AGENTURA, "NAA-A-01"), (AGENTURA, "NAA-A-02")],
    "DS04-V02": [(AGENTURA, "NAA-B-01"), (AGENTURA, "NAA-B-02"), (AGENTURA, "NAA-B-03")],
    "DS04-V03": [(AGENTURA, "NAA-A-03"), (AGENTURA, "NAA-R-02")],
    "DS04-V04": [(NOVADS, "0010"), (PILSETA, "1.10")],
    "DS05-V01": [(NOVADS, "0022"), (PILSETA, "2.2")],
    "DS05-V02": [(PILSETA, "2.3")],
    "DS06-V01": [(DIENESTS, "ZUD-004"), (DIENESTS, "ZUD-007")],
    "DS06-V02": [(NOVADS, "0040"), (NOVADS, "0041"), (PILSETA, "3.2"), (DIENESTS, "ZUD-012")],
    "DS06-V03": [(NOVADS, "0030"), (PILSETA, "3.1")],
    "DS07-V01": [(NOVADS, "0013"), (PILSETA, "1.13")],
    "DS07-V02": [(PILSETA, "1.14")],
    "DS07-V03": [(AGENTURA, "NAA-A-04")],
    "DS08-V01": [(NOVADS, "0012"), (PILSETA, "1.12"), (CENTRS, "0104")],
    "DS08-V02": [(CENTRS, "0101"), (CENTRS, "0102"), (CENTRS, "0111")],
    "DS08-V03": [(CENTRS, "0103")],
    "DS09-V01": [(NOVADS, "0021")],
    "DS10-V01": [(NOVADS, "0060"), (NOVADS, "0051"), (PILSETA, "4.1"), (NOVADS, "0060")],  # flaw: a link twice
    "DS10-V02": [(PILSETA, "5.1"), (NOVADS, "9999")],  # flaw: no such service
    "DS11-V01": [(AGENTURA, "NAA-C-05"), (DIENESTS, "ZUD-009")],
    "DS11-V02": [(DIENESTS, "ZUD-010"), (DIENESTS, "ZUD-020")],
}

# resource -> critical, owner and codes of the services that use it. NAA-R-02 is in none.
USES = {
    "RES-01": [(True, AGENTURA, f"NAA-{c}") for c in ("A-01", "A-02", "A-03", "B-01", "B-02", "C-01", "C-02", "C-05", "R-01")],
    "RES-02": [(True, DIENESTS, "ZUD-001"), (True, DIENESTS, "ZUD-009")],
    "RES-03": [(True, DIENESTS, "ZUD-010"), (True, DIENESTS, "ZUD-020"), (False, DIENESTS, "ZUD-003"), (False, DIENESTS, "ZUD-021")],
    "RES-04": [(True, NOVADS, c) for c in ("0001", "0010", "0011", "0012", "0013")],
    "RES-05": [(False, PILSETA, "5.1"), (False, PILSETA, "5.2"), (False, NOVADS, "0041"), (False, PILSETA, "2.3")],
    "RES-06": [(True, PILSETA, "5.2"), (True, PILSETA, "1.1"), (True, NOVADS, "0060")],
    "RES-07": [(False, NOVADS, "0040"), (False, NOVADS, "0041")],
    "RES-08": [(True, CENTRS, "0101"), (False, CENTRS, "0111")],
    "RES-99": [(False, NOVADS, "0020")],  # flaw: no such resource
}  # fmt: skip

# service -> kind of link, critical, service
RELATED = [
    ((NOVADS, "0010"), "prasa", True, (AGENTURA, "NAA-C-05")),
    ((PILSETA, "1.10"), "prasa", True, (AGENTURA, "NAA-C-05")),
    ((NOVADS, "0040"), "prasa", False, (NOVADS, "0041")),
    ((DIENESTS, "ZUD-020"), "aizstāj", False, (DIENESTS, "ZUD-010")),
    ((CENTRS, "0101"), "saistīts", False, (CENTRS, "0102")),
    ((NOVADS, "0001"), "saistīts", False, (PILSETA, "5.2")),
]


def leaf(indent: int, name: str, value: str | None) -> str:
    return "" if value is None else f"{' ' * indent}<{name}>{escape(value)}</{name}>\n"


def block(indent: int, name: str, content: str) -> str:
    space = " " * indent
    return f"{space}<{name}>\n{content}{space}</{name.split()[0]}>\n" if content else ""


def items(group: str, name: str, values: list, fields: list[str]) -> str:
    """A group of repeated children; a field that starts with @ becomes an attribute."""
    text = ""
    for value in values:
        pairs = list(zip(fields, value, strict=True))
        attributes = "".join(f" {f[1:]}={quoteattr(v)}" for f, v in pairs if f[0] == "@" and v is not None)
        text += block(8, name + attributes, "".join(leaf(10, f, v) for f, v in pairs if f[0] != "@"))
    return block(6, group, text)


def service(data: dict) -> str:
    text = "".join(
        leaf(6, name, data.get(name)) for name in ("kods", "virsisId", "epId", "nosaukums", "nosaukumsEn", "veids")
    )
    text += f'      <turetajs regNr="{data["turetajs"]}"/>\n'
    text += block(6, "sanemeji", "".join(leaf(8, "sanemejs", v) for v in data["sanemeji"]))
    text += "".join(leaf(6, "tema", v) for v in data["temas"])
    text += "".join(leaf(6, name, data.get(name)) for name in ("sablons", "limenis", "statuss", "posms"))
    text += block(6, "vaditajs", leaf(8, "vards", data["vaditajs"][0]) + leaf(8, "epasts", data["vaditajs"][1]))
    text += block(6, "kanali", "".join(leaf(8, "kanals", v) for v in data.get("kanali", [])))
    text += leaf(6, "termins", data.get("termins")) + leaf(6, "likumaTermins", data.get("likumaTermins"))
    text += items("soli", "solis", data.get("soli", []), ["@nr", "nosaukums", "laiks", "redzamsKlientam"])
    text += items("tiesibuAkti", "akts", data.get("akti", []), ["nosaukums", "pants", "@saite"])
    text += items("maksa", "cena", data.get("maksa", []), ["summa", "@valuta", "piezime"])
    text += items("raditaji", "raditajs", data.get("raditaji", []), ["@kods", "merkis", "mervieniba", "periods"])
    text += items("jautajumi", "paris", data.get("jautajumi", []), ["jautajums", "atbilde"])
    text += f"      <apraksts><![CDATA[{data['apraksts']}]]></apraksts>\n"
    return block(4, "pakalpojums", text)


def resource(code, kind, group, owner, name, address, description) -> str:
    text = leaf(6, "nosaukums", name) + leaf(6, "veids", kind) + leaf(6, "tehnologijuGrupa", group)
    text += leaf(6, "piekluve", address) + leaf(6, "apraksts", description)
    return block(4, f'resurss kods="{code}" turetajs="{owner}"', text)


def links() -> str:
    text = ""
    for need, services in NEEDS.items():
        for owner, code in services:
            text += f'    <apmierina vajadziba="{need}" turetajs="{owner}" pakalpojums="{code}"/>\n'
    for code, users in USES.items():
        for critical, owner, used_by in users:
            mark = "jā" if critical else "nē"
            text += f'    <izmanto resurss="{code}" turetajs="{owner}" pakalpojums="{used_by}" kritisks="{mark}"/>\n'
    for (owner, code), kind, critical, (other_owner, other) in RELATED:
        mark = "jā" if critical else "nē"
        text += f'    <saistits veids="{kind}" kritisks="{mark}">\n'
        text += f'      <no turetajs="{owner}">{code}</no>\n      <uz turetajs="{other_owner}">{other}</uz>\n    </saistits>\n'
    return text


def write() -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Izdomāti dati: valsts vienotā reģistra izraksts -->\n'
        '<registrs xmlns="urn:paraugs:valsts-registrs:2" sagatavots="2024-09-02">\n'
        + block(2, "pakalpojumi", "".join(service(data) for data in SERVICES))
        + block(2, "resursi", "".join(resource(*data) for data in RESOURCES))
        + block(2, "saites", links())
        + "</registrs>\n"
    )
    target(SOURCE, "registrs.xml").write_text(text, encoding="utf-8", newline="\n")
