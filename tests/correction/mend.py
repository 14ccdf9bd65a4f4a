"""Mends a workbook in LibreOffice, as a person would: opens it, writes into cells, saves it.

    mend.py INPUT OUTPUT EDITS.json

EDITS: a list of {"sheet", "where": {header: text}, "set": {header: text}} (cells are found by header and by the text of other
cells of their row), {"sheet", "where", "delete": true}, or {"sheet", "rename": name}. OUTPUT ends in .xlsx or .ods. Exits with
1 when an edit finds no row.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8"}


def option(name, value):
    return PropertyValue(Name=name, Value=value)


def connect(pipe, office):
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if office.poll() is not None:
                sys.exit(f"soffice ended with {office.returncode}")
            time.sleep(0.2)
    sys.exit("soffice does not answer")


def used(sheet):
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    return cursor.RangeAddress.EndColumn, cursor.RangeAddress.EndRow


def apply(document, edit):
    sheet = document.Sheets.getByName(edit["sheet"])
    if "rename" in edit:
        sheet.Name = edit["rename"]
        return
    columns, rows = used(sheet)
    heads = {sheet.getCellByPosition(column, 0).String: column for column in range(columns + 1)}
    found = 0
    for row in range(rows, 0, -1):
        cell = lambda head: sheet.getCellByPosition(heads[head], row)
        if all(cell(head).String == text for head, text in edit["where"].items()):
            found += 1
            if edit.get("delete"):
                sheet.Rows.removeByIndex(row, 1)
            for head, text in edit.get("set", {}).items():
                cell(head).String = text
    if not found:
        sys.exit(f"no row for {edit}")


def main():
    source, target, edits = sys.argv[1:]
    with tempfile.TemporaryDirectory() as profile:
        pipe = f"vienkop{os.getpid()}"
        office = subprocess.Popen(
            [
                "soffice",
                f"-env:UserInstallation=file://{profile}",
                "--headless",
                "--norestore",
                "--nologo",
                "--nodefault",
                f"--accept=pipe,name={pipe};urp;",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        desktop = None
        try:
            context = connect(pipe, office)
            desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
            address = uno.systemPathToFileUrl(os.path.abspath(source))
            document = desktop.loadComponentFromURL(address, "_blank", 0, (option("Hidden", True),))
            with open(edits, encoding="utf-8") as file:
                for edit in json.load(file):
                    apply(document, edit)
            filter_name = FILTERS[os.path.splitext(target)[1]]
            address = uno.systemPathToFileUrl(os.path.abspath(target))
            document.storeToURL(address, (option("FilterName", filter_name),))
            document.close(True)
        finally:
            if desktop is not None:
                try:
                    desktop.terminate()
                except Exception:  # It closes the connection while it answers.
                    pass
            try:
                office.wait(30)
            except subprocess.TimeoutExpired:
                office.kill()


main()
