//! Chromium without a window: what a page says of itself once its scripts have run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Names of the program.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// The page's clock goes on at once while nothing happens, so that waiting costs no time; this is the end of it.
const BUDGET: &str = "--virtual-time-budget=600000";
const PATIENCE: Duration = Duration::from_secs(300);

/// The DOM of a page as it is, with its policy, once it has been loaded.
pub(crate) fn dump(page: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.html"), page).unwrap();
    loaded(folder.path(), "page.html")
}

/// Runs a script (the body of an asynchronous function) in a copy of a page without its policy, in a frame of a width in
/// pixels, since a window of Chromium is never narrower than 500; gives what the script returns.
pub(crate) fn ask(page: &str, width: u32, libraries: &[&str], script: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let page = without_policy(page);
    let (before, after) = page.rsplit_once("</body>").expect("the page has a body");
    let libraries: Vec<String> = libraries.iter().map(|text| format!("<script>{text}</script>")).collect();
    let runner = format!(
        "<script>addEventListener('load', async () => {{
            const act = async () => {{ {script} }};
            const answer = await act().catch(error => ({{ error: String(error.stack) }}));
            const letters = /[^ -~]|[<>&]/g;
            const escaped = letter => '\\\\u' + letter.charCodeAt(0).toString(16).padStart(4, '0');
            parent.postMessage(JSON.stringify(answer).replace(letters, escaped), '*');
        }});</script>"
    );
    fs::write(folder.path().join("page.html"), format!("{before}{}{runner}</body>{after}", libraries.concat()))
        .unwrap();
    let host = format!(
        "<!DOCTYPE html><html lang=\"en\"><title>host</title><body><pre id=\"answer\"></pre>
        <script>addEventListener('message', event => document.getElementById('answer').textContent = event.data)</script>
        <iframe title=\"page\" src=\"page.html\" style=\"width: {width}px; height: 900px; border: 0\"></iframe></body></html>"
    );
    fs::write(folder.path().join("host.html"), host).unwrap();
    let dom = loaded(folder.path(), "host.html");
    let answer = dom.split_once("<pre id=\"answer\">").unwrap().1.split_once("</pre>").unwrap().0;
    let answer: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: “{answer}” of\n{dom}"));
    assert!(answer.get("error").is_none(), "{}", answer["error"].as_str().unwrap_or_default());
    answer
}

/// Takes the policy away, which lets only the page's own script run.
fn without_policy(page: &str) -> String {
    const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\"";
    let Some((before, rest)) = page.split_once(POLICY) else { return page.to_owned() };
    let (_, after) = rest.split_once('>').unwrap();
    assert!(!after.contains(POLICY));
    format!("{before}{after}")
}

fn loaded(folder: &Path, name: &str) -> String {
    let (out, said) = (folder.join("dom"), folder.join("said"));
    let mut chromium = Command::new(program())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"])
        .args([BUDGET, "--dump-dom", &format!("--user-data-dir={}", folder.join("profile").display())])
        .arg(format!("file://{}", folder.join(name).display()))
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = chromium.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            chromium.kill().unwrap();
            break chromium.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(&said).unwrap_or_default();
    assert!(status.success(), "{status} after {:?}\n{said}", began.elapsed());
    fs::read_to_string(out).unwrap()
}

fn program() -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&paths).flat_map(|folder| PROGRAMS.map(|name| folder.join(name)));
    places.into_iter().find(|path| path.is_file()).expect("Chromium is needed (Debian: apt-get install chromium)")
}
