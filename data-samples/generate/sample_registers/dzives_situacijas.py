"""Life events with nested needs: one XML, two tables, two namespaces, CDATA and comments."""

from xml.sax.saxutils import escape, quoteattr

from .common import target

# code, name, audience, description, educational description, needs (code, name, description).
# None = the element is left out (a planted flaw).
LIFE_EVENTS = [
    (
        "DS01",
        "Bērna piedzimšana",
        ["iedzīvotājs"],
        "Ģimenē gaidāms vai nesen piedzimis bērns: jāreģistrē dzimšana, jāsaņem atbalsts un jāplāno bērna pieskatīšana.",
        "Dzimšanas fakts jāreģistrē mēneša laikā. Daļu pabalstu piešķir bez iesnieguma, citi jāpieprasa pašvaldībā.",
        [
            ("DS01-V01", "Reģistrēt bērna piedzimšanu", "Saņemt dzimšanas apliecību un bērna personas kodu."),
            ("DS01-V02", "Saņemt atbalstu pēc bērna piedzimšanas", "Pašvaldības un valsts pabalsti ģimenei."),
            ("DS01-V03", "Nodrošināt bērnam vietu pirmsskolas izglītības iestādē", None),
        ],
    ),
    (
        "DS02",
        "Dzīvesvietas maiņa",
        ["iedzīvotājs"],
        "Persona pārceļas uz citu dzīvesvietu Latvijā vai atgriežas no ārvalstīm.",
        None,
        [
            ("DS02-V01", "Deklarēt dzīvesvietu", "Paziņot jauno adresi mēneša laikā pēc pārcelšanās."),
            ("DS02-V02", "Segt mājokļa izdevumus", "Atbalsts, ja ienākumi nesedz mājokļa izmaksas."),
        ],
    ),
    (
        "DS03",
        "Uzņēmējdarbības uzsākšana",
        ["uzņēmējs", "iedzīvotājs"],
        "Persona sāk saimniecisko darbību: vajadzīgas zināšanas, finansējums, atļaujas & pirmie darbinieki (< 10).",
        "Pirms darbības sākšanas pārliecinies, vai darbībai nav vajadzīga atļauja vai licence.",
        [
            ("DS03-V01", "Saņemt konsultāciju un finansējumu darbības sākšanai", None),
            ("DS03-V02", "Saņemt atļauju izmantot zemi un ūdeni", "Ūdens resursu lietošana, zemes lietošanas kategorijas maiņa."),
            ("DS03-V03", "Atrast darbiniekus", "Vakanču publicēšana un pretendentu atlase."),
        ],
    ),
    (
        "DS04",
        "Darba zaudēšana",
        ["iedzīvotājs"],
        "Beidzas darba tiesiskās attiecības, un persona meklē jaunu darbu vai pārkvalificējas.",
        "Jo ātrāk reģistrējas aģentūrā, jo ātrāk var sākt mācības un saņemt atbalstu.",
        [
            ("DS04-V01", "Reģistrēties kā bezdarbniekam", None),
            ("DS04-V02", "Apgūt jaunas prasmes", "Profesionālā tālākizglītība, valodas, digitālās prasmes."),
            ("DS04-V03", "Atrast jaunu darbu", "Vakances Latvijā un citās Eiropas valstīs."),
            ("DS04-V04", "Nodrošināt iztiku bez darba laikā", "Pabalsti trūcīgām mājsaimniecībām."),
        ],
    ),
    (
        "DS05",
        "Tuvinieka nāve",
        ["iedzīvotājs"],
        "Miris ģimenes loceklis: jāreģistrē miršanas fakts, jāorganizē apbedīšana, jākārto mantojums.",
        None,
        [
            ("DS05-V01", "Reģistrēt miršanas faktu", "Saņemt miršanas apliecību."),
            ("DS05-V02", "Saņemt apbedīšanas pabalstu", None),
            # No service meets this one: an unmet need.
            ("DS05-V03", "Saņemt psiholoģisku atbalstu pēc zaudējuma", "Sarunas ar speciālistu, atbalsta grupas."),
        ],
    ),
    (
        "DS06",
        "Īpašuma iegāde",
        ["iedzīvotājs", "uzņēmējs"],
        "Persona iegādājas zemi vai būvi un vēlas to izmantot, būvēt vai pārbūvēt.",
        "Pirms pirkuma noskaidro robežas, apgrūtinājumus un to, ko teritorijas plānojums ļauj būvēt.",
        [
            ("DS06-V01", "Noskaidrot īpašuma robežas un apgrūtinājumus", None),
            ("DS06-V02", "Būvēt vai pārbūvēt", "Būvniecības iecere, adrese jaunbūvei, nodošana ekspluatācijā."),
            ("DS06-V03", "Kārtot nekustamā īpašuma nodokli", "Atvieglojumi un nodokļa aprēķins."),
        ],
    ),
    (
        "DS07",
        "Invaliditāte",
        ["iedzīvotājs"],
        "Personai noteikta invaliditāte, un tai vajadzīgs atbalsts ikdienā un darbā.",
        "Atbalsts ir atkarīgs no invaliditātes grupas un no tā, kādu palīdzību persona pati izvēlas.",
        [
            ("DS07-V01", "Saņemt asistenta pakalpojumu", None),
            ("DS07-V02", "Pielāgot mājokli", "Uzbrauktuves, vannasistabas pielāgošana."),
            ("DS07-V03", "Iekļauties darba tirgū", "Subsidētas darba vietas un ergoterapeita atzinums."),
        ],
    ),
    (
        "DS08",
        "Vecumdienas un aprūpe",
        ["iedzīvotājs"],
        "Vecāka gadagājuma cilvēkam vairs nepietiek pašam savu spēku ikdienas rūpēm.",
        None,
        [
            ("DS08-V01", "Saņemt aprūpi mājās", "Palīdzība mājas darbos un personiskajā aprūpē."),
            ("DS08-V02", "Saņemt ilgstošu aprūpi institūcijā", None),
            ("DS08-V03", "Uzturēt sociālās saites", "Dienas centri un nodarbības."),
        ],
    ),
    (
        "DS09",
        "Laulības noslēgšana",
        ["iedzīvotājs"],
        "Pāris vēlas noslēgt laulību un kārtot ar to saistītos dokumentus.",
        None,
        [
            ("DS09-V01", "Noslēgt laulību", "Laulības noslēgšana dzimtsarakstu nodaļā vai citā vietā."),
            ("DS09-V02", None, "Uzvārda maiņa pēc laulības noslēgšanas."),  # flaw: no name
        ],
    ),
    (
        "DS10",
        "Dzīve drošā un sakoptā vidē",
        ["sabiedrība kopumā"],
        None,  # flaw: a due field is missing
        None,
        [
            ("DS10-V01", "Ziņot par bojājumu publiskajā ārtelpā", "Ielas, apgaismojums, koki."),
            ("DS10-V02", "Rīkot publisku pasākumu", "Saskaņojums ar pašvaldību."),
        ],
    ),
    (
        "DS11",
        "Iestāžu sadarbība",
        ["iestāde"],
        "Iestādei uzdevuma veikšanai vajadzīgas citas iestādes ziņas.",
        None,
        [
            ("DS11-V01", "Saņemt ziņas par personas statusu", "Ziņas, kas ir citas iestādes rīcībā."),
            ("DS11-V02", "Saņemt telpiskos datus", "Kartes, robežas, adreses."),
        ],
    ),
]

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Izdomāti dati: dzīves situāciju reģistra izraksts -->
<ds:registrs xmlns:ds="urn:paraugs:dzives-situacijas:1" xmlns:red="urn:paraugs:redakcija:1" versija="1.0" sagatavots="2024-09-02">
"""


def element(indent: int, name: str, text: str | None, cdata: bool = False) -> str:
    """An element on a line of its own; nothing where there is no text."""
    if text is None:
        return ""
    content = f"<![CDATA[{text}]]>" if cdata else escape(text)
    return f"{' ' * indent}<{name}>{content}</{name}>\n"


def need(code: str, name: str | None, description: str | None) -> str:
    return (
        f"      <ds:vajadziba kods={quoteattr(code)}>\n"
        + element(8, "ds:nosaukums", name)
        + element(8, "ds:apraksts", description)
        + "      </ds:vajadziba>\n"
    )


def life_event(code, name, audience, description, education, needs) -> str:
    return (
        f'  <ds:dzivesSituacija kods={quoteattr(code)} red:labots="2024-08-1{int(code[2:]) % 10}">\n'
        + element(4, "ds:nosaukums", name)
        # The same local name in another namespace: the editors' working title, which no field is mapped from.
        + element(4, "red:nosaukums", f"Darba nosaukums: {name.lower()}")
        + "    <ds:auditorijas>\n"
        + "".join(element(6, "ds:auditorija", item) for item in audience)
        + "    </ds:auditorijas>\n"
        + element(4, "ds:apraksts", description, cdata=description is not None and "&" in description)
        + element(4, "ds:izglitojosaisApraksts", education)
        + "    <ds:vajadzibas><!-- secība: kādā vajadzības parasti rodas -->\n"
        + "".join(need(*item) for item in needs)
        + "    </ds:vajadzibas>\n"
        + "  </ds:dzivesSituacija>\n"
    )


def write() -> None:
    text = HEAD + "".join(life_event(*event) for event in LIFE_EVENTS) + "</ds:registrs>\n"
    target("dzives-situacijas", "dzives-situacijas.xml").write_text(text, encoding="utf-8", newline="\n")
