//! `[workspace.metadata.name-manager]` in `Cargo.toml`, with the place of each value.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};
use crate::name;
use crate::names::Names;
use crate::shown::shown;
use crate::suggest::nearest;

/// The parts of a `Cargo.toml` that matter here.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    workspace: Option<WorkspaceTable>,
    pointer: Option<PathBuf>,
    pools: Vec<PoolTable>,
    /// Where `package.metadata.name-manager` stands, if it does.
    package_place: Option<String>,
}

#[derive(Debug, Default)]
struct WorkspaceTable {
    members: Vec<String>,
    exclude: Vec<String>,
}

/// `[..name-manager.pools.NAME]`.
#[derive(Debug, Default)]
pub(crate) struct PoolTable {
    pub(crate) pool: String,
    pub(crate) max: Option<u32>,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) template: Option<String>,
    pub(crate) wait_timeout: Option<Duration>,
    pub(crate) scope: Option<Scope>,
    pub(crate) env: Vec<(String, String)>,
}

/// Who shares a pool: where its state lives.
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

const POOL_KEYS: [&str; 7] = [
    "max",
    "names",
    "template",
    "wait_timeout",
    "scope",
    "dir",
    "env",
];

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| Error::io(format!("failed to read `{}`", path.display()), error))?;
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let source = Source { path, text };
        let root = DeTable::parse(text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            source.error(
                error.span().unwrap_or_default(),
                format!("not TOML: {message}"),
            )
        })?;
        let root = root.get_ref();
        let mut manifest = Self::default();
        if let Some((_, package)) = table(root, "package") {
            if let Some(pointer) = package
                .get("workspace")
                .and_then(|value| value.get_ref().as_str())
            {
                manifest.pointer = Some(PathBuf::from(pointer));
            }
            if let Some((span, metadata)) = our_metadata(&source, package)? {
                manifest.package_place = Some(source.place(span));
                manifest.read_pools(&source, metadata)?;
            }
        }
        if let Some((_, workspace)) = table(root, "workspace") {
            manifest.workspace = Some(WorkspaceTable {
                members: strings(workspace, "members"),
                exclude: strings(workspace, "exclude"),
            });
            if let Some((_, metadata)) = our_metadata(&source, workspace)? {
                manifest.read_pools(&source, metadata)?;
            }
        }
        Ok(manifest)
    }

    pub(crate) fn is_workspace(&self) -> bool {
        self.workspace.is_some()
    }

    pub(crate) fn workspace_pointer(&self) -> Option<&Path> {
        self.pointer.as_deref()
    }

    /// Whether this workspace, in `root`, leaves out the package in `dir`. To
    /// name a member beats to exclude what is around it, as for Cargo.
    pub(crate) fn excludes(&self, root: &Path, dir: &Path) -> bool {
        let among = |paths: &[String]| paths.iter().any(|path| dir.starts_with(root.join(path)));
        let table = self.workspace.as_ref();
        table.is_some_and(|table| among(&table.exclude) && !among(&table.members))
    }

    pub(crate) fn pool(&self, pool: &str) -> Option<&PoolTable> {
        self.pools.iter().find(|table| table.pool == pool)
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = &PoolTable> {
        self.pools.iter()
    }

    /// Pools configured where nobody reads them are a mistake, not a no-op.
    pub(crate) fn refuse_pools_in_member(&self, root: &Path) -> Result<()> {
        match &self.package_place {
            None => Ok(()),
            Some(place) => Err(Error::config(format!(
                "{place}: pools are configured once for the workspace; move them to `[workspace.metadata.name-manager]` in `{}`",
                root.display()
            ))),
        }
    }

    fn read_pools(&mut self, source: &Source<'_>, metadata: &DeTable<'_>) -> Result<()> {
        for (key, value) in metadata {
            if key.get_ref() != "pools" {
                return Err(source.unknown(key, &["pools"]));
            }
            for (pool, value) in source.table(value, "pools")? {
                name::check_pool(pool.get_ref())
                    .map_err(|error| source.error(pool.span(), error.to_string()))?;
                if self.pool(pool.get_ref()).is_some() {
                    return Err(source.error(
                        pool.span(),
                        format!("pool `{}` is configured under `package` and under `workspace`; keep one", pool.get_ref()),
                    ));
                }
                let table = source.table(value, pool.get_ref())?;
                self.pools
                    .push(PoolTable::read(source, pool.get_ref(), table)?);
            }
        }
        Ok(())
    }
}

impl PoolTable {
    fn read(source: &Source<'_>, pool: &str, table: &DeTable<'_>) -> Result<Self> {
        let mut read = Self {
            pool: pool.to_owned(),
            ..Self::default()
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "max" => read.max = Some(source.max(value)?),
                "names" => read.names = Some(source.names(value)?),
                "template" => read.template = Some(source.template(value)?),
                "wait_timeout" => read.wait_timeout = Some(source.duration(value)?),
                "scope" => {
                    let scope = Scope::parse(source.string(value, "scope")?);
                    read.scope = Some(scope.map_err(|error| source.error(value.span(), error))?);
                }
                "dir" => {
                    let dir = PathBuf::from(source.string(value, "dir")?);
                    let dir = source
                        .path
                        .parent()
                        .map(|root| root.join(&dir))
                        .unwrap_or(dir);
                    read.scope = Some(Scope::Dir(dir));
                }
                "env" => {
                    for (key, value) in source.table(value, "env")? {
                        if key.get_ref().is_empty() || key.get_ref().contains(['=', '\0']) {
                            return Err(source.error(
                                key.span(),
                                format!(
                                    "`{}` cannot be a variable; expected a name without `=`",
                                    shown(key.get_ref())
                                ),
                            ));
                        }
                        let text = source.string(value, key.get_ref())?;
                        if text.contains('\0') {
                            return Err(source.expected(
                                key.get_ref(),
                                "a text without zeros",
                                value,
                            ));
                        }
                        read.env.push((key.get_ref().to_string(), text.to_owned()));
                    }
                }
                _ => return Err(source.unknown(key, &POOL_KEYS)),
            }
        }
        let clash = |a: &str, b: &str| {
            let (key, _) = table.get_key_value(b).expect("both are set");
            source.error(
                key.span(),
                format!("pool `{pool}` has both `{a}` and `{b}`; keep one"),
            )
        };
        for (a, b) in [("max", "names"), ("template", "names"), ("scope", "dir")] {
            if table.contains_key(a) && table.contains_key(b) {
                return Err(clash(a, b));
            }
        }
        Ok(read)
    }
}

fn table<'a, 'i>(within: &'a DeTable<'i>, key: &str) -> Option<(Range<usize>, &'a DeTable<'i>)> {
    let value = within.get(key)?;
    Some((value.span(), value.get_ref().as_table()?))
}

fn strings(within: &DeTable<'_>, key: &str) -> Vec<String> {
    let listed = within.get(key).and_then(|value| value.get_ref().as_array());
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|value| value.get_ref().as_str().map(str::to_owned))
        .collect()
}

fn our_metadata<'a, 'i>(
    source: &Source<'_>,
    of: &'a DeTable<'i>,
) -> Result<Option<(Range<usize>, &'a DeTable<'i>)>> {
    let Some((_, metadata)) = table(of, "metadata") else {
        return Ok(None);
    };
    let Some((key, value)) = metadata.get_key_value("name-manager") else {
        let twin = metadata.get_key_value("name_manager");
        return match twin {
            Some((key, _)) => Err(source.unknown(key, &["name-manager"])),
            None => Ok(None),
        };
    };
    Ok(Some((key.span(), source.table(value, "name-manager")?)))
}

/// A text with its path, to say where something is wrong.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        format!("{}:{line}:{column}", self.path.display())
    }

    fn error(&self, span: Range<usize>, message: impl AsRef<str>) -> Error {
        Error::config(format!("{}: {}", self.place(span), message.as_ref()))
    }

    fn expected(&self, key: &str, expected: &str, found: &Spanned<DeValue<'_>>) -> Error {
        let found_text = self.text.get(found.span()).unwrap_or_default();
        let kind = found.get_ref().type_str();
        let text: String = found_text
            .chars()
            .take(40)
            .filter(|c| !c.is_control())
            .collect();
        self.error(
            found.span(),
            format!("`{}` is {expected}; found the {kind} `{text}`", shown(key)),
        )
    }

    fn unknown(&self, key: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) -> Error {
        let found = key.get_ref();
        let near = nearest(found, known);
        let all = known.join("`, `");
        self.error(
            key.span(),
            format!("unknown key `{}`{near}; expected `{all}`", shown(found)),
        )
    }

    fn table<'a, 'i>(&self, value: &'a Spanned<DeValue<'i>>, key: &str) -> Result<&'a DeTable<'i>> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.expected(key, "a table", value))
    }

    fn string<'a>(&self, value: &'a Spanned<DeValue<'_>>, key: &str) -> Result<&'a str> {
        let text = value.get_ref().as_str();
        text.ok_or_else(|| self.expected(key, "a string", value))
    }

    fn max(&self, value: &Spanned<DeValue<'_>>) -> Result<u32> {
        let number = value.get_ref().as_integer();
        let number = number.and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        number
            .filter(|max| *max > 0)
            .ok_or_else(|| self.expected("max", "a whole number of at least 1", value))
    }

    fn names(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
        let expected = "a list of at least one name, like [\"db_a\", \"db_b\"]";
        let listed = value.get_ref().as_array().filter(|names| !names.is_empty());
        let listed = listed.ok_or_else(|| self.expected("names", expected, value))?;
        let mut names: Vec<String> = Vec::new();
        for value in listed {
            let found = self.string(value, "a name")?;
            name::check_name(found).map_err(|error| self.error(value.span(), error.to_string()))?;
            if let Some(twin) = names.iter().find(|known| known.eq_ignore_ascii_case(found)) {
                return Err(self.error(value.span(), format!(
                    "name `{found}` is listed already, as `{twin}`; some file systems cannot tell capitals apart"
                )));
            }
            names.push(found.to_owned());
        }
        Ok(names)
    }

    fn template(&self, value: &Spanned<DeValue<'_>>) -> Result<String> {
        let template = self.string(value, "template")?;
        check_template(template).map_err(|error| self.error(value.span(), error))?;
        Ok(template.to_owned())
    }

    fn duration(&self, value: &Spanned<DeValue<'_>>) -> Result<Duration> {
        let text = self.string(value, "wait_timeout")?;
        humantime::parse_duration(text).map_err(|error| {
            self.expected("wait_timeout", "a duration like \"90s\" or \"3m\"", value)
                .because(error)
        })
    }
}

/// A template makes valid names and has one `{index}`.
pub(crate) fn check_template(template: &str) -> std::result::Result<(), String> {
    if template.matches(Names::INDEX).count() != 1 {
        return Err(format!(
            "template \"{}\" must contain `{{index}}` once",
            shown(template)
        ));
    }
    // The longest name that a bounded pool makes of it.
    let last = u32::MAX.to_string();
    let longest = template.replace(Names::INDEX, &last);
    name::check_name(&longest).map_err(|error| error.to_string())
}

#[cfg(all(unix, any(test, fuzzing)))]
pub(crate) mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest> {
        Manifest::parse(Path::new("Cargo.toml"), text)
    }

    fn error(pool: &str) -> String {
        let text = format!("[workspace.metadata.name-manager.pools.db]\n{pool}\n");
        parse(&text).unwrap_err().to_string()
    }

    #[test]
    fn reads_a_pool() {
        let manifest = parse(
            r#"
            [workspace]
            exclude = ["other"]
            members = ["other/but/this"]
            [workspace.metadata.name-manager.pools.db]
            names = ["db_a", "db_b"]
            wait_timeout = "3m"
            scope = "repository"
            env = { DATABASE_URL = "postgres://localhost/{name}" }
            "#,
        )
        .unwrap();
        let db = manifest.pool("db").unwrap();
        assert_eq!(db.names.as_deref().unwrap(), ["db_a", "db_b"]);
        assert_eq!(db.wait_timeout, Some(Duration::from_secs(180)));
        assert_eq!(db.scope, Some(Scope::Repository));
        assert_eq!(db.env[0].0, "DATABASE_URL");
        assert!(manifest.excludes(Path::new("/w"), Path::new("/w/other/a")));
        assert!(!manifest.excludes(Path::new("/w"), Path::new("/w/others")));
        assert!(!manifest.excludes(Path::new("/w"), Path::new("/w/other/but/this")));
    }

    #[test]
    fn each_mistake_names_its_line_and_what_to_write() {
        assert_eq!(
            error("max = 0"),
            "Cargo.toml:2:7: `max` is a whole number of at least 1; found the integer `0`"
        );
        assert_eq!(
            error("max = \"2\""),
            "Cargo.toml:2:7: `max` is a whole number of at least 1; found the string `\"2\"`"
        );
        assert_eq!(
            error("mx = 2"),
            "Cargo.toml:2:1: unknown key `mx` (did you mean `max`?); expected `max`, `names`, `template`, `wait_timeout`, `scope`, `dir`, `env`"
        );
        assert_eq!(
            error("names = []"),
            "Cargo.toml:2:9: `names` is a list of at least one name, like [\"db_a\", \"db_b\"]; found the array `[]`"
        );
        assert_eq!(
            error("names = [\"a\", \"A\"]"),
            "Cargo.toml:2:15: name `A` is listed already, as `a`; some file systems cannot tell capitals apart"
        );
        assert_eq!(
            error("scope = \"repo\""),
            "Cargo.toml:2:9: unknown scope \"repo\"; expected `workspace`, `repository` or `user`"
        );
        assert_eq!(
            error("template = \"db\""),
            "Cargo.toml:2:12: template \"db\" must contain `{index}` once"
        );
        assert_eq!(
            error("wait_timeout = 3"),
            "Cargo.toml:2:16: `wait_timeout` is a string; found the integer `3`"
        );
        assert_eq!(
            error("max = 2\nnames = [\"a\"]"),
            "Cargo.toml:3:1: pool `db` has both `max` and `names`; keep one"
        );
        let broken = parse("[workspace\n").unwrap_err().to_string();
        assert!(
            broken.starts_with("Cargo.toml:1:") && broken.contains("not TOML"),
            "{broken}"
        );
    }

    #[test]
    fn what_a_mistake_says_stays_in_the_message() {
        let long = "x".repeat(5000);
        for text in [
            "\"\\u001b[2J\\n\" = 1".to_owned(),
            "env = { \"\\u001b[2J\" = 1 }".to_owned(),
            "scope = \"\\u001b\"".to_owned(),
            format!("{long} = 1"),
            format!("template = \"{long}\""),
            format!("names = [\"a..{long}\"]"),
        ] {
            let error = error(&text);
            assert!(!error.contains(char::is_control), "{error:?}");
            assert!(error.len() < 500, "{error}");
        }
    }

    #[test]
    fn a_template_makes_no_name_that_is_too_long() {
        let template = |length| format!("template = \"{}{{index}}\"", "x".repeat(length));
        parse(&format!(
            "[workspace.metadata.name-manager.pools.db]\n{}",
            template(118)
        ))
        .unwrap();
        let error = error(&template(119));
        assert!(error.contains("has 129 bytes, 128 at most"), "{error}");
    }

    #[test]
    fn what_cannot_be_a_variable_is_refused_where_it_stands() {
        assert_eq!(
            error(r#"env = { "A=B" = "x" }"#),
            "Cargo.toml:2:9: `A=B` cannot be a variable; expected a name without `=`"
        );
        assert_eq!(
            error(r#"env = { A = "x\u0000" }"#),
            r#"Cargo.toml:2:13: `A` is a text without zeros; found the string `"x\u0000"`"#
        );
    }
}
