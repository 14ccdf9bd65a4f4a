"""What business.gov.lv shows: an export of its catalogue, CSV."""

from .common import AGENTURA, DIENESTS, OLD, SEEN, target

SOURCE = "katalogs-business-gov-lv"
HEADER = ["Ieraksts", "Nosaukums", "Saite", "Iestādes reģ. nr.", "Pakalpojumi", "Publicēts", "Satura kontrolsumma"]
ADDRESS = "https://business.gov.lv/paraugs/"

ROWS = [
    ["BG-1001", "Ūdens resursu lietošanas atļauja", "udens-atlauja", DIENESTS, "ZUD-001", "14.03.2023.", SEEN["ZUD-001"]],
    ["BG-1002", "Zemes lietošanas kategorijas maiņa", "zemes-kategorija", DIENESTS, "ZUD-003", "14.03.2023.", OLD],
    # One offer for several services: its content cannot be compared.
    ["BG-1003", "Darbinieku piesaiste", "darbinieki", AGENTURA, "NAA-C-01, NAA-C-02, NAA-C-03", "20.02.2024.", ""],
    ["BG-1004", "Atbalsts uzņēmējdarbības sākšanai", "sakums", AGENTURA, "NAA-R-01", "20.02.2024.", ""],
    # Shown without being registered.
    ["BG-1005", "Derīgo izrakteņu ieguves limits", "izrakteni", DIENESTS, "ZUD-077", "03.10.2022.", ""],
]  # fmt: skip


def write() -> None:
    rows = [[row[0], row[1], ADDRESS + row[2], *row[3:]] for row in ROWS]
    lines = [";".join(HEADER), *(";".join(row) for row in rows)]
    target(SOURCE, "katalogs.csv").write_bytes("".join(f"{line}\r\n" for line in lines).encode("utf-8"))
