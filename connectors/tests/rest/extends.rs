//! `[fetch]` of a preset as it stands in `config/presets`, with what a source adds.

use serde_json::Value;

use crate::support::{merge, options};

/// What a source fetches by that extends the preset and adds `own`; of a server at `url` that loses no time waiting.
pub(crate) fn extending(preset: &str, url: &str, own: Value) -> Value {
    let file = format!("{}/../config/presets/{preset}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut preset: Value = toml::from_str(&fs_err::read_to_string(file).unwrap()).unwrap();
    let mut fetch = preset["fetch"].take();
    assert_eq!(fetch.as_object_mut().unwrap().remove("kind").unwrap(), "rest");
    merge(&mut fetch, options(url, own));
    fetch
}
