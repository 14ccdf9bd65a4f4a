"""Ērgļupes novads: the register everybody knows. A workbook made for printing, not for reading by machines.

Three title lines, a header of two merged rows that comes again after a "page break", merged category cells, a totals
row, footnotes, formatting far outside the data, codes as text and as numbers shown 0000, dates of five kinds, an
error cell, formulas with their results, steps on a second sheet, instructions and a hidden sheet.
"""

from datetime import date

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from .common import DACE, GENERAL, GUNTIS, ILZE, MARIS, PUBLIC, repack, target, with_cached_values

SOURCE = "erglupes-novads"

# Two header rows; None in the second = one header merged over both rows.
HEADER = [
    ("Nr. p.k.", None),
    ("Joma", None),
    ("Kods", None),
    ("Pakalpojuma nosaukums", None),
    ("Pakalpojuma veids", None),
    ("Mērķgrupa", None),
    ("Pakalpojuma vadītājs", "Vārds, uzvārds"),
    ("Pakalpojuma vadītājs", "E-pasts"),
    ("Izpildes termiņš", "Paredzamais"),
    ("Izpildes termiņš", "Normatīvajā aktā"),
    ("Maksa", None),
    ("Pieteikšanās kanāli", None),
    ("Digitalizācijas līmenis", None),
    ("Tiesību akti", None),
    ("Latvija.gov.lv", "EP kods"),
    ("Latvija.gov.lv", "Publicēts"),
    ("Latvija.gov.lv", "Saite"),
    ("Pieteikumu skaits\ngadā", None),
    ("Šablona kods", None),
    ("Apraksts", None),
]
WIDTHS = [7, 20, 8, 42, 24, 18, 20, 32, 16, 16, 22, 30, 20, 48, 10, 14, 38, 12, 12, 60]


MUNICIPALITIES = "Pašvaldību likums, 4. panta pirmās daļas {}. punkts"
SOCIAL = "Sociālo pakalpojumu un sociālās palīdzības likums, {} (https://likumi.lv/ta/id/68488)"
PEOPLE, BOTH, ALL = "Iedzīvotāji", "Iedzīvotāji; uzņēmēji", "Sabiedrība kopumā"
ONLINE = "Latvija.lv; e-adrese; klātienē; VPVKAC"
PAPER = "klātienē; pasts; e-adrese"


def portal(number: int, published) -> tuple:
    code = f"EP{number}"
    return code, published, f"https://latvija.gov.lv/paraugs/{code}"


NO_PORTAL = ("-", None, None)

# Category -> services: code, name, kind, audience, manager, expected, statutory, fee, channels, level, legal acts,
# portal, requests a year, group code, description. An `int` code is a number shown with the format 0000.
REGISTER = {
    "Bērni un ģimene": [
        ("0001", "Bērna piedzimšanas pabalsts", PUBLIC, PEOPLE, ILZE, "10 dienas", "1 mēnesis", None, ONLINE,  # flaw: do not compare
         "e-pakalpojums", MUNICIPALITIES.format(9), portal(901, date(2023, 4, 3)), 118, "SPP-01",
         "Vienreizējs pabalsts, ko izmaksā vienam no vecākiem, ja abu vecāku vai māsas un brāļa dzīvesvieta ir novadā."),
        (2, "Bērna reģistrācija pirmsskolas izglītības iestādē", PUBLIC, PEOPLE, MARIS, "3 darba dienas",
         "10 darba dienas", None, ONLINE, "e-pakalpojums", "Izglītības likums, 17. panta trešās daļas 1. punkts",
         portal(902, "04.06.2024."), "=96+39", "SPP-02", "Bērnu reģistrē rindā uz vietu novada pirmsskolas grupās."),
        (3, "Ēdināšanas izdevumu atvieglojumi izglītojamiem", PUBLIC, PEOPLE, ILZE, "10 dienas", "30 dienas", None,
         ONLINE, "vienkāršots e-pakalpojums", MUNICIPALITIES.format(4), portal(903, "2024. gada 4. jūnijs"), 402, None,
         "Atvieglojumi daudzbērnu ģimenēm un mājsaimniecībām ar zemiem ienākumiem."),
    ],
    "Sociālā aizsardzība": [
        ("0010", "Garantētā minimālā ienākuma pabalsts", PUBLIC, PEOPLE, ILZE, "10 dienas", "30 dienas", None,
         PAPER, "klātienē", SOCIAL.format("36. pants"), portal(904, 45352), 263, "SPP-03",
         "Pabalsts mājsaimniecībai, kuras ienākumi nesasniedz garantēto minimālo ienākumu slieksni."),
        ("0011", "Mājokļa pabalsts", PUBLIC, PEOPLE, ILZE, "10 dienas", "30 dienas", None, PAPER, "klātienē",
         SOCIAL.format("35. panta pirmā daļa"), NO_PORTAL, 540, "SPP-04",
         "Atbalsts īres, apsaimniekošanas un komunālo maksājumu segšanai."),
        # flaw: the same record again, alike
        ("0011", "Mājokļa pabalsts", PUBLIC, PEOPLE, ILZE, "10 dienas", "30 dienas", None, PAPER, "klātienē",
         SOCIAL.format("35. panta pirmā daļa"), NO_PORTAL, 540, "SPP-04",
         "Atbalsts īres, apsaimniekošanas un komunālo maksājumu segšanai."),
        (12, "Aprūpe mājās", PUBLIC, PEOPLE, ILZE, "30", "30 dienas", "4,30 EUR (par stundu)", PAPER, "klātienē",  # flaw: 30 of what?
         SOCIAL.format("23. pants"), NO_PORTAL, 87, "SPP-05",
         "Palīdzība mājas darbos un personiskajā aprūpē cilvēkiem, kuri paši ar to netiek galā."),
        (13, "Asistenta pakalpojums", PUBLIC, PEOPLE, ILZE, "10 darba dienas", "14 darba dienas", None, ONLINE,
         "e-pakalpojums", SOCIAL.format("12.1 pants"), portal(905, "31.02.2024"), 41, "SPP-06",  # flaw: no such day
         "Atbalsts cilvēkam ar invaliditāti pārvietoties un veikt darbības ārpus mājokļa."),
    ],
    "Dokumenti un pilsonība": [
        ("0020", "Dzīvesvietas deklarēšana", PUBLIC, PEOPLE, DACE, "1 diena", "1 diena",
         "4,27 EUR (klātienē)\n0,00 EUR (elektroniski)", ONLINE, "digitāls pakalpojums",
         "Dzīvesvietas deklarēšanas likums, 3. pants (https://likumi.lv/ta/id/64328)", portal(906, date(2022, 1, 17)),
         1310, "SPP-07", "Persona mēneša laikā pēc dzīvesvietas maiņas deklarē jauno adresi."),
        ("0021", "Laulības reģistrācija", PUBLIC, PEOPLE, DACE, "1 mēnesis", "6 mēneši", "=7+7.23", "klātienē; e-adrese",
         "vienkāršots e-pakalpojums", "Civilstāvokļa aktu reģistrācijas likums, 3. nodaļa", NO_PORTAL, "#REF!", None,  # flaw
         "Laulību noslēdz dzimtsarakstu nodaļā vai citā piemērotā vietā novadā."),
        ("0022", "Miršanas fakta reģistrācija", PUBLIC, PEOPLE, DACE, "1 diena", "1 diena", None, "klātienē",
         "klātienē", "Civilstāvokļa aktu reģistrācijas likums, 5. nodaļa", NO_PORTAL, 204, "SPP-08",
         "Miršanas faktu reģistrē pēc medicīnas apliecības par nāves cēloni."),
    ],
    "Nodokļi un nodevas": [
        (30, "Nekustamā īpašuma nodokļa atvieglojumi", PUBLIC, BOTH, MARIS, "15 dienas", "30 dienas", None, ONLINE,
         "e-pakalpojums", "Likums „Par nekustamā īpašuma nodokli”, 5. pants", portal(907, date(2023, 9, 1)), 356, "SPP-09",
         "Nodokļa atlaide mazaizsargātām personām un daudzbērnu ģimenēm."),
        # flaw: no name
        (31, None, PUBLIC, BOTH, MARIS, "15 dienas", "30 dienas", None, ONLINE, "e-pakalpojums",
         "Likums „Par nekustamā īpašuma nodokli”, 6. pants", NO_PORTAL, 12, None, "Pārmaksātā nodokļa atmaksa."),
    ],
    "Būvniecība": [
        ("0040", "Būvniecības ieceres izskatīšana", PUBLIC, BOTH, GUNTIS, "20 dienas", "30 dienas",
         "1 234,50 EUR (publiskai ēkai)\n66,21 EUR (viena dzīvokļa mājai)", "iestādes portāls; e-adrese; klātienē",
         "e-pakalpojums", "Būvniecības likums, 12. pants (https://likumi.lv/ta/id/258572)", portal(908, "15.02.2021."),
         173, "SPP-11", "Ieceri iesniedz Būvniecības informācijas sistēmā; būvvalde izdod būvatļauju vai atteikumu."),
        ("0041", "Adreses piešķiršana", PUBLIC, BOTH, GUNTIS, "10 dienas", "30 dienas", 14.23, ONLINE,
         "vienkāršots e-pakalpojums", "Pašvaldību likums, 4. pants", NO_PORTAL, 66, "SPP-10",
         "Adresi piešķir ēkai, telpu grupai vai apbūvei paredzētai zemes vienībai."),
    ],
    "Transports": [
        # flaw: not a kind of service
        ("0050", "Publiska pasākuma rīkošanas atļauja", "komunālais pakalpojums", BOTH, GUNTIS, "7 dienas", "10 dienas",
         "28,46 EUR", PAPER, "vienkāršots e-pakalpojums", MUNICIPALITIES.format(5), NO_PORTAL, 58, None,
         "Saskaņo pasākuma vietu, laiku, drošību un satiksmes ierobežojumus."),
        ("0051", "Ielu apgaismojuma uzturēšana", GENERAL, ALL, GUNTIS, None, None, None, None, None,
         MUNICIPALITIES.format(1), NO_PORTAL, None, None, "Apgaismo ielas un novērš bojājumus, par kuriem ziņo iedzīvotāji."),
    ],
}
PAGE_BREAK = "Dokumenti un pilsonība"  # the header is printed again before this category

STEPS = [
    ("0001", 1, "Iesnieguma reģistrēšana", "1 darba diena", "jā"),
    ("0001", 2, "Ziņu pārbaude Fizisko personu reģistrā", "2 dienas", "nē"),
    ("0001", 3, "Lēmums un izmaksa", "7 dienas", "jā"),
    (2, 1, "Pieteikuma reģistrēšana rindā", "1 stunda", "jā"),
    (2, 2, "Paziņojums par vietu grupā", "2 darba dienas", "jā"),
    ("0020", 1, "Deklarācijas iesniegšana", "15 minūtes", "jā"),
    ("0020", 2, "Tiesiskā pamata pārbaude", "4 stundas", "nē"),
    ("0040", 1, "Ieceres dokumentu pieņemšana", "1 darba diena", "jā"),
    ("0040", 2, "Izskatīšana būvvaldē", "15 darba dienas", "jā"),
    ("0040", 3, "Būvatļaujas izdošana", "4 darba dienas", "jā"),
    ("0099", 1, "Iesnieguma pieņemšana", "1 diena", "jā"),  # flaw: no such service
]

THIN = Side(style="thin", color="808080")
GRID = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
BOLD = Font(bold=True)
SHADE = PatternFill("solid", fgColor="D9E1F2")
WRAP = Alignment(wrap_text=True, vertical="top")


def put_header(sheet, row: int) -> None:
    for index, (upper, lower) in enumerate(HEADER, start=1):
        first = index == 1 or HEADER[index - 2][0] != upper
        if first:
            sheet.cell(row, index, upper)
        if lower is not None:
            sheet.cell(row + 1, index, lower)
        for part in (0, 1):
            cell = sheet.cell(row + part, index)
            cell.font, cell.fill, cell.border, cell.alignment = BOLD, SHADE, GRID, WRAP
        if lower is None:
            sheet.merge_cells(start_row=row, end_row=row + 1, start_column=index, end_column=index)
        elif first:
            width = sum(1 for other, _ in HEADER if other == upper)
            sheet.merge_cells(start_row=row, end_row=row, start_column=index, end_column=index + width - 1)


def put_code(cell, code) -> None:
    cell.value = code
    cell.number_format = "0000" if isinstance(code, int) else "@"


def put_service(sheet, row: int, number: int, category: str | None, service: tuple) -> None:
    code, name, kind, audience, manager, expected, statutory, fee, channels, level, acts, ep, requests, group, text = service
    values = [number, category, None, name, kind, audience, *manager, expected, statutory, fee, channels, level, acts,
              *ep, requests, group, text]
    for index, value in enumerate(values, start=1):
        cell = sheet.cell(row, index, value)
        cell.border, cell.alignment = GRID, WRAP
        if isinstance(value, date):
            cell.number_format = "DD.MM.YYYY."
        elif isinstance(value, float) or value == "=7+7.23":
            cell.number_format = "0.00"
    put_code(sheet.cell(row, 3), code)


def put_register(sheet) -> dict[str, str]:
    """Fills the main sheet; gives back the results of its formulas."""
    last = get_column_letter(len(HEADER))
    titles = [
        "ĒRGĻUPES NOVADA PAŠVALDĪBA",
        "Pakalpojumu reģistrs",
        "Apstiprināts ar izpilddirektora 2024. gada 12. marta rīkojumu Nr. 1-6/24/17",
    ]
    for row, title in enumerate(titles, start=1):
        sheet.cell(row, 1, title).font = Font(bold=True, size=16 - 2 * row)
        sheet.merge_cells(f"A{row}:{last}{row}")
    put_header(sheet, 5)
    cached: dict[str, str] = {}
    row, number, total = 7, 0, 0
    first_row = row
    for category, services in REGISTER.items():
        if category == PAGE_BREAK:
            put_header(sheet, row)
            row += 2
        start = row
        for service in services:
            number += 1
            put_service(sheet, row, number, category if row == start else None, service)
            if service[12] == "=96+39":
                cached[f"R{row}"] = "135"
            if service[7] == "=7+7.23":
                cached[f"K{row}"] = "14.23"
            total += {"=96+39": 135, "#REF!": 0, None: 0}.get(service[12], service[12])
            row += 1
        if row - start > 1:
            sheet.merge_cells(start_row=start, end_row=row - 1, start_column=2, end_column=2)
    sheet.cell(row, 1, "Kopā")
    sheet.cell(row, 4, number)
    sheet.cell(row, 18, f'=SUMIF(R{first_row}:R{row - 1},">0")')
    cached[f"R{row}"] = str(total)
    for index in range(1, len(HEADER) + 1):
        sheet.cell(row, index).font = BOLD
    sheet.cell(row + 2, 1, "* Maksa noteikta domes 2023. gada saistošajos noteikumos Nr. 14.")
    sheet.cell(row + 3, 1, "** Pieteikumu skaits – 2023. gada dati.")
    sheet["D9"].comment = Comment("Precizēt pēc domes sēdes!", "Lietotājs", width=160, height=60)
    put_ghosts(sheet, row + 6)
    for index, width in enumerate(WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "E7"
    return cached


def put_ghosts(sheet, row: int) -> None:
    """What years of copying leave behind: borders and fills without any value, and a cell with spaces."""
    for ghost_row in (row, row + 1, 400):
        for column in range(1, 21):
            sheet.cell(ghost_row, column).border = GRID
    sheet.cell(row, 5, "   ")
    for column in ("AF", "AZ"):
        sheet[f"{column}5"].fill = SHADE
        sheet[f"{column}12"].border = GRID


def put_steps(sheet) -> None:
    sheet.append(["Pakalpojuma kods", "Soļa Nr.", "Soļa nosaukums", "Izpildes laiks", "Redzams klientam"])
    for cell in sheet[1]:
        cell.font, cell.fill = BOLD, SHADE
    for row, (code, *rest) in enumerate(STEPS, start=2):
        put_code(sheet.cell(row, 1), code)
        for column, value in enumerate(rest, start=2):
            sheet.cell(row, column, value)


def put_instructions(sheet) -> None:
    for row, text in enumerate(
        [
            "Kā aizpildīt reģistru",
            "1. Katram pakalpojumam ir četru ciparu kods; kodus neatkārto.",
            "2. Kolonnā „Mērķgrupa” vairākas grupas atdala ar semikolu.",
            "3. Termiņu raksta kopā ar mērvienību, piemēram, „10 darba dienas”.",
            "4. Soļus, kas svarīgi klientam, ieraksta lapā „Soļi”.",
        ],
        start=1,
    ):
        sheet.cell(row, 1, text)


def write() -> None:
    workbook = Workbook()
    put_instructions(workbook.active)
    workbook.active.title = "Norādījumi"
    register = workbook.create_sheet("Reģistrs 2024")
    cached = put_register(register)
    put_steps(workbook.create_sheet("Soļi"))
    hidden = workbook.create_sheet("Melnraksts")
    hidden.append(["Kods", "Pakalpojuma nosaukums"])
    hidden.append(["0900", "Pakalpojums, ko dome vēl nav apstiprinājusi"])
    hidden.sheet_state = "hidden"
    workbook.active = 1
    path = target(SOURCE, "pakalpojumu-registrs-2024.xlsx")
    workbook.save(path)
    repack(path, with_cached_values({"xl/worksheets/sheet2.xml": cached}))
