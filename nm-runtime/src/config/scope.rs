//! The scopes that a pool can have.

use std::path::PathBuf;

use crate::base::suggest::nearest;
use crate::base::text::shown;

/// Which processes share a pool. Decides where its state lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Workspace,
    Repository,
    User,
    Dir(PathBuf),
}

impl Scope {
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        match text {
            "workspace" => Ok(Self::Workspace),
            "repository" => Ok(Self::Repository),
            "user" => Ok(Self::User),
            _ => {
                let known = ["workspace", "repository", "user"];
                let near = nearest(text, &known);
                Err(format!(
                    "unknown scope \"{}\"{near}; expected `workspace`, `repository` or `user`",
                    shown(text)
                ))
            }
        }
    }
}
