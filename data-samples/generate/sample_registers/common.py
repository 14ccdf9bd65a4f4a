"""What all sample registers share: the five invented agencies, paths and reproducible archives."""

import re
import zipfile
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2]

# Registration numbers as in data-samples/publisko-personu-saraksts; the check digits are right.
NOVADS = "90009173103"  # Ērgļupes novada pašvaldība
PILSETA = "90009264205"  # Viesturciema valstspilsētas pašvaldība
DIENESTS = "90009355307"  # Zemes un ūdens dienests
AGENTURA = "90009446409"  # Nodarbinātības atbalsta aģentūra
CENTRS = "90009537500"  # Mežmalas sociālās aprūpes centrs

# Managers of services: name and e-mail. Nobody is meant.
ILZE = ("Ilze Paraudziņa", "ilze.paraudzina@erglupes-pasvaldiba.example")
MARIS = ("Māris Piemērs", "maris.piemers@erglupes-pasvaldiba.example")
DACE = ("Dace Izdomāne", "dace.izdomane@erglupes-pasvaldiba.example")
GUNTIS = ("Guntis Neesošais", "guntis.neesosais@erglupes-pasvaldiba.example")
ZANE = ("Zane Testiņa", "zane.testina@viesturciema-valstspilsetas-pasvaldiba.example")
ULDIS = ("Uldis Piemēriņš", "uldis.piemerins@viesturciema-valstspilsetas-pasvaldiba.example")
RAITIS = ("Raitis Neredzams", "raitis.neredzams@zemes-udens-dienests.example")
VELTA = ("Velta Iedomāta", "velta.iedomata@zemes-udens-dienests.example")
SANITA = ("Sanita Teiksmaine", "sanita.teiksmaine@nodarbinatibas-atbalsta-agentura.example")
ROBERTS = ("Roberts Izdomkalns", "roberts.izdomkalns@nodarbinatibas-atbalsta-agentura.example")
AUSMA = ("Ausma Izdomniece", "ausma.izdomniece@mezmalas-socialas-aprupes-centrs.example")

# The one moment that stands in every file instead of the clock.
MOMENT = (2024, 9, 2, 9, 0, 0)
MOMENT_ISO = "2024-09-02T09:00:00Z"

# Content hashes as a feed of the samples has them (`vienkop publish`), by service code: what a catalogue shows that took
# its descriptions from it. They follow from the descriptions; a test says when they have to be taken anew. OLD is of no
# description that there is.
SEEN = {
    "0001": "sha256:b8378e1dd96a87fe9bc5abaef0b862d5ec50cb6fd0ec405d0a85d74a7e8bd3c1",
    "ZUD-001": "sha256:0b232c9cf3a18ec453402e481201923ae5ee2873d3387d0bc442e17100694c24",
    "ZUD-010": "sha256:b578dd627ca1527d3ce353d92521e9ec3be243658bd741269db731099507da8a",
}
OLD = "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

PUBLIC = "publisks individuāla labuma"
GENERAL = "publisks vispārēja labuma"
INTER = "starpiestāžu individuālas lietošanas"
SHARED = "starpiestāžu koplietošanas"


def target(source: str, name: str) -> Path:
    """Path of a sample file; its folder is made."""
    folder = SAMPLES / source
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def repack(path: Path, edit=None) -> None:
    """Rewrites a zip archive (xlsx, ods) without the clock's traces; `edit(name, bytes)` may change a member."""
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info), info.compress_type) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data, compression in members:
            if name in ("docProps/core.xml", "meta.xml"):
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", MOMENT_ISO.encode(), data)
            if edit is not None:
                data = edit(name, data)
            info = zipfile.ZipInfo(name, MOMENT)
            info.compress_type = compression
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)


def with_cached_values(cached: dict[str, dict[str, str]]):
    """An edit for `repack`: results of formulas, by sheet member and cell, since openpyxl writes none."""

    def edit(name: str, data: bytes) -> bytes:
        text = data.decode("utf-8") if name in cached else ""
        for cell, value in cached.get(name, {}).items():
            pattern = rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v(?: ?/>|></v>)'
            text, count = re.subn(pattern, rf"\g<1><v>{value}</v>", text)
            if count != 1:
                raise ValueError(f"{name}: formula cell {cell} not found")
        return text.encode("utf-8") if name in cached else data

    return edit
