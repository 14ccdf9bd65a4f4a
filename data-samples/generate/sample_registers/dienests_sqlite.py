"""Mēru un svaru dienests: the file of a register program of 2003, still in use, as a SQLite database.

Names of eight letters, kinds and channels as codes, yes and no as J and N, dates as texts `04.06.2004.`, texts as bytes
of windows-1257 in columns that know no encoding, a column that holds numbers and texts, records of three tables.
"""

import sqlite3
import struct

from .common import target

SOURCE = "meru-un-svaru-dienests"

SCHEMA = """
CREATE TABLE KLASIF (TIPS CHAR(1), KODS CHAR(2), NOSAUK BLOB);
CREATE TABLE PAKALP (
  KODS CHAR(4) NOT NULL, NOSAUK BLOB, VEIDS CHAR(2), SANEM CHAR(2), VAD BLOB, EPASTS VARCHAR(40), KANALI VARCHAR(20),
  TERM INTEGER, NORMTERM VARCHAR(20), MAKSA DECIMAL(8,2), AKTI BLOB, SKAITS INTEGER, DELEG CHAR(1), DZESTS CHAR(1),
  DAT_NO CHAR(11), APR BLOB
);
CREATE TABLE SOLI (KODS CHAR(4), NR SMALLINT, NOSAUK BLOB, DIENAS INTEGER);
CREATE TABLE PUBLIC (NR INTEGER, KODS CHAR(4), NOSAUK BLOB, DATUMS CHAR(11));
"""

# TIPS: V kind, S audience, K channel.
CODES = [
    ("V", "IL", "publisks individuāla labuma"),
    ("V", "VL", "publisks vispārēja labuma"),
    ("V", "SI", "starpiestāžu individuālas lietošanas"),
    ("S", "F", "fiziska persona"),
    ("S", "J", "juridiska persona"),
    ("S", "B", "fiziska persona;juridiska persona"),
    ("S", "I", "iestāde"),
    ("S", "V", "sabiedrība kopumā"),
]

LAW = "Likums „Par mērījumu vienotību”"
JANA = ("Jana Svariņa", "JANA.SVARINA@MERU-SVARU-DIENESTS.EXAMPLE")
ALDIS = ("Aldis Mērnieks", "aldis.mernieks@meru-svaru-dienests.example")

# KODS, NOSAUK, VEIDS, SANEM, manager, KANALI, TERM, NORMTERM, MAKSA, AKTI, SKAITS, DELEG, DZESTS, DAT_NO, APR
SERVICES = [
    ("0010", "Tirdzniecības svaru verificēšana", "IL", "J", JANA, "K,P,E", 10, "15 dienas", 24.5, f"{LAW}, 6. pants", 1840, "N", "N",
     "04.06.2003.", "Pārbauda svarus, ar kuriem sver preci pircēja klātbūtnē, un uzliek verificēšanas zīmi."),
    ("0011", "Degvielas pildņu verificēšana", "IL", "J", JANA, "K,E", 7, "15 dienas", 61, f"{LAW}, 6. pants", 655, "N", "N",
     "04.06.2003.", "Pārbauda, vai degvielas pildnis izsniedz tik litru, cik rāda."),
    ("0012", "Taksometra skaitītāja plombēšana", "IL", "B", ALDIS, "K", 3, "5 dienas", 18.2, f"{LAW}, 7. pants", 410, "N", "N",
     "17.11.2003.", "Plombē skaitītāju pēc tarifa maiņas."),
    ("0013", "Etalona kalibrēšana laboratorijā", "IL", "J", ALDIS, "E,P", "pēc vien.", "30 dienas", 140, f"{LAW}, 9. pants", 77, "N", "N",
     "17.11.2003.", "Kalibrē masas, garuma un tilpuma etalonus."),  # flaw: a text where the term should be
    ("0014", "Mērīšanas līdzekļa tipa apstiprināšana", "IL", "J", JANA, "E,P", 60, "30 dienas", 310, f"{LAW}, 5. pants", 22, "N", "N",
     "31.09.2004.", "Apstiprina jaunu mērīšanas līdzekļu tipu pirms to laišanas tirgū."),  # flaw: longer than statutory
    ("0015", "Fasētu preču daudzuma pārbaude", "VL", "V", ALDIS, "", None, None, None, f"{LAW}, 11. pants", None, "N", "N",
     "04.06.2004.", "Veikalos un ražotnēs pārbauda, vai iepakojumā ir norādītais daudzums."),
    ("0016", "Sūdzība par nepareizu mērījumu", "IL", "F", JANA, "T,E,K", 20, "30 dienas", None, f"{LAW}, 14. pants", 96, "N", "N",
     "04.06.2004.", "Iedzīvotājs 220379-11223 lūdz pārbaudīt ūdens skaitītāju."),  # flaw: a personal code
    ("0017", None, "IL", "J", ALDIS, "E", 10, "15 dienas", 33, f"{LAW}, 6. pants", 51, "N", "N",
     "12.01.2005.", "Autocisternu tilpuma mērīšana."),  # flaw: no name
    ("0018", "Ziņas par verificētiem mērīšanas līdzekļiem", "SI", "I", ALDIS, "A", 1, "5 dienas", None, f"{LAW}, 16. pants", 2950, "N", "N",
     "12.01.2005.", "Inspekcijas saņem ziņas par verificēšanas rezultātiem."),
    ("0019", "Zelta izstrādājuma svara izziņa", "XL", "F", JANA, "K", 5, "10 dienas", 7.11, f"{LAW}, 6. pants", 12, "N", "N",
     "29.02.2006.", "Izsniedz izziņu par izstrādājuma svaru."),  # flaw: a kind that the program does not know any more
    ("0020", "Mērīšanas laboratorijas kompetences atzinums", "IL", "J", ALDIS, "E", 45, "60 dienas", 220, f"{LAW}, 10. pants", 9, "J", "N",
     "03.03.2006.", "Atzinums vajadzīgs, lai laboratorija drīkstētu verificēt."),
    ("0009", "Senā svaru aplauku kontrole", "IL", "J", ALDIS, "P", 10, None, 2, "", 0, "N", "J",
     "04.06.2003.", "Vairs netiek sniegts."),  # marked as deleted: the query leaves it out
]  # fmt: skip

STEPS = [
    ("0010", 1, "Pieteikuma reģistrēšana", 1),
    ("0010", 2, "Pārbaude tirdzniecības vietā", 8),
    ("0010", 3, "Zīmes uzlikšana un akta izsniegšana", 1),
    ("0011", 1, "Pieteikuma reģistrēšana", 1),
    ("0011", 2, "Pārbaude degvielas uzpildes stacijā", 6),
    ("0014", 1, "Dokumentu izvērtēšana", 20),
    ("0014", 2, "Izmēģinājumi", 40),
    ("0099", 1, "Pieteikuma reģistrēšana", 1),  # flaw: a step of no service
]

PUBLISHED = [
    (1, "0010", "Svaru verificēšana", "04.06.2004."),
    (2, "0011", "Degvielas pildņu verificēšana", "17.11.2004."),
    (3, "0014", "Tipa apstiprināšana", "31.09.2004."),  # flaw: no such day
    (4, "0016", "Sūdzības", "  .  .    ."),  # an empty mask of the program's form
]


def baltic(text: str | None) -> bytes | None:
    return None if text is None else text.encode("cp1257")


def write() -> None:
    path = target(SOURCE, "registrs.db")
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    base.executescript("PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8';" + SCHEMA)
    base.executemany("INSERT INTO KLASIF VALUES (?, ?, ?)", [(kind, code, baltic(name)) for kind, code, name in CODES])
    for code, name, kind, audience, (manager, email), channels, *numbers, delegated, deleted, since, text in SERVICES:
        term, statutory, fee, acts, requests = numbers
        base.execute(
            "INSERT INTO PAKALP VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (code, baltic(name), kind, audience, baltic(manager), email, channels, term, statutory, fee, baltic(acts), requests,
             delegated, deleted, since, baltic(text)),
        )  # fmt: skip
    base.executemany("INSERT INTO SOLI VALUES (?, ?, ?, ?)", [(code, no, baltic(name), days) for code, no, name, days in STEPS])
    base.executemany("INSERT INTO PUBLIC VALUES (?, ?, ?, ?)", [(no, code, baltic(name), day) for no, code, name, day in PUBLISHED])
    base.commit()
    base.execute("VACUUM")
    base.close()
    # The header tells how often the file was written and by which version of the library: the same on every run.
    content = bytearray(path.read_bytes())
    struct.pack_into(">I", content, 24, 1)
    struct.pack_into(">II", content, 92, 1, 3_007_000)
    path.write_bytes(content)

