//! Recorded conversations.

/// Records what servers answer.
#[derive(Debug)]
pub struct Recorder;
