"""Declared portfolios: what each institution has undertaken to offer, by service code or by the code of a group."""

from .common import AGENTURA, CENTRS, DIENESTS, NOVADS, PILSETA, target

SOURCE = "portfeli"
HEADER = ["Iestādes reģ. nr.", "Iestāde", "Pakalpojuma kods", "Šablona kods", "No", "Līdz"]

GROUPS = [f"SPP-{number:02}" for number in range(1, 13)]


def rows() -> list[list[str]]:
    names = {
        NOVADS: "Ērgļupes novada pašvaldība",
        PILSETA: "Viesturciema valstspilsētas pašvaldība",
        DIENESTS: "Zemes un ūdens dienests",
        AGENTURA: "Nodarbinātības atbalsta aģentūra",
        CENTRS: "Mežmalas sociālās aprūpes centrs",
    }
    made = []
    for owner in (NOVADS, PILSETA):
        made += [[owner, names[owner], "", group, "01.07.2021.", ""] for group in GROUPS]
    services = {
        DIENESTS: [f"ZUD-{number:03}" for number in (*range(1, 11), 15, 20, 21)],
        AGENTURA: ["NAA-A-01", "NAA-A-02", "NAA-A-03", "NAA-B-01", "NAA-B-02", "NAA-B-05", "NAA-C-01", "NAA-C-02",
                   "NAA-R-01"],
        CENTRS: ["0101", "0102", "0103", "0105", "0111"],
    }  # fmt: skip
    for owner, codes in services.items():
        made += [[owner, names[owner], code, "", "2022-01-01", ""] for code in codes]
    made += [
        [CENTRS, names[CENTRS], "0110", "", "01.01.2020.", "30.06.2024."],
        [AGENTURA, names[AGENTURA], "NAA-A-09", "", "31.02.2024", ""],  # flaw: no such day
        [DIENESTS, names[DIENESTS], "ZUD-016", "", "01.03.2024.", "01.03.2023."],  # flaw: ends before it begins
        [CENTRS, names[CENTRS], "", "", "01.01.2022.", ""],  # flaw: of what?
    ]
    return made


def write() -> None:
    lines = [";".join(HEADER), *(";".join(row) for row in rows())]
    target(SOURCE, "portfelis.csv").write_bytes(
        b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode("utf-8")
    )
