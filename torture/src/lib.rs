//! Histories that processes write of what happened to them, and the oracle that
//! says whether an engine that keeps its promises could have brought them about.

pub mod history;
pub mod oracle;
