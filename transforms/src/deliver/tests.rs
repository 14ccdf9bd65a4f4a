#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use polars::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::codelist::CodeLists;
use crate::holdings::Holdings;

fn template(record: Value) -> Result<Template, Vec<Fault>> {
    let settings: RecordSettings = serde_json::from_value(record).unwrap();
    Template::new(&settings, &["institution", "service"], &CodeLists::new(Vec::new()))
}

/// Registry frames with the columns that are named, and nothing in the others.
fn held() -> Holdings {
    let mut held = Holdings::default();
    let whole = |entity: &str, rows: DataFrame| {
        let nothing = Holdings::default().entity(entity).unwrap();
        let missing = nothing.columns().iter().filter(|column| rows.column(column.name()).is_err());
        let nulls: Vec<Expr> =
            missing.map(|column| lit(NULL).cast(column.dtype().clone()).alias(column.name().clone())).collect();
        rows.clone().lazy().with_columns(nulls).collect().unwrap()
    };
    let institutions =
        df!("uid" => ["i-1", "i-2"], "reg_no" => ["90000000001", "90000000002"], "name" => ["Pirmā", "Otrā \"B\""]);
    held.entities.insert("institution", whole("institution", institutions.unwrap()));
    let services = df!(
        "uid" => ["s-2", "s-1", "s-3"],
        "owner_reg_no" => ["90000000002", "90000000001", "90000000009"],
        "code" => ["A/1", "A/1", ".."],
        "name" => ["Otrais", "Pirmais", "Trešais"],
        "audience" => [Some("[\"uzņēmējs\",\"iedzīvotājs\"]"), None, Some("[]")],
        "annual_requests" => [Some(5_i64), None, Some(0)],
        "in_person_only" => [Some(true), None, Some(false)],
        "expected_time_value" => [Some("3"), None, None],
        "lifecycle" => [Some("aktīvs"), Some("likvidēts"), Some("aktīvs")],
    );
    held.entities.insert("service", whole("service", services.unwrap()));
    let steps = df!("uid" => ["s-2", "s-1", "s-2"], "_ordinal" => [2_i64, 1, 1], "name" => ["B", "C", "A"]).unwrap();
    let nothing = Holdings::default().service_child("steps", &["no", "expected_time", "client_visible"]).unwrap();
    let missing = nothing.columns().iter().filter(|column| column.name() != "uid");
    let nulls: Vec<Expr> =
        missing.map(|column| lit(NULL).cast(column.dtype().clone()).alias(column.name().clone())).collect();
    let steps = steps.lazy().with_columns(nulls).collect().unwrap();
    held.service_children.insert("steps", steps);
    held
}

fn fill(id_of: &(dyn Fn(&str, &str) -> Option<String> + Sync)) -> Fill<'_> {
    Fill { key: "k", sequence: 7, id: Some("id-1"), id_of }
}

#[test]
fn records_are_written_from_columns() {
    let template = template(json!({
        "entity": "service",
        "send": { "method": "PUT", "path": "o/{owner_reg_no}/s/{code}?k={name}" },
        "when": { "lifecycle": ["aktīvs"] },
        "codes": { "audience": { "uzņēmējs": "U" } },
        "body": {
            "uid": "{uid}", "n": "{annual_requests}", "p": "{in_person_only}", "a": "{audience}",
            "t": "{expected_time_value} dienas", "d": { "v": { "n": "{expected_time_value}" } }, "o": { "nos": "{owner_reg_no.name}", "id": "{owner_reg_no.register_id|nav}" },
            "s": { "each": "steps", "item": { "nr": "{ordinal}", "v": "{name}", "x": "{no}" } },
            "z": ["{sequence}", "{idempotency_key}", true, "{lifecycle|-}"],
        },
    }))
    .unwrap();
    let held = held();
    let requests = Requests::new(&template, &held).unwrap();
    assert_eq!((0..requests.len()).map(|row| requests.uid(row)).collect::<Vec<_>>(), ["s-2", "s-3"]);
    let id_of = |entity: &str, uid: &str| (uid == "i-2").then(|| format!("{entity}-7"));
    let body = |row| serde_json::from_slice::<Value>(&requests.body(row, fill(&id_of))).unwrap();
    assert_eq!(
        body(0),
        json!({
            "uid": "s-2", "n": 5, "p": true, "a": ["U", "iedzīvotājs"], "t": "3 dienas", "d": { "v": { "n": "3" } },
            "o": { "nos": "Otrā \"B\"", "id": "institution-7" },
            "s": [{ "nr": 1, "v": "A" }, { "nr": 2, "v": "B" }], "z": [7, "k", true, "aktīvs"],
        })
    );
    assert_eq!(
        body(1),
        json!({ "uid": "s-3", "n": 0, "p": false, "a": [], "o": { "id": "nav" }, "s": [], "z": [7, "k", true, "aktīvs"] })
    );
    // A value cannot lead to another address.
    assert_eq!(requests.send_path(0, fill(&id_of)).unwrap(), "o/90000000002/s/A%2F1?k=Otrais");
    assert_eq!(requests.send_path(1, fill(&id_of)), None);
    assert_eq!(requests.missing(1, fill(&id_of)), ["code"]);
    let referred: Vec<_> = requests.referred(0).collect();
    assert_eq!(referred, [Referred { field: "owner_reg_no", entity: "institution", uid: "i-2" }]);
    assert_eq!(requests.referred(1).count(), 0);
    assert_eq!((requests.key(0), requests.name(0)), ("90000000002/A/1".to_owned(), Some("Otrais")));
}

/// Uid, state, the hash of what was sent and is held, whether there may be something.
type Known<'k> = (&'k str, &'k str, Option<&'k str>, bool);

#[test]
fn a_plan_says_what_the_register_lacks() {
    let record =
        json!({ "entity": "service", "send": { "method": "PUT", "path": "s/{uid}" }, "body": { "n": "{name}" } });
    let template = template(record).unwrap();
    let held = held();
    let requests = Requests::new(&template, &held).unwrap();
    let hashes: Vec<String> = (0..requests.len()).map(|row| requests.hash(row, &|_, _| None)).collect();
    let none = None::<&str>;
    let delivered = |rows: &[Known]| {
        let of = |value: fn(&Known) -> Option<String>| rows.iter().map(value).collect::<Vec<_>>();
        df!(
            "uid" => of(|row| Some(row.0.to_owned())), "state" => of(|row| Some(row.1.to_owned())),
            "hash" => of(|row| row.2.map(str::to_owned)), "held" => of(|row| row.2.map(str::to_owned)),
            "maybe" => rows.iter().map(|row| i64::from(row.3)).collect::<Vec<_>>(),
            "register_id" => vec![none; rows.len()], "place" => vec![none; rows.len()],
            "address" => vec![none; rows.len()], "former" => vec![none; rows.len()],
            "sequence" => vec![1_i64; rows.len()],
        )
        .unwrap()
    };
    let actions = |rows: &[Known]| {
        let plan = Plan::new(&requests, &delivered(rows), &|_, _| None).unwrap();
        let due: Vec<_> = plan.due.iter().map(|due| (requests.uid(due.row).to_owned(), due.action)).collect();
        let gone: Vec<_> = plan.removals.iter().map(|removal| removal.uid.clone()).collect();
        (due, gone, plan.unchanged, plan.there)
    };
    let all = |action| ["s-1", "s-2", "s-3"].map(|uid| (uid.to_owned(), action)).to_vec();
    assert_eq!(actions(&[]), (all(Action::Create), vec![], 0, 0));
    let same = Some(hashes[0].as_str());
    assert_eq!(actions(&[("s-1", "accepted", same, false)]).2, 1);
    // What was sent and never answered is sent again, even if the register is known to have had the same before.
    let known = [("s-1", "sent", same, true), ("s-2", "refused", None, false), ("s-3", "accepted", Some("x"), false)];
    let (due, ..) = actions(&known);
    let expected = [Action::Again, Action::Create, Action::Update];
    assert_eq!(due.iter().map(|(_, action)| *action).collect::<Vec<_>>(), expected);
    let gone = [
        ("x-1", "accepted", Some("h"), false),
        ("x-2", "refused", None, false),
        ("x-3", "sent", None, true),
        ("x-4", "removing", Some("h"), true),
        // Sent, never answered, then another content of it refused: the first may be there.
        ("x-5", "refused", None, true),
        ("x-6", "removed", None, false),
    ];
    let (_, removals, _, there) = actions(&gone);
    assert_eq!((removals, there), (["x-1", "x-3", "x-4", "x-5"].map(str::to_owned).to_vec(), 4));
}

#[test]
fn hashes_are_of_what_is_sent_and_nothing_else() {
    let of = |path: &str, name: &str, empty: &str| {
        let record = json!({
            "entity": "service", "send": { "method": "PUT", "path": path }, "empty": empty,
            "body": { "n": name, "k": "{idempotency_key}", "q": "{sequence}", "i": "{register_id}", "e": "{ep_id}" },
            "create": { "method": "POST", "path": "s" }, "find": { "path": "s?x={uid}", "id": "/0", "uid": "/1" }, "id": "/id",
        });
        let template = template(record).unwrap();
        let requests = Requests::new(&template, &held()).unwrap();
        (0..requests.len()).map(|row| requests.hash(row, &|_, _| None)).collect::<Vec<_>>()
    };
    let hashes = of("s/{register_id}", "{name}", "omit");
    assert_eq!(hashes, of("s/{register_id}", "{name}", "omit"));
    for other in [
        of("t/{register_id}", "{name}", "omit"),
        of("s/{register_id}", "{code}", "omit"),
        of("s/{register_id}", "{name}", "null"),
    ] {
        assert!(hashes.iter().zip(&other).all(|(a, b)| a != b));
    }
}

#[test]
fn what_cannot_be_filled_is_told() {
    let reasons = |record: Value| {
        let faults = template(record).err().unwrap_or_default();
        faults
            .into_iter()
            .map(|fault| format!("{} {} {}", fault.at.join("/"), fault.reason, fault.value))
            .collect::<Vec<_>>()
    };
    let base = |more: Value| {
        let mut record =
            json!({ "entity": "service", "send": { "method": "PUT", "path": "s/{uid}" }, "body": { "n": "{name}" } });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record
    };
    assert_eq!(reasons(base(json!({}))), Vec::<String>::new());
    for (more, expected) in [
        (json!({ "entity": "service_request" }), "entity entity service_request"),
        (json!({ "body": { "a": { "b": ["{nme}"] } } }), "body/a/b/0 gap nme"),
        (json!({ "body": { "a": "{need.register_id}" } }), "body/a no-id need.register_id"),
        (json!({ "body": {} }), "body body "),
        (json!({ "body": { "l": { "each": "step", "item": {} } } }), "body/l/each each step"),
        (json!({ "body": { "l": { "each": "steps" } } }), "body/l each-item steps"),
        (json!({ "body": { "l": { "each": "steps", "item": "{fee}" } } }), "body/l/item gap fee"),
        (
            json!({ "body": { "l": { "each": "steps", "item": { "each": "fees", "item": 1 } } } }),
            "body/l/item/each each fees",
        ),
        (json!({ "when": { "audience": ["x"] } }), "when/audience when audience"),
        (json!({ "codes": { "name": {} } }), "codes/name codes name"),
        (json!({ "create": { "method": "POST", "path": "s" }, "id": "/id" }), "create find "),
        (json!({ "body": { "a": "{register_id}" } }), "body/a no-id register_id"),
        (json!({ "send": { "method": "PUT", "path": "/s/{uid}" } }), "send/path path-begins /s/{uid}"),
        (
            json!({ "send": { "method": "PUT", "path": "s/{uid" } }),
            "send/path path-brace s/{uid; send/path path-same s/{uid",
        ),
        (json!({ "send": { "method": "PUT", "path": "s" } }), "send/path path-same s"),
        (json!({ "remove": { "method": "DELETE", "path": "s" } }), "remove/path path-same "),
        (
            json!({ "remove": { "method": "DELETE", "path": "s/{uid}?n={sequence}" } }),
            "remove/path remove-gap sequence",
        ),
        (json!({ "find": { "path": "s", "id": "/id", "uid": "/uid" } }), "find find-alone "),
        (json!({ "send": { "method": "PUT", "path": "s/{register_id}" } }), "send/path no-id register_id"),
        (json!({ "batch": { "size": 5 } }), "send/path batch-path s/{uid}"),
        (json!({ "id": "id" }), "id pointer id"),
    ] {
        assert_eq!(reasons(base(more)).join("; "), expected);
    }
}
