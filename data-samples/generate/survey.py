#!/usr/bin/env python3
"""Writes the survey sample of 2024 and the list of public institutions that belongs to it.

Everything is invented. The counts are those of the published survey (annex 1 of the architecture
document): 145 respondents in two tools' layouts. The same seed writes the same bytes.

    python3 data-samples/generate/survey.py
"""

import csv
import random
import re
import zipfile
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font

import survey_answers
import survey_institutions

SEED = 20240617
SAMPLES = Path(__file__).resolve().parent.parent
OPENED = datetime(2024, 6, 17, 8, 0)
DAYS = 18
FORMS_RESPONDENTS = 100
FORMS_TWICE = 3
FILE_TIME = (2024, 7, 8, 9, 0, 0)

# Full wording: the headers of the Forms workbook, in its order.
WORDING = {
    "virsis-registered": "Vai Jūsu iestāde ir reģistrējusi savus pakalpojumus VIRSIS?",
    "other-solution": "Vai Jūsu iestādē bez VIRSIS, tiek izmantots kāds risinājums, kas nodrošina pakalpojumu uzskaites funkciju?",
    "other-solution-which": "Kāds risinājums bez VIRSIS nodrošina pakalpojumu uzskaites funkciju?",
    "self-service-website": "Vai Jūsu iestādē ir īpaši izstrādāta pakalpojumu pašapkalpošanās tīmekļvietne Jūsu iestādes pakalpojumu pašapkalpošanās sniegšanai?",
    "self-service-app": "Vai Jūsu iestādē ir īpaši izstrādāta pakalpojumu pašapkalpošanās mobilā lietotne Jūsu iestādes pakalpojumu pašapkalpošanās sniegšanai?",
    "request-systems": "Kādu pieteikumu vadības sistēmu, un kādu klientu attiecību pārvaldības sistēmu (var būt viena vai dažādas sistēmas katram mērķim) izmanto Jūsu iestādē?",
    "kpi-measured": "Vai jūsu sniegtajiem pakalpojumiem tiek veikti pakalpojumu darbības rādītāju mērījumi?",
    "kpi-aspects": "Kādi pakalpojuma sniegšanas aspekti tiek vērtēti un mērīti?",
    "feedback-possible": "Vai pakalpojuma saņēmējam ir iespēja sniegt atsauksmi par pakalpojuma saņemšanas gaitu un kvalitāti?",
    "feedback-channel": "Kādā veidā pakalpojuma saņēmējs var sniegt atsauksmi?",
    "finance-planned": "Vai Jūsu iestāde veic pakalpojumu finanšu plānošanu, uzskaiti un analīzi?",
    "finance-systems": "Kādus risinājumus izmantojat finanšu plānošanai, uzskaitei un analīzei?",
    "in-person-registered": "Vai Jūsu iestādē tiek nodrošināta klātienes pieteikumu reģistrācija?",
    "in-person-with-what": "Ar kādu risinājumu tiek reģistrēti klātienes pieteikumi?",
    "monitoring-tools": "Kādus rīkus izmantojat pakalpojumu darbības uzraudzībai?",
    "knowledge-base": "Vai Jūsu iestāde veido un izmanto zināšanu datu bāzi?",
    "knowledge-base-systems": "Kādus risinājumus izmantojat zināšanu datu bāzes izveidei?",
    "surveys-conducted": "Vai Jūsu iestāde nodrošina aptauju veikšanu un anketēšanu?",
    "survey-tools": "Kādus risinājumus izmantojat aptauju veikšanai un anketēšanai?",
    "accounting-systems": "Kādu grāmatvedības uzskaites sistēmu izmanto Jūsu iestādē?",
    "hr-systems": "Kādu personāla vadības sistēmu izmanto Jūsu iestādē?",
    "records-systems": "Kādu lietvedības un dokumentu vadības sistēmu izmanto Jūsu iestādē?",
}

# The other tool: its own order, and headers of its own where they are shorter.
CSV_HEADERS = {
    "accounting-systems": "Grāmatvedības uzskaites sistēmas",
    "hr-systems": "Personāla vadības sistēma",
    "records-systems": "Lietvedības un dokumentu vadības sistēma",
    "virsis-registered": WORDING["virsis-registered"],
    "other-solution": "Vai Jūsu iestādē bez VIRSIS, tiek izmatots kāds risinājums, kas nodrošina pakalpojumu uzskaites funkciju?",
    "other-solution-which": "Ja jā, kāds risinājums?",
    "self-service-website": "Pašapkalpošanās tīmekļvietne",
    "self-service-app": "Pašapkalpošanās mobilā lietotne",
    "request-systems": "Pieteikumu vadības sistēma / CRM",
    "kpi-measured": "Pakalpojumu darbības rādītāju mērījumi",
    "kpi-aspects": WORDING["kpi-aspects"],
    "feedback-possible": "Iespēja sniegt atsauksmi",
    "feedback-channel": "Atsauksmju kanāli",
    "in-person-registered": "Klātienes pieteikumu reģistrācija",
    "in-person-with-what": "Klātienes pieteikumu reģistrācijas risinājums",
    "finance-planned": "Finanšu plānošana, uzskaite un analīze",
    "finance-systems": "Finanšu risinājumi",
    "monitoring-tools": WORDING["monitoring-tools"],
    "surveys-conducted": "Aptauju veikšana un anketēšana",
    "survey-tools": "Aptauju rīki",
    "knowledge-base": "Zināšanu bāze (ir/nav)",
    "knowledge-base-systems": "Zināšanu datu bāzes risinājumi",
}

# How people write a name; a name that is not here is written as it is.
SPELLINGS = {
    "Namejs": ["Namejs", "DVS Namejs", "NAMEJS", "namejs", 'DVS "Namejs"', "dokumentu vadības sistēma Namejs"],
    "Redmine": ["RedMine", "Redmine", "REDMINE", "redmine"],
    "Lietvaris": ["Lietvaris", "LIETVARIS", "DVS Lietvaris"],
    "Jira": ["JIRA", "Jira", "Jira Service Desk", "Atlassian Jira"],
    "Ivanti": ["Ivanti service manager", "Ivanti Service Desk", "Ivanti", "IVANTI"],
    "OTRS": ["OTRS", "Znuny", "otrs"],
    "Microsoft Service Manager": ["Microsoft Service Manager", "MS Service Manager", "SCSM"],
    "SharePoint": ["SharePoint", "Sharepoint", "MS SharePoint"],
    "DocLogix": ["DocLogix", "Doclogix", "DVS DocLogix"],
    "Horizon": ["Horizon", "HORIZON", "Visma Horizon", "RVS Horizon"],
    "Excel": ["Excel", "MS Excel", "MS excel", "Excel tabulas", "Microsoft Excel"],
    "MicroStrategy": ["MicroStrategy", "Microstrategy"],
    "Power BI": ["Power BI", "MS power BI", "PowerBI"],
    "GVEDIS": ["GVEDIS", "Gvedis"],
    "Qlik Sense": ["QlikSense", "Qlik Sense"],
    "Visma HoP": ["Visma HoP", "Visma HOP", "HoP"],
    "KADRI": ["KADRI (VISVARIS)", "KADRI", "Visvaris"],
    "Zabbix": ["Zabbix", "ZABBIX", "zabbix"],
    "Splunk": ["SPLUNK", "Splunk"],
    "ESET Cloud": ["ESET Cloud", "ESET Cloud risinājums"],
    "tīmekļvietne": ["iestādes tīmekļvietne", "mājaslapa", "tīmekļvietne", "Iestādes mājaslapa"],
    "intranets": ["Intranet", "intranets", "iestādes intranets"],
    "Microsoft Teams": ["MS Teams", "Teams", "Microsoft Teams"],
    "Wiki": ["Wiki", "wiki"],
    "Zintis": ["Zintis", "virtuālais asistents Zintis"],
    "Google Forms": ["Google Forms", "google forms", "Google veidlapas"],
    "Microsoft Forms": ["Microsoft Forms", "MS Forms", "Forms"],
    "visidati.lv": ["visidati.lv", "Visidati", "www.visidati.lv"],
    "Tildes Jumis": ["Tildes Jumis", "Jumis"],
    "Axapta": ["Axapta", "Axpta"],
    "HansaWorld": ["HansaWorld", "Hansa World"],
    "nozares sistēma": ["nozares informācijas sistēma", "nozarei specifiska sistēma"],
    "pašu izstrādāts risinājums": ["iestādes iekšējais risinājums", "lokāla sistēma", "pašu izstrādāta sistēma"],
}
FORMS_JOINS = [", ", "; ", " un ", "\n"]
CSV_JOINS = [", ", "/", " un ", " / ", ","]
FORMS_YES_NO = {"yes": ["Jā"], "no": ["Nē"]}
CSV_YES_NO = {"yes": ["Jā", "jā", "JĀ"], "no": ["Nē", "nē", "NĒ"]}

INSTITUTION_HEADERS = {
    "reg_no": "Reģistrācijas numurs",
    "name": "Nosaukums",
    "short_name": "Saīsinājums",
    "kind": "Veids",
    "parent_reg_no": "Augstākās iestādes reģistrācijas numurs",
    "atvk": "ATVK",
    "e_address": "e-adrese",
    "email": "E-pasts",
    "website": "Tīmekļvietne",
    "portfolio_manager": "Pakalpojumu kopuma vadītājs",
    "status": "Statuss",
}


def spelled(rng, question, answer, joins, yes_no, end=""):
    """One cell."""
    if answer is None:
        return None
    if question in survey_answers.OPTIONS:
        join = ";" if end else ", "
        return join.join(answer) + end
    if isinstance(answer, list):
        names = [rng.choice(SPELLINGS.get(name, [name])) for name in answer]
        return rng.choice(joins).join(names)
    return rng.choice(yes_no[answer]) if answer in yes_no else answer


def working_moment(rng, first_day=0, last_day=DAYS):
    while True:
        moment = OPENED + timedelta(days=rng.randint(first_day, last_day), minutes=rng.randint(0, 9 * 60))
        if moment.weekday() < 5:
            return moment


def write_forms(path, rng, entries, institutions):
    """Entries: (completed, registration number, answers or None for an empty submission)."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Form1"
    headers = ["ID", "Start time", "Completion time", "Email", "Name"]
    headers += ["Jūsu iestādes nosaukums", "Jūsu iestādes reģistrācijas numurs", *WORDING.values()]
    sheet.append(headers)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, (completed, reg_no, answers) in enumerate(sorted(entries, key=lambda e: e[0]), start=1):
        started = completed - timedelta(minutes=rng.randint(6, 35), seconds=rng.randint(0, 59))
        row = [number, started, completed, "anonymous", None]
        if answers is not None:
            # Some respondents type the number into a cell that the tool keeps as a number.
            shown = int(reg_no) if number % 9 == 0 and not reg_no.startswith("0") else reg_no
            row += [institutions.get(reg_no, "TEST"), shown]
            row += [spelled(rng, q, answers[q], FORMS_JOINS, FORMS_YES_NO, end=";") for q in WORDING]
        sheet.append(row)
        for column in (2, 3):
            sheet.cell(row=sheet.max_row, column=column).number_format = "m/d/yy h:mm:ss"
    for letter, width in {"A": 6, "B": 18, "C": 18, "F": 40, "G": 18}.items():
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    save_reproducibly(book, path)


def save_reproducibly(book, path):
    """openpyxl stamps the time of writing into the archive; replaces it by a fixed one."""
    buffer = BytesIO()
    book.save(buffer)
    stamp = datetime(*FILE_TIME).strftime("%Y-%m-%dT%H:%M:%SZ")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp.encode(), content)
            info = zipfile.ZipInfo(name, date_time=FILE_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)


def write_csv(path, header, rows, encoding):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_other_tool(path, rng, entries, institutions):
    rows = []
    for number, (completed, reg_no, answers) in enumerate(sorted(entries, key=lambda e: e[0]), start=1):
        shown = f"{reg_no[:4]} {reg_no[4:8]} {reg_no[8:]}" if number % 20 == 0 else reg_no
        row = [number, completed.strftime("%d.%m.%Y %H:%M"), "Pabeigta", shown, institutions.get(reg_no, "Testa iestāde")]
        rows.append(row + [spelled(rng, q, answers[q], CSV_JOINS, CSV_YES_NO) for q in CSV_HEADERS])
    header = ["Nr.", "Aizpildīšanas laiks", "Anketas statuss", "Iestādes reģ. nr.", "Iestāde", *CSV_HEADERS.values()]
    write_csv(path, header, rows, "utf-8-sig")


def write_institutions(path, institutions):
    """The list of public institutions, with the flaws that such lists have."""
    rows = [dict(item) for item in institutions]
    municipalities = [row for row in rows if row["kind"] == "pašvaldība"]
    municipalities[7]["atvk"] = municipalities[7]["atvk"].lstrip("0")
    rows[30]["portfolio_manager"] = ""
    extra = {"atvk": survey_institutions.ATVK_CAPITAL, "status": "aktīva", "portfolio_manager": "Kancelejas vadītāja"}
    # The checksum of this number does not hold.
    rows.append({"reg_no": "90900000001", "name": "Svētku dienu padome", "kind": "cita valsts iestāde"} | extra)
    # One digit is lost here.
    rows.append({"reg_no": "9090123456", "name": "Sēļu valodas institūts", "kind": "cita atvasināta publiska persona"} | extra)
    write_csv(path, INSTITUTION_HEADERS.values(), [[r.get(k, "") for k in INSTITUTION_HEADERS] for r in rows], "utf-8")


def main():
    rng = random.Random(SEED)
    institutions = survey_institutions.build(rng)
    names = {item["reg_no"]: item["name"] for item in institutions}
    people = list(names)
    rng.shuffle(people)
    answers = survey_answers.build(rng, people)

    in_forms, in_csv = people[:FORMS_RESPONDENTS], people[FORMS_RESPONDENTS:]
    twice, in_both = in_forms[:FORMS_TWICE], in_forms[FORMS_TWICE]
    test = {question: None for question in WORDING} | {"virsis-registered": "yes", "records-systems": "test"}

    forms = [(OPENED + timedelta(minutes=5), "000", test), (OPENED + timedelta(days=2, minutes=47), "", None)]
    for person in in_forms:
        again = person in twice or person == in_both
        if again:
            forms.append((working_moment(rng, 0, 4), person, survey_answers.earlier(answers[person])))
        if person != in_both:
            forms.append((working_moment(rng, 7 if again else 0), person, answers[person]))
    other = [(OPENED + timedelta(minutes=12), "000", test)]
    other += [(working_moment(rng, 7 if p == in_both else 0), p, answers[p]) for p in [*in_csv, in_both]]

    write_institutions(SAMPLES / "publisko-personu-saraksts" / "iestades.csv", institutions)
    write_forms(SAMPLES / "aptauja-2024-forms" / "atbildes.xlsx", rng, forms, names)
    write_other_tool(SAMPLES / "aptauja-2024-csv" / "atbildes.csv", rng, other, names)


if __name__ == "__main__":
    main()
