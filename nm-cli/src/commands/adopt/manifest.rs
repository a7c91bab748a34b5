//! `Cargo.toml`: who depends on serial_test, and where its pools are configured.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::edits::{Edits, indentation, with_its_space};
use super::source::{Family, Key};

type Entry<'a> = (Range<usize>, &'a Spanned<DeValue<'a>>);

/// The pools that are configured here.
pub fn pools(text: &str) -> Result<BTreeSet<String>, toml::de::Error> {
    let table = DeTable::parse(text)?;
    let mut found = BTreeSet::new();
    for top in ["workspace", "package"] {
        let pools = [top, "metadata", "name-manager", "pools"];
        let pools = pools
            .iter()
            .try_fold(table.get_ref(), |table, key| sub(table, key));
        found.extend(
            pools
                .into_iter()
                .flat_map(|pools| pools.keys().map(|key| key.get_ref().to_string())),
        );
    }
    Ok(found)
}

/// The text with name-manager instead of serial_test, or beside it if that is still needed.
/// `None` if the dependency is not written so that this can be done.
pub fn with_name_manager(text: &str, is_needed: bool) -> Result<Option<String>, toml::de::Error> {
    let table = DeTable::parse(text)?;
    let table = table.get_ref();
    let mut edits = Edits::default();
    let mut tables = dependencies(table);
    for target in sub(table, "target")
        .into_iter()
        .flat_map(|targets| targets.values())
    {
        if let DeValue::Table(target) = target.get_ref() {
            tables.extend(dependencies(target));
        }
    }
    for dependencies in tables {
        let Some((key, value)) = entry(dependencies, "serial_test") else {
            continue;
        };
        let Some(end) = end_of_line_entry(text, &key, value) else {
            return Ok(None);
        };
        let written = key.start..end;
        let ours = format!("name-manager = {}", requirement(value.get_ref()));
        let has_ours = entry(dependencies, "name-manager").is_some();
        match (is_needed, has_ours) {
            (true, true) => {}
            (true, false) => {
                let before = indentation(text, key.start).unwrap_or_default();
                edits.replace(key.start..key.start, format!("{ours}\n{before}"));
            }
            (false, true) => edits.replace(with_its_space(text, written), ""),
            (false, false) => edits.replace(written, ours),
        }
    }
    Ok((!edits.is_empty()).then(|| edits.apply(text)))
}

/// Where the entry ends, if it is a line: `a = ..` or `a.workspace = true`, and no header
/// `[dev-dependencies.a]`.
fn end_of_line_entry(
    text: &str,
    key: &Range<usize>,
    value: &Spanned<DeValue<'_>>,
) -> Option<usize> {
    let line = &text[key.end..];
    let line = line[..line.find('\n').unwrap_or(line.len())].trim_start();
    match value.get_ref() {
        DeValue::Table(table) if line.starts_with('.') => {
            table.values().map(|value| value.span().end).max()
        }
        _ => line.starts_with('=').then(|| value.span().end),
    }
}

/// The text with these pools, of one name each: those of `file_serial` for all checkouts.
pub fn with_pools(text: &str, pools: &BTreeMap<Key, String>) -> Result<String, toml::de::Error> {
    let table = DeTable::parse(text)?;
    let top = match table.get_ref().contains_key("workspace") {
        true => "workspace",
        false => "package",
    };
    let mut text = format!("{}\n", text.trim_end());
    for ((family, _), pool) in pools {
        text.push_str(&format!(
            "\n[{top}.metadata.name-manager.pools.{pool}]\nmax = 1\n"
        ));
        if *family == Family::File {
            text.push_str("scope = \"user\"\n");
        }
    }
    DeTable::parse(&text)?;
    Ok(text)
}

fn dependencies<'a>(table: &'a DeTable<'a>) -> Vec<&'a DeTable<'a>> {
    let names = ["dependencies", "dev-dependencies", "build-dependencies"];
    names.iter().filter_map(|name| sub(table, name)).collect()
}

fn sub<'a>(table: &'a DeTable<'a>, key: &str) -> Option<&'a DeTable<'a>> {
    match table.get(key)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn entry<'a>(table: &'a DeTable<'a>, wanted: &str) -> Option<Entry<'a>> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == wanted)?;
    Some((key.span(), value))
}

/// name-manager, from where its package for serial_test comes from.
fn requirement(value: &DeValue<'_>) -> String {
    let path = match value {
        DeValue::Table(table) => table.get("path"),
        _ => None,
    };
    let path = path.and_then(|path| path.get_ref().as_str());
    match path.and_then(|path| path.strip_suffix("/nm-serial-test")) {
        Some(path) => format!("{{ path = {path:?} }}"),
        None => {
            let version = env!("CARGO_PKG_VERSION");
            format!(
                "{:?}",
                version.rsplit_once('.').map_or(version, |(minor, _)| minor)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(text: &str, is_needed: bool, expected: &str) {
        let changed = with_name_manager(text, is_needed).unwrap();
        assert_eq!(changed.as_deref(), Some(expected));
    }

    #[test]
    fn a_dependency_is_replaced_where_it_stands() {
        becomes(
            "[dev-dependencies]\na = \"1\" # first\nserial_test = \"4\" # why\nz = \"1\"\n",
            false,
            "[dev-dependencies]\na = \"1\" # first\nname-manager = \"0.1\" # why\nz = \"1\"\n",
        );
        becomes(
            "[dependencies]\nserial_test = { package = \"nm-serial-test\", path = \"../nm/nm-serial-test\" }\n",
            false,
            "[dependencies]\nname-manager = { path = \"../nm\" }\n",
        );
        becomes(
            "[target.'cfg(unix)'.dev-dependencies]\nserial_test.workspace = true\nname-manager = \"0.1\"\n",
            false,
            "[target.'cfg(unix)'.dev-dependencies]\nname-manager = \"0.1\"\n",
        );
        becomes(
            "[dev-dependencies]\n  serial_test = \"4\"\n",
            true,
            "[dev-dependencies]\n  name-manager = \"0.1\"\n  serial_test = \"4\"\n",
        );
    }

    #[test]
    fn a_dependency_with_a_header_of_its_own_is_left_alone() {
        let text = "[dev-dependencies.serial_test]\nversion = \"4\"\n";
        assert_eq!(with_name_manager(text, false).unwrap(), None);
    }

    #[test]
    fn pools_are_configured_where_they_are_read() {
        let one = |family| BTreeMap::from([((family, "db".to_owned()), "db".to_owned())]);
        let pools = one(Family::Process);
        let alone = with_pools("[package]\nname = \"a\"", &pools).unwrap();
        assert_eq!(
            alone,
            "[package]\nname = \"a\"\n\n[package.metadata.name-manager.pools.db]\nmax = 1\n"
        );
        let shared = with_pools("[workspace]\n", &one(Family::File)).unwrap();
        assert_eq!(
            shared,
            "[workspace]\n\n[workspace.metadata.name-manager.pools.db]\nmax = 1\nscope = \"user\"\n"
        );
        assert_eq!(
            super::pools(&shared)
                .unwrap()
                .into_iter()
                .collect::<Vec<_>>(),
            ["db"]
        );
        with_pools("[workspace]\nmetadata = { a = 1 }\n", &pools).unwrap_err();
    }
}
