//! Records that go, come back, move or get another id at the register.

use super::*;

#[test]
fn what_went_and_came_back_is_there() {
    let place = Place::new();
    place.delivered(0);
    let without = "need;owner;code\nV-1;90000270634;P-1\nV-1;90000069281;P-1\n";
    // Twice the same way, and once with a removal whose answer was never received.
    for silent in [false, false, true] {
        place.project.file("saites.csv", without);
        place.import();
        if silent {
            place.register.fails(|asked, _| (asked.method == "DELETE").then(Fault::silence));
        }
        let gone = place.publish(&["--json", "--approve"]).json()["deliveries"][0].clone();
        assert_eq!(place.register.count("need-services/"), 2, "{gone}");
        place.register.fails(|_, _| None);
        place.project.file("saites.csv", NEEDS);
        place.import();
        let back = place.delivered(0);
        assert_eq!(place.register.count("need-services/"), 3, "{back}");
        assert_same(&place, 11);
    }
}

#[test]
fn an_address_that_moves_is_left_clean_and_another_record_there_is_let_be() {
    let place = Place::new();
    place.delivered(0);
    let codes = |place: &Place| {
        let records = place.register.records().into_iter().filter(|(path, _)| path.starts_with("needs/"));
        records.map(|(path, body)| format!("{path} {}", body["name"].as_str().unwrap())).collect::<Vec<_>>()
    };
    // The register does not answer to the removal of the old address, nor is the program there to hear it.
    place.project.file("vajadzibas.csv", "code;name\nV-1;Reģistrēt\nV-3;Mainīt\n");
    place.import();
    place.register.fails(|asked, _| (asked.method == "DELETE").then(|| Fault::Before(Reply::text(500, "kļūda"))));
    place.publish(&["--approve"]);
    place.register.fails(|_, _| None);
    place.publish(&["--approve"]).ends(0);
    assert_eq!(codes(&place), ["needs/V-1 Reģistrēt", "needs/V-3 Mainīt"]);

    // Two services of one code: neither may write over the other.
    place.project.file("saites.csv", "need;owner;code\nV-1;90000270634;P-1\n");
    place.import();
    let (server, _) = target(&place.register.server.url())
        .split_once("# Iestādes")
        .map(|(server, rest)| (server.to_owned(), rest.to_owned()))
        .unwrap();
    let record = "[[record]]\nentity = \"service\"\nsend = { method = \"PUT\", path = \"codes/{code}\" }\n\
        remove = { method = \"DELETE\", path = \"codes/{code}\" }\nbody = { code = \"{code}\", name = \"{name}\" }\n";
    place.project.file("config/targets/registrs.toml", format!("{server}{record}"));
    let twins = place.publish(&["--approve", "--json"]).ends(1).json()["deliveries"][0].clone();
    assert_eq!(counts(&twins, "service"), [0, 1, 0, 0, 0, 2], "{twins}");
    assert!(codes_of(&twins).iter().all(|code| code == "P008"), "{twins}");
    // One gives up the code: then it is the other's alone, and what is taken away is not what stands there now.
    csv(&place.project, "pakalpojumi", "90000069281;P-1;Licence", "90000069281;P-2a;Licence");
    place.import();
    place.publish(&["--approve"]).ends(0);
    csv(&place.project, "pakalpojumi", "90000270634;P-2;Atļauja", "90000270634;P-4;Atļauja");
    csv(&place.project, "pakalpojumi", "90000069281;P-2a;Licence", "90000069281;P-2;Licence");
    place.import();
    place.publish(&["--approve"]).ends(0);
    let held: Vec<String> =
        place.register.records().keys().filter(|path| path.starts_with("codes/")).cloned().collect();
    assert_eq!(held, ["codes/P-1", "codes/P-2", "codes/P-4"]);
    assert_eq!(place.register.records()["codes/P-2"]["name"], "Licence");
}

#[test]
fn a_link_waits_for_the_id_that_it_needs_and_follows_a_new_one() {
    let place = Place::new();
    let path = place.project.path("config/targets/registrs.toml");
    let whole = fs::read_to_string(&path).unwrap();
    let some =
        whole.replace("entity = \"service\"\n", "entity = \"service\"\nwhen = { owner_reg_no = [\"90000069281\"] }\n");
    assert_ne!(some, whole);
    fs::write(&path, some).unwrap();
    let delivery = place.publish(&["--json"]).json()["deliveries"][0].clone();
    assert_eq!((counts(&delivery, "service")[0], counts(&delivery, "need_service")), (1, [1, 0, 0, 0, 0, 2]));
    fs::write(&path, whole).unwrap();
    place.delivered(0);
    let linked = |place: &Place| {
        let records = place.register.records();
        let links = records.iter().filter(|(path, _)| path.starts_with("need-services/"));
        links
            .filter(|(_, link)| records.contains_key(&format!("services/{}", link["serviceId"].as_str().unwrap())))
            .count()
    };
    assert_eq!(linked(&place), 3);
    // Taken away there, and made anew with another id: the links say the new one in the end.
    place.register.held.lock().unwrap().records.retain(|path, _| !path.starts_with("services/"));
    csv(&place.project, "pakalpojumi", ";P-1;Izziņa", ";P-1;Izziņa par zemi");
    place.import();
    place.delivered(0);
    place.delivered(0);
    assert_eq!((linked(&place), place.register.count("services/")), (1, 1));
}

#[test]
fn records_that_are_gone_are_taken_away_and_too_many_wait_for_approval() {
    let place = Place::new();
    place.delivered(0);
    csv(&place.project, "saites", "V-2;90000270634;P-2\n", "");
    csv(&place.project, "pakalpojumi", "90000270634;P-2;Atļauja\n", "");
    place.import();
    let gone = place.publish(&["--json", "--approve"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!((counts(&gone, "service"), counts(&gone, "need_service")), ([0, 0, 1, 2, 0, 0], [0, 0, 1, 2, 0, 0]));
    assert_same(&place, 9);
    let asked = place.register.server.asked();
    let at = |what: &str| asked.iter().position(|asked| asked.starts_with(what)).unwrap();
    assert!(at("DELETE /need-services/") < at("DELETE /services/"), "what refers goes first");

    // A code is part of an address: under the old one nothing is left.
    csv(&place.project, "vajadzibas", "V-2;Mainīt", "V-9;Mainīt");
    place.import();
    let moved = place.publish(&["--json", "--approve"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!(counts(&moved, "need"), [1, 0, 1, 1, 0, 0]);
    assert!(place.register.records().contains_key("needs/V-9") && !place.register.records().contains_key("needs/V-2"));

    fs::write(place.project.path("saites.csv"), "need;owner;code\nV-1;90000270634;P-1\n").unwrap();
    fs::write(place.project.path("vajadzibas.csv"), "code;name\nV-1;Reģistrēt\n").unwrap();
    fs::write(place.project.path("pakalpojumi.csv"), "owner;code;name\n90000270634;P-1;Izziņa\n").unwrap();
    place.import();
    let before = place.register.asked();
    let held = place.publish(&["--lang", "lv"]).ends(3).stdout;
    assert!(held.contains("max_removed_share") && held.contains("--approve"), "{held}");
    assert_eq!(place.register.asked(), before);
    place.publish(&["--approve"]).ends(0);
    assert_same(&place, 6);

    // Somebody took a service away at the register: it is made anew.
    place.register.held.lock().unwrap().records.retain(|path, _| !path.starts_with("services/"));
    csv(&place.project, "pakalpojumi", "Izziņa", "Cita izziņa");
    place.import();
    assert_eq!(counts(&place.delivered(0), "service"), [0, 1, 0, 0, 0, 0]);
    assert_eq!(place.register.count("services/"), 1);
}
