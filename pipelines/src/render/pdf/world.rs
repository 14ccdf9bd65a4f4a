//! All that Typst may see: the template, the pages as JSON, the embedded faces. No folder, no package, no network, no
//! clock.

use std::path::Path;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime};
use typst::syntax::{FileId, Source, VirtualPath};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt as _};

/// The template.
const TEMPLATE: &str = include_str!("report.typ");

/// What a document is made of.
pub(super) struct World {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    faces: Vec<Font>,
    template: Source,
    pages: (FileId, Bytes),
}

impl World {
    /// A world of these faces; `pages` is what the template reads as `report.json`.
    pub(super) fn new(faces: &[Font], pages: Vec<u8>) -> Self {
        let file = |name: &str| FileId::new(None, VirtualPath::new(Path::new(name)));
        // Cells that are the header of their row can be told so only with the features that are still tried out.
        let features = std::iter::once(Feature::A11yExtras).collect();
        Self {
            library: LazyHash::new(Library::builder().with_features(features).build()),
            book: LazyHash::new(FontBook::from_fonts(faces)),
            faces: faces.to_vec(),
            template: Source::new(file("report.typ"), TEMPLATE.to_owned()),
            pages: (file("report.json"), Bytes::new(pages)),
        }
    }
}

impl typst::World for World {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.pages.0 { Ok(self.pages.1.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.faces.get(index).cloned()
    }

    fn today(&self, _offset: Option<i64>) -> Option<Datetime> {
        None
    }
}
