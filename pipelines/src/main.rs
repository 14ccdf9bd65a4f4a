//! The program `vienkop`.

mod config;

fn main() {}
