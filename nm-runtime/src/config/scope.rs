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
    /// Also processes of other machines.
    Server,
    Dir(PathBuf),
}

impl Scope {
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        match text {
            "workspace" => Ok(Self::Workspace),
            "repository" => Ok(Self::Repository),
            "user" => Ok(Self::User),
            "server" => Ok(Self::Server),
            _ => {
                let known = ["workspace", "repository", "user", "server"];
                let near = nearest(text, &known);
                Err(format!(
                    "unknown scope \"{}\"{near}; expected `workspace`, `repository`, `user` or `server`",
                    shown(text)
                ))
            }
        }
    }
}
