"""Viesturciems: a register begun twenty years ago in Excel 97 and carried on since.

Headings in capitals and abbreviations, kinds of service as two letters, times as bare numbers of days, dates as text,
steps in numbered columns, legal acts on a second sheet. Written as BIFF8 (.xls).
"""

import xlwt

from .common import ULDIS, ZANE, target

SOURCE = "viesturciems"

HEADER = [
    "NPK", "PAKALP. KODS", "PAKALPOJUMA NOSAUKUMS", "VEIDS", "SAŅĒMĒJI", "ATBILD. DARBINIEKS", "E-PASTS",
    "TERM. (DIENAS)", "TERM. PĒC NORM. AKTIEM", "MAKSA (EUR)", "KUR PIESAKĀS", "ELEKTR.", "PORTĀLA NR.",
    "PUBL. PORTĀLĀ", "SOLIS 1", "LAIKS 1", "SOLIS 2", "LAIKS 2", "SOLIS 3", "LAIKS 3", "ŠABLONS", "PIEZĪMES",
]  # fmt: skip

INESE = ("Inese Izdoma", "inese.izdoma(at)viesturciema-valstspilsetas-pasvaldiba.example")  # flaw: not an address

WINDOW, WINDOW_WEB, WEB = "klātienē/pasts", "klātienē/e-pasts/e-adrese", "Latvija.lv/e-adrese/klātienē"
ACCEPT, CHECK, ISSUE = "Iesnieguma pieņemšana", "Ziņu pārbaude", "Lēmuma izsniegšana"
THREE = (ACCEPT, 1, CHECK, 5, ISSUE, 2)
TWO = (ACCEPT, 1, ISSUE, 2, None, None)
SAME_DAY = (ACCEPT, "15 min", ISSUE, "2 stundas", None, None)
NONE = (None,) * 6

# code, name, kind, audience, manager, days, statutory, fee, where, electronic, portal no, published, steps, group, notes
REGISTER = [
    ("1.1", "Pabalsts sakarā ar bērna piedzimšanu", "IL", "FP", ZANE, 10, "30 dienas", None, WEB, "E", "EP931",
     "04.06.2024.", THREE, "SPP-01", "Pabalstu izmaksā vienu reizi par katru bērnu."),
    ("1.2", "Bērnu pieteikšana bērnudārzā", "IL", "FP", ZANE, 3, "30 dienas", None, WEB, "E", "EP932", "17.10.2022.",
     TWO, "SPP-02", "Rindu uztur pilsētas Izglītības pārvalde."),
    ("1.10", "GMI pabalsts", "IL", "FP", ZANE, 10, "30 dienas", None, WINDOW, "N", "-", None, THREE, "SPP-03",
     "Garantētā minimālā ienākuma pabalsts trūcīgām mājsaimniecībām."),
    ("1.11", "Dzīvokļa pabalsts", "IL", "FP", ZANE, 10, "30 dienas", None, WINDOW, "N", "-", None, THREE, "SPP-04",
     "Pēc 12.03.2024. iesnieguma (p.k. 010190-12345) termiņš pagarināts par 10 dienām."),  # flaw: a personal code
    ("1.12", "Mājas aprūpe", "IL", "FP", ZANE, 14, "30 dienas", "3,75", WINDOW, "N", "-", None, THREE, "SPP-05",
     "Maksa par vienu aprūpes stundu."),
    ("1.13", "Asistents personai ar invaliditāti", "IL", "FP", ZANE, 10, "30 dienas", None, WINDOW_WEB, "V", "-", None,
     THREE, "SPP-06", "Asistentu izvēlas pati persona."),
    ("1.14", "Mājokļa pielāgošana personai ar invaliditāti", "IL", "FP", ZANE, 60, "90 dienas", None, WINDOW, "N", "-",
     None, THREE, None, "Uzbrauktuve, pacēlājs vai vannasistabas pielāgošana."),
    ("2.1", "Dzīvesvietas deklarēšana", "IL", "FP", INESE, 1, "1 diena", "4,27", WEB, "D", "EP933", "31.02.2024.",  # flaw
     SAME_DAY, "SPP-07", "Elektroniski – bez maksas."),
    ("2.2", "Miršanas reģistrācija", "IL", "FP", INESE, 1, "1 diena", None, "klātienē", "N", "-", None, NONE, "SPP-08",
     "Iesniedzama medicīnas apliecība par nāves cēloni."),
    ("2.3", "Apbedīšanas pabalsts", "IL", "FP", INESE, 5, "30 dienas", None, WINDOW_WEB, "V", "EP934", "02.01.2023.",
     TWO, None, "Pabalstu izmaksā personai, kura uzņēmusies apbedīšanu."),
    # flaw: promised later than the law allows
    ("3.1", "NĪN atvieglojumi", "IL", "FP,JP", ULDIS, 45, "30 dienas", None, WEB, "E", "EP935", "15.09.2023.", THREE,
     "SPP-09", "Nekustamā īpašuma nodokļa atlaides."),
    ("3.2", "Adreses piešķiršana", "IL", "FP,JP", ULDIS, 10, "30 dienas", "17,07", WINDOW_WEB, "V", "-", None, TWO,
     "SPP-10", "Vēsturisks pieraksts, skat. nākamo rindu."),
    # flaw: the same code again with other content; this row, the later one, counts
    ("3.2", "Adreses piešķiršana, maiņa vai likvidācija", "IL", "FP,JP", ULDIS, 10, "30 dienas", "28,46", WINDOW_WEB,
     "V", "-", None, TWO, "SPP-10", "Kārtība spēkā no 2024. gada."),
    ("4.1", "Pilsētas teritorijas uzkopšana", "VL", "visi", ULDIS, None, None, None, None, None, "-", None, NONE, None,
     "Ielu, parku un pludmales uzturēšana."),
    # flaw: not an abbreviation that the source declares
    ("4.2", "Koku ciršana ārpus meža", "XX", "FP,JP", ULDIS, 20, "30 dienas", None, WINDOW_WEB, "V", "-", None, THREE,
     "SPP-12", "Atļauju izsniedz pēc koka apsekošanas."),
]  # fmt: skip

LIKUMI = "https://likumi.lv/ta/id/"
LEGAL_ACTS = [
    ("1.1", "Pašvaldību likums", "4. pants", f"{LIKUMI}336956"),
    ("1.2", "Izglītības likums", "17. pants", f"{LIKUMI}50759"),
    ("1.10", "Sociālo pakalpojumu un sociālās palīdzības likums", "36. pants", f"{LIKUMI}68488"),
    ("1.11", "Sociālo pakalpojumu un sociālās palīdzības likums", "35. pants", f"{LIKUMI}68488"),
    ("1.12", "Sociālo pakalpojumu un sociālās palīdzības likums", "23. pants", f"{LIKUMI}68488"),
    ("1.13", "Sociālo pakalpojumu un sociālās palīdzības likums", "12.1 pants", f"{LIKUMI}68488"),
    ("1.14", "Pilsētas domes saistošie noteikumi Nr. 21/2022", None, None),
    ("2.1", "Dzīvesvietas deklarēšanas likums", "3. pants", "likumi.lv/ta/id/64328"),  # flaw: no scheme
    ("2.2", "Civilstāvokļa aktu reģistrācijas likums", "5. nodaļa", f"{LIKUMI}253442"),
    ("2.3", "Pilsētas domes saistošie noteikumi Nr. 21/2022", "9. punkts", None),
    ("3.1", "Likums „Par nekustamā īpašuma nodokli”", "5. pants", None),
    ("3.1", "Pilsētas domes saistošie noteikumi Nr. 3/2024", "4. punkts", None),
    ("3.2", "Ministru kabineta noteikumi „Adresācijas noteikumi”", None, None),
    ("4.1", "Pašvaldību likums", "4. pants", f"{LIKUMI}336956"),
    ("4.2", "Ministru kabineta noteikumi par koku ciršanu ārpus meža", None, None),
]

FOOTNOTE = (
    "* Veidi: IL – individuāla labuma, VL – vispārēja labuma. "
    "ELEKTR.: E – elektroniski, V – vienkāršots, N – nav, D – digitāls."
)


def put_rows(sheet, first: int, rows: list, style=None) -> None:
    for row, values in enumerate(rows, start=first):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value, style) if style else sheet.write(row, column, value)


def write() -> None:
    workbook = xlwt.Workbook(encoding="utf-8")
    bold = xlwt.easyxf("font: bold on; borders: left thin, right thin, top thin, bottom thin")
    sheet = workbook.add_sheet("REĢISTRS")
    sheet.write_merge(0, 0, 0, len(HEADER) - 1, "VIESTURCIEMA VALSTSPILSĒTAS PAŠVALDĪBAS PAKALPOJUMU REĢISTRS", bold)
    sheet.write(1, 0, "Iekārtots 2004. gada 1. februārī. Labojumus veic Apmeklētāju pieņemšanas nodaļa.")
    put_rows(sheet, 3, [HEADER], bold)
    rows = [
        (number, code, name, kind, audience, *manager, days, statutory, fee, where, electronic, portal, published,
         *steps, group, notes)
        for number, (code, name, kind, audience, manager, days, statutory, fee, where, electronic, portal, published,
                     steps, group, notes) in enumerate(REGISTER, start=1)
    ]  # fmt: skip
    put_rows(sheet, 4, rows)
    end = 4 + len(rows)
    sheet.write(end, 0, "PAVISAM:", bold)
    sheet.write(end, 2, len(rows), bold)
    sheet.write(end + 2, 0, FOOTNOTE)
    acts = workbook.add_sheet("NORM. AKTI")
    put_rows(acts, 0, [("PAKALP. KODS", "NORMATĪVAIS AKTS", "PANTS/PUNKTS", "SAITE")], bold)
    put_rows(acts, 1, LEGAL_ACTS)
    workbook.save(str(target(SOURCE, "REGISTRS.XLS")))
