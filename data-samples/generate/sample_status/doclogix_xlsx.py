"""Nodarbinātības atbalsta aģentūra: workbook of a records management system like DocLogix, a row an event.

What is said of the request stands in every one of its rows. Times of the system's own are texts to the minute; what
was entered from paper is a true date of Excel, so both stand within one request. Flaws are planted in requests of
their own, numbered from NAA/24/0901 on, see data-samples/README.md.
"""

import random
from datetime import date, datetime, timedelta

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill

from sample_registers.common import MOMENT, repack, target

from .common import Applicant, Event, Request, Service, applicants, requests

SOURCE = "nodarbinatibas-agentura-doclogix"  # its institution stands in the source's file

PORTAL = ["iestādes portāls", "e-lietotne", "klātienē iestādē"]
DESK = ["klātienē iestādē", "tālrunis", "e-adrese"]
SERVICES = [
    Service("NAA-A-01", "Bezdarbnieka statusa piešķiršana", PORTAL, 2, 5, 0, 8),
    Service("NAA-A-02", "Darba meklētāja reģistrācija", PORTAL, 1, 5, 0, 3),
    Service("NAA-A-03", "Karjeras konsultācija", DESK, 9, 28, 0, 3),
    Service("NAA-A-04", "Atbalsts darbavietas pielāgošanai", DESK, 18, 42, 0, 1, True),
    Service("NAA-B-01", "Profesionālā tālākizglītība", PORTAL, 14, 42, 0, 4),
    Service("NAA-B-02", "Valsts valodas apguve", PORTAL, 30, 42, 0, 2),
    Service("NAA-C-01", "Darbinieku atlase", PORTAL, 6, 14, 0, 2, True),
    Service("NAA-C-02", "Vakances publicēšana", PORTAL, 1, 5, 0, 6, True),
    Service("NAA-C-03", "Subsidētās darba vietas", PORTAL, 18, 42, 0, 2, True),
    Service("NAA-R-01", "Atbalsts saimnieciskās darbības uzsākšanai", PORTAL[::2], 25, 56, 3, 1),
]
KINDS = {
    "pakalpojuma pieprasījums": 88, "informācijas pieprasījums": 5, "sūdzība": 4, "incidenta pieteikums": 3,
}  # fmt: skip

KIND_LABELS = {
    "pakalpojuma pieprasījums": "Pakalpojums", "informācijas pieprasījums": "Konsultācija", "sūdzība": "Sūdzība",
    "incidenta pieteikums": "Incidents",
}  # fmt: skip
CHANNELS = {
    "iestādes portāls": "Portāls", "e-lietotne": "e-pakalpojums", "klātienē iestādē": "Filiālē",
    "tālrunis": "Telefoniski",
    "e-adrese": "uz e-adresi", "e-pasts": "epasts", "pasts": "Pasta sūtījums", "videokonsultācija": "attālināti video",
}  # fmt: skip
STATES = {
    "melnraksts": "Uzmetums", "iesniegts": "Jauns", "reģistrēts": "Pieņemts izskatīšanai",
    "izpildē": "Piešķirts izpildītājam", "gaida klientu": "Nepieciešama papildu informācija",
    "gaida trešo pusi": "Gaida citu iestādi", "apturēts": "Atlikts", "lēmums pieņemts": "Lēmums pieņemts",
    "gatavs saņemšanai": "Sagatavots izsniegšanai", "atkārtoti atvērts": "Atvērts atkārtoti", "pabeigts": "Noslēgts",
    "atteikts": "Atteikums", "atsaukts": "Atsauca klients", "pārsūtīts": "Pāradresēts", "anulēts": "Dzēsts",
    "apstrīdēts": "Apstrīdēts",
}  # fmt: skip
RESULTS = {
    "piešķirts": "Piešķirts", "daļēji piešķirts": "Piešķirts daļēji", "atteikts": "Atteikts", "atsaukts": "Atsaukts",
}  # fmt: skip
# Who changed the state in the system; clients and other institutions write letters, which somebody enters.
PAPER = {"pieteicējs", "cita iestāde"}

HEADER = ["Reģ. Nr.", "Pieteikuma veids", "Pak. kods", "Pakalpojums", "Kanāls", "Pieteicējs", "Pieteicēja veids",
          "Termiņš", "Rezultāts", "Not. Nr.", "Statuss", "Laiks", "Kas mainīja", "Piezīme"]  # fmt: skip


def minute(at: datetime) -> str:
    return at.strftime("%d.%m.%Y %H:%M")


def rows(request: Request, **changed) -> list[dict[str, object]]:
    """The rows of a request; `changed` are cells that all of them have otherwise."""
    service, person = request.service, request.applicant
    made = []
    for n, event in enumerate(request.events, start=1):
        paper = event.who in PAPER and request.channel in {"klātienē iestādē", "pasts", "e-adrese"}
        made.append({
            "Reģ. Nr.": request.no,
            "Pieteikuma veids": KIND_LABELS[request.kind],
            "Pak. kods": service.code if service else None,
            "Pakalpojums": service.name if service else None,
            "Kanāls": CHANNELS[request.channel],
            "Pieteicējs": person.code.replace("-", "") if request.channel == "e-lietotne" else person.code,
            "Pieteicēja veids": {"iedzīvotājs": "Privātpersona", "uzņēmējs": "Komersants"}[person.kind],
            "Termiņš": request.due,
            "Rezultāts": RESULTS[request.result] if request.result else None,
            "Not. Nr.": n,
            "Statuss": STATES[event.state],
            "Laiks": event.at.date() if paper else minute(event.at),
            "Kas mainīja": "klients" if event.who == "pieteicējs" else event.who,
            "Piezīme": event.comment or None,
        } | changed)  # fmt: skip
    return made


def usual(n: int, service: Service, applicant: Applicant, begun: datetime) -> Request:
    """A plain request of the week of `begun`, five events: what a flaw is planted in."""
    begun -= timedelta(days=begun.weekday())
    hours = [("iesniegts", 0), ("reģistrēts", 2), ("izpildē", 27), ("lēmums pieņemts", 73), ("pabeigts", 98)]
    events = [Event(begun + timedelta(hours=h), state, "speciālists") for state, h in hours]
    due = begun.date() + timedelta(days=service.due or 30)
    return Request(f"NAA/24/{n:04}", "pakalpojuma pieprasījums", service, service.channels[0], applicant, due,
                   "piešķirts", events)  # fmt: skip


def flawed(people: list[Applicant]) -> list[dict[str, object]]:
    by_code = {service.code: service for service in SERVICES}

    def plain(n: int, code: str, month: int, day: int, **changed) -> list[dict[str, object]]:
        request = usual(n, by_code[code], people[n % len(people)], datetime(2024, month, day, 9, 15))
        return rows(request, **changed)

    made = []

    def add(cells: list[dict[str, object]], *changes: tuple[int, dict[str, object]]) -> None:
        for index, change in changes:
            cells[index] |= change
        made.extend(cells)

    add(plain(901, "NAA-A-01", 5, 13), (2, {"Laiks": "14.05.24"}))
    add(plain(902, "NAA-A-01", 5, 13), (2, {"Statuss": "Piešķirts izpildītajam!!"}), (3, {"Statuss": "Lemts"}))
    add(plain(903, "NAA-B-01", 5, 20), (4, {"Laiks": date(2024, 12, 24)}))
    add(plain(904, "NAA-A-03", 3, 25), (4, {"Laiks": "31.03.2024 03:30"}))
    twice = plain(905, "NAA-A-03", 5, 13, **{"Reģ. Nr.": "NAA/23/0905", "Termiņš": date(2023, 11, 24)})
    for row, at in zip(
        twice, ["27.10.2023 10:00", "29.10.2023 03:30", "30.10.2023 09:05", "31.10.2023 15:40", date(2023, 11, 1)]
    ):
        row["Laiks"] = at
    add(twice)
    add(plain(906, "NAA-C-02", 5, 20, **{"Reģ. Nr.": None}))
    add(plain(907, "NAA-C-02", 5, 20, **{"Pak. kods": "NAA-C-22"}))
    same_event = plain(908, "NAA-C-01", 5, 20)
    same_event.insert(3, same_event[2] | {"Kas mainīja": "sistēma", "Piezīme": "Sinhronizācija"})
    add(same_event)
    same_row = plain(909, "NAA-C-01", 5, 20)
    same_row.insert(2, dict(same_row[1]))
    add(same_row)
    add(plain(910, "NAA-A-04", 5, 20), (3, {"Kanāls": "epasts"}), (4, {"Kanāls": "epasts"}))
    add(plain(911, "NAA-A-02", 5, 27), (1, {"Reģ. Nr.": "naa/24/0911 ", "Pak. kods": "naa-a-02"}),
        (2, {"Reģ. Nr.": "\u00a0NAA/24/0911", "Pak. kods": " NAA-A-02\u00a0"}),
        (3, {"Statuss": "LĒMUMS\u00a0pieņemts "}))  # fmt: skip
    closed_then_work = plain(912, "NAA-B-01", 5, 27)
    add(closed_then_work + [closed_then_work[2] | {"Not. Nr.": 6, "Laiks": "03.06.2024 11:10"}])
    add(plain(913, "NAA-B-01", 5, 27), (3, {"Statuss": "Atvērts atkārtoti"}))
    add(plain(914, "NAA-C-03", 5, 27), (2, {"Statuss": "Uzmetums"}))
    add(plain(915, "NAA-C-03", 6, 3, **{"Pieteicējs": "140578-11234"}),
        (1, {"Piezīme": "Zvanīja 14057811234, lūdz atbildi vecākiem (32150720812)."}),
        (2, {"Kas mainīja": "klienta pārstāvis 02034511239"}),
        (3, {"Piezīme": "Lēmums nosūtīts: 321507-20812"}))  # fmt: skip
    # The same person without the hyphen: one pseudonym.
    add(plain(916, "NAA-R-01", 6, 3, **{"Pieteicējs": "14057811234"}))
    # Dates alone, several on one day: their order is that of the events' numbers.
    days = plain(917, "NAA-R-01", 6, 3)
    for row, day in zip(days, [3, 3, 3, 5, 5]):
        row["Laiks"] = date(2024, 6, day)
    add(days)
    # A true date with a time: Excel keeps seconds that nobody entered.
    add(
        plain(918, "NAA-C-02", 6, 3),
        (0, {"Laiks": datetime(2024, 6, 3, 9, 15)}),
        (4, {"Laiks": datetime(2024, 6, 7, 11, 15)}),
    )
    return made


def sheet_of_events(book: Workbook, cells: list[dict[str, object]]) -> None:
    sheet = book.active
    sheet.title = "Notikumi"
    sheet["A1"] = "Pieteikumu notikumu izraksts"
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A2"] = "Periods: 01.07.2023.–30.06.2024."
    for column, name in enumerate(HEADER, start=1):
        cell = sheet.cell(4, column, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="D9E2F3")
    for n, row in enumerate(cells, start=5):
        for column, name in enumerate(HEADER, start=1):
            value = row[name]
            if value is None:
                continue
            cell = sheet.cell(n, column, value)
            if isinstance(value, datetime):
                cell.number_format = "dd.mm.yyyy hh:mm"
            elif isinstance(value, date):
                cell.number_format = "dd.mm.yyyy"
            elif name == "Piezīme":
                cell.alignment = Alignment(wrap_text=True)
    sheet.freeze_panes = "B5"


def write() -> None:
    pick = random.Random(20230705)
    people, firms = applicants(pick, 60, 20)
    rare = ["e-pasts", "pasts", "videokonsultācija"]
    made = requests(pick, 130, SERVICES, KINDS, lambda year, n: f"NAA/{year % 100}/{n:04}", people, firms, rare, 3)
    book = Workbook()
    sheet_of_events(book, [row for request in made for row in rows(request)] + flawed(people))
    about = book.create_sheet("Par izrakstu")
    about["A1"] = "Izdomāti dati. Viena rinda ir viens notikums; pieteikuma ziņas atkārtojas katrā tā rindā."
    states = book.create_sheet("Statusi")
    for row, state in enumerate(STATES.values(), start=1):
        states.cell(row, 1, state)
    states.sheet_state = "hidden"
    book.properties.created = book.properties.modified = datetime(*MOMENT)
    book.properties.creator = "Paraugs"
    path = target(SOURCE, "notikumi.xlsx")
    book.save(path)
    repack(path)
