//! Publishing: what the registry holds in the forms that others read.

pub mod rdf;
