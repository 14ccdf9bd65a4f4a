//! x

#[allow(dead_code)] // the commands that call it are elsewhere
mod render;

fn main() {}
