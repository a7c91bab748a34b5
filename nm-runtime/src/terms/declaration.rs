//! What the attributes of a binary say about a pool's size.

use crate::base::json;
use crate::terms::name;
use crate::terms::names::Names;
use crate::terms::record::FORMAT;

/// What the first binary of a run said, as it is recorded for the others.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    v: u32,
    pub(crate) run: String,
    pub(crate) place: String,
    max: Option<u32>,
    names: Option<Vec<String>>,
    template: Option<String>,
    /// Said by variables and `Cargo.toml`: only for other runs, which may come from
    /// another checkout. The binaries of one run read the same.
    configured: Option<bool>,
}

json::object!(Declaration {
    v,
    run,
    place,
    max,
    names,
    template,
    configured
});

impl Declaration {
    pub(crate) fn of(run: &str, place: &str, names: &Names) -> Self {
        let (max, names, template) = match names {
            Names::Listed(names) => (None, Some(names.clone()), None),
            Names::Numbered { max, template } => (*max, None, Some(template.clone())),
        };
        Self {
            v: FORMAT,
            run: run.to_owned(),
            place: place.to_owned(),
            max,
            names,
            template,
            configured: None,
        }
    }

    /// What variables and `Cargo.toml` say in a run.
    pub(crate) fn configured(run: &str, place: &str, names: &Names) -> Self {
        Self {
            configured: Some(true),
            ..Self::of(run, place, names)
        }
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.configured == Some(true)
    }

    /// Whether a pool with these names contradicts this.
    pub(crate) fn differs_from(&self, names: &Names) -> bool {
        match (&self.names, names) {
            (Some(theirs), Names::Listed(names)) => theirs != names,
            (None, Names::Numbered { template, max }) => {
                let other = |theirs: &String| theirs != template;
                self.max != *max || self.template.as_ref().is_some_and(other)
            }
            _ => true,
        }
    }

    /// The run's declaration of this kind, among lines that may be foreign. A run has
    /// one, most likely the last.
    pub(crate) fn find(text: &str, run: &str, configured: bool) -> Option<Self> {
        // Parsing is slow in a debug build. A run's id is a name: nothing in it is
        // escaped.
        let lines = text.lines().rev().filter(|line| line.contains(run));
        let mut found = lines.filter_map(Self::parse);
        found.find(|found| found.run == run && found.is_configured() == configured)
    }

    /// What attributes said last, of these, the oldest first.
    pub(crate) fn last(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let of_attributes = all.into_iter().filter(|one| !one.is_configured());
        of_attributes.last()
    }

    /// All sound declarations, the oldest first.
    pub(crate) fn all(text: &str) -> impl DoubleEndedIterator<Item = Self> {
        text.lines().filter_map(Self::parse)
    }

    fn parse(line: &str) -> Option<Self> {
        json::from_slice(line.as_bytes()).filter(Self::is_sound)
    }

    /// Whether a pool can have this size and these names, which become files.
    fn is_sound(&self) -> bool {
        let names = self.names.as_deref();
        let are_names = |names: &[String]| {
            !names.is_empty() && names.iter().all(|name| name::check_name(name).is_ok())
        };
        self.max != Some(0) && names.is_none_or(are_names)
    }

    /// The names of a pool about which only `ours` is known here. A limit known here
    /// already applies to the names that others declare.
    pub(crate) fn adopted_by(&self, ours: &Names) -> Names {
        match (&self.names, ours.capacity()) {
            (None, Some(_)) => ours.clone(),
            _ => self.names(ours),
        }
    }

    /// The names of a pool with this declaration, which are `of` here.
    pub(crate) fn names(&self, of: &Names) -> Names {
        match (&self.names, of) {
            (Some(names), _) => Names::Listed(names.clone()),
            (None, Names::Numbered { template, .. }) => Names::Numbered {
                template: template.clone(),
                max: self.max,
            },
            // Theirs is a number where ours is a list: they cannot be the same.
            (None, Names::Listed(_)) => Names::Numbered {
                template: String::new(),
                max: self.max,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_that_no_pool_can_be_is_foreign() {
        let line = |max: &str, names: &str| {
            format!(r#"{{"v":1,"run":"r","place":"a.rs:3","max":{max},"names":{names}}}"#)
        };
        let sound = line("null", r#"["a"]"#);
        for foreign in [
            line("0", "null"),
            line("null", "[]"),
            line("null", r#"["../../a"]"#),
            "{".to_owned(),
        ] {
            assert!(
                Declaration::find(&foreign, "r", false).is_none(),
                "{foreign}"
            );
            assert!(Declaration::find(&format!("{foreign}\n{sound}"), "r", false).is_some());
        }
    }
}
