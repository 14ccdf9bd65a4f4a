#!/usr/bin/env python3
"""Recounts the survey of 2024 from the raw answer files and compares with a report.

Shares nothing with the program or with the script that wrote the sample: its own reading of the two
files, its own question headers, its own table of systems.

    python3 tests/recount_survey.py var/reports/<date>/report.json .    compare
    python3 tests/recount_survey.py --raw .                             only the known numbers
"""

import csv
import json
import re
import sys
import unicodedata
from collections import Counter
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from openpyxl import load_workbook

N = 145

# Beginning of a header, folded -> question. Both files; the first that fits counts.
HEADERS = [
    ("vai jusu iestade ir registrejusi", "virsis"),
    ("vai jusu iestade bez virsis", "other"),
    ("vai jusu iestade ir ipasi izstradata pakalpojumu pasapkalposanas timeklvietne", "website"),
    ("vai jusu iestade ir ipasi izstradata pakalpojumu pasapkalposanas mobila", "app"),
    ("pasapkalposanas timeklvietne", "website"),
    ("pasapkalposanas mobila", "app"),
    ("kadu pieteikumu vadibas sistemu", "requests"),
    ("pieteikumu vadibas sistema / crm", "requests"),
    ("vai jusu sniegtajiem pakalpojumiem", "kpi"),
    ("pakalpojumu darbibas raditaju", "kpi"),
    ("kadi pakalpojuma sniegsanas aspekti", "aspects"),
    ("vai pakalpojuma sanemejam ir iespeja", "feedback"),
    ("iespeja sniegt atsauksmi", "feedback"),
    ("vai jusu iestade veic pakalpojumu finansu", "finance"),
    ("finansu planosana", "finance"),
    ("kadus risinajumus izmantojat finansu", "finance-systems"),
    ("finansu risinajumi", "finance-systems"),
    ("vai jusu iestade tiek nodrosinata klatienes", "in-person"),
    ("klatienes pieteikumu registracijas risinajums", "in-person-systems"),
    ("klatienes pieteikumu registracija", "in-person"),
    ("kadus rikus izmantojat", "monitoring"),
    ("vai jusu iestade veido un izmanto zinasanu", "knowledge"),
    ("zinasanu baze (ir/nav)", "knowledge"),
    ("kadus risinajumus izmantojat zinasanu", "knowledge-systems"),
    ("zinasanu datu bazes risinajumi", "knowledge-systems"),
    ("vai jusu iestade nodrosina aptauju", "surveys"),
    ("aptauju veiksana un anketesana", "surveys"),
    ("kadus risinajumus izmantojat aptauju", "survey-tools"),
    ("aptauju riki", "survey-tools"),
    ("kadu gramatvedibas", "accounting"),
    ("gramatvedibas uzskaites sistemas", "accounting"),
    ("kadu personala", "hr"),
    ("personala vadibas sistema", "hr"),
    ("kadu lietvedibas", "records"),
    ("lietvedibas un dokumentu vadibas sistema", "records"),
]
REG_NO_HEADERS = ("jusu iestades registracijas numurs", "iestades reg. nr.")

# A pattern over one folded piece of an answer -> code of the system.
SYSTEMS = [
    (r"\bnamejs\b", "Namejs"), (r"\bred ?mine\b", "Redmine"), (r"\blietvaris\b", "Lietvaris"), (r"\bjira\b", "Jira"),
    (r"\bivanti\b", "Ivanti"), (r"\botrs\b|\bznuny\b", "OTRS"), (r"\bjama\b", "JAMA"),
    (r"\b(microsoft|ms) service manager\b|\bscsm\b", "Microsoft Service Manager"),
    (r"\bshare ?point\b", "SharePoint"), (r"\bdoc ?logix\b", "DocLogix"), (r"\bhorizon\b", "Horizon"),
    (r"\bexcel\b", "Excel"), (r"\bmicro ?strategy\b", "MicroStrategy"), (r"\bpower ?bi\b", "Power BI"),
    (r"\bjedox\b", "Jedox"), (r"\bgvedis\b", "GVEDIS"), (r"\bbudzis\b", "BUDZIS"), (r"\bqlik", "Qlik Sense"),
    (r"\bhop\b", "Visma HoP"), (r"\bkadri\b|\bvisvaris\b", "KADRI"), (r"\bzabbix\b", "Zabbix"),
    (r"\bgraylog\b", "Graylog"), (r"\bpostman\b", "Postman"), (r"\bsplunk\b", "Splunk"), (r"\beset\b", "ESET Cloud"),
    (r"\bgrafana\b", "Grafana"), (r"timeklvietne|majaslapa", "tīmekļvietne"), (r"\bzintis\b", "Zintis"),
    (r"\bintranets?\b", "intranets"), (r"\bteams\b", "Microsoft Teams"), (r"\bwiki\b", "Wiki"), (r"\bmoodle\b", "Moodle"),
    (r"\bgoogle (forms|veidlapas)\b", "Google Forms"), (r"^((microsoft|ms) )?forms$", "Microsoft Forms"),
    (r"\bvisidati\b", "visidati.lv"), (r"\bedurio\b", "Edurio"), (r"\bjumis\b", "Tildes Jumis"),
    (r"\baxapta\b|\baxpta\b", "Axapta"), (r"\bnavision\b", "Navision"), (r"\bhansa ?world\b", "HansaWorld"),
    (r"\bedus\b", "EDUS"), (r"\bals\b", "ALS"), (r"\bpavs\b", "PAVS"), (r"^nozare", "nozares sistēma"),
    (r"iekseja|lokala|pasu izstradat", "pašu izstrādāts risinājums"),
]
NO_SYSTEM = re.compile(r"-|nav|neizmanto|talrunis|e-pasts|zurnals|dokumentu registracijas zurnals|citi kanali")

ASPECTS = {
    "execution-time": "izpildes laiks", "satisfaction": "klientu apmierinatiba", "quality": "pakalpojuma kvalitate",
    "number-of-services": "sniegto pakalpojumu skaits", "costs": "izmaksas, kas rodas", "refusals": "atteikumu skaits",
}

CHOICES = {
    "1.1-6": "virsis", "1.1-7": "other", "1.2-9": "website", "1.2-10": "app", "1.4-13": "kpi", "1.4-15": "feedback",
    "1.5-16": "finance", "1.6-18": "in-person", "1.6-20": "knowledge", "1.6-22": "surveys",
}
SYSTEM_FIGURES = {
    "1.3-11": "requests", "1.5-17": "finance-systems", "1.6-19": "monitoring", "1.6-21": "knowledge-systems",
    "1.6-23": "survey-tools", "1.9-24": "accounting", "1.9-25": "hr", "1.9-26": "records",
}

# What the published survey says.
KNOWN = {
    "1.1-6": {"yes": (96, "66.21"), "no": (49, "33.79")},
    "1.1-7": {"yes": (56, "38.62"), "no": (89, "61.38")},
    "1.1-8": {"virsis-only": (73, "50.34"), "virsis-and-other": (23, "15.86"), "other-only": (33, "22.76"), "neither": (16, "11.03")},
    "1.2-9": {"yes": (55, "37.93"), "no": (90, "62.07")},
    "1.2-10": {"yes": (25, "17.24"), "no": (120, "82.76")},
    "1.3-12": {"yes": (91, "62.76"), "no": (54, "37.24")},
    "1.4-13": {"yes": (72, "49.66"), "no": (73, "50.34")},
    "1.6-22": {"yes": (127, "87.59"), "no": (18, "12.41")},
}
# The leaders, strictly in this order and ahead of all others.
LEADERS = {
    "1.3-11": ["Namejs", "Redmine", "Lietvaris", "Jira", "Ivanti"],
    "1.4-14": ["execution-time", "satisfaction", "quality", "number-of-services"],
    "1.5-17": ["Excel", "MicroStrategy", "Power BI", "Horizon", "Jedox"],
    "1.6-19": ["Zabbix"],
    "1.6-21": ["tīmekļvietne"],
    "1.6-23": ["Google Forms", "Microsoft Forms"],
    "1.9-24": ["Horizon"],
    "1.9-25": ["Horizon"],
    "1.9-26": ["Namejs", "Lietvaris", "DocLogix"],
}
# Named by the survey besides the leaders: each at least once.
NAMED = {
    "1.3-11": ["OTRS", "JAMA", "Microsoft Service Manager", "SharePoint", "DocLogix", "Horizon"],
    "1.5-17": ["GVEDIS", "BUDZIS", "Qlik Sense", "Namejs", "Visma HoP", "KADRI"],
    "1.6-19": ["Graylog", "Postman", "Splunk", "ESET Cloud", "Grafana"],
    "1.6-21": ["Zintis", "SharePoint", "intranets", "Microsoft Teams", "Wiki", "Moodle", "Ivanti"],
    "1.6-23": ["visidati.lv", "Edurio"],
    "1.9-24": ["GVEDIS", "Visma HoP", "KADRI", "Tildes Jumis", "Axapta", "Navision", "HansaWorld"],
    "1.9-25": ["Visma HoP", "KADRI", "Namejs", "EDUS", "Axapta", "PAVS"],
    "1.9-26": ["EDUS", "ALS", "SharePoint"],
}
MAJORITY_YES = ["1.4-15", "1.5-16", "1.6-18", "1.6-20"]


def fold(value):
    text = unicodedata.normalize("NFD", "" if value is None else str(value))
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).lower().split())


def raw_rows(root):
    """(time, header -> value) of every row of both files."""
    sheet = load_workbook(root / "data-samples/aptauja-2024-forms/atbildes.xlsx").worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    for row in rows:
        record = dict(zip(map(fold, header), row, strict=True))
        yield record["completion time"], record
    with open(root / "data-samples/aptauja-2024-csv/atbildes.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            record = {fold(key): value for key, value in row.items()}
            yield datetime.strptime(record["aizpildisanas laiks"], "%d.%m.%Y %H:%M"), record


def respondents(root):
    """Registration number -> question -> folded answer; the latest answer of each, no tests, no empty rows."""
    latest = {}
    for moment, record in raw_rows(root):
        reg_no = next(str(record[h] or "").replace(" ", "") for h in REG_NO_HEADERS if h in record)
        if not re.fullmatch(r"\d{11}", reg_no):
            continue
        if reg_no not in latest or moment > latest[reg_no][0]:
            answers = {}
            for header, value in record.items():
                question = next((q for start, q in HEADERS if header.startswith(start)), None)
                if question:
                    # Lines of a cell are answers of their own.
                    answers[question] = fold(str(value).replace("\n", ", ")) if value else ""
            latest[reg_no] = (moment, answers)
    return {reg_no: answers for reg_no, (_, answers) in latest.items()}


def systems_of(text):
    """Codes of the known systems, and the pieces that no pattern knows."""
    known, unknown = set(), set()
    for piece in filter(None, (p.strip() for p in re.split(r"[,;/]| un ", text))):
        codes = {code for pattern, code in SYSTEMS if re.search(pattern, piece)}
        if codes:
            known |= codes
        elif not NO_SYSTEM.fullmatch(piece):
            unknown.add(piece)
    return known, unknown


def recount(people):
    """Figure -> key -> count, and figure -> names that no pattern knows."""
    counts, strange = {}, {}
    words = {"ja": "yes", "ne": "no", "": "none"}
    for figure, question in CHOICES.items():
        counts[figure] = Counter(words[answers[question]] for answers in people)
    cross = {("ja", "ne"): "virsis-only", ("ja", "ja"): "virsis-and-other", ("ne", "ja"): "other-only", ("ne", "ne"): "neither"}
    counts["1.1-8"] = Counter(cross[answers["virsis"], answers["other"]] for answers in people)
    for figure, question in SYSTEM_FIGURES.items():
        named = [systems_of(answers[question]) for answers in people]
        counts[figure] = Counter(code for known, _ in named for code in known)
        strange[figure] = Counter(piece for _, unknown in named for piece in unknown)
    uses = sum(any(systems_of(answers["requests"])) for answers in people)
    counts["1.3-12"] = Counter(yes=uses, no=len(people) - uses)
    counts["1.4-14"] = Counter(code for a in people for code, text in ASPECTS.items() if text in a["aspects"])
    return counts, strange


def percent(count):
    return str((Decimal(count) * 100 / N).quantize(Decimal("0.01"), ROUND_HALF_UP))


def check_known(people, counts):
    """What of the published survey the raw files do not give."""
    if len(people) != N:
        yield f"respondents: {len(people)}, known {N}"
    for figure, rows in KNOWN.items():
        for key, (count, share) in rows.items():
            if (counts[figure][key], percent(counts[figure][key])) != (count, share):
                yield f"{figure} {key}: counted {counts[figure][key]}, known {count} = {share} %"
    for figure, leaders in LEADERS.items():
        ranked = [counts[figure][code] for code in leaders]
        others = [count for code, count in counts[figure].items() if code not in leaders]
        steps = [*ranked, max(others, default=0)]
        if any(first <= second for first, second in zip(steps, steps[1:], strict=False)):
            yield f"{figure}: order {dict(zip(leaders, ranked, strict=True))}, best of the others {steps[-1]}"
    for figure, codes in NAMED.items():
        yield from (f"{figure} {code}: nobody names it" for code in codes if not counts[figure][code])
    for figure in MAJORITY_YES:
        if counts[figure]["yes"] * 2 <= N:
            yield f"{figure}: yes is no majority ({counts[figure]['yes']})"


def compare(figure, counted, table):
    """Lines of one figure: (text, holds)."""
    rows = {row["key"]: row for row in table.get("rows", [])}
    if table.get("n") != N:
        yield f"{figure} n: report {table.get('n')}, counted {N}", False
    for key, count in counted.items():
        row = rows.get(key)
        if row is None:
            yield f"{figure} {key} {count} {percent(count)} missing in the report", False
            continue
        holds = row["count"] == count and str(row["percent"]) == percent(count)
        told = "ok" if holds else f"report {row['count']} {row['percent']}"
        yield f"{figure} {key} {count} {percent(count)} {told}", holds
    codes = {code for _, code in SYSTEMS} | {"yes", "no", "none", *ASPECTS}
    for key in sorted(codes & rows.keys() - counted.keys()):
        if key != "none" and rows[key]["count"]:
            yield f"{figure} {key} 0 0.00 report {rows[key]['count']} {rows[key]['percent']}", False
    by_kind = table.get("by_kind") or {}
    if by_kind:
        total = sum(kind["n"] for kind in by_kind.values())
        if total != N:
            yield f"{figure} by kind: {total} respondents in all", False
        for key, count in counted.items():
            parts = sum(row["count"] for kind in by_kind.values() for row in kind["rows"] if row["key"] == key)
            if parts != count:
                yield f"{figure} {key} by kind: {parts} in all, counted {count}", False


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    report_path, root = arguments[0], Path(arguments[1])
    people = list(respondents(root).values())
    counts, strange = recount(people)
    wrong = list(check_known(people, counts))
    order = sorted(counts, key=lambda figure: int(figure.split("-")[1]))

    if report_path == "--raw":
        for figure in order:
            for key, count in counts[figure].most_common():
                print(figure, key, count, percent(count))
            for name, count in strange.get(figure, {}).items():
                print(figure, "unmatched:", name, count)
    else:
        report = json.loads(Path(report_path).read_text(encoding="utf-8"))
        tables = {table["id"]: table for section in report["sections"] for table in section.get("tables", [])}
        for figure in order:
            if figure not in tables:
                wrong.append(f"{figure}: no such table in the report")
                continue
            for line, holds in compare(figure, counts[figure], tables[figure]):
                print(line)
                if not holds:
                    wrong.append(line)

    for line in wrong:
        print("DIFFERENCE", line, file=sys.stderr)
    print(f"{len(people)} respondents, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
