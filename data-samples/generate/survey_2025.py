#!/usr/bin/env python3
"""Writes the smaller survey sample of 2025, so that two waves can be compared.

Everything is invented. The respondents are institutions of the list of the first wave; the same seed writes the same
bytes. Run it after survey.py, which writes that list.

    python3 data-samples/generate/survey_2025.py
"""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

SEED = 20250602
SAMPLES = Path(__file__).resolve().parent.parent
OPENED = datetime(2025, 6, 2, 9, 0)
RESPONDENTS = 80

# header -> (yes, no); the rest left it empty.
QUESTIONS = {
    "Vai Jūsu iestāde ir reģistrējusi savus pakalpojumus VIRSIS?": (62, 18),
    "Vai bez VIRSIS tiek izmantots kāds risinājums pakalpojumu uzskaitei?": (24, 56),
    "Vai Jūsu iestādei ir pakalpojumu pašapkalpošanās tīmekļvietne?": (36, 44),
    "Vai Jūsu iestādei ir pakalpojumu pašapkalpošanās mobilā lietotne?": (17, 63),
    "Vai tiek mērīti pakalpojumu darbības rādītāji?": (47, 31),
    "Vai Jūsu iestāde nodrošina aptauju veikšanu un anketēšanu?": (71, 9),
}


def main():
    rng = random.Random(SEED)
    with open(SAMPLES / "publisko-personu-saraksts" / "iestades.csv", encoding="utf-8-sig", newline="") as file:
        numbers = [row["Reģistrācijas numurs"] for row in csv.DictReader(file, delimiter=";")]
    whole = [number for number in numbers if len(number) == 11]
    respondents = sorted(rng.sample(whole, RESPONDENTS))
    columns = []
    for yes, no in QUESTIONS.values():
        answers = ["Jā"] * yes + ["Nē"] * no + [""] * (RESPONDENTS - yes - no)
        rng.shuffle(answers)
        columns.append(answers)
    folder = SAMPLES / "aptauja-2025-csv"
    folder.mkdir(exist_ok=True)
    with open(folder / "atbildes.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["Iestādes reģ. nr.", "Aizpildīts", *QUESTIONS])
        for number, *answers in zip(respondents, *columns):
            at = OPENED + timedelta(minutes=rng.randrange(18 * 24 * 60))
            writer.writerow([number, at.strftime("%d.%m.%Y %H:%M"), *answers])


if __name__ == "__main__":
    main()
