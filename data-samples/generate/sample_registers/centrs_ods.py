"""Mežmalas sociālās aprūpes centrs: a LibreOffice workbook.

Codes are numbers that lost their zeros, dates are true dates, some cells are true booleans, a cell carries a comment
that is not part of its text, and the sheet claims 16 384 columns and a million rows by repetition.
"""

from odf.dc import Creator, Date
from odf.office import Annotation
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableColumnProperties
from odf.table import CoveredTableCell, Table, TableCell, TableColumn, TableRow
from odf.text import P

from .common import AUSMA, CENTRS, INTER, MOMENT_ISO, PUBLIC, repack, target

SOURCE = "mezmalas-aprupes-centrs"

HEADER = [
    "Kods", "Turētāja reģ. nr.", "Nosaukums", "Apraksts", "Veids", "Kam paredzēts", "Vadītājs", "E-pasts", "Tālrunis",
    "Kā pieteikties", "Tikai klātienē", "Pamatojums", "Nosacījumi", "Dokumenti", "Paredzamais laiks", "Likumā noteiktais laiks",
    "Maksa", "Soļi", "Rezultāts", "Tiesību akti", "Statuss", "Vērtējums", "Vērtējumu skaits", "Pieteikumi gadā",
    "Lapa tīmekļvietnē", "Publicēts",
]  # fmt: skip

AUSMA_TEL = (*AUSMA, "+371 60000101")
PETERIS = ("Pēteris Parauglis", "peteris.parauglis@mezmalas-socialas-aprupes-centrs.example", "+371 60000102")
NOBODY = (None, None, None)
LAW = "Sociālo pakalpojumu un sociālās palīdzības likums, {}"
RULES = "Ministru kabineta noteikumi „Prasības sociālo pakalpojumu sniedzējiem”"
STEPS = "1. Iesnieguma un atzinuma saņemšana (1 darba diena)\n2. Vajadzību izvērtēšana ({})\n3. Līguma noslēgšana (2 darba dienas)"
SITE = "https://www.mezmalas-socialas-aprupes-centrs.example/pakalpojumi/"
APPLY = "klātienē; pasts; e-adrese"


def mojibake(text: str) -> str:
    """What windows-1257 looks like when a program takes it for windows-1252."""
    return text.encode("cp1257").decode("cp1252")


# code, owner, name, description, kind, for whom, manager, how, in person only, why, conditions, documents, expected,
# statutory, fee, steps, result, acts, status, rating, ratings, requests, page, published (None = not)
REGISTER = [
    (101, CENTRS, "Ilgstoša sociālā aprūpe pensijas vecuma cilvēkiem",
     "Dzīvesvieta, pilna aprūpe un sociālā rehabilitācija cilvēkiem, kuri paši vairs nevar sevi aprūpēt.", PUBLIC,
     "iedzīvotājiem", AUSMA_TEL, APPLY, False, None, "Sociālā dienesta lēmums par pakalpojuma piešķiršanu.",
     "Iesniegums; ģimenes ārsta izziņa", "15 darba dienas", "20 darba dienas", "780,00 EUR (mēnesī)",
     STEPS.format("10 darba dienas"), "Līgums par aprūpi", LAW.format("28. pants") + "\n" + RULES, "tiek sniegts",
     4.6, 35, 52, SITE + "ilgstosa-aprupe", "2023-05-12"),
    (102, CENTRS, "Īslaicīgā sociālā aprūpe",
     "Aprūpe līdz 60 dienām pēc slimības vai laikā, kad tuvinieki to nevar nodrošināt.", PUBLIC, "iedzīvotājiem", AUSMA_TEL,
     APPLY, False, None, "Sociālā dienesta lēmums vai vienošanās par maksas pakalpojumu.", "Iesniegums",
     "5 darba dienas", "10 darba dienas", "28,50 EUR (diennaktī)", STEPS.format("2 darba dienas"), "Līgums par aprūpi",
     LAW.format("27. pants"), "tiek sniegts", 4.8, 21, 34, SITE + "islaiciga-aprupe", "2023-05-12"),
    (103, CENTRS, "Dienas aprūpes centrs",
     mojibake("Dienas laikā: nodarbības, ēdināšana, sarunas un pastaigas vecāka gadagājuma cilvēkiem."),  # flaw
     PUBLIC, "iedzīvotājiem", PETERIS, "klātienē; tālrunis", False, None, None, "Iesniegums", "3 darba dienas",
     "10 darba dienas", "6,40 EUR (dienā)", STEPS.format("1 darba diena"), "Vieta dienas centrā", LAW.format("26. pants"),
     "tiek sniegts", 4.9, 44, 61, SITE + "dienas-centrs", "2024-02-01"),
    (104, CENTRS, "Silto pusdienu piegāde mājās", None, PUBLIC, "iedzīvotājiem", NOBODY, None, False, None, None, None,  # flaw
     None, None, "3,10 EUR (par reizi)", None, None, None, "tiek sniegts", None, None, 118, None, None),
    (105, CENTRS, "Pirts un veļas mazgātavas pakalpojums",
     "Personiskā higiēna un veļas mazgāšana cilvēkiem, kuriem mājoklī nav ērtību.", PUBLIC, "iedzīvotājiem", PETERIS,
     "klātienē", True, "Pakalpojumu iespējams saņemt tikai centra telpās.", None, None, "1 diena", "1 diena",
     "2,00 EUR (reizē)", None, None, LAW.format("25. pants"), "tiek sniegts", None, None, 240, None, None),
    (106, "9000953750", "Tehnisko palīglīdzekļu noma",  # flaw: ten digits
     "Gultas, ratiņkrēsli un staiguļi uz laiku līdz sešiem mēnešiem.", PUBLIC, "iedzīvotājiem", PETERIS, APPLY, False, None,
     None, "Ārsta atzinums", "5 darba dienas", "10 darba dienas", "5,00 EUR (mēnesī)", None, "Palīglīdzeklis",
     LAW.format("25. pants"), "tiek sniegts", None, None, 77, None, None),
    (107, CENTRS, "Ziņas par aprūpes vietām",
     "Sociālie dienesti saņem ziņas par brīvajām vietām un rindu.", INTER, "pašvaldību iestādēm un citiem",  # flaw: audience
     AUSMA_TEL, "e-adrese; API", False, None, None, None, "1 darba diena", "5 darba dienas", None, None, "Ziņas par vietām", RULES,
     "tiek sniegts", None, None, 96, None, None),
    (110, CENTRS, "Nakts patversme", "Naktsmītne cilvēkiem bez pajumtes. Telpas atjauno.", PUBLIC, "iedzīvotājiem", PETERIS,
     "klātienē", True, "Naktsmītne ir klātienes pakalpojums.", None, None, "1 stunda", "2 stundas", None, None, "Gultasvieta",
     LAW.format("1. pants"), "īslaicīgi apturēts", None, None, 0, SITE + "patversme", "2021-11-30"),
]  # fmt: skip

COMMENTED = 102  # the cell with this code's name has a comment


def cell(value) -> TableCell:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        made = TableCell(valuetype="boolean", booleanvalue=str(value).lower())
        made.addElement(P(text="PATIESS" if value else "APLAMS"))
        return made
    if isinstance(value, int | float):
        made = TableCell(valuetype="float", value=str(value))
        made.addElement(P(text=str(value).replace(".", ",")))
        return made
    made = TableCell(valuetype="string")
    for line in value.split("\n"):
        made.addElement(P(text=line))
    return made


def date_cell(value: str | None) -> TableCell:
    if value is None:
        return TableCell()
    made = TableCell(valuetype="date", datevalue=value)
    made.addElement(P(text=".".join(reversed(value.split("-"))) + "."))
    return made


def comment(text: str) -> Annotation:
    note = Annotation()
    note.addElement(Creator(text="Lietotājs"))
    note.addElement(Date(text=MOMENT_ISO))
    note.addElement(P(text=text))
    return note


def table_row(table, cells: list) -> None:
    row = TableRow()
    for item in cells:
        row.addElement(item)
    # LibreOffice fills each row to the sheet's last column.
    row.addElement(TableCell(numbercolumnsrepeated=16384 - len(cells)))
    table.addElement(row)


def register_table(width: Style) -> Table:
    table = Table(name="Pakalpojumi")
    table.addElement(TableColumn(stylename=width, numbercolumnsrepeated=16384))
    title = TableCell(valuetype="string", numbercolumnsspanned=len(HEADER), numberrowsspanned=1)
    title.addElement(P(text="Mežmalas sociālās aprūpes centra pakalpojumi"))
    table_row(table, [title, *(CoveredTableCell() for _ in HEADER[1:])])
    table_row(table, [cell("Pēdējo reizi labots 2024. gada augustā")])
    table_row(table, [cell(name) for name in HEADER])
    for code, owner, name, text, kind, audience, manager, *rest, page, published in REGISTER:
        cells = [cell(v) for v in (code, owner, name, text, kind, audience, *manager, *rest, page)]
        if code == COMMENTED:
            cells[2].insertBefore(comment("Nosaukumu saskaņot ar sociālo dienestu"), cells[2].firstChild)
        table_row(table, [*cells, date_cell(published)])
    table_row(table, [TableCell()])
    table_row(table, [cell("* Maksu nosaka novada dome.")])
    ghost = TableRow(numberrowsrepeated=1_048_500)
    ghost.addElement(TableCell(numbercolumnsrepeated=16384))
    table.addElement(ghost)
    return table


def notes_table() -> Table:
    table = Table(name="Paskaidrojumi")
    for line in ("Kodu veido četri cipari.", "Soļus raksta katru savā rindā; iekavās – laiks."):
        table_row(table, [cell(line)])
    return table


def write() -> None:
    document = OpenDocumentSpreadsheet()
    width = Style(name="platums", family="table-column")
    width.addElement(TableColumnProperties(columnwidth="4cm"))
    document.automaticstyles.addElement(width)
    document.spreadsheet.addElement(notes_table())
    document.spreadsheet.addElement(register_table(width))
    path = target(SOURCE, "pakalpojumi.ods")
    document.save(str(path))
    repack(path)
