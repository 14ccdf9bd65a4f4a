"""Zemes un ūdens dienests: register of a records management system like Lietvaris, windows-1257 CSV, a row a request.

Every kind of event has a column of its own with the time it happened; a second question to the client and a second
closing have columns too, further ones are not recorded. Until the autumn of 2023 only days were kept, and of what
other institutions and managers do still only the day is. Flaws are planted in requests of their own, numbered from
ZUD-24-0901 on, see data-samples/README.md.
"""

import random
from datetime import datetime, timedelta

from sample_registers.common import target

from .common import Applicant, Event, Request, Service, applicants, requests

SOURCE = "zemes-udens-dienests-lietvaris"  # its institution stands in the source's file
TIMES_SINCE = datetime(2023, 9, 18)

PORTAL = ["iestādes portāls", "e-adrese", "klātienē iestādē"]
LETTERS = ["e-adrese", "pasts", "klātienē iestādē"]
TALKS = ["tālrunis", "videokonsultācija", "klātienē iestādē"]
SERVICES = [
    Service("ZUD-001", "Ūdens resursu lietošanas atļauja", PORTAL[:2], 28, 60, 3, 4, True),
    Service("ZUD-002", "Meliorācijas sistēmas pārbūves tehniskie noteikumi", PORTAL, 11, 20, 3, 4, True),
    Service("ZUD-003", "Zemes lietošanas kategorijas maiņa", PORTAL, 15, 30, 3, 5),
    Service("ZUD-004", "Zemes robežu neatbilstību izskatīšana", LETTERS, 20, 30, 3, 2),
    Service("ZUD-007", "Konsultācija par zemes ierīcības projektu", TALKS, 4, 14, 0, 8),
    Service("ZUD-009", "Ziņas par ūdens lietošanas atļaujām", ["API", "e-adrese"], 1, 5, 0, 6, True),
    Service("ZUD-010", "Telpisko datu pakalpe", ["API"], 2, 7, 0, 1, True),
    Service("ZUD-012", "Dīķa ierīkošanas nosacījumi", LETTERS, 16, 30, 0, 2),
    Service("ZUD-014", "Krasta nostiprināšanas saskaņojums", PORTAL, 14, 30, 0, 1),
]  # fmt: skip
KINDS = {
    "pakalpojuma pieprasījums": 86, "informācijas pieprasījums": 5, "sūdzība": 3, "incidenta pieteikums": 3,
    "problēmas pieteikums": 2, "izmaiņas pieprasījums": 1,
}  # fmt: skip

KIND_LABELS = {
    "pakalpojuma pieprasījums": "pakalpojuma pieteikums", "informācijas pieprasījums": "jautājums",
    "sūdzība": "sūdzība", "incidenta pieteikums": "incidents", "problēmas pieteikums": "problēma",
    "izmaiņas pieprasījums": "izmaiņu pieprasījums",
}  # fmt: skip
CHANNELS = {
    "iestādes portāls": "pašapkalpošanās portāls", "e-adrese": "oficiālā elektroniskā adrese", "pasts": "vēstule",
    "klātienē iestādē": "klientu apkalpošanas centrs", "tālrunis": "zvanu centrs", "API": "tīmekļa pakalpe",
    "videokonsultācija": "attālināta konsultācija", "e-pasts": "e-pasts", "e-forma": "VDAA e-forma",
    "e-lietotne": "Latvija.gov.lv e-pakalpojums", "klātienē VPVKAC": "VPVKAC",
}  # fmt: skip
STATES = {
    "melnraksts": "sagatave", "iesniegts": "saņemts", "reģistrēts": "iereģistrēts", "izpildē": "tiek izpildīts",
    "gaida klientu": "pieprasīta papildu informācija", "gaida trešo pusi": "gaida atzinumu", "apturēts": "atlikts",
    "lēmums pieņemts": "ir lēmums", "gatavs saņemšanai": "gatavs izsniegšanai",
    "atkārtoti atvērts": "atvērts atkārtoti", "pabeigts": "izpildīts", "atteikts": "noraidīts",
    "atsaukts": "klients atsaucis", "pārsūtīts": "nodots citai iestādei", "anulēts": "anulēts",
    "apstrīdēts": "pārsūdzēts",
}  # fmt: skip
RESULTS = {
    "piešķirts": "pozitīvs",
    "daļēji piešķirts": "daļējs",
    "atteikts": "noraidīts",
    "atsaukts": "klients atsaucis",
}

# What each kind of event is kept in, the first time and the second; what leads back to work depends on what was before.
COLUMNS = {
    "melnraksts": ["Sagatavots"], "iesniegts": ["Saņemts"], "reģistrēts": ["Reģistrēts"],
    "izpildē": ["Nodots izpildei"],
    "gaida klientu": ["Pieprasīta papildu informācija", "Pieprasīta papildu informācija (2)"],
    "izpildē < gaida klientu": ["Informācija saņemta", "Informācija saņemta (2)"],
    "gaida trešo pusi": ["Nosūtīts atzinumam"], "izpildē < gaida trešo pusi": ["Atzinums saņemts"],
    "apturēts": ["Apturēts"], "izpildē < apturēts": ["Atjaunots"], "lēmums pieņemts": ["Lēmums"],
    "gatavs saņemšanai": ["Sagatavots izsniegšanai"], "pabeigts": ["Pabeigts", "Pabeigts atkārtoti"],
    "atteikts": ["Atteikts"], "atsaukts": ["Atsaukts"], "pārsūtīts": ["Pārsūtīts"], "anulēts": ["Anulēts"],
    "apstrīdēts": ["Apstrīdēts"], "atkārtoti atvērts": ["Atkārtoti atvērts"],
}  # fmt: skip
# Only the day, whenever it was.
DAYS = {
    "gaida trešo pusi",
    "izpildē < gaida trešo pusi",
    "apturēts",
    "izpildē < apturēts",
    "lēmums pieņemts",
    "apstrīdēts",
}
TIMES = [column for columns in COLUMNS.values() for column in columns]
HEADER = (
    ["Reģistrācijas Nr.", "Pieteikuma veids", "Pakalpojuma kods", "Pakalpojums", "Saņemšanas veids", "Iesniedzējs",
     "Iesniedzēja veids", "Iesnieguma datums"]
    + TIMES
    + ["Izpildes termiņš", "Lieta slēgta", "Statuss", "Rezultāts", "Piezīmes"]
)  # fmt: skip


def day(at: datetime) -> str:
    return at.strftime("%d.%m.%Y.")


def row(request: Request) -> dict[str, str]:
    """A row by header."""
    cells = dict.fromkeys(HEADER, "")
    service, person, closed = request.service, request.applicant, request.closed()
    # In letters from the portal the code stands without its hyphen.
    code = person.code.replace("-", "") if request.channel == "iestādes portāls" else person.code
    cells |= {
        "Reģistrācijas Nr.": request.no,
        "Pieteikuma veids": KIND_LABELS[request.kind],
        "Pakalpojuma kods": service.code if service else "",
        "Pakalpojums": service.name if service else "",
        "Saņemšanas veids": CHANNELS[request.channel],
        "Iesniedzējs": f"{person.name}, {code}",
        "Iesniedzēja veids": {"iedzīvotājs": "FP", "uzņēmējs": "JP"}[person.kind],
        "Iesnieguma datums": day(request.submitted()),
        "Izpildes termiņš": request.due.strftime("%d.%m.%Y.") if request.due else "",
        "Lieta slēgta": day(closed) if closed else "",
        "Statuss": STATES[request.state()],
        "Rezultāts": RESULTS[request.result] if request.result else "",
    }
    before = None
    for event in request.events:
        kind = f"{event.state} < {before}" if f"{event.state} < {before}" in COLUMNS else event.state
        free = [column for column in COLUMNS[kind] if not cells[column]]
        # Work after a reopening and the third loop have no column.
        if free and not (event.state == "izpildē" and before == "atkārtoti atvērts"):
            bare = kind in DAYS or event.at < TIMES_SINCE
            cells[free[0]] = day(event.at) if bare else event.at.strftime("%d.%m.%Y %H:%M")
        before = event.state
    return cells


def usual(n: int, service: Service, applicant: Applicant, begun: datetime) -> Request:
    """A plain request of the week of `begun`, five events: what a flaw is planted in."""
    begun -= timedelta(days=begun.weekday())
    hours = [("iesniegts", 0), ("reģistrēts", 2), ("izpildē", 27), ("lēmums pieņemts", 73), ("pabeigts", 98)]
    events = [Event(begun + timedelta(hours=h), state) for state, h in hours]
    due = begun.date() + timedelta(days=service.due or 30)
    return Request(f"ZUD-24-{n:04}", "pakalpojuma pieprasījums", service, service.channels[0], applicant, due,
                   "piešķirts", events)  # fmt: skip


def flawed(people: list[Applicant]) -> list[dict[str, str]]:
    by_code = {service.code: service for service in SERVICES}

    def plain(n: int, code: str, month: int, day: int, cells: dict[str, str] | None = None) -> dict[str, str]:
        request = usual(n, by_code[code], people[n % len(people)], datetime(2024, month, day, 9, 40))
        return row(request) | (cells or {})

    alike = plain(909, "ZUD-007", 4, 9)
    return [
        plain(901, "ZUD-003", 4, 2, {"Reģistrēts": "31.04.2024. 10:15", "Lēmums": "drīz"}),
        # The state of the request itself; its events are not touched.
        plain(902, "ZUD-003", 4, 3, {"Statuss": "izpildits daļēji"}),
        plain(903, "ZUD-002", 6, 3, {"Lēmums": "06.06.2042."}),
        plain(904, "ZUD-007", 3, 28, {"Nodots izpildei": "31.03.2024 03:30"}),
        plain(905, "ZUD-001", 4, 4, {
            "Iesnieguma datums": "27.10.2023.", "Saņemts": "27.10.2023 10:00", "Reģistrēts": "29.10.2023 03:30",
            "Nodots izpildei": "30.10.2023 09:10", "Lēmums": "06.11.2023.", "Pabeigts": "07.11.2023 11:40",
            "Lieta slēgta": "07.11.2023.", "Izpildes termiņš": "26.12.2023.",
        }),
        plain(906, "ZUD-012", 4, 5, {"Reģistrācijas Nr.": ""}),
        plain(907, "ZUD-012", 4, 5, {"Pakalpojuma kods": "ZUD-070"}),
        plain(908, "ZUD-004", 4, 8, {"Lieta slēgta": "08.03.2024."}),
        alike,
        alike,
        plain(910, "ZUD-009", 4, 10),
        plain(910, "ZUD-009", 4, 10, {
            "Saņemšanas veids": "e-pasts", "Pabeigts": "15.04.2024 16:05", "Lieta slēgta": "15.04.2024.",
        }),
        plain(911, "ZUD-014", 4, 11, {
            "Reģistrācijas Nr.": "zud-24-0911 ", "Pakalpojuma kods": "\u00a0zud-014", "Statuss": " Izpildīts\u00a0",
        }),
        # Closed, then work goes on without a reopening.
        plain(912, "ZUD-002", 4, 12, {
            "Nosūtīts atzinumam": "18.04.2024.", "Atzinums saņemts": "22.04.2024.", "Lieta slēgta": "",
            "Statuss": "tiek izpildīts", "Rezultāts": "",
        }),
        # Reopened without a closing.
        plain(913, "ZUD-003", 4, 15, {
            "Pabeigts": "", "Atkārtoti atvērts": "19.04.2024 10:00", "Lieta slēgta": "",
            "Statuss": "atvērts atkārtoti", "Rezultāts": "",
        }),
        # A draft after the submission.
        plain(914, "ZUD-007", 4, 16, {"Sagatavots": "15.04.2024 15:25"}),
        plain(915, "ZUD-003", 4, 17, {
            "Iesniedzējs": "Paraudziņa Benita 02034511239",
            "Piezīmes": "Zvanīt meitai 140578-11234; īpašnieks 02034511239; „Purviņi” (32041520817, 321507-20812).",
        }),
        # The same person as above, with the hyphen: one pseudonym.
        plain(916, "ZUD-003", 4, 18, {
            "Iesniedzējs": "Benita Paraudziņa (020345-11239)", "Pabeigts": "pēc 140578-11234 zvana",
        }),
    ]  # fmt: skip


def line(cells: dict[str, str]) -> str:
    return ";".join(
        f'"{cell.replace(chr(34), 2 * chr(34))}"' if any(c in cell for c in ';"\n') else cell for cell in cells.values()
    )


def write() -> None:
    pick = random.Random(20230704)
    people, firms = applicants(pick, 80, 14)
    rare = ["e-forma", "e-pasts", "e-lietotne", "klātienē VPVKAC"]
    made = requests(pick, 210, SERVICES, KINDS, lambda year, n: f"ZUD-{year % 100}-{n:04}", people, firms, rare)
    rows = [row(request) for request in made]
    # Of some requests at the desk nothing but the day of the letter was kept.
    for cells in [cells for cells in rows if cells["Saņemšanas veids"] == CHANNELS["klātienē iestādē"]][::5]:
        cells |= dict.fromkeys(TIMES, "")
    lines = [";".join(HEADER)] + [line(cells) for cells in rows + flawed(people)]
    target(SOURCE, "registrs.csv").write_bytes("".join(text + "\r\n" for text in lines).encode("windows-1257"))
