//! A pool's configuration, from variables, `Cargo.toml` and attributes, in that order
//! of precedence. May import `declared`, `terms`, `nm_os`, `base`.

pub(crate) mod address;
pub(crate) mod document;
pub(crate) mod hooks;
pub(crate) mod manifest;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod scope;
pub(crate) mod server;
pub(crate) mod surroundings;
pub(crate) mod user;
pub(crate) mod variables;
pub(crate) mod workspace;
