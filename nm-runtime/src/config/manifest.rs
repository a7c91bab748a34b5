//! `[workspace.metadata.name-manager]` in `Cargo.toml`, or all of `name-manager.toml`, with
//! the place of each value.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_parser::Span;
use toml_parser::decoder::ScalarKind;

use crate::base::error::{Error, Result};
use crate::base::suggest::{distance, nearest};
use crate::base::text::shown;
use crate::config::address::{check_space, is_address, space_of_repository};
use crate::config::document::{Document, Kind, Node};
use crate::config::hooks::{Command, HooksTable, wrong_placeholder};
use crate::config::scope::Scope;
use crate::terms::name;
use crate::terms::name::misspelt_placeholder;
use crate::terms::names::check_template;

/// What configures pools in projects of every language.
pub(crate) const OWN_FILE: &str = "name-manager.toml";

/// What Cargo reads.
pub(crate) const CARGO_FILE: &str = "Cargo.toml";

/// The parts of a `Cargo.toml` that matter here, or a `name-manager.toml`.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) path: PathBuf,
    workspace: Option<WorkspaceTable>,
    pointer: Option<PathBuf>,
    pools: Vec<PoolTable>,
    /// Which project it is, as `repository` says.
    repository: Option<String>,
    /// Where `package.metadata.name-manager` is, if there is one.
    package_place: Option<String>,
    /// Where `workspace.metadata.name-manager` is, if there is one.
    workspace_place: Option<String>,
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
    home: &'static str,
    pub(crate) max: Option<u32>,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) template: Option<String>,
    pub(crate) wait_timeout: Option<Duration>,
    pub(crate) scope: Option<Scope>,
    /// Which project's pool it is, on a server.
    pub(crate) space: Option<String>,
    /// Where that is said, if no scope is said beside it.
    pub(crate) stray_space: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) hooks: Option<HooksTable>,
}

const POOL_KEYS: [&str; 9] = [
    "max",
    "names",
    "template",
    "wait_timeout",
    "scope",
    "space",
    "dir",
    "env",
    "hooks",
];

const HOOKS_KEYS: [&str; 7] = [
    "setup",
    "init",
    "reset",
    "cleanup",
    "teardown",
    "fingerprint",
    "timeout",
];

/// In the text of hooks and variables: the directory of the file.
const IN_ROOT: &str = "{root}";
/// The tables of `Cargo.toml` under which pools can be configured.
const WORKSPACE: &str = "workspace";
const PACKAGE: &str = "package";
/// The root of `name-manager.toml`, under which they can be, too.
const ROOT: &str = "";

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| Error::io(format!("failed to read `{}`", path.display()), error))?;
        match path.file_name() == Some(OWN_FILE.as_ref()) {
            true => Self::parse_own(path, &text),
            false => Self::parse(path, &text),
        }
    }

    /// A `name-manager.toml`.
    pub(crate) fn parse_own(path: &Path, text: &str) -> Result<Self> {
        let source = Source::new(path, text)?;
        let root = source.document.root();
        if let Some(cargo) = [WORKSPACE, PACKAGE]
            .into_iter()
            .find_map(|key| source.document.get(root, key))
        {
            return Err(source.error(
                cargo.key_span,
                format!(
                    "unknown key `{}`; expected `pools`: what is `[{}.metadata.name-manager.pools.db]` in {CARGO_FILE} is `[pools.db]` here",
                    cargo.key, cargo.key
                ),
            ));
        }
        let mut manifest = Self::at(path);
        manifest.read_pools(&source, root, ROOT)?;
        Ok(manifest)
    }

    /// A `Cargo.toml`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let source = Source::new(path, text)?;
        let root = source.document.root();
        let mut manifest = Self::at(path);
        if let Some(package) = source.maybe_table(root, PACKAGE) {
            manifest.repository = source.repository(package);
            let pointer = source.document.get(package, "workspace");
            manifest.pointer = pointer.and_then(Node::as_str).map(PathBuf::from);
            if let Some(metadata) = source.our_metadata(package)? {
                manifest.package_place = Some(source.place(metadata.key_span));
                manifest.read_pools(&source, metadata, PACKAGE)?;
            }
        }
        if let Some(workspace) = source.maybe_table(root, WORKSPACE) {
            if let Some(package) = source.maybe_table(workspace, PACKAGE) {
                let shared = source.repository(package);
                manifest.repository = manifest.repository.take().or(shared);
            }
            manifest.workspace = Some(WorkspaceTable {
                members: source.strings(workspace, "members"),
                exclude: source.strings(workspace, "exclude"),
            });
            if let Some(metadata) = source.our_metadata(workspace)? {
                manifest.workspace_place = Some(source.place(metadata.key_span));
                manifest.read_pools(&source, metadata, WORKSPACE)?;
            }
        }
        Ok(manifest)
    }

    fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::default()
        }
    }

    /// `Cargo.toml` or `name-manager.toml`.
    pub(crate) fn file(&self) -> &'static str {
        match self.is_own() {
            true => OWN_FILE,
            false => CARGO_FILE,
        }
    }

    fn is_own(&self) -> bool {
        self.path.file_name() == Some(OWN_FILE.as_ref())
    }

    pub(crate) fn is_workspace(&self) -> bool {
        self.workspace.is_some()
    }

    pub(crate) fn workspace_pointer(&self) -> Option<&Path> {
        self.pointer.as_deref()
    }

    /// Which project it is: `github.com/acme/shop`.
    pub(crate) fn repository(&self) -> Option<String> {
        space_of_repository(self.repository.as_deref()?)
    }

    /// Whether this workspace, in `root`, excludes the package in `dir`. As for
    /// Cargo, listing a member overrides excluding a directory around it.
    pub(crate) fn excludes(&self, root: &Path, dir: &Path) -> bool {
        let among = |paths: &[String]| paths.iter().any(|path| dir.starts_with(root.join(path)));
        let table = self.workspace.as_ref();
        table.is_some_and(|table| among(&table.exclude) && !among(&table.members))
    }

    pub(crate) fn pool(&self, pool: &str) -> Option<&PoolTable> {
        self.pools.iter().find(|table| table.pool == pool)
    }

    pub(crate) fn pools(&self) -> &[PoolTable] {
        &self.pools
    }

    /// Pools configured where they are never read are a mistake, not a no-op.
    pub(crate) fn refuse_pools_in_member(&self, read: &Self) -> Result<()> {
        let Some(place) = &self.package_place else {
            return Ok(());
        };
        let table = match read.is_own() {
            true => "pools",
            false => "workspace.metadata.name-manager",
        };
        Err(Error::config(format!(
            "{place}: pools are configured once for the workspace; move them to `[{table}]` in `{}`",
            read.path.display()
        )))
    }

    /// Where in this `Cargo.toml` pools are configured, and under which header `db` would be.
    pub(crate) fn metadata(&self) -> Option<(&str, String)> {
        let (place, table) = match (&self.workspace_place, &self.package_place) {
            (Some(place), _) => (place, WORKSPACE),
            (None, Some(place)) => (place, PACKAGE),
            (None, None) => return None,
        };
        Some((place, format!("[{table}.metadata.name-manager.pools.db]")))
    }

    /// A workspace is configured by its `Cargo.toml`, which this is, or by this
    /// `name-manager.toml`.
    pub(crate) fn refuse_both(&self, own: &Path) -> Result<()> {
        match self.metadata() {
            None => Ok(()),
            Some((place, header)) => Err(Error::config(format!(
                "pools are configured at {place} and in `{}`; keep one of the two: `{header}` there is `[pools.db]` in the other",
                own.display(),
            ))),
        }
    }

    /// The header under which this pool is configured, or would be, and in which file.
    pub(crate) fn header(&self, pool: &str) -> String {
        let home = match self.pool(pool) {
            Some(table) => table.home,
            None if self.is_own() => ROOT,
            None if self.is_workspace() => WORKSPACE,
            None => PACKAGE,
        };
        let home = match home {
            ROOT => String::new(),
            table => format!("{table}.metadata.name-manager."),
        };
        format!("[{home}pools.{pool}] in {}", self.file())
    }

    fn read_pools(
        &mut self,
        source: &Source<'_>,
        within: &Node<'_>,
        home: &'static str,
    ) -> Result<()> {
        for pools in source.document.children(within) {
            if pools.key != "pools" {
                return Err(source.unknown(pools, &["pools"]));
            }
            for pool in source.document.children(source.table(pools)?) {
                name::check_pool(&pool.key)
                    .map_err(|error| source.error(pool.key_span, error.to_string()))?;
                if self.pool(&pool.key).is_some() {
                    return Err(source.error(
                        pool.key_span,
                        format!("pool `{}` is configured under `package` and under `workspace`; keep one", pool.key),
                    ));
                }
                self.pools.push(PoolTable {
                    home,
                    ..PoolTable::read(source, source.table(pool)?)?
                });
            }
        }
        Ok(())
    }
}

impl PoolTable {
    fn read(source: &Source<'_>, pool: &Node<'_>) -> Result<Self> {
        let mut read = Self {
            pool: pool.key.to_string(),
            ..Self::default()
        };
        for value in source.document.children(pool) {
            if value.as_str().is_some_and(is_address) {
                // It may have a password in it: it is not shown.
                return Err(source.error(
                    value.span,
                    format!(
                        "`{}` has the address of a server, which is a secret and differs between machines; set NAME_MANAGER_SERVER to it, and write `scope = \"server\"` here",
                        shown(&value.key)
                    ),
                ));
            }
            match value.key.as_ref() {
                "max" => read.max = Some(source.max(value)?),
                "names" => read.names = Some(source.names(value)?),
                "template" => read.template = Some(source.template(value)?),
                "wait_timeout" => read.wait_timeout = Some(source.duration(value, "wait_timeout")?),
                "scope" => {
                    let scope = Scope::parse(source.string(value, "scope", "repository")?);
                    read.scope = Some(scope.map_err(|error| source.error(value.span, error))?);
                }
                "space" => {
                    let space = source.string(value, "space", "acme/shop")?;
                    if let Err(expected) = check_space(space) {
                        return Err(source.expected("space", expected, value));
                    }
                    read.space = Some(space.to_owned());
                }
                "dir" => {
                    let dir = PathBuf::from(source.string(value, "dir", "/var/lib/names")?);
                    let dir = source
                        .path
                        .parent()
                        .map(|root| root.join(&dir))
                        .unwrap_or(dir);
                    read.scope = Some(Scope::Dir(dir));
                }
                "env" => {
                    for variable in source.document.children(source.table(value)?) {
                        let key = variable.key.as_ref();
                        if key.is_empty() || key.contains(['=', '\0']) {
                            return Err(source.error(
                                variable.key_span,
                                format!(
                                    "`{}` cannot be the name of a variable; expected one without `=`",
                                    shown(key)
                                ),
                            ));
                        }
                        let like = match &variable.kind {
                            Kind::Scalar(_) => excerpt(&variable.text),
                            _ => "postgres://localhost/{name}".to_owned(),
                        };
                        let text = source.string(variable, key, &like)?;
                        if text.contains('\0') {
                            return Err(source.expected(
                                key,
                                "a string without NUL bytes",
                                variable,
                            ));
                        }
                        let known = text.replace(IN_ROOT, "");
                        if let Some((found, meant)) = misspelt_placeholder(&known) {
                            return Err(source.error(
                                variable.span,
                                format!(
                                    "`{}` has the placeholder `{{{}}}`; did you mean `{{{}}}`?",
                                    shown(key),
                                    shown(found),
                                    shown(&meant)
                                ),
                            ));
                        }
                        let text = match text.contains(IN_ROOT) {
                            true => text.replace(IN_ROOT, source.root(variable)?),
                            false => text.to_owned(),
                        };
                        read.env.push((key.to_owned(), text));
                    }
                }
                "hooks" => read.hooks = Some(HooksTable::read(source, source.table(value)?)?),
                _ => return Err(source.unknown(value, &POOL_KEYS)),
            }
        }
        for (a, b) in [("max", "names"), ("template", "names"), ("scope", "dir")] {
            let (Some(a), Some(b)) = (source.document.get(pool, a), source.document.get(pool, b))
            else {
                continue;
            };
            return Err(source.error(
                b.key_span,
                format!(
                    "pool `{}` has both `{}` and `{}`; keep one",
                    pool.key, a.key, b.key
                ),
            ));
        }
        match (&read.scope, source.document.get(pool, "space")) {
            (Some(Scope::Server), _) | (_, None) => Ok(read),
            (None, Some(space)) => {
                read.stray_space = Some(source.place(space.key_span));
                Ok(read)
            }
            (Some(_), Some(space)) => Err(source.error(
                space.key_span,
                format!(
                    "pool `{}` has a `space`, which only a pool with `scope = \"server\"` has; remove one of the two",
                    pool.key
                ),
            )),
        }
    }
}

impl HooksTable {
    fn read(source: &Source<'_>, table: &Node<'_>) -> Result<Self> {
        let mut read = Self {
            place: source.place(table.key_span),
            root: source.path.parent().map(Path::to_owned).unwrap_or_default(),
            ..Self::default()
        };
        for value in source.document.children(table) {
            let key = value.key.as_ref();
            let command = Self::COMMANDS.iter().position(|(known, _)| *known == key);
            match (key, command) {
                (_, Some(at)) => {
                    let (_, of_name) = Self::COMMANDS[at];
                    read.commands[at] = Some(source.command(value, of_name)?);
                }
                ("fingerprint", _) => read.fingerprint = Some(source.paths(value)?),
                ("timeout", _) => read.timeout = Some(source.timeout(value)?),
                _ => return Err(source.unknown(value, &HOOKS_KEYS)),
            }
        }
        match read.commands.iter().all(Option::is_none) {
            true => Err(source.error(
                table.key_span,
                format!(
                    "`hooks` has no command; expected at least one of `{}`",
                    Self::COMMANDS.map(|(key, _)| key).join("`, `")
                ),
            )),
            false => Ok(read),
        }
    }
}

/// A document with its path, for messages that point at a mistake.
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    document: Document<'a>,
}

impl<'a> Source<'a> {
    fn new(path: &'a Path, text: &'a str) -> Result<Self> {
        let document = Document::parse(text).map_err(|(span, message)| {
            Error::config(format!("{}: not TOML: {message}", place(path, text, span)))
        })?;
        Ok(Self {
            path,
            text,
            document,
        })
    }

    fn place(&self, span: Span) -> String {
        place(self.path, self.text, span)
    }

    fn error(&self, span: Span, message: impl AsRef<str>) -> Error {
        Error::config(format!("{}: {}", self.place(span), message.as_ref()))
    }

    fn expected(&self, key: &str, expected: &str, found: &Node<'_>) -> Error {
        let found_text = self.text.get(found.span.start()..found.span.end());
        let kind = found.type_name();
        let text = excerpt(found_text.unwrap_or_default());
        self.error(
            found.span,
            format!(
                "`{}` must be {expected}; found the {kind} `{text}`",
                shown(key)
            ),
        )
    }

    fn unknown(&self, found: &Node<'_>, known: &[&str]) -> Error {
        let near = nearest(&found.key, known);
        let all = known.join("`, `");
        self.error(
            found.key_span,
            format!(
                "unknown key `{}`{near}; expected `{all}`",
                shown(&found.key)
            ),
        )
    }

    fn our_metadata(&self, of: &Node<'a>) -> Result<Option<&Node<'a>>> {
        let Some(metadata) = self.maybe_table(of, "metadata") else {
            return Ok(None);
        };
        match self.document.get(metadata, "name-manager") {
            Some(ours) => self.table(ours).map(Some),
            None => {
                let mut others = self.document.children(metadata);
                let is_ours = |key: &str| key.len() < 16 && distance(key, "name-manager") <= 2;
                match others.find(|other| is_ours(&other.key)) {
                    Some(misspelt) => Err(self.unknown(misspelt, &["name-manager"])),
                    None => Ok(None),
                }
            }
        }
    }

    fn maybe_table(&self, within: &Node<'a>, key: &str) -> Option<&Node<'a>> {
        let found = self.document.get(within, key)?;
        found.is_table().then_some(found)
    }

    fn strings(&self, within: &Node<'a>, key: &str) -> Vec<String> {
        let mut strings = Vec::new();
        if let Some(listed) = self
            .document
            .get(within, key)
            .filter(|list| list.is_array())
        {
            for value in self.document.children(listed) {
                strings.extend(value.as_str().map(str::to_owned));
            }
        }
        strings
    }

    fn repository(&self, package: &Node<'a>) -> Option<String> {
        let repository = self.document.get(package, "repository")?;
        repository.as_str().map(str::to_owned)
    }

    fn table<'n>(&self, value: &'n Node<'a>) -> Result<&'n Node<'a>> {
        if value.is_table() {
            return Ok(value);
        }
        Err(self.expected(&value.key, "a table", value))
    }

    fn string<'n>(&self, value: &'n Node<'_>, key: &str, like: &str) -> Result<&'n str> {
        let text = value.as_str();
        text.ok_or_else(|| self.expected(key, &format!("a string like \"{like}\""), value))
    }

    fn max(&self, value: &Node<'_>) -> Result<u32> {
        if let Kind::Scalar(ScalarKind::Integer(radix)) = value.kind
            && let Ok(max @ 1..) = u32::from_str_radix(&value.text, radix.value())
        {
            return Ok(max);
        }
        let number = value.as_str().and_then(|text| text.parse::<u32>().ok());
        let expected = match (&value.kind, number) {
            (_, Some(number @ 1..)) => {
                format!("a whole number of at least 1, without quotes: `max = {number}`")
            }
            (Kind::Scalar(ScalarKind::Integer(_)), _) if !is_below_one(&value.text) => {
                format!("a whole number of at most {}", u32::MAX)
            }
            _ => "a whole number of at least 1, like `max = 2`".to_owned(),
        };
        Err(self.expected("max", &expected, value))
    }

    fn names(&self, value: &Node<'_>) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        if value.is_array() {
            for value in self.document.children(value) {
                let found = self.string(value, "a name", "db_a")?;
                name::check_name(found)
                    .map_err(|error| self.error(value.span, error.to_string()))?;
                if let Some(twin) = names.iter().find(|known| known.eq_ignore_ascii_case(found)) {
                    return Err(self.error(value.span, format!(
                        "name `{found}` is already listed, as `{twin}`; some file systems ignore case"
                    )));
                }
                names.push(found.to_owned());
            }
        }
        if names.is_empty() {
            let expected = "a list of at least one name, like [\"db_a\", \"db_b\"]";
            return Err(self.expected("names", expected, value));
        }
        Ok(names)
    }

    fn template(&self, value: &Node<'_>) -> Result<String> {
        let template = self.string(value, "template", "app_test_{index}")?;
        check_template(template).map_err(|error| self.error(value.span, error))?;
        Ok(template.to_owned())
    }

    fn duration(&self, value: &Node<'_>, key: &str) -> Result<Duration> {
        const EXPECTED: &str = "a duration like \"90s\" or \"3m\"";
        let Some(text) = value.as_str() else {
            let expected = match value.kind {
                Kind::Scalar(ScalarKind::Integer(_)) if value.text.parse::<u32>().is_ok() => {
                    format!("a string with a unit: `{key} = \"{}s\"`", value.text)
                }
                _ => EXPECTED.to_owned(),
            };
            return Err(self.expected(key, &expected, value));
        };
        humantime::parse_duration(text)
            .map_err(|error| self.expected(key, EXPECTED, value).because(error))
    }

    fn timeout(&self, value: &Node<'_>) -> Result<Duration> {
        match self.duration(value, "timeout")? {
            Duration::ZERO => Err(self.expected("timeout", "more than zero", value)),
            timeout => Ok(timeout),
        }
    }

    fn command(&self, value: &Node<'_>, of_name: bool) -> Result<Command> {
        let key = value.key.as_ref();
        if let Some(line) = value.as_str() {
            self.check_command(key, value, line, of_name)?;
            return Ok(Command::Line(line.to_owned()));
        }
        const EXPECTED: &str = "a command line like \"docker compose up\", or a list of words like [\"docker\", \"compose\", \"up\"]";
        if !value.is_array() {
            return Err(self.expected(key, EXPECTED, value));
        }
        let mut words = Vec::new();
        for value in self.document.children(value) {
            let like = match value.kind {
                Kind::Scalar(_) => excerpt(&value.text),
                _ => "up".to_owned(),
            };
            let word = self.string(value, key, &like)?;
            match words.is_empty() {
                true => self.check_command(key, value, word, of_name)?,
                false => self.check_word(key, value, word, of_name)?,
            }
            words.push(word.to_owned());
        }
        match words.is_empty() {
            true => Err(self.expected(key, EXPECTED, value)),
            false => Ok(Command::Words(words)),
        }
    }

    fn check_command(&self, key: &str, value: &Node<'_>, text: &str, of_name: bool) -> Result<()> {
        if text.trim().is_empty() {
            return Err(self.expected(key, "a command", value));
        }
        self.check_word(key, value, text, of_name)
    }

    fn check_word(&self, key: &str, value: &Node<'_>, text: &str, of_name: bool) -> Result<()> {
        if text.contains('\0') {
            return Err(self.expected(key, "without NUL bytes", value));
        }
        if text.contains(IN_ROOT) {
            self.root(value)?;
        }
        match wrong_placeholder(text, of_name) {
            None => Ok(()),
            Some((found, wrong)) => {
                Err(self.error(self.span_of(found, value), format!("in `{key}`, {wrong}")))
            }
        }
    }

    /// What `{root}` stands for in this value.
    fn root(&self, value: &Node<'_>) -> Result<&'a str> {
        let root = self.path.parent().unwrap_or(self.path);
        root.to_str().ok_or_else(|| {
            let message = format!(
                "`{IN_ROOT}` would be `{}`, which is not UTF-8; rename that directory, or write a path without it",
                root.display()
            );
            self.error(value.span, message)
        })
    }

    /// Where this text is in a string; the string itself if that is written with escapes.
    fn span_of(&self, text: &str, within: &Node<'_>) -> Span {
        let start = within.span.start();
        let found = self.text.get(start..within.span.end());
        match found.and_then(|found| found.find(text)) {
            Some(at) => Span::new_unchecked(start + at, start + at + text.len()),
            None => within.span,
        }
    }

    fn paths(&self, value: &Node<'_>) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        if value.is_array() {
            for value in self.document.children(value) {
                let path = self.string(value, "fingerprint", "migrations")?;
                if path.is_empty() || path.contains('\0') {
                    return Err(self.expected("fingerprint", "a path", value));
                }
                paths.push(path.to_owned());
            }
        }
        match paths.is_empty() {
            true => {
                let expected =
                    "a list of files and directories, like [\"compose.yaml\", \"migrations\"]";
                Err(self.expected("fingerprint", expected, value))
            }
            false => Ok(paths),
        }
    }
}

/// Text of a manifest, short enough for a message.
fn excerpt(text: &str) -> String {
    let text = text.chars().take(40);
    text.filter(|c| !c.is_control()).collect()
}

/// Whether this integer is zero or negative; it may be too long for any type.
fn is_below_one(text: &str) -> bool {
    text.starts_with('-') || text.chars().all(|digit| matches!(digit, '0' | '+'))
}

fn place(path: &Path, text: &str, span: Span) -> String {
    let before = text.get(..span.start()).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default();
    let column = column.chars().count() + 1;
    format!("{}:{line}:{column}", path.display())
}

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
            error("env = { URL = \"{name}/{nme}\", OTHER = \"{x}\" }"),
            "Cargo.toml:2:15: `URL` has the placeholder `{nme}`; did you mean `{name}`?"
        );
        assert_eq!(
            error("max = 0"),
            "Cargo.toml:2:7: `max` must be a whole number of at least 1, like `max = 2`; found the integer `0`"
        );
        assert_eq!(
            error("max = \"2\""),
            "Cargo.toml:2:7: `max` must be a whole number of at least 1, without quotes: `max = 2`; found the string `\"2\"`"
        );
        assert_eq!(
            error("mx = 2"),
            "Cargo.toml:2:1: unknown key `mx` (did you mean `max`?); expected `max`, `names`, `template`, `wait_timeout`, `scope`, `space`, `dir`, `env`, `hooks`"
        );
        assert_eq!(
            error("names = []"),
            "Cargo.toml:2:9: `names` must be a list of at least one name, like [\"db_a\", \"db_b\"]; found the array `[]`"
        );
        assert_eq!(
            error("names = [\"a\", \"A\"]"),
            "Cargo.toml:2:15: name `A` is already listed, as `a`; some file systems ignore case"
        );
        assert_eq!(
            error("scope = \"repo\""),
            "Cargo.toml:2:9: unknown scope \"repo\" (did you mean `repository`?); expected `workspace`, `repository`, `user` or `server`"
        );
        assert_eq!(
            error("template = \"db\""),
            "Cargo.toml:2:12: template \"db\" must contain `{index}` once"
        );
        assert_eq!(
            error("wait_timeout = 3"),
            "Cargo.toml:2:16: `wait_timeout` must be a string with a unit: `wait_timeout = \"3s\"`; found the integer `3`"
        );
        for huge in [
            "4294967296",
            "99999999999999999999999999",
            "0xfff_ffff_ffff",
        ] {
            assert_eq!(
                error(&format!("max = {huge}")),
                format!(
                    "Cargo.toml:2:7: `max` must be a whole number of at most 4294967295; found the integer `{huge}`"
                )
            );
        }
        for (wrong, right) in [
            (
                "max = -1",
                "at least 1, like `max = 2`; found the integer `-1`",
            ),
            (
                "max = 2.0",
                "at least 1, like `max = 2`; found the float `2.0`",
            ),
            (
                "max = 0x0",
                "at least 1, like `max = 2`; found the integer `0x0`",
            ),
            (
                "wait_timeout = 1.5",
                "a duration like \"90s\" or \"3m\"; found the float `1.5`",
            ),
            (
                "wait_timeout = \"3\"",
                "a duration like \"90s\" or \"3m\"; found the string",
            ),
            (
                "scope = true",
                "a string like \"repository\"; found the boolean `true`",
            ),
            (
                "dir = [\"a\"]",
                "a string like \"/var/lib/names\"; found the array",
            ),
            (
                "template = 3",
                "a string like \"app_test_{index}\"; found the integer `3`",
            ),
            (
                "names = [1]",
                "a string like \"db_a\"; found the integer `1`",
            ),
            (
                "names = \"a\"",
                "a list of at least one name, like [\"db_a\", \"db_b\"]; found",
            ),
            (
                "env = { PORT = 5432 }",
                "`PORT` must be a string like \"5432\"; found the integer `5432`",
            ),
            (
                "env = { URL = [] }",
                "`URL` must be a string like \"postgres://localhost/{name}\"",
            ),
        ] {
            let error = error(wrong);
            assert!(error.contains(right), "{wrong}: {error}");
        }
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
    fn a_pool_on_a_server_says_whose_it_is_and_never_where_that_is() {
        let table = "[workspace.metadata.name-manager.pools.db]\nscope = \"server\"\n";
        let repository = "[workspace.package]\nrepository = \"https://github.com/acme/shop\"\n";
        let manifest = parse(&format!("{repository}{table}space = \"acme/other\"")).unwrap();
        let db = manifest.pool("db").unwrap();
        assert_eq!(db.scope, Some(Scope::Server));
        assert_eq!(db.space.as_deref(), Some("acme/other"));
        assert_eq!(
            manifest.repository().as_deref(),
            Some("github.com/acme/shop")
        );
        let own = "[package]\nrepository = \"https://example.org/own\"\n";
        let manifest = parse(&format!("{own}{repository}")).unwrap();
        assert_eq!(manifest.repository().as_deref(), Some("example.org/own"));
        let inherited = "[package]\nrepository.workspace = true\n";
        let manifest = parse(&format!("{inherited}{repository}")).unwrap();
        assert_eq!(
            manifest.repository().as_deref(),
            Some("github.com/acme/shop")
        );
        for key in ["scope", "space", "server", "dir", "url"] {
            let error = error(&format!("{key} = \"postgres://ci:hunter2@db/names\""));
            assert!(
                error.contains(&format!("`{key}` has the address of a server")),
                "{error}"
            );
            assert!(error.contains("NAME_MANAGER_SERVER"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(
            error("space = \"two words\""),
            "Cargo.toml:2:9: `space` must be 1 to 200 bytes without white space, like \"acme/shop\"; found the string `\"two words\"`"
        );
        assert_eq!(
            error("scope = \"user\"\nspace = \"acme/shop\""),
            "Cargo.toml:3:1: pool `db` has a `space`, which only a pool with `scope = \"server\"` has; remove one of the two"
        );
        assert!(error("spce = \"a\"").contains("did you mean `space`?"));
        assert!(error("scope = \"servr\"").contains("did you mean `server`?"));
    }

    #[test]
    fn reads_hooks() {
        let text = r#"
[package.metadata.name-manager.pools.stack.hooks]
setup = "createdb {pool} && echo '{' ${HOME}"
init = ["docker", "compose", "-p", "{name}", ""]
fingerprint = ["compose.yaml", "migrations"]
timeout = "5m"
        "#;
        let manifest = Manifest::parse(Path::new("/w/Cargo.toml"), text).unwrap();
        let hooks = manifest.pool("stack").unwrap().hooks.clone().unwrap();
        let words = ["docker", "compose", "-p", "{name}", ""];
        let setup = Command::Line("createdb {pool} && echo '{' ${HOME}".to_owned());
        assert_eq!(hooks.place, "/w/Cargo.toml:2:44");
        assert_eq!(hooks.root, Path::new("/w"));
        assert_eq!(hooks.command("setup"), Some(&setup));
        assert_eq!(
            hooks.command("init").cloned(),
            Some(Command::Words(words.map(str::to_owned).into()))
        );
        assert_eq!(hooks.command("reset"), None);
        assert_eq!(hooks.fingerprint.unwrap(), ["compose.yaml", "migrations"]);
        assert_eq!(hooks.timeout, Some(Duration::from_secs(300)));
    }

    #[test]
    fn the_directory_of_the_file_is_part_of_variables() {
        let text = "[package.metadata.name-manager.pools.db]\nenv.URL = \"{root}/{name} {root}\"\n";
        let url = |path: &Path| {
            let manifest = Manifest::parse(path, text)?;
            Ok::<_, Error>(manifest.pool("db").unwrap().env[0].1.clone())
        };
        let there = Path::new("/w/\u{fc} x/Cargo.toml");
        assert_eq!(url(there).unwrap(), "/w/\u{fc} x/{name} /w/\u{fc} x");
        #[cfg(unix)]
        {
            use std::ffi::OsStr;
            use std::os::unix::ffi::OsStrExt;

            let error = url(Path::new(OsStr::from_bytes(b"/w\xff/Cargo.toml"))).unwrap_err();
            let expected = "2:11: `{root}` would be `/w\u{fffd}`, which is not UTF-8; rename that directory, or write a path without it";
            assert!(error.to_string().ends_with(expected), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_hooks_is_told_where_it_is() {
        for (wrong, told) in [
            (
                "hooks.ini = \"x\"",
                "7: unknown key `ini` (did you mean `init`?); expected `setup`, `init`, `reset`, `cleanup`, `teardown`, `fingerprint`, `timeout`",
            ),
            (
                "hooks = \"x\"",
                "9: `hooks` must be a table; found the string `\"x\"`",
            ),
            (
                "hooks = {}",
                "1: `hooks` has no command; expected at least one of `setup`, `init`, `reset`, `cleanup`, `teardown`",
            ),
            (
                "hooks.init = true",
                "14: `init` must be a command line like \"docker compose up\", or a list of words like [\"docker\", \"compose\", \"up\"]; found the boolean `true`",
            ),
            (
                "hooks.init = []",
                "14: `init` must be a command line like \"docker compose up\", or a list of words like [\"docker\", \"compose\", \"up\"]; found the array `[]`",
            ),
            (
                "hooks.init = \" \"",
                "14: `init` must be a command; found the string `\" \"`",
            ),
            (
                "hooks.init = [\"\", \"x\"]",
                "15: `init` must be a command; found the string `\"\"`",
            ),
            (
                "hooks.init = [\"x\", 5432]",
                "20: `init` must be a string like \"5432\"; found the integer `5432`",
            ),
            (
                "hooks.init = \"x\\u0000\"",
                "14: `init` must be without NUL bytes; found the string `\"x\\u0000\"`",
            ),
            (
                "hooks.init = \"up {nme}\"",
                "18: in `init`, unknown placeholder `{nme}` (did you mean `{name}`?); expected `{name}`, `{index}`, `{pool}`, `{root}`",
            ),
            (
                "hooks.init = [\"up\", \"-p{database}\"]",
                "24: in `init`, unknown placeholder `{database}`; expected `{name}`, `{index}`, `{pool}`, `{root}`",
            ),
            (
                "hooks.init = \"up ${name}\"",
                "19: in `init`, `${name}` is a variable of the shell; write `{name}` for the name",
            ),
            (
                "hooks.setup = \"up {name}\"",
                "19: in `setup`, `{name}` is not known here, since the command is run once for the whole pool; expected `{pool}`, `{root}`",
            ),
            (
                "hooks = { init = \"x\", timeout = 5 }",
                "33: `timeout` must be a string with a unit: `timeout = \"5s\"`; found the integer `5`",
            ),
            (
                "hooks = { init = \"x\", timeout = \"0s\" }",
                "33: `timeout` must be more than zero; found the string `\"0s\"`",
            ),
            (
                "hooks = { init = \"x\", fingerprint = \"a\" }",
                "37: `fingerprint` must be a list of files and directories, like [\"compose.yaml\", \"migrations\"]; found the string `\"a\"`",
            ),
            (
                "hooks = { init = \"x\", fingerprint = [\"\"] }",
                "38: `fingerprint` must be a path; found the string `\"\"`",
            ),
        ] {
            assert_eq!(error(wrong), format!("Cargo.toml:2:{told}"), "{wrong}");
        }
    }

    #[test]
    fn a_pool_is_configured_where_cargo_has_a_table_for_it() {
        for (text, header) in [
            ("[workspace]", "workspace"),
            ("[package]", "package"),
            ("[package]\n[workspace]", "workspace"),
            (
                "[package.metadata.name-manager.pools.db]\n[workspace]",
                "package",
            ),
        ] {
            let header = format!("[{header}.metadata.name-manager.pools.db] in Cargo.toml");
            assert_eq!(parse(text).unwrap().header("db"), header, "{text}");
        }
    }

    #[test]
    fn a_file_of_our_own_has_the_same_tables_at_its_root() {
        let own = |text: &str| Manifest::parse_own(Path::new("a/name-manager.toml"), text);
        let error = |text: &str| own(text).unwrap_err().to_string();
        let manifest = own("[pools.db]\nmax = 2\n[pools.db.hooks]\ninit = \"true\"\n").unwrap();
        let db = manifest.pool("db").unwrap();
        assert_eq!(db.max, Some(2));
        assert_eq!(db.hooks.as_ref().unwrap().root, Path::new("a"));
        for pool in ["db", "other"] {
            let header = format!("[pools.{pool}] in name-manager.toml");
            assert_eq!(manifest.header(pool), header);
        }
        assert!(own("# nothing yet").unwrap().pools().is_empty());
        assert_eq!(
            error("[pool.db]"),
            "a/name-manager.toml:1:2: unknown key `pool` (did you mean `pools`?); expected `pools`"
        );
        assert_eq!(
            error("\n[workspace.metadata.name-manager.pools.db]"),
            "a/name-manager.toml:2:2: unknown key `workspace`; expected `pools`: what is `[workspace.metadata.name-manager.pools.db]` in Cargo.toml is `[pools.db]` here"
        );
        let mistake = error("[pools.db]\nmax = 0");
        assert!(
            mistake.starts_with("a/name-manager.toml:2:7: `max` must"),
            "{mistake}"
        );
    }

    #[test]
    fn text_from_a_manifest_cannot_break_a_message() {
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
    fn a_template_that_makes_too_long_names_is_refused() {
        let template = |length| format!("template = \"{}{{index}}\"", "x".repeat(length));
        parse(&format!(
            "[workspace.metadata.name-manager.pools.db]\n{}",
            template(108)
        ))
        .unwrap();
        let error = error(&template(109));
        assert!(
            error.contains("has 129 bytes; at most 128 are allowed"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_a_variable_is_refused_where_it_stands() {
        assert_eq!(
            error(r#"env = { "A=B" = "x" }"#),
            "Cargo.toml:2:9: `A=B` cannot be the name of a variable; expected one without `=`"
        );
        assert_eq!(
            error(r#"env = { A = "x\u0000" }"#),
            r#"Cargo.toml:2:13: `A` must be a string without NUL bytes; found the string `"x\u0000"`"#
        );
    }
}
