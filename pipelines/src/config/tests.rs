//! The configuration as a whole: the one of this repository, and ones with mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use super::*;

fn problems(files: &[(&str, &str)]) -> Problems {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join("config").join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
    match Config::load(&folder.path().join("config")) {
        Err(ConfigError::Problems(problems)) => *problems,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("no problem found"),
    }
}

#[test]
fn this_repository() {
    let dir = std::env::var("CFG").map_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../config"), Into::into);
    match Config::load(&dir) {
        Ok(_) => {}
        Err(ConfigError::Problems(problems)) => panic!("{}", problems.render(Some(Language::En), false)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn scratch() {
    let p = problems(&[("vienkop.toml", "languag = \"lv\"\nlimits = { depth = \"x\", deph = 3 }\n[personal_data]\nlanded_days = -1\n"),
      ("sources/a.toml", "id = \"b\"\ntitle = 3\ndelivers = \"snapshots\"\n[fetch]\nkind=\"fil\"\n[format]\nkind = \"csvv\"\n[[table]]\nentity = \"servise\"\n[[table]]\nentity = \"service\"\nfields = { code = 3, name = { colum = \"x\" }, owner_reg_no = { column = [3], functions = [\"trim\"] } }\n")]);
    println!("{}", p.render(None, false));
    println!("{}", p.render(Some(Language::En), false));
}
