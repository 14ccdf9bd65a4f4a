pub(crate) fn render(_: &vienkop_transforms::assess::report::Report, _: &vienkop_transforms::texts::Texts, _: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> { Ok(Vec::new()) }
