//! `report.html` in a browser: accessible by the rules of axe-core, in place at any width, searched and put in order.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::browser;
use crate::support::Project;

const DESKTOP: u32 = 1280;
const PHONE: u32 = 360;
const LOOK: &str = include_str!("page/look.js");
const AXE: &str = include_str!("page/axe.js");
const USE: &str = include_str!("page/use.js");

/// The script of axe-core, as a Python package carries it. The package needs a browser of its own to be imported, so it
/// is only looked for.
fn axe() -> String {
    let place = "import importlib.util as u; print(u.find_spec('axe_playwright_python').submodule_search_locations[0])";
    let said = Command::new("python3").args(["-c", place]).output().unwrap();
    let folder = String::from_utf8(said.stdout).unwrap();
    let path = std::path::Path::new(folder.trim()).join("axe.min.js");
    fs::read_to_string(path).expect("axe-core is needed: python3 -m pip install --no-deps axe-playwright-python==0.1.8")
}

fn texts(found: &Value, name: &str) -> Vec<String> {
    found[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// All that is wrong with a page at a width after each of some scripts, and how much the rules left to decide.
fn problems(page: &str, width: u32, steps: &[&str]) -> (Vec<String>, u64) {
    let steps: Vec<String> = steps.iter().map(|step| format!("{step}\nfound.push(await judged());")).collect();
    let steps = steps.join("\n");
    let script = format!(
        "{USE}
        const judged = async () => ({{
            look: await (async () => {{ {LOOK} }})(),
            rules: await (async () => {{ {AXE} }})(),
        }});
        const found = [];
        {steps}
        return found;"
    );
    let found = browser::ask(page, width, &[&axe()], &script);
    let (mut all, mut decided) = (Vec::new(), 0);
    for found in found.as_array().unwrap() {
        let narrower = u64::from(width) - found["look"]["width"].as_u64().unwrap();
        assert!(narrower < 20, "the page is as wide as was asked for, but for its scroll bar");
        all.extend(texts(&found["look"], "problems"));
        all.extend([texts(&found["rules"], "violations"), texts(&found["rules"], "undecided")].concat());
        decided += found["rules"]["decided"].as_u64().unwrap();
    }
    (all, decided)
}

/// The report of a day: in Latvian of the first wave, in English of the second one, with what has changed.
fn reports() -> (Project, [String; 2]) {
    let project = Project::samples_without_pdf();
    project.run(&["--lang", "lv"]).ends(0);
    project.vienkop(&["assess", "--as-of", "2025-07-01", "--previous", "2024-07-08", "--lang", "en"]).ends(0);
    let page = |day: &str| fs::read_to_string(project.path("var/reports").join(day).join("report.html")).unwrap();
    let pages = [page("2024-07-08"), page("2025-07-01")];
    (project, pages)
}

#[test]
fn the_page_is_accessible_at_any_width() {
    let (_project, pages) = reports();
    let open = "document.querySelectorAll('details').forEach(part => part.open = true);
        await new Promise(done => setTimeout(done, 100));";
    let search = "await type('ergl');
        if (rows('m-links-institution').length !== 1) throw new Error('not found');";
    for (page, language) in pages.iter().zip(["lv", "en"]) {
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        for (width, steps) in [(DESKTOP, [open, search]), (PHONE, ["", search])] {
            let (found, _) = problems(page, width, &steps);
            let shown = found.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
            assert!(found.is_empty(), "{language}, {width} pixels: {}\n{shown}", found.len());
        }
    }
}

#[test]
fn what_is_bad_is_found() {
    let page = |content: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"lv\"><head><meta charset=\"utf-8\"><title>Slikti</title>
            <style>body {{ background: #fff; margin: 0 }} .fog {{ background-image: linear-gradient(#fff, #eee) }}</style></head>
            <body><main><h1>Slikti</h1>{content}</main></body></html>"
        )
    };
    let good = "<p>Viss kārtībā.</p><svg class=\"chart\" width=\"200\" height=\"40\" role=\"img\" aria-label=\"Josla\">
        <rect class=\"solid\" width=\"50\" height=\"18\"/><text x=\"60\" y=\"14\">1</text></svg>";
    assert_eq!(problems(&page(good), PHONE, &[""]), (Vec::new(), 1), "the text of the chart is decided by its colours");
    let chart = |content: &str| {
        format!("<svg class=\"chart\" width=\"200\" height=\"40\" role=\"img\" aria-label=\"Josla\">{content}</svg>")
    };
    let bad = [
        ("<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">".to_owned(), "image-alt"),
        ("<p style=\"color: #aaa\">Tikko salasāms</p>".to_owned(), "color-contrast"),
        ("<p class=\"fog\">Uz nezin kā</p>".to_owned(), "color-contrast"),
        ("<input type=\"search\">".to_owned(), "label"),
        ("<button style=\"font-size: 5px; padding: 0\">a</button><button style=\"font-size: 5px; padding: 0\">b</button>".to_owned(), "target-size"),
        ("<table><thead><tr><th></th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>".to_owned(), "empty-table-header"),
        ("<h4>Līmenis izlaists</h4>".to_owned(), "heading-order"),
        ("<div style=\"width: 500px\">Par platu</div>".to_owned(), "the page is 500 wide"),
        (chart(""), "is empty"),
        (chart("<rect class=\"solid\" width=\"50\" height=\"18\"/><text x=\"60\" y=\"14\" fill=\"#ccc\">1</text>"), "color-contrast"),
        (chart("<rect class=\"solid\" width=\"50\" height=\"18\"/><text x=\"20\" y=\"14\">1</text>"), "stands on a bar"),
        (chart("<rect class=\"solid\" width=\"50\" height=\"18\"/><text x=\"190\" y=\"14\" style=\"font-size: 40px\">123456789</text>").replace("<svg", "<svg style=\"overflow: visible\""), "stands out"),
    ];
    let every: Vec<String> = bad.iter().map(|(content, _)| format!("<div>{content}</div>")).collect();
    let (found, _) = problems(&page(&every.concat()), PHONE, &[""]);
    for (content, what) in bad {
        assert!(found.iter().any(|problem| problem.contains(what)), "{what} of {content} is not among {found:#?}");
    }
    assert!(found.iter().filter(|problem| problem.starts_with("color-contrast")).count() >= 3, "{found:#?}");
}

/// Text of a row of a table of the report, as the page has it in its first column.
fn labels<'a>(report: &'a Value, table: &str) -> Vec<&'a str> {
    let sections = report["sections"].as_array().unwrap().iter();
    let mut tables = sections.flat_map(|section| section["measures"].as_array().into_iter().flatten());
    let table = tables.find(|found| found["id"] == table).unwrap();
    table["rows"].as_array().unwrap().iter().map(|row| row["labels"][0].as_str().unwrap()).collect()
}

/// Cells of a column of a table, with the label of their row.
fn column<'a>(report: &'a Value, table: &str, key: &str) -> Vec<(&'a str, Option<f64>)> {
    let sections = report["sections"].as_array().unwrap().iter();
    let mut tables = sections.flat_map(|section| section["measures"].as_array().into_iter().flatten());
    let table = tables.find(|found| found["id"] == table).unwrap();
    let at = table["columns"].as_array().unwrap().iter().position(|column| column["key"] == key).unwrap();
    let value = |row: &Value| row["cells"][at]["value"].as_str().map(|value| value.parse().unwrap());
    table["rows"].as_array().unwrap().iter().map(|row| (row["labels"][0].as_str().unwrap(), value(row))).collect()
}

#[test]
fn tables_are_searched_and_put_in_order() {
    let (project, [page, _]) = reports();
    let json = fs::read(project.path("var/reports/2024-07-08/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&json).unwrap();
    let ask = |script: &str| browser::ask(&page, DESKTOP, &[], &format!("{USE}\n{script}"));

    // One table, some of whose rows stand in the part that can be opened.
    let every = labels(&report, "score-institution");
    let met: Vec<&str> = every.iter().copied().filter(|label| label.contains("Ērgļupes")).collect();
    let found = ask("const all = rows('m-score-institution').length;
        const status = await type('  PASVALDIBA   ergl', 'm-score-institution');
        const met = rows('m-score-institution').map(row => row[0]);
        const others = rows('m-links-institution').length;
        const opened = document.querySelector('#m-score-institution details').open;
        const none = await type('nekas tāds', 'm-score-institution');
        const left = rows('m-score-institution').length;
        const cleared = await type('', 'm-score-institution');
        return { all, status, met, others, opened, none, left, cleared, back: rows('m-score-institution').length,
            details: document.querySelector('#m-score-institution details').open };");
    assert!(!met.is_empty() && every.len() > 20, "{every:?}");
    assert_eq!(found["all"], 20, "the rest is closed");
    assert_eq!(texts(&found, "met").iter().filter(|label| !label.contains("Ērgļupes")).count(), 0, "{found:#}");
    assert_eq!(found["status"], format!("Parādītās rindas: {} no {}", met.len(), every.len()));
    assert_eq!(found["others"], labels(&report, "links-institution").len());
    assert_eq!(
        (&found["none"], &found["left"]),
        (&format!("Parādītās rindas: 0 no {}", every.len()).into(), &json!(0))
    );
    assert_eq!((&found["cleared"], &found["back"], &found["details"]), (&json!(""), &json!(20), &json!(false)));

    // What is hidden in the part that can be opened is found there.
    let last = every[every.len() - 1];
    let word = last.split(' ').next().unwrap();
    let found = ask(&format!(
        "await type('{word}', 'm-score-institution');
        return {{ opened: document.querySelector('#m-score-institution details').open, met: rows('m-score-institution').map(row => row[0]) }};"
    ));
    assert_eq!(found["opened"], true);
    assert!(texts(&found, "met").iter().any(|label| label == last), "{found:#}");

    // All tables at once: parts where nothing was found go, and those where something was say so.
    let found = ask(
        "const status = await type('ergļupe');
        const parts = [...document.querySelectorAll('main section')].filter(seen).map(section => section.querySelector('h2, h3').id);
        const articles = [...document.querySelectorAll('article')].filter(seen);
        const lines = articles.flatMap(article => [...article.querySelectorAll('tbody tr')].filter(seen)).map(row => row.textContent);
        const empty = articles.filter(article => ![...article.querySelectorAll('tbody tr')].some(seen)).map(article => article.id);
        const input = document.querySelector('.search.whole input');
        input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
        return { status, parts, lines, empty, whole: [...document.querySelectorAll('main section')].every(seen), value: input.value };",
    );
    let rows = texts(&found, "lines");
    assert!(rows.len() > 20 && rows.iter().all(|row| row.contains("Ērgļupe")), "{found:#}");
    assert!(
        found["status"].as_str().unwrap().starts_with(&format!("Atrastās rindas: {} no ", rows.len())),
        "{found:#}"
    );
    assert_eq!(found["empty"], json!([]));
    let parts = texts(&found, "parts");
    assert!(
        parts.contains(&"s-coverage".to_owned()) && !parts.contains(&"s-technology-groups".to_owned()),
        "{parts:?}"
    );
    assert_eq!((&found["whole"], &found["value"]), (&json!(true), &json!("")));

    // Order: numbers as numbers, times by their length whatever their unit, words as Latvians sort them; and back.
    let found = ask(
        "const heads = id => [...document.getElementById(id).querySelectorAll('thead')].map(head => [...head.rows[0].cells].map(cell => cell.getAttribute('aria-sort')));
        const column = (id, at) => rows(id).map(row => row[at]);
        document.querySelectorAll('details').forEach(part => part.open = true);
        const as_was = column('m-time-service', 0);
        press('m-volume-service', 1); const up = column('m-volume-service', 1); const aria = heads('m-volume-service');
        press('m-volume-service', 1); const down = column('m-volume-service', 1);
        const at = [...document.getElementById('m-time-service').querySelector('thead').rows[0].cells].findIndex(cell => cell.textContent.trim() === 'Mediāna');
        press('m-time-service', at); const times = rows('m-time-service').map(row => [row[0], row[at]]);
        press('m-time-service', at); press('m-time-service', at); const again = column('m-time-service', 0);
        press('m-score-institution', 0); const words = column('m-score-institution', 0);
        await type('dzivesvietas dekl', 'm-volume-service');
        const chosen = [rows('m-volume-service')[0][0], 'Konsultācija par zemes ierīcības projektu'];
        getSelection().selectAllChildren(document.getElementById('m-volume-service'));
        return { as_was, again, up, down, aria, times, words, chosen, copied: getSelection().toString() };",
    );
    let numbers = |name: &str| -> Vec<u64> { texts(&found, name).iter().map(|text| text.parse().unwrap()).collect() };
    let mut volumes: Vec<u64> =
        column(&report, "volume-service", "received").iter().map(|(_, value)| value.unwrap() as u64).collect();
    volumes.sort_unstable();
    assert_eq!(numbers("up"), volumes);
    volumes.reverse();
    assert_eq!(numbers("down"), volumes);
    let aria = found["aria"].as_array().unwrap();
    assert_eq!(aria.len(), 2, "both parts of the table say so");
    assert!(aria.iter().all(|head| head[1] == "ascending" && head[0].is_null()), "{aria:?}");
    assert_eq!(found["as_was"], found["again"]);
    assert!(texts(&found, "as_was").iter().zip(labels(&report, "time-service")).all(|(shown, label)| shown == label));
    // Days and seconds of one column come after each other by their length.
    let medians = column(&report, "time-service", "median_seconds");
    let lengths: Vec<(String, String)> = serde_json::from_value(found["times"].clone()).unwrap();
    assert_eq!(lengths.len(), medians.len());
    let none = lengths.iter().position(|(_, time)| time == "–").unwrap_or(lengths.len());
    assert!(lengths[none..].iter().all(|(_, time)| time == "–"), "what has none stands last: {lengths:?}");
    let hours: Vec<f64> = lengths[..none].iter().map(|(_, time)| crate::forms::hours(time)).collect();
    assert!(hours.len() > 20 && hours.windows(2).all(|pair| pair[0] <= pair[1] + 1.3), "{lengths:?}");
    let words = texts(&found, "words");
    let place = |name: &str| words.iter().position(|word| word.starts_with(name)).unwrap();
    assert!(place("Egļukalna") < place("Ērgļupes") && place("Ērgļupes") < place("Kalnarāju"), "{words:?}");
    assert!(place("Ābeļleju") < place("Bērzlejas") && place("Zīļukroga") < place("Zvirgzdāju"), "{words:?}");
    // What is selected is what is copied: headers, though they are buttons, and rows that are shown.
    let copied = found["copied"].as_str().unwrap();
    assert!(copied.contains("Saņemti") && copied.contains("Pabeigti"), "{copied}");
    let selected: Vec<bool> = texts(&found, "chosen").iter().map(|label| copied.contains(label.as_str())).collect();
    assert_eq!(selected, [true, false], "{copied}");
}

#[test]
fn only_the_pages_own_script_runs() {
    let (_project, [page, _]) = reports();
    let search = "<div class=\"search whole\" role=\"search\">";
    let count = |dom: &str| dom.matches(search).count();
    assert_eq!(count(&page), 1, "the page itself has the template only");
    assert_eq!(count(&browser::dump(&page)), 2, "the script put the box into the page under its policy");
    // A text of a source that had come through as it is.
    let hostile =
        "<img alt=\"\" src=\"x\" onerror=\"document.title = 'hostile'\"><script>document.title = 'hostile'</script>
        <form action=\"https://example.com\"></form>";
    let hostile = page.replacen("</main>", &format!("{hostile}</main>"), 1);
    let dom = browser::dump(&hostile);
    assert!(!dom.contains("<title>hostile"));
    assert_eq!(count(&dom), 2);
    let free = hostile.replacen("Content-Security-Policy", "X-None", 1);
    assert!(browser::dump(&free).contains("<title>hostile"), "without the policy it would have run");
    // One letter more in the script is another script.
    let changed = page.replacen("'use strict';", "'use strict'; ", 1);
    assert_ne!(changed, page);
    assert_eq!(count(&browser::dump(&changed)), 1);
}
