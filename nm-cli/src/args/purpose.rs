use std::ffi::OsString;

use crate::screen::label;

/// For what a lease is, as people see it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Purpose {
    /// Say for what: messages and views show it instead of the command, e.g. `--for test_users`
    #[arg(long = "for", value_name = "LABEL")]
    label: Option<OsString>,
}

impl Purpose {
    /// The label, or this if there is none.
    pub fn or(&self, otherwise: impl FnOnce() -> String) -> String {
        let label = self.label.as_deref().map(|words| label::of([words]));
        let label = label.filter(|label| !label.trim().is_empty());
        label.unwrap_or_else(otherwise)
    }

    /// As arguments for a process of ours.
    pub fn args(&self) -> Vec<OsString> {
        let label = self.label.iter();
        let option = label.flat_map(|label| [OsString::from("--for"), label.clone()]);
        option.collect()
    }
}
