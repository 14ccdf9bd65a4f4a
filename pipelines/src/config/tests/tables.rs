//! Tables of a source: fields, children, keys, columns that become records.

use super::*;

#[test]
fn fields() {
    let table = |fields: &str| {
        format!(
            "{FILE}[[table]]\nentity = \"service\"\n[table.fields]\n{fields}code = \"K\"\nname = \"N\"\nowner_reg_no = \"O\"\n"
        )
    };
    for (fields, expected) in [
        ("", &[][..]),
        (
            "keywords = { column = \"A\", split = [\",\"] }\nannual_requests = { column = \"A\", split = [\",\"] }\n",
            &[r#"13:35 "split" means nothing for the field "annual_requests": it is no list"#],
        ),
        (
            "expected_time = { column = \"A\", unit = \"working_d\" }\n",
            &[r#"12:40 "working_d" is not a unit of durations (perhaps: working d)"#],
        ),
        (
            "rating_count = { column = \"A\", unit = \"d\", pad = 3, formats = [\"%Y\"], pseudonymise = true, join = \"x\" }\n",
            &[
                r#"12:32 "unit" means nothing for the field "rating_count": it is no duration"#,
                r#"12:44 "pad" means nothing for the field "rating_count": only codes and numbers have leading zeros"#,
                r#"12:53 "formats" means nothing for the field "rating_count": it is no date or time"#,
                r#"12:71 "pseudonymise" means nothing for the field "rating_count": only texts and fields made for it become pseudonyms"#,
                r#"12:92 "join" means nothing for the field "rating_count": "columns" is not given"#,
            ],
        ),
        (
            "audience = { value = \"cilvēks, iedzivotaji\", split = [\",\"] }\ndescription = { functions = [\"lower\"] }\n",
            &[
                r#"12:22 the code list "audiences" has no value "iedzivotaji" (perhaps: iedzīvotājs)"#,
                r#"13:1 nothing says where the field "description" comes from: it needs "column", "columns" or "value""#,
            ],
        ),
        (
            "group_code = { columns = [\"A\", \"B\"], column = \"C\", extract = \"\\\\d+\", pattern = \"[\" }\n",
            &[
                r#"12:16 "column" and "columns" exclude each other"#,
                "12:62 the expression needs a group in parentheses: what is in it is the value",
                "12:80 the regular expression is not valid: a set of characters [ ] is not closed",
            ],
        ),
        (
            "steps = \"A\"\nAprakstss = \"A\"\nApraksts = 3\n",
            &[
                r#"12:1 "service" has no field "steps" (structures go into [table.children.steps] or a table of their own)"#,
                r#"13:1 "service" has no field "Aprakstss" (perhaps: description)"#,
                "14:12 a text or a table belongs here, not a number",
            ],
        ),
    ] {
        check(&table(fields), expected);
    }
    check(
        &format!(
            "{FILE}[[table]]\nentity = \"portfolio\"\nfields = {{ reg_no = {{ value = \"123\" }}, since = {{ column = \"A\", formats = [\"%d.%m.\", \"%d.%m.%Y\"] }} }}\n"
        ),
        &[
            r#"10:10 nothing in this table says where the key field "item" of "portfolio" comes from"#,
            r#"11:31 "123" is not a registration number (11 digits)"#,
            r#"11:75 no date can be read by the format "%d.%m.": it needs day, month and year, such as %d.%m.%Y"#,
        ],
    );
}

#[test]
fn children_and_keys() {
    let service = "[[table]]\nentity = \"service\"\nkey = [\"virsis_id\"]\nfields = { virsis_id = \"V\", code = \"K\", name = \"N\", owner_reg_no = \"O\" }\n";
    for (tables, expected) in [
        ("[table.children.steps]\ncolumn = \"Soļi\"\npattern = '^(?P<no>\\d+)\\. (?P<name>.+)$'\n", &[][..]),
        (
            "[table.children.steps]\ncolumn = \"Soļi\"\npattern = '^(?P<nr>\\d+)\\. (?P<name>.+)$'\n[table.children.stesp]\n",
            &[
                r#"15:11 "steps" has no field "nr" (perhaps: no)"#,
                r#"16:17 "service" has no structures "stesp" (perhaps: steps)"#,
            ],
        ),
        (
            "[table.children.steps]\nnumbered = { name = \"Solis {n}\", expected_time = \"Laiks\" }\n[table.children.fees]\ncolumn = \"Maksa\"\n",
            &[
                r#"14:50 the header "Laiks" has no "{n}" for 1, 2, 3 …"#,
                r#"15:17 the structures "fees" need "pattern" or "field": what is what in an item"#,
                r#"15:17 nothing says where the required field "amount" of "fees" comes from"#,
            ],
        ),
        (
            "[table.children.fees]\ncolumn = \"Maksa\"\nfield = \"note\"\nfields = { currency = { value = \"EUR\" } }\n",
            &[r#"13:17 nothing says where the required field "amount" of "fees" comes from"#],
        ),
        ("[[table]]\nentity = \"service.steps\"\nfields = { \"parent.virsis_id\" = \"V\", name = \"S\" }\n", &[]),
        (
            "[[table]]\nentity = \"service.steps\"\nfields = { \"parent.code\" = \"V\" }\n[table.unpivot]\n",
            &[
                r#"14:10 nothing says where the required field "parent.virsis_id" of "service.steps" comes from"#,
                r#"14:10 nothing says where the required field "name" of "service.steps" comes from"#,
                r#"15:12 "service.steps" has no field "parent.code" (perhaps: parent.virsis_id)"#,
                r#"16:8 "unpivot" has no place in a table of structures ("service.steps")"#,
            ],
        ),
        (
            "[[table]]\nentity = \"service\"\nkey = [\"virsis\"]\nfields = { code = \"K\" }\n[[table.skip]]\ncolumn = \"A\"\n",
            &[
                r#"15:8 "service" has no field "virsis" (perhaps: virsis_id)"#,
                r#"17:1 "matches", "unless" or "others_empty = true" is needed"#,
            ],
        ),
    ] {
        check(&format!("{FILE}{service}{tables}"), expected);
    }
    check(
        &format!("{FILE}[[table]]\nentity = \"need\"\nfields = {{ name = \"A\" }}\n"),
        &[
            r#"10:10 nothing in this table says where the key field "code" of "need" comes from"#,
            r#"10:10 nothing says where the required field "life_event_code" of "need" comes from"#,
        ],
    );
}

#[test]
fn unpivot() {
    let table = "[[table]]\nentity = \"survey_response\"\nfields = { wave = { value = \"2024\" }, respondent_reg_no = \"A\", submitted_at = \"B\" }\n";
    check(&format!("{FILE}{table}[table.unpivot]\nquestionnaire = \"2023\"\n"), &[r#"13:17 no questionnaire "2023""#]);
}

/// Records of an unpivoted table are known by the entity's own key.
#[test]
fn a_key_beside_unpivot() {
    check(
        &format!(
            "{FILE}[[table]]\nentity = \"survey_response\"\nkey = [\"wave\"]\n[table.unpivot]\ncolumns = {{ a = \"q1\" }}\n\
             [table.fields]\nwave = \"A\"\nrespondent_reg_no = \"R\"\nsubmitted_at = \"S\"\n"
        ),
        &[
            r#"11:1 "key" has no meaning here: with "unpivot", a record of survey_response is known by the entity's own key (that key is: wave, respondent_reg_no, submitted_at, question; delete "key")"#,
        ],
    );
}

/// Events could not tell which request is theirs.
#[test]
fn a_key_of_requests() {
    for (key, expected) in [
        (
            "key = [\"request_no\", \"institution_reg_no\"]\n",
            &[
                r#"11:1 records of "service_request" are told apart by institution_reg_no, request_no: status events name their request by these; leave "key" out"#,
            ][..],
        ),
        ("key = [\"institution_reg_no\", \"request_no\"]\n", &[]),
    ] {
        check(
            &format!(
                "{FILE}[[table]]\nentity = \"service_request\"\n{key}[table.fields]\nrequest_no = \"N\"\n\
                 institution_reg_no = \"I\"\nkind = \"V\"\n"
            ),
            expected,
        );
    }
}

/// Requests and events belong to the institution that delivers, unless a table says otherwise.
#[test]
fn the_institution_of_requests() {
    let body = |institution: &str, field: &str| {
        format!(
            "{institution}{FILE}[[table]]\nentity = \"service_request\"\n[table.fields]\nrequest_no = \"N\"\nkind = \"V\"\n{field}"
        )
    };
    let source = |body: &str| format!("id = \"x\"\ntitle = \"X\"\ndelivers = \"delta\"\n{body}");
    let of = |body: &str| {
        let config = load(&[("sources/x.toml", &source(body))]).unwrap();
        config.sources[0].table[0].fields["institution_reg_no"].rule().value
    };
    assert_eq!(of(&body("institution = \"90000270634\"\n", "")).as_deref(), Some("90000270634"));
    let own = "institution_reg_no = { value = \"90000069281\" }\n";
    assert_eq!(of(&body("institution = \"90000270634\"\n", own)).as_deref(), Some("90000069281"));
    let lacking = told(&[("sources/x.toml", &source(&body("", "")))]);
    assert!(lacking.len() == 1 && lacking[0].contains("institution_reg_no"), "{lacking:#?}");
}
