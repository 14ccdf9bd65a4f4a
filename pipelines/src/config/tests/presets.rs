//! Presets, and the secrets of what extends them.

use super::*;

const PRESET: &str = r#"title = "Sistēma"
documentation = "https://sistema.example/docs"
verified = false
delivers = "delta"
[fetch]
kind = "file"
path = "a.json"
[format]
kind = "json"
[[table]]
entity = "service"
[table.fields]
code = "id"
name = "title"
owner_reg_no = "owner"
audience = { column = "kam", codes = { "C" = "iedzīvotājs" } }
"#;

#[test]
fn a_source_extends_a_preset() {
    let source = "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n[fetch]\npath = \"b.json\"\n\
        [[table]]\nentity = \"service\"\n[table.fields]\nowner_reg_no = { value = \"90000270634\" }\n\
        audience = { codes = { \"J\" = \"iedzīvotājs\" } }\n";
    let config = load(&[("presets/sistema.toml", PRESET), ("sources/x.toml", source)]).unwrap();
    let x = config.source("x").unwrap();
    assert_eq!((x.title.as_str(), x.delivers, x.fetch.kind.as_str()), ("X", Delivers::Delta, "file"));
    assert_eq!(x.fetch.options["path"], "b.json");
    assert_eq!(x.table.len(), 1);
    assert_eq!(x.table[0].fields.keys().collect::<Vec<_>>(), ["audience", "code", "name", "owner_reg_no"]);
    assert_eq!(x.table[0].fields["owner_reg_no"].rule().value.as_deref(), Some("90000270634"));
    assert!(x.table[0].fields["owner_reg_no"].rule().column.is_none());
    assert_eq!(x.table[0].fields["audience"].rule().codes.keys().collect::<Vec<_>>(), ["C", "J"]);
    assert!(!config.presets["sistema"].verified);
    // Nothing of its own but what tells it apart.
    let bare = "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n";
    assert!(load(&[("presets/sistema.toml", PRESET), ("sources/x.toml", bare)]).is_ok());
}

#[test]
fn a_fault_is_told_in_the_file_where_it_stands() {
    let source = |more: &str| format!("id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n{more}");
    let with = |preset: &str, more: &str| {
        told(&[
            ("presets/sistema.toml", preset),
            ("sources/x.toml", &source(more)),
            ("sources/y.toml", &source(more).replace("\"x\"", "\"y\"")),
        ])
    };
    // In the preset: told there, once, though two sources extend it.
    let bad = PRESET.replace("name = \"title\"", "nam = \"title\"");
    assert_eq!(
        with(&bad, ""),
        [
            r#"config/presets/sistema.toml:14:1 "service" has no field "nam" (perhaps: name)"#,
            r#"config/sources/x.toml:3:11 nothing says where the required field "name" of "service" comes from"#,
            r#"config/sources/y.toml:3:11 nothing says where the required field "name" of "service" comes from"#,
        ]
    );
    assert_eq!(
        with(&PRESET.replace("\"file\"", "\"fail\"").replace("verified = false\n", ""), "")[..2],
        [
            r#"config/presets/sistema.toml:1:1 the key "verified" is missing"#,
            r#"config/presets/sistema.toml:5:8 unknown kind of [fetch]: "fail" (perhaps: file)"#,
        ]
    );
    // In the source, amid what the preset says.
    let more = "[fetch]\npaht = \"b\"\n[[table]]\nentity = \"need\"\nfields = { code = \"a\", name = \"b\", life_event_code = \"c\" }\n\
        [[table]]\nentity = \"service\"\n[table.fields]\naudience = { codes = { \"X\" = \"iedzivotajs\" } }\n";
    let told_of = with(PRESET, more);
    assert_eq!(told_of.len(), 4, "{told_of:#?}");
    assert!(told_of[0].starts_with(r#"config/sources/x.toml:5:1 unknown key "paht""#), "{told_of:#?}");
    assert!(told_of[1].starts_with("config/sources/x.toml:12:"), "{told_of:#?}");
    // What the preset leaves to the source is missing there.
    let partial = PRESET.replace("path = \"a.json\"\n", "").replace("owner_reg_no = \"owner\"\n", "");
    assert_eq!(
        told(&[("presets/sistema.toml", &partial), ("sources/x.toml", &source(""))]),
        [
            r#"config/sources/x.toml:3:11 the key "path" is missing"#,
            r#"config/sources/x.toml:3:11 nothing in this table says where the key field "owner_reg_no" of "service" comes from"#,
        ]
    );
    assert_eq!(told(&[("presets/sistema.toml", &partial)]), [""; 0]);
}

#[test]
fn an_unknown_preset_is_told_with_the_nearest() {
    let source = "id = \"x\"\ntitle = \"X\"\nextends = \"redmin\"\n";
    assert_eq!(
        told(&[("presets/redmine.toml", PRESET), ("presets/znuny.toml", PRESET), ("sources/x.toml", source)]),
        [r#"config/sources/x.toml:3:11 there is no preset "redmin" (perhaps: redmine)"#]
    );
    // A preset that cannot be read is told once, not at each source.
    assert_eq!(
        told(&[("presets/redmine.toml", "title = \n"), ("sources/x.toml", &source.replace("redmin", "redmine"))]).len(),
        1
    );
}

#[test]
fn a_preset_may_say_a_part_of_how_a_server_knows_us() {
    let preset = |auth: &str| {
        PRESET.replace("kind = \"file\"\npath = \"a.json\"", &format!("kind = \"rest\"\n[fetch.server.auth]\n{auth}"))
    };
    let told_of = |auth: &str| told(&[("presets/sistema.toml", &preset(auth))]);
    assert_eq!(told_of("kind = \"oauth2\"\nscope = \"a\""), [""; 0]);
    assert_eq!(told_of("kind = \"header\"\nname = \"A\""), [""; 0]);
    let wrong = told_of("kind = \"oauth2\"\nscopes = \"a\"");
    assert!(wrong.len() == 1 && wrong[0].contains("unknown key \"scopes\" (perhaps: scope"), "{wrong:?}");
}

#[test]
fn a_source_does_without_a_part_that_there_is() {
    let source = |without: &str| format!("id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\nwithout = [{without}]\n");
    let with = |without: &str| told(&[("presets/sistema.toml", PRESET), ("sources/x.toml", &source(without))]);
    // What the preset no longer says is missing in the source.
    assert_eq!(with("\"fetch/path\""), [r#"config/sources/x.toml:3:11 the key "path" is missing"#]);
    assert_eq!(
        with("\"format\", \"fetch/paht\""),
        [r#"config/sources/x.toml:4:22 the preset has no "fetch/paht" to do without (perhaps: path)"#]
    );
    let alone = source("\"fetch/path\"").replace("extends = \"sistema\"\n", "");
    assert_eq!(told(&[("sources/x.toml", &alone)]), [r#"config/sources/x.toml:3:1 the key "extends" is missing"#]);
}

#[test]
fn secrets_are_refused_and_never_shown() {
    let preset = PRESET.replace("path = \"a.json\"", "path = \"a.json?api_key=noslepums1\"");
    let sql = "id = \"y\"\ntitle = \"Y\"\ndelivers = \"snapshot\"\n[fetch]\nkind = \"sql\"\nurl = \"postgres://a:noslepums2@b/c\"\n\
        query = \"SELECT 1\"\n[format]\nkind = \"json\"\n[[table]]\nentity = \"service\"\nfields = { code = \"a\", name = \"b\", owner_reg_no = \"c\" }\n";
    let source =
        "id = \"x\"\ntitle = \"X\"\nextends = \"sistema\"\n[fetch.headers]\nAuthorization = \"Bearer noslepums3\"\n";
    let files = [("presets/sistema.toml", preset.as_str()), ("sources/x.toml", source), ("sources/y.toml", sql)];
    let Err(problems) = load(&files) else { panic!("taken") };
    let secret = "the secret itself stands in the configuration; it does not belong here, and should now be taken for known and be changed";
    let told = told(&files);
    let of_secrets: Vec<&String> = told.iter().filter(|told| told.contains(secret)).collect();
    assert_eq!(
        of_secrets,
        [
            &format!(
                r#"config/presets/sistema.toml:7:8 {secret} (headers and parameters that are a secret are given by auth: {{ kind = "header" or "query", name = "api_key", secret = {{ env = "NAME" }} }})"#
            ),
            &format!(
                r#"config/sources/x.toml:5:17 {secret} (headers and parameters that are a secret are given by auth: {{ kind = "header" or "query", name = "Authorization", secret = {{ env = "NAME" }} }})"#
            ),
            &format!(
                r#"config/sources/y.toml:6:7 {secret} (say where it is kept: {{ env = "NAME" }} or {{ file = "path" }})"#
            ),
        ]
    );
    for language in [Language::Lv, Language::En] {
        let shown = problems.render(Some(language), false);
        assert!(!shown.contains("noslepums"), "{shown}");
        let told = serde_json::to_string(&problems.told(Some(language))).unwrap();
        assert!(!told.contains("noslepums"), "{told}");
    }
    assert!(problems.render(Some(Language::Lv), false).contains("konfigurācijā stāv pats noslēpums"));
}
