"""The invented institutions of the survey sample. None of them exists."""

import random

CHECKSUM_WEIGHTS = (9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)

# Institutions that other samples use too: key -> registration number.
FIXED_REG_NOS = {
    "Ērgļupes novada pašvaldība": "90009173103",
    "Viesturciema valstspilsētas pašvaldība": "90009264205",
    "Zemes un ūdens dienests": "90009355307",
    "Nodarbinātības atbalsta aģentūra": "90009446409",
    "Mežmalas sociālās aprūpes centrs": "90009537500",
}

CITIES = ["Viesturciema", "Saulgrīvas"]
COUNTIES = [
    "Ērgļupes", "Sēlpils", "Mežavotu", "Linkalnes", "Dzērvezera", "Kalnarāju", "Bērzlejas", "Vējkalnes",
    "Ozolāju", "Dūņupes", "Ābeļleju", "Rudzukalna", "Gaiļupes", "Zvirgzdāju", "Sūnezera", "Tīrumlauku",
    "Akmensgrīvas", "Smilškalnu", "Dzirnavleju", "Liepsalas", "Vilkezera", "Egļukalna", "Lapsulejas",
    "Ūdrupes", "Zīļukroga", "Medņezera", "Krastleju", "Rasupes", "Kārklāju", "Silgrīvas", "Lūšupes",
    "Pūčkalna", "Dižleju", "Baltezerkalna",
]
SUBORDINATE = {
    "Upju un ezeru ministrija": [
        "Zemes un ūdens dienests", "Zemes dzīļu pārvaldība", "Ezeru apsaimniekošanas dienests",
        "Upju kuģošanas inspekcija", "Ledus dienests",
    ],
    "Mežu un purvu ministrija": [
        "Purvu izpētes centrs", "Meža ceļu pārvaldība", "Koku stādu inspekcija",
        "Savvaļas dzīvnieku uzskaites dienests",
    ],
    "Amatniecības ministrija": ["Amatu prasmju aģentūra", "Amata zīmju reģistrs", "Meistaru izglītības centrs"],
    "Ceļojumu ministrija": ["Tūrisma taku dienests", "Viesu namu inspekcija", "Ceļotāju atbalsta aģentūra"],
    "Lauku dzīves ministrija": [
        "Lauku sētu aģentūra", "Lauku ceļu dienests", "Dārzkopības inspekcija", "Biškopības centrs",
        "Zirgkopības reģistrs",
    ],
    "Jūrniecības ministrija": [
        "Piekrastes dienests", "Bāku un boju pārvaldība", "Zvejas rīku inspekcija", "Jūras laivu reģistrs",
    ],
    "Prasmju ministrija": [
        "Nodarbinātības atbalsta aģentūra", "Prasmju novērtēšanas centrs", "Mūžizglītības aģentūra",
        "Mācību līdzekļu dienests", "Tulkošanas birojs", "Arodu klasifikācijas centrs",
    ],
    "Mājokļu ministrija": [
        "Mājokļu atbalsta dienests", "Īres strīdu birojs", "Daudzdzīvokļu namu inspekcija",
        "Siltināšanas aģentūra", "Mājokļu reģistrs",
    ],
    "Pilsētvides ministrija": [
        "Pilsētu parku pārvaldība", "Ielu apgaismojuma dienests", "Veloceliņu aģentūra",
        "Publiskās telpas inspekcija", "Trokšņu mērīšanas centrs",
    ],
    "Mantojuma ministrija": [
        "Mantojuma digitalizācijas centrs", "Piļu un muižu dienests", "Tautas tērpu reģistrs",
        "Rokrakstu krātuve", "Dziesmu arhīvs",
    ],
    "Sabiedrības saziņas ministrija": [
        "Pasta pakalpojumu inspekcija", "Sakaru kvalitātes dienests", "Vieglās valodas aģentūra",
        "Sabiedrisko apspriežu centrs", "Saziņas līdzekļu reģistrs",
    ],
    "Paaudžu ministrija": [
        "Paaudžu solidaritātes aģentūra", "Senioru atbalsta dienests", "Jaunatnes iespēju centrs",
        "Asistentu pakalpojumu dienests", "Ģimeņu konsultāciju centrs",
    ],
    "Tirdzniecības ministrija": [
        "Tirgus laukumu inspekcija", "Mēru un svaru dienests", "Preču zīmolu aģentūra",
        "Patērētāju izglītošanas centrs", "Gadatirgu reģistrs",
    ],
}
OTHER_STATE = [
    "Datu godprātības birojs", "Pakalpojumu vērtēšanas padome", "Atklātības birojs", "Vēlētāju saraksta birojs",
    "Publisko lēmumu arhīvs", "Dabas tiesību birojs", "Nākotnes pētījumu padome", "Valsts simbolu dienests",
    "Iedzīvotāju ierosinājumu birojs", "Valsts laikrāžu dienests",
]
MUNICIPAL = [
    "Mežmalas sociālās aprūpes centrs", "Sēlpils novada sociālais dienests", "Linkalnes novada izglītības pārvalde",
    "Dzērvezera novada būvvalde", "Kalnarāju novada bāriņtiesa", "Bērzlejas novada kultūras centrs",
    "Viesturciema bibliotēka", "Viesturciema sociālais dienests", "Vējkalnes novada sporta centrs",
    "Ozolāju mūzikas skola", "Dūņupes novada muzejs", "Akmensgrīvas novada ceļu pārvalde",
    "Saulgrīvas izglītības pārvalde", "Rasupes novada sociālās aprūpes centrs",
]
DERIVED = [
    "Sēlijas lietišķo zinātņu augstskola", "Akmensgrīvas ostas pārvalde", "Ezeru pētniecības institūts",
    "Silgrīvas ostas pārvalde", "Amatniecības augstskola", "Kūdras un māla institūts",
]
COMPANIES = [
    'VSIA "Kalnarāju slimnīca"', 'SIA "Viesturciema siltums"', 'VSIA "Ezermalas rehabilitācijas centrs"',
    'SIA "Linkalnes ūdeņi"', 'VAS "Iekšējo ūdensceļu satiksme"', 'SIA "Saulgrīvas autobusi"',
]
MANAGER_ROLES = [
    "Pakalpojumu daļas vadītāja", "Klientu apkalpošanas nodaļas vadītājs", "Attīstības nodaļas vadītāja",
    "Pakalpojumu kopuma vadītājs", "Direktora vietniece pakalpojumu jautājumos", "Kancelejas vadītājs",
]
ATVK_CAPITAL = "0001000"
TRANSLITERATION = str.maketrans("āčēģīķļņōŗšūž", "acegiklnorsuz")


def checksum_holds(reg_no: str) -> bool:
    return sum(int(digit) * weight for digit, weight in zip(reg_no, CHECKSUM_WEIGHTS, strict=True)) % 11 == 3


def new_reg_no(rng: random.Random, taken: set[str], prefix: str) -> str:
    while True:
        number = prefix + "".join(rng.choice("0123456789") for _ in range(11 - len(prefix)))
        if checksum_holds(number) and number not in taken:
            taken.add(number)
            return number


def slug(name: str) -> str:
    folded = name.lower().translate(TRANSLITERATION)
    kept = "".join(c if c.isalnum() else " " for c in folded).split()
    return "-".join(word for word in kept if word not in {"un", "vsia", "sia", "vas", "novada"})


def short_name(name: str) -> str:
    return "".join(word[0].upper() for word in name.replace('"', "").split() if word != "un")


def build(rng: random.Random) -> list[dict[str, str]]:
    """The institutions in a fixed order: list of fields by the columns of the public register."""
    ministry_of = {name: ministry for ministry, names in SUBORDINATE.items() for name in names}
    groups = [
        ("ministrija", list(SUBORDINATE)),
        ("ministrijas padotības iestāde", list(ministry_of)),
        ("cita valsts iestāde", OTHER_STATE),
        ("pašvaldība", [f"{n} novada pašvaldība" for n in COUNTIES] + [f"{n} valstspilsētas pašvaldība" for n in CITIES]),
        ("pašvaldības iestāde", MUNICIPAL),
        ("cita atvasināta publiska persona", DERIVED),
        ("kapitālsabiedrība", COMPANIES),
    ]
    taken = set(FIXED_REG_NOS.values())
    institutions: list[dict[str, str]] = []
    for kind, names in groups:
        prefix = "40903" if kind == "kapitālsabiedrība" else "9090"
        for name in names:
            institutions.append({
                "reg_no": FIXED_REG_NOS.get(name) or new_reg_no(rng, taken, prefix),
                "name": name,
                "kind": kind,
            })
    by_name = {item["name"]: item["reg_no"] for item in institutions}
    municipalities = [item["name"] for item in institutions if item["kind"] == "pašvaldība"]
    atvk = {name: f"0{201 + index}000" for index, name in enumerate(municipalities)}
    for index, item in enumerate(institutions):
        name, kind = item["name"], item["kind"]
        home = next((m for m in municipalities if slug(m).split("-")[0] in slug(name).split("-")), None)
        parent = ""
        if kind == "ministrijas padotības iestāde":
            parent = by_name[ministry_of[name]]
        elif kind == "pašvaldības iestāde":
            home = home or municipalities[0]
            parent = by_name[home]
        site = slug(name)
        item |= {
            "short_name": short_name(name),
            "parent_reg_no": parent,
            "atvk": atvk[home] if home else ATVK_CAPITAL,
            "e_address": f"_DEFAULT@{item['reg_no']}",
            "email": f"pasts@{site}.example",
            "website": f"https://www.{site}.example",
            "portfolio_manager": MANAGER_ROLES[index % len(MANAGER_ROLES)],
            "status": "aktīva",
        }
    return institutions
