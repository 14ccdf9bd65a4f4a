"""What virsis.gov.lv shows: a list of inter-institution services, XML."""

from xml.sax.saxutils import escape, quoteattr

from .common import AGENTURA, DIENESTS, OLD, SEEN, target

SOURCE = "katalogs-virsis-gov-lv"
ADDRESS = "https://virsis.gov.lv/paraugs/"

# number, name, institution, service, day of publication, content shown
OFFERS = [
    ("V-501", "Telpisko datu pakalpe", DIENESTS, "ZUD-010", "2024-04-02", SEEN["ZUD-010"]),
    ("V-502", "Ziņas par bezdarbnieka statusu", AGENTURA, "NAA-C-05", "2024-04-02", OLD),
    ("V-503", "Zemes vienību datu apmaiņa", DIENESTS, "ZUD-020", None, None),
]


def offer(number, name, owner, service, published, seen) -> str:
    day = f" publicets={quoteattr(published)}" if published else ""
    content = f"    <saturs>{escape(seen)}</saturs>\n" if seen else ""
    return (
        f"  <piedavajums nr={quoteattr(number)}{day}>\n"
        f"    <nosaukums>{escape(name)}</nosaukums>\n"
        f"    <adrese>{escape(ADDRESS + number[2:])}</adrese>\n"
        f"    <pakalpojums turetajs={quoteattr(owner)}>{escape(service)}</pakalpojums>\n"
        f"{content}  </piedavajums>\n"
    )


def write() -> None:
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<katalogs vietne="virsis.gov.lv">\n'
    text += "".join(offer(*item) for item in OFFERS) + "</katalogs>\n"
    target(SOURCE, "katalogs.xml").write_text(text, encoding="utf-8", newline="\n")
