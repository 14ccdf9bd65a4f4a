"""Zemes un ūdens dienests: a database export in windows-1257 with semicolons.

Two title lines, quoted fields with line breaks, doubled quotes, decimal commas, NBSP between thousands,
a row too long and a row too short.
"""

from .common import DIENESTS, GENERAL, INTER, PUBLIC, RAITIS, SHARED, VELTA, target

SOURCE = "zemes-udens-dienests"

HEADER = [
    "Reģ. kods", "VIRSIS", "Nosaukums", "Nosaukums angļu val.", "Veids", "Saņēmēji", "Tēmas", "Funkcija", "Deleģēts",
    "Turētāja reģ. nr.", "Vadītājs", "E-pasts", "Kanāli", "Saņemšana", "Līmenis", "Termiņš", "Normatīvais termiņš",
    "Maksa", "Soļi", "Tiesību akti", "Rezultāts", "Dokumenti", "Pieprasījumi 2023", "Vērtējums", "Vērtējumu skaits",
    "Tiešā saite", "Apstrīdēšana", "Apstrīdēšanas termiņš", "Statuss", "Apraksts",
]  # fmt: skip

NBSP = "\u00a0"
WATER = "Ūdens apsaimniekošanas likums"
LAND = "Zemes ierīcības likums"
MELIORATION = "Meliorācijas likums"
STEPS = "1. Iesnieguma reģistrēšana (1 diena)\n2. Izvērtēšana ({} dienas)\n3. Lēmuma nosūtīšana (2 dienas)"
PEOPLE, BUSINESS, BOTH, BODIES, ALL = (
    "iedzīvotāji", "uzņēmēji", "iedzīvotāji|uzņēmēji", "iestādes", "sabiedrība kopumā",
)  # fmt: skip
PORTAL = "pašapkalpošanās portāls, e-adrese, klātienē"
APPEAL = ("e-adrese, pasts", "1 mēnesis")


def service(code, name, kind, audience, manager, **more) -> dict[str, str]:
    """A row by header; what is not given stays empty."""
    row = dict.fromkeys(HEADER, "")
    row |= {
        "Reģ. kods": code, "Nosaukums": name, "Veids": kind, "Saņēmēji": audience, "Vadītājs": manager[0],
        "E-pasts": manager[1], "Turētāja reģ. nr.": DIENESTS, "Statuss": "aktīvs", "Deleģēts": "nē",
    }  # fmt: skip
    names = {
        "virsis": "VIRSIS", "english": "Nosaukums angļu val.", "themes": "Tēmas", "function": "Funkcija",
        "delegated": "Deleģēts", "owner": "Turētāja reģ. nr.", "channels": "Kanāli", "receive": "Saņemšana",
        "level": "Līmenis", "time": "Termiņš", "statutory": "Normatīvais termiņš", "fee": "Maksa", "steps": "Soļi",
        "acts": "Tiesību akti", "outputs": "Rezultāts", "inputs": "Dokumenti", "requests": "Pieprasījumi 2023",
        "rating": "Vērtējums", "ratings": "Vērtējumu skaits", "link": "Tiešā saite", "status": "Statuss",
        "text": "Apraksts",
    }  # fmt: skip
    row |= {names[key]: value for key, value in more.items() if key != "appeal"}
    if "appeal" in more:
        row["Apstrīdēšana"], row["Apstrīdēšanas termiņš"] = more["appeal"]
    return row


REGISTER = [
    service(
        "ZUD-001", "Ūdens resursu lietošanas atļauja", PUBLIC, BUSINESS, RAITIS,
        virsis="PAK-000201 (apstiprināts)", english="Water use permit", themes="Vide un daba",
        function="Ūdens resursu pārvaldība", channels=PORTAL, receive="e-adrese", level="e-pakalpojums",
        time="45 dienas", statutory="60 dienas", fee=f"1{NBSP}234,50 €", steps=STEPS.format(42),
        acts=f"{WATER}, 9. pants", outputs="Atļauja", inputs="Iesniegums|Ūdensapgādes shēma", requests=f"1{NBSP}204",
        rating="4,37", ratings="212", link="https://portals.zemes-udens-dienests.example/pakalpojumi/ZUD-001", appeal=APPEAL,
        text='Atļauja vajadzīga, ja no ūdensobjekta ņem vairāk nekā 10 m3 dienā vai novada "piesārņotus" notekūdeņus.',
    ),
    service(
        "ZUD-002", "Meliorācijas sistēmas pārbūves tehniskie noteikumi", PUBLIC,
        BOTH, RAITIS, virsis="PAK-000202", english="Technical requirements for drainage system reconstruction",
        themes="Lauksaimniecība un meži|Vide un daba", function="Meliorācija", channels=PORTAL, receive="e-adrese, pasts",
        level="e-pakalpojums", time="15 dienas", statutory="20 dienas", fee="66,21", steps=STEPS.format(12),
        acts=f"{MELIORATION}, 16. pants", outputs="Tehniskie noteikumi", inputs="Iesniegums|Zemes robežu plāns",
        requests="386", rating="4,10", ratings="58", link="https://portals.zemes-udens-dienests.example/pakalpojumi/ZUD-002",
        appeal=APPEAL,
        text="Noteikumus izsniedz:\n- koplietošanas grāvim;\n- viena īpašuma sistēmai.\nDerīgi 2 gadus.",
    ),
    service(
        "ZUD-003", "Zemes lietošanas kategorijas maiņa", PUBLIC, BOTH, VELTA, virsis="PAK-000203",
        english="Change of land use category", themes="Mājoklis un īpašums", function="Zemes pārvaldība",
        channels=PORTAL, receive="e-adrese", level="e-pakalpojums", time="20 dienas", statutory="30 dienas",
        fee="28,46", steps=STEPS.format(17), acts=f"{LAND}, 5. pants", outputs="Lēmums", inputs="Iesniegums",
        requests="541", rating="3,92", ratings="77",
        link="portals.zemes-udens-dienests.example/pakalpojumi/ZUD-003",  # flaw: no scheme
        appeal=APPEAL, text="Maina, piemēram, pļavu uz mežu vai meža zemi uz lauksaimniecības zemi.",
    ),
    service(
        "ZUD-004", "Zemes robežu neatbilstību izskatīšana", PUBLIC, BOTH, VELTA, english="Review of boundary discrepancies",
        themes="Mājoklis un īpašums", function="Zemes pārvaldība", channels="e-adrese, pasts, klātienē", receive="e-adrese",
        level="vienkāršots e-pakalpojums", time="25 dienas", statutory="30 dienas", steps=STEPS.format(22),
        acts=f"{LAND}, 25. pants\n„Administratīvā procesa likums”, 64. pants", outputs="Atzinums", requests="94",
        appeal=APPEAL,
        text='Piemērs no sarakstes: „īpašnieks (321234-56789) lūdz pārmērīt robežu pie "Ozolkalniem"”.',  # flaw: personal code
    ),
    service(
        "ZUD-005", "Peldvietas ierīkošanas saskaņošana", PUBLIC, BOTH, RAITIS, english="Approval of a bathing site",
        themes="Vide un daba", function="Ūdens resursu pārvaldība", channels="e-adrese, e-pasts", receive="e-adrese",
        level="vienkāršots e-pakalpojums",
        time="2 nedēļas un dažas dienas",  # flaw: not a duration
        statutory="30 dienas", acts=f"{WATER}, 12. pants", outputs="Saskaņojums", requests="17", appeal=APPEAL,
        text="Saskaņo vietu, drošības zīmes un ūdens kvalitātes pārbaudes.",
    ),
    service(
        "ZUD-006", "", PUBLIC, BUSINESS, RAITIS,  # flaw: no name
        themes="Vide un daba", channels=PORTAL, level="e-pakalpojums", time="15 dienas", statutory="30 dienas",
        acts=f"{WATER}, 11. pants", outputs="Reģistrācijas apliecība", requests="63",
        text="Hidrotehniskās būves reģistrācija.",
    ),
    service(
        "ZUD-007", "Konsultācija par zemes ierīcības projektu", PUBLIC, PEOPLE, VELTA,
        english="Consultation on a land survey project", themes="Mājoklis un īpašums", function="Zemes pārvaldība",
        channels="tālrunis, videokonsultācija, klātienē", receive="videokonsultācija", level="vienkāršots e-pakalpojums",
        time="5 darba dienas", statutory="10 darba dienas", acts=f"{LAND}, 8. pants", requests=f"2{NBSP}310", rating="4,81",
        ratings="640", text="Speciālists atbild uz jautājumiem pirms zemes ierīcības projekta pasūtīšanas.",
    ),
    service(
        "ZUD-008", "Plūdu riska karšu uzturēšana", GENERAL, ALL, RAITIS, english="Maintenance of flood risk maps",
        themes="Vide un daba", function="Plūdu riska pārvaldība", acts=f"{WATER}, 21. pants", outputs="Plūdu riska kartes",
        text="Kartes atjauno reizi sešos gados un publicē ikvienam.",
    ),
    service(
        "ZUD-009", "Ziņas par ūdens lietošanas atļaujām", INTER, BODIES, RAITIS, virsis="PAK-000209",
        english="Data on water use permits", themes="Vide un daba", function="Ūdens resursu pārvaldība",
        channels="API, e-adrese", receive="API", level="digitāls pakalpojums", time="1 diena", statutory="5 dienas",
        acts="Valsts pārvaldes iekārtas likums, 54. pants", outputs="Ziņas par atļaujām", requests=f"3{NBSP}918",
        text="Pašvaldības un inspekcijas saņem ziņas par spēkā esošajām atļaujām.",
    ),
    service(
        "ZUD-010", "Telpisko datu pakalpe", SHARED, BODIES, VELTA, virsis="PAK-000210", english="Spatial data service",
        themes="Mājoklis un īpašums", function="Zemes pārvaldība", channels="API", receive="API",
        level="digitāls pakalpojums", time="2 darba dienas", statutory="5 darba dienas",
        acts="Ģeotelpiskās informācijas likums, 16. pants", outputs="Piekļuve pakalpei", requests="88",
        text="Zemes vienību robežas, meliorācijas sistēmas un aizsargjoslas kartes pakalpē.",
    ),
    service(
        "ZUD-011", "Zivju nārsta ierobežojumu izziņa", PUBLIC, BOTH, RAITIS,
        owner="9000935530",  # flaw: ten digits
        themes="Vide un daba", channels="e-adrese, e-pasts", level="vienkāršots e-pakalpojums", time="10 dienas",
        statutory="30 dienas", acts=f"{WATER}, 14. pants", outputs="Izziņa", requests="29",
        text="Izziņa par darbu aizliegumu upē nārsta laikā.",
    ),
    service(
        "ZUD-012", "Dīķa ierīkošanas nosacījumi", PUBLIC, PEOPLE, ("", ""),  # flaw: manager, channels and acts are due
        themes="Vide un daba", level="klātienē", time="20 dienas", statutory="30 dienas", requests="143",
        text="Nosacījumi dīķim, kas lielāks par 0,1 ha.",
    ),
    service(
        "ZUD-013", "Zemes vienības sadalīšanas ierosināšana", PUBLIC, BOTH, VELTA, english="Proposal to divide a land unit",
        themes="Mājoklis un īpašums", function="Zemes pārvaldība", channels=PORTAL, receive="e-adrese",
        level="e-pakalpojums", time="30 dienas", statutory="30 dienas", fee="14,23", acts=f"{LAND}, 8. pants",
        outputs="Lēmums", requests="402", appeal=APPEAL,
        text="Sadalīšanai vajadzīgs zemes ierīcības projekts;par to lemj pašvaldība.",
    ),
    service(
        "ZUD-014", "Krasta nostiprināšanas saskaņojums", PUBLIC, BOTH, RAITIS, english="Approval of bank reinforcement",
        themes="Vide un daba", function="Ūdens resursu pārvaldība", channels=PORTAL, receive="e-adrese",
        level="e-pakalpojums", time="20 dienas", statutory="30 dienas", acts=f"{WATER}, 13. pants",
        outputs="Saskaņojums", requests="35", appeal=APPEAL, text="Saskaņo krasta nostiprinājuma veidu un materiālus.",
    ),
]  # fmt: skip

TOO_LONG = "ZUD-013"  # flaw: the semicolon in its description is not quoted, so the row has a cell too many
TOO_SHORT = "ZUD-014"  # flaw: the row ends before "Statuss" and "Apraksts"


def quoted(value: str) -> str:
    if any(c in value for c in ';"\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def line(row: dict[str, str]) -> str:
    code, values = row["Reģ. kods"], list(row.values())
    if code == TOO_LONG:
        return ";".join(values)
    if code == TOO_SHORT:
        values = values[:-2]
    return ";".join(quoted(value) for value in values)


def write() -> None:
    lines = [
        "Zemes un ūdens dienests; pakalpojumu reģistra izraksts",
        "Sagatavots: 02.09.2024.; kodējums: Windows Baltic",
        ";".join(HEADER),
        *(line(row) for row in REGISTER),
    ]
    # Rows end in CR LF; a line break inside a field is a single LF, as the database wrote it.
    target(SOURCE, "pakalpojumi.csv").write_bytes("".join(f"{text}\r\n" for text in lines).encode("cp1257"))
