//! A register that fails, and a program that is stopped: nothing is there twice, and nothing is forgotten.

use super::*;

#[test]
fn samples_reach_a_register_that_fails_again_and_again() {
    let project = Project::samples();
    let register = Register::start();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(pipeline, text.split_once("[publish]").unwrap().0).unwrap();
    project.file("config/targets/registrs.toml", target(&register.server.url()));
    project.run(&[]).ends(0);
    let deliver = |more: &[&str]| {
        let words = [&TO[..], &["--as-of", "2024-07-08", "--json"], more].concat();
        Ran::of(&project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap())
    };
    let planned = deliver(&["--dry-run"]).ends(0).json()["deliveries"][0].clone();
    assert_eq!((planned["written"].clone(), register.asked()), (Value::from(false), 0), "a dry run asks nobody");

    // Every third request meets something: an error, a conflict, silence or a break after it was taken.
    register.fails(|asked, number| match number % 15 {
        0 => Some(Fault::Before(Reply::text(500, "kļūda"))),
        3 => Some(Fault::Before(Reply::text(409, "jau strādājam"))),
        6 if asked.method != "GET" => Some(Fault::broken()),
        9 => Some(Fault::Before(Reply::status(429).with("Retry-After", "0"))),
        12 if number < 100 => Some(Fault::silence()),
        _ => None,
    });
    let delivery = deliver(&[]).ends(0).json()["deliveries"][0].clone();
    assert_eq!(delivery["stopped"], Value::Null, "{delivery}");
    for entity in ["institution", "life_event", "need", "service", "need_service"] {
        let [created, updated, removed, ..] = counts(&planned, entity);
        assert_eq!(counts(&delivery, entity), [created, updated, removed, 0, 0, 0], "{entity}: {delivery}");
    }
    register.fails(|_, _| None);
    let after = deliver(&[]).ends(0).json()["deliveries"][0].clone();
    for entity in ["institution", "service", "need_service"] {
        let [created, ..] = counts(&planned, entity);
        assert_eq!(counts(&after, entity), [0, 0, 0, created, 0, 0], "{entity}");
    }

    // What it holds is what the dry run showed, a record a request, but for the ids that it gave itself.
    let records = register.records();
    let requests = planned["requests"].as_array().unwrap();
    assert_eq!(records.len(), requests.len());
    for request in requests {
        // Of many together each is shown alone.
        let body = request["body"].pointer("/items/0").unwrap_or(&request["body"]);
        let path = request["path"].as_str().unwrap();
        let found = match body["externalId"].as_str() {
            Some(id) => records.values().find(|record| record["externalId"] == id).unwrap(),
            None => &records[path],
        };
        for (name, value) in body.as_object().unwrap().iter().filter(|(name, _)| *name != "serviceId") {
            assert_eq!(&found[name], value, "{path}");
        }
    }
}

#[test]
fn a_stopped_delivery_goes_on() {
    // Stopped with the n-th request taken and not answered.
    for stop_at in [1, 3, 6, 8, 11] {
        let place = Place::new();
        let (tell, told) = mpsc::channel();
        let tell = std::sync::Mutex::new(tell);
        place.register.fails(move |_, number| {
            (number == stop_at).then(|| {
                tell.lock().unwrap().send(()).unwrap();
                Fault::After(Reply::Hang(std::time::Duration::from_secs(3)))
            })
        });
        let words = [&TO[..], &["--as-of", "2024-07-08"]].concat();
        let mut command = place.project.command(&words);
        command.env("REGISTRA_PARAUGA_ATSLEGA", "atslega").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        place.register.fails(|_, _| None);
        // Something else to say next time.
        csv(&place.project, "pakalpojumi", "P-1;Izziņa\n", "P-1;Izziņa par zemi\n");
        place.import();
        let last = place.delivered(0);
        assert_eq!(last["stopped"], Value::Null);
        assert_same(&place, 11);
        let name = &place.services()[&("90000270634".to_owned(), "P-1".to_owned())].1;
        assert_eq!(name, "Izziņa par zemi", "request {stop_at}");
        assert_eq!(counts(&place.delivered(0), "service"), [0, 0, 0, 3, 0, 0]);
    }
}

#[test]
fn an_id_of_somebody_elses_record_is_not_ours() {
    let place = Place::new();
    let foreign = json!({ "items": [{ "id": "s-77", "externalId": "cits" }] }).to_string();
    place.register.fails(move |asked, _| (asked.method == "GET").then(|| Fault::Before(Reply::json(foreign.clone()))));
    let delivery = place.delivered(1);
    assert_eq!(counts(&delivery, "service"), [0, 0, 0, 0, 0, 3], "{delivery}");
    assert_eq!(place.register.count("services/"), 0);
    assert!(place.register.server.asked().iter().all(|asked| !asked.starts_with("PUT /services")));
    // An answer cut short does not say that it is not there, and one that says nothing neither.
    for answer in ["{\"items\": [", "", "null "] {
        place.register.fails(move |asked, _| (asked.method == "GET").then(|| Fault::Before(Reply::json(answer))));
        place.publish(&[]);
        let made = place.register.count("services/");
        assert_eq!(made, if answer == "null " { 3 } else { 0 }, "{answer:?}");
    }
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
}

#[test]
fn a_register_that_knows_no_keys_has_each_record_once_too() {
    let place = Place::new();
    place.register.held.lock().unwrap().forgets = true;
    // Every other service is made, and nobody hears of it.
    place.register.fails(|asked, number| match (asked.method.as_str(), number % 4) {
        ("POST", 0) => Some(Fault::After(Reply::text(500, "kļūda"))),
        ("POST", 1) => Some(Fault::broken()),
        ("POST", 2) => Some(Fault::silence()),
        _ => None,
    });
    place.publish(&[]);
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
}

#[test]
fn a_register_that_is_not_there_or_does_not_know_us_leaves_everything_for_later() {
    let place = Place::new();
    let wrong_key = {
        let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-08"]].concat();
        Ran::of(&place.project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "cita-atslega").output().unwrap())
            .ends(1)
    };
    assert!(wrong_key.stdout.contains("401") && !wrong_key.stdout.contains("cita-atslega"), "{}", wrong_key.stdout);
    let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-08"]].concat();
    let no_key = place.project.vienkop(&words).ends(1).stdout;
    assert!(no_key.contains("REGISTRA_PARAUGA_ATSLEGA"), "{no_key}");
    let broken = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&broken);
    place.register.fails(move |_, _| {
        seen.fetch_add(1, Ordering::SeqCst);
        Some(Fault::Before(Reply::text(503, "apkope")))
    });
    let failing = place.delivered(1);
    assert!(codes(&failing).contains(&("P007".to_owned(), "90000069281".to_owned())), "{failing}");
    assert_eq!(counts(&failing, "service"), [0, 0, 0, 0, 0, 3]);
    // Attempts of two records, since the others refer to these.
    assert_eq!(broken.load(Ordering::SeqCst), 4 * 2);

    // A page that lets people in is no word of what became of a record.
    place.register.fails(|_, _| Some(Fault::Before(Reply::bytes("<html>Piesakieties</html>"))));
    let page = place.delivered(1);
    assert_eq!(counts(&page, "institution"), [0, 0, 0, 0, 0, 2], "{page}");
    // Neither is a redirect that would make a GET of a request.
    place
        .register
        .fails(|asked, _| (asked.method != "GET").then(|| Fault::Before(Reply::to(303, "/services?externalId=x"))));
    assert_eq!(counts(&place.delivered(1), "institution"), [0, 0, 0, 0, 0, 2]);
    assert!(place.register.records().is_empty());

    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
    let Place { project, register, .. } = place;
    drop(register);
    csv(&project, "pakalpojumi", "Izziņa", "Cita izziņa");
    project.run(&[]).ends(0);
    let words = [&TO[..], &["--lang", "lv", "--as-of", "2024-07-09"]].concat();
    let dead = Ran::of(&project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap()).ends(1);
    assert!(project.path("var/publish/2024-07-09/publication.json").exists(), "feeds do not wait for a register");
    assert!(dead.stdout.contains("Piegāde apturēta"), "{}", dead.stdout);
}

#[test]
fn a_register_that_fails_is_left_alone() {
    let place = Place::new();
    let needs: Vec<String> = (1..=200).map(|n| format!("V-{n};Vajadzība\n")).collect();
    place.project.file("vajadzibas.csv", format!("code;name\n{}", needs.concat()));
    place.import();
    // Some records, one after another: the others of the entity wait, and other entities are not held up.
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    place.register.fails(move |asked, _| {
        let bad = asked.path().starts_with("/needs/");
        counted.fetch_add(usize::from(bad), Ordering::SeqCst);
        bad.then(|| Fault::Before(Reply::text(503, "apkope")))
    });
    let failing = place.delivered(1);
    assert!(failing["stopped"].as_str().unwrap().contains("503"), "{failing}");
    assert_eq!((counts(&failing, "need"), counts(&failing, "service")), ([0, 0, 0, 0, 0, 200], [3, 0, 0, 0, 0, 0]));
    // Four attempts of three records and of those under way beside them: not of two hundred.
    assert!(seen.load(Ordering::SeqCst) <= 4 * 7, "{seen:?}");
    // Who is not known is not tried by every record.
    let before = place.register.asked();
    place.register.fails(|_, _| Some(Fault::Before(Reply::status(401))));
    place.delivered(1);
    assert_eq!(place.register.asked() - before, 1);
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_eq!(place.register.count("needs/"), 200);
}

#[test]
fn one_target_that_fails_does_not_hold_up_another() {
    let (place, other) = (Place::new(), Register::start());
    let theirs = target(&other.server.url()).replace("id = \"registrs\"", "id = \"otrs\"");
    place.project.file("config/targets/otrs.toml", theirs);
    // Whoever may not write is told so for a few records, not for all.
    let services: Vec<String> = (1..=100).map(|n| format!("90000270634;A-{n:02};Pakalpojums {n}\n")).collect();
    place.project.file("pakalpojumi.csv", format!("owner;code;name\n{}", services.concat()));
    place.project.file("saites.csv", "need;owner;code\nV-1;90000270634;A-01\n");
    place.import();
    place.register.refuses(|_, _| Some((403, json!({ "detail": "Nav tiesību rakstīt" }))));
    let words = ["publish", "--to", "registrs,otrs", "--as-of", "2024-07-08", "--json"];
    let both = place.project.command(&words).env("REGISTRA_PARAUGA_ATSLEGA", "atslega").output().unwrap();
    let both = Ran::of(&both).ends(1).json()["deliveries"].clone();
    assert_eq!(both[0]["target"], "registrs");
    assert!(codes(&both[0]).iter().any(|(code, _)| code == "P004"), "{}", both[0]);
    assert!(both[0]["findings"].to_string().contains("403 Nav tiesību rakstīt"));
    assert!(place.register.asked() < 20 && place.register.records().is_empty(), "{}", place.register.asked());
    assert_eq!((counts(&both[1], "service"), other.count("services/")), ([100, 0, 0, 0, 0, 0], 100));
}

#[test]
fn somebody_who_asks_to_stop_is_heard() {
    let place = Place::new();
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    place.register.fails(move |_, number| {
        (number == 5).then(|| {
            tell.lock().unwrap().send(()).unwrap();
            Fault::silence()
        })
    });
    let words = [&TO[..], &["--as-of", "2024-07-08", "--lang", "lv"]].concat();
    let mut command = place.project.command(&words);
    command.env("REGISTRA_PARAUGA_ATSLEGA", "atslega").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    told.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    let asked = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let stopped = Ran::of(&child.wait_with_output().unwrap()).ends(2).stdout;
    assert!(stopped.contains("pārtraukta"), "{stopped}");
    place.register.fails(|_, _| None);
    place.delivered(0);
    assert_same(&place, 11);
}
