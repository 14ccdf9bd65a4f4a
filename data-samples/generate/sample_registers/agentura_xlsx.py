"""Nodarbinātības atbalsta aģentūra: one sheet a department, all with the same columns but not always in one order.

The title lines differ in number from sheet to sheet. A summary, a list of choices and an old register are sheets that
must not be read as services.
"""

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from .common import GENERAL, INTER, PUBLIC, ROBERTS, SANITA, repack, target

SOURCE = "nodarbinatibas-agentura"

HEADER = [
    "Kods", "Nosaukums", "Nosaukums (EN)", "Veids", "Saņēmēji", "Dzīves cikls", "Posms", "Vadītājs", "E-pasts",
    "Pieprasīšana", "Saņemšana", "Autentifikācija", "Pilnvarota persona", "Līmenis", "Paredzamais laiks",
    "Noteiktais laiks", "Akts 1", "Akts 1 pants", "Akts 1 saite", "Akts 2", "Akts 2 pants", "Akts 2 saite",
    "KPI 1", "KPI 1 mērķis", "KPI 1 mērv.", "KPI 1 periods", "KPI 2", "KPI 2 mērķis", "KPI 2 mērv.", "KPI 2 periods",
    "Jautājums 1", "Atbilde 1", "Jautājums 2", "Atbilde 2", "Rezultāts", "Atslēgvārdi", "Tiešā saite",
    "Ierosinājumi", "Vērtējums", "Vērtējumu skaits", "Pieteikumi 2023", "Apraksts",
]  # fmt: skip

LAW = ("Bezdarbnieku un darba meklētāju atbalsta likums", "{}", "https://likumi.lv/ta/id/62539")
ADMIN = ("Administratīvā procesa likums", "64. pants", "https://likumi.lv/ta/id/55567")
NO_ACT = (None, None, None)
TIME = ("izpildes laiks", 90, "% termiņā", "gads")
RATING = ("apmierinātība", 4.5, "balles no 5", "ceturksnis")
NO_KPI = (None, None, None, None)
WHEN = ("Cik ilgi jāgaida?", "Parasti trīs darba dienas.")
WHERE = ("Vai jāierodas klātienē?", "Nē, visu var nokārtot portālā.")
NO_FAQ = (None, None)

LAIMA = ("Laima Parauga", "laima.parauga.nodarbinatibas-atbalsta-agentura.example")  # flaw: not an address

ONLINE, MIXED = "portāls, e-lietotne, klātienē", "klātienē, tālrunis, e-adrese"
PORTAL = "https://portals.nodarbinatibas-atbalsta-agentura.example/pakalpojumi/"
SUGGEST = "https://portals.nodarbinatibas-atbalsta-agentura.example/ierosinajumi"


def law(clause: str) -> tuple:
    return (LAW[0], LAW[1].format(clause), LAW[2])


def service(code, name, english, kind, audience, manager, how, expected, statutory, text, *, cycle="sniegts",
            phase="sniegšana", receive="e-adrese, portāls", auth="eParaksts mobile, internetbanka", agent="jā",
            level="e-pakalpojums", acts=(NO_ACT, NO_ACT), kpis=(TIME, NO_KPI), faq=(NO_FAQ, NO_FAQ), result=None,
            keywords=None, rating=(None, None), requests=None, link=True) -> dict:  # fmt: skip
    values = [
        code, name, english, kind, audience, cycle, phase, *manager, how, receive, auth, agent, level, expected,
        statutory, *acts[0], *acts[1], *kpis[0], *kpis[1], *faq[0], *faq[1], result, keywords,
        PORTAL + code if link else None, SUGGEST, *rating, requests, text,
    ]  # fmt: skip
    return dict(zip(HEADER, values, strict=True))


SUPPORT = [
    service("NAA-A-01", "Bezdarbnieka statusa piešķiršana", "Granting the status of unemployed", PUBLIC, "iedzīvotājs",
            SANITA, ONLINE, "1 darba diena", "3 darba dienas", "Statusu piešķir dienā, kad saņemts iesniegums.",
            level="digitāls pakalpojums", acts=(law("10. pants"), ADMIN), kpis=(TIME, RATING), faq=(WHEN, WHERE),
            result="Lēmums par statusu", keywords="bezdarbnieks, statuss", rating=(4.62, 1830), requests=41250),
    service("NAA-A-02", "Darba meklētāja reģistrācija", "Registration of a job seeker", PUBLIC, "iedzīvotājs", SANITA,
            ONLINE, "1 darba diena", "3 darba dienas", "Arī nodarbinātajiem, kuri meklē citu darbu.",
            acts=(law("11. pants"), NO_ACT), faq=(WHERE, NO_FAQ), result="Reģistrācija", keywords="darba meklētājs",
            rating=(4.4, 620), requests=9876),
    service("NAA-A-03", "Karjeras konsultācija", "Career counselling", PUBLIC, "iedzīvotājs", LAIMA, MIXED,
            "10 darba dienas", "20 darba dienas", "Individuāla saruna ar karjeras konsultantu, arī video.",
            receive="videokonsultācija, klātienē", auth="nav nepieciešama", level="vienkāršots e-pakalpojums",
            acts=(law("6. pants"), NO_ACT), kpis=(RATING, NO_KPI), result="Karjeras plāns", keywords="karjera",
            rating=(4.9, 311), requests=5402, link=False),
    service("NAA-A-04", "Atbalsts darbavietas pielāgošanai", "Support for workplace adaptation", PUBLIC,
            "uzņēmējs, iedzīvotājs", LAIMA, MIXED, "20 darba dienas", "30 darba dienas",
            "Ergoterapeita atzinums un izdevumu segšana darbavietas pielāgošanai cilvēkam ar invaliditāti.",
            acts=(law("3. pants"), NO_ACT), result="Līgums", keywords="invaliditāte, darbavieta", requests=188, link=False),
]  # fmt: skip

TRAINING = [
    service("NAA-B-01", "Profesionālā tālākizglītība", "Continuing vocational education", PUBLIC, "iedzīvotājs", ROBERTS,
            ONLINE, "15 darba dienas", "30 darba dienas", "Mācības ar kuponu izvēlētā izglītības iestādē.",
            acts=(law("6. pants"), NO_ACT), kpis=(("darbā iekārtojušies", 65, "%", "gads"), TIME), faq=(WHEN, NO_FAQ),
            result="Apmācību kupons", keywords="mācības, kupons", rating=(4.3, 905), requests=7310),
    service("NAA-B-02", "Valsts valodas apguve", "State language courses", PUBLIC, "iedzīvotājs", ROBERTS, ONLINE,
            # flaw: promised later than the law allows
            "45 darba dienas", "30 darba dienas", "Kursi dažādiem prasmes līmeņiem, arī tiešsaistē.",
            acts=(law("6. pants"), NO_ACT), result="Apliecība", keywords="valoda", rating=(4.7, 402), requests=2950),
    service("NAA-B-03", "Digitālo prasmju kursi", "Digital skills courses", PUBLIC, "iedzīvotājs", ROBERTS, ONLINE,
            "15 darba dienas", "30 darba dienas", "Pamata un vidēja līmeņa kursi.", cycle="plānots", phase="izstrāde",
            acts=(law("6. pants"), NO_ACT), kpis=(NO_KPI, NO_KPI), result="Apliecība", keywords="digitālās prasmes"),
    # flaw: the same code in another sheet with other content; the later sheet counts
    service("NAA-C-02", "Vakances publicēšana (vecā kārtība)", "Vacancy publishing", PUBLIC, "uzņēmējs", ROBERTS, ONLINE,
            "2 darba dienas", "3 darba dienas", "Pieraksts no laika, kad vakances pieņēma Apmācību nodaļa.",
            acts=(law("4. pants"), NO_ACT), result="Publicēta vakance", requests=1200),
    service("NAA-B-04", "Brīvprātīgā darba atbalsts", None, PUBLIC, None, (None, None), None, None, None, None,  # flaw: due fields
            receive=None, auth=None, agent=None, level=None, kpis=(NO_KPI, NO_KPI), link=False),
]  # fmt: skip

EMPLOYERS = [
    service("NAA-C-01", "Darbinieku atlase", "Staff selection", PUBLIC, "uzņēmējs", SANITA, ONLINE, "5 darba dienas",
            "10 darba dienas", "Konsultants atlasa pretendentus pēc darba devēja prasībām.",
            acts=(law("4. pants"), NO_ACT), result="Pretendentu saraksts", keywords="vakance, atlase", requests=3120),
    service("NAA-C-02", "Vakances publicēšana", "Vacancy publishing", PUBLIC, "uzņēmējs", SANITA, ONLINE,
            "1 darba diena", "3 darba dienas", "Vakance parādās portālā un Eiropas vakanču tīklā.",
            level="digitāls pakalpojums", acts=(law("4. pants"), NO_ACT), kpis=(TIME, RATING), faq=(WHEN, WHERE),
            result="Publicēta vakance", keywords="vakance", rating=(4.55, 1204), requests=38411),
    service("NAA-C-03", "Subsidētās darba vietas", "Subsidised jobs", PUBLIC, "uzņēmējs", SANITA, ONLINE,
            "20 darba dienas", "30 darba dienas", "Atbalsts darba devējam, kas pieņem ilgstošu bezdarbnieku.",
            acts=(law("3. pants"), ADMIN), result="Līgums", keywords="subsīdija", rating=(4.1, 96), requests=640),
    service("NAA-C-04", "Darba tirgus prognozes", "Labour market forecasts", GENERAL, "sabiedrība kopumā", ROBERTS, None,
            None, None, "Vidēja termiņa prognozes pa profesijām, pieejamas ikvienam.", receive=None, auth=None,
            agent=None, level=None, acts=(law("16. pants"), NO_ACT), kpis=(NO_KPI, NO_KPI), result="Prognozes", link=False),
    service("NAA-C-05", "Ziņas par bezdarbnieka statusu iestādēm", "Data on unemployment status", INTER, "iestāde", SANITA,
            "API, e-adrese", "1 diena", "5 dienas", "Pašvaldību sociālie dienesti pārbauda personas statusu.",
            receive="API", auth="augsta", agent="nē", level="digitāls pakalpojums",
            acts=(("Valsts pārvaldes iekārtas likums", "54. pants", "https://likumi.lv/ta/id/63545"), NO_ACT),
            result="Ziņas par statusu", requests=15800, link=False),
]  # fmt: skip

# Sheet, title lines above its header, services, columns moved to the front.
DEPARTMENTS = [
    ("Nodaļa Atbalsts", ["Nodarbinātības atbalsta aģentūra", "Klientu atbalsta nodaļa"], SUPPORT, []),
    ("Nodaļa Apmācības", ["Apmācību nodaļa"], TRAINING, []),
    ("Nodaļa Darba devēji", ["Nodarbinātības atbalsta aģentūra", "Darba devēju nodaļa", "2024. gads"], EMPLOYERS,
     ["Nosaukums", "Kods", "Apraksts"]),
]  # fmt: skip


def put_department(sheet, titles: list[str], services: list[dict], moved: list[str]) -> None:
    header = moved + [name for name in HEADER if name not in moved]
    for title in titles:
        sheet.append([title])
    sheet.append([])
    sheet.append(header)
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFF2CC")
    for row in services:
        sheet.append([row[name] for name in header])
    choices = DataValidation(type="list", formula1="=Izvēlnes!$A$2:$A$5", allow_blank=True)
    column = sheet.cell(1, header.index("Veids") + 1).column_letter
    choices.add(f"{column}{len(titles) + 3}:{column}500")
    sheet.add_data_validation(choices)


def write() -> None:
    workbook = Workbook()
    summary = workbook.active
    summary.title = "Kopsavilkums"
    summary.append(["Nodaļa", "Pakalpojumu skaits"])
    for title, titles, services, moved in DEPARTMENTS:
        summary.append([title, len(services)])
        put_department(workbook.create_sheet(title), titles, services, moved)
    choices = workbook.create_sheet("Izvēlnes")
    for value in ("Veids", PUBLIC, GENERAL, INTER, "starpiestāžu koplietošanas"):
        choices.append([value])
    old = workbook.create_sheet("Vecais 2019")
    old.append(["Kods", "Nosaukums", "Veids"])
    old.append(["NAA-19-1", "Aizpildīta pieteikuma karte", PUBLIC])
    path = target(SOURCE, "pakalpojumi-pa-nodalam.xlsx")
    workbook.save(path)
    repack(path)
