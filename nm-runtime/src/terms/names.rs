//! Which names a pool has, and in what order they are tried.

use std::borrow::Cow;

use crate::base::text::shown;
use crate::terms::name;

/// The names of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// These, in this order.
    Listed(Vec<String>),
    /// Made from a template with `{index}`: up to `max`, or unbounded.
    Numbered { template: String, max: Option<u32> },
}

impl Names {
    pub(crate) const INDEX: &str = "{index}";

    /// How many there are; `None` if unbounded.
    pub(crate) fn capacity(&self) -> Option<usize> {
        match self {
            Self::Listed(names) => Some(names.len()),
            Self::Numbered { max, .. } => max.map(|max| max as usize),
        }
    }

    /// The name with this index; `None` if the pool has fewer.
    pub(crate) fn get(&self, index: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Listed(names) => names.get(index).map(|name| Cow::Borrowed(name.as_str())),
            Self::Numbered { template, max } => max
                .is_none_or(|max| index < max as usize)
                .then(|| Cow::Owned(template.replace(Self::INDEX, &index.to_string()))),
        }
    }

    /// The index of a name; `None` if the pool has no such name.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        let index = match self {
            Self::Listed(names) => names.iter().position(|known| known == name)?,
            Self::Numbered { template, .. } => {
                let (before, after) = template.split_once(Self::INDEX)?;
                let digits = name.strip_prefix(before)?.strip_suffix(after)?;
                digits.parse().ok()?
            }
        };
        (self.get(index)? == name).then_some(index)
    }

    /// For messages: as an attribute would say it.
    pub(crate) fn size(&self) -> String {
        match self {
            Self::Listed(names) => format!("names = {names:?}"),
            Self::Numbered { max: Some(max), .. } => format!("max = {max}"),
            Self::Numbered { max: None, .. } => "no max".to_owned(),
        }
    }

    /// For messages: `db-0, db-1` or `db-0, db-1, ..`.
    pub(crate) fn summary(&self) -> String {
        let names = (0..3).map_while(|index| self.get(index));
        let first: Vec<_> = names.map(Cow::into_owned).collect();
        let more = self.get(first.len()).is_some();
        format!("{}{}", first.join(", "), if more { ", .." } else { "" })
    }
}

/// Checks that a template has one `{index}` and makes valid names.
pub(crate) fn check_template(template: &str) -> std::result::Result<(), String> {
    if template.matches(Names::INDEX).count() != 1 {
        return Err(format!(
            "template \"{}\" must contain `{{index}}` once",
            shown(template)
        ));
    }
    // The longest name that an unbounded pool could make from it.
    let last = usize::MAX.to_string();
    let longest = template.replace(Names::INDEX, &last);
    name::check_name(&longest).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_pool_knows_its_own_names_only() {
        let names = Names::Numbered {
            template: "app_{index}_test".into(),
            max: Some(2),
        };
        assert_eq!(names.index_of("app_1_test"), Some(1));
        for other in [
            "app_2_test",
            "app_01_test",
            "app_+1_test",
            "app__test",
            "app_1",
            "",
        ] {
            assert_eq!(names.index_of(other), None, "{other}");
        }
        assert_eq!(names.summary(), "app_0_test, app_1_test");
    }

    #[test]
    fn an_unbounded_pool_has_a_next_name() {
        let names = Names::Numbered {
            template: "db-{index}".into(),
            max: None,
        };
        assert_eq!(names.get(41).as_deref(), Some("db-41"));
        assert_eq!(names.index_of("db-41"), Some(41));
        assert_eq!(names.summary(), "db-0, db-1, db-2, ..");
    }
}
