//! From serial_test to pools: what can be done to the sources of a workspace without knowing
//! what its tests are about.

mod edits;
mod manifest;
mod packages;
mod plan;
mod source;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::exit::{Failure, Outcome, code};
use crate::screen::difference::difference;
use crate::screen::{stderr, stdout};
use edits::{Edits, indentation, with_its_space};
use packages::Workspace;
use plan::Plan;
use source::{Import, Source, Use};

/// Shows how the tests of a workspace that use serial_test would use pools instead
///
/// `#[serial(db)]` becomes `#[shared_resource(pool = "db")]` above the test attribute, and the
/// pool is configured with one name in `Cargo.toml`; that of a `file_serial` has the scope `user`,
/// since its key keeps all checkouts of a user apart. Everything else stays as it is written.
/// A key becomes a pool only if all that has it can be changed; what stays is listed on standard
/// error.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Change the files, instead of showing what would change
    #[arg(long)]
    write: bool,
}

/// A file, as it is and as it is to be.
struct Change {
    path: PathBuf,
    old: String,
    new: String,
}

pub fn run(args: Args) -> Outcome {
    let workspace = Workspace::read()?;
    let root = workspace.workspace_root.join("Cargo.toml");
    let manifest = read(&root)?;
    let configured = manifest::pools(&manifest).map_err(|error| wrong(&root, error))?;
    let users: Vec<_> = workspace.users().collect();
    let mut sources = Vec::new();
    let mut unread = Vec::new();
    for (index, package) in users.iter().enumerate() {
        for path in package.sources()? {
            let text = read(&path)?;
            let shown = path
                .strip_prefix(&workspace.workspace_root)
                .unwrap_or(&path);
            match Source::parse(shown.to_owned(), index, text) {
                Ok(source) if source.is_empty() => {}
                Ok(source) => sources.push(source),
                Err(why) => unread.push(format!("{}: not read: {why}", shown.display())),
            }
        }
    }
    let plan = Plan::new(&sources, &configured);
    let mut changes = Vec::new();
    for source in &sources {
        let new = source.adopted(&plan);
        changes.push(Change {
            path: workspace.workspace_root.join(&source.path),
            old: source.text.clone(),
            new,
        });
    }
    let mut undecided = unread;
    for (index, package) in users.iter().enumerate() {
        let own: Vec<_> = sources
            .iter()
            .filter(|source| source.package == index)
            .collect();
        if !own
            .iter()
            .any(|source| source.uses.iter().any(|it| plan.has(it)))
        {
            continue;
        }
        let is_needed =
            !undecided.is_empty() || own.iter().any(|source| source.needs_serial_test(&plan));
        let path = &package.manifest_path;
        let old = read(path)?;
        match manifest::with_name_manager(&old, is_needed).map_err(|error| wrong(path, error))? {
            Some(new) => changes.push(Change {
                path: path.clone(),
                old,
                new,
            }),
            None => undecided.push(format!(
                "{}: add `name-manager` to the dependencies by hand",
                path.display()
            )),
        }
    }
    if !plan.pools.is_empty() {
        let at = changes.iter().position(|change| change.path == root);
        let before = at.map_or(&manifest, |at| &changes[at].new);
        match manifest::with_pools(before, &plan.pools) {
            Ok(new) => match at {
                Some(at) => changes[at].new = new,
                None => changes.push(Change {
                    path: root.clone(),
                    old: manifest,
                    new,
                }),
            },
            Err(error) => return Err(wrong(&root, error)),
        }
    }
    undecided.extend(plan.undecided);
    changes.retain(|change| change.old != change.new);
    let mut text = String::new();
    for change in &changes {
        let shown = change
            .path
            .strip_prefix(&workspace.workspace_root)
            .unwrap_or(&change.path);
        match args.write {
            true => {
                fs::write(&change.path, &change.new).map_err(|error| {
                    Failure::new(
                        code::FAILURE,
                        format!("failed to write `{}`", change.path.display()),
                    )
                    .because(error)
                })?;
                text.push_str(&format!("{}\n", shown.display()));
            }
            false => text.push_str(&format!(
                "{}\n{}\n",
                shown.display(),
                difference(&change.old, &change.new)
            )),
        }
    }
    stdout::answer(&text)?;
    if users.is_empty() {
        stderr::warn("no package here depends on serial_test");
    }
    for line in &undecided {
        stderr::warn(&format!("left to you: {line}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<String, Box<dyn Error + Send + Sync>> {
    let failed = |error| {
        Failure::new(
            code::FAILURE,
            format!("failed to read `{}`", path.display()),
        )
        .because(error)
    };
    Ok(fs::read_to_string(path).map_err(failed)?)
}

fn wrong(path: &Path, error: toml::de::Error) -> Box<dyn Error + Send + Sync> {
    let message = format!("`{}` would be no valid TOML", path.display());
    Failure::new(code::USAGE, message).because(error).into()
}

impl Plan {
    /// Whether this attribute becomes ours.
    fn has(&self, it: &Use) -> bool {
        it.keys.iter().all(|key| self.pools.contains_key(key))
    }
}

impl Source {
    /// Its text, over pools.
    fn adopted(&self, plan: &Plan) -> String {
        let mut edits = Edits::default();
        for it in self.uses.iter().filter(|it| plan.has(it)) {
            let is_imported = !self.imports.is_empty() && !it.qualified;
            let path = if is_imported { "" } else { "name_manager::" };
            let at = it.test.unwrap_or(it.range.start);
            let line = match indentation(&self.text, at) {
                Some(before) => format!("{}{before}", self.line_end()),
                None => " ".to_owned(),
            };
            let shared = if it.shared {
                ", access = \"shared\""
            } else {
                ""
            };
            let pools = it.keys.iter().map(|key| &plan.pools[key]);
            let attributes =
                pools.map(|pool| format!("#[{path}shared_resource(pool = {pool:?}{shared})]"));
            let attributes = attributes.collect::<Vec<_>>().join(&line);
            match it.test {
                Some(test) => {
                    edits.replace(test..test, format!("{attributes}{line}"));
                    edits.replace(with_its_space(&self.text, it.range.clone()), "");
                }
                None => edits.replace(it.range.clone(), attributes),
            }
        }
        for import in &self.imports {
            edits.replace(import.range.clone(), self.import(import, plan));
        }
        edits.apply(&self.text)
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// The import, of what is used now.
    fn import(&self, import: &Import, plan: &Plan) -> String {
        let old = &self.text[import.range.clone()];
        let is_kept = self.keeps_attributes(plan);
        let is_glob = import.others.iter().any(|name| name == "*");
        let has_ours = self.uses.iter().any(|it| plan.has(it) && !it.qualified);
        let takes = !import.attributes.is_empty() || is_glob;
        if !takes || plan.pools.is_empty() || (is_kept && !has_ours) {
            return old.to_owned();
        }
        let ours = "use name_manager::shared_resource;";
        let mut rest: Vec<&str> = import.others.iter().map(String::as_str).collect();
        if is_kept {
            let is_used = |name: &&String| {
                let mut kept = self.uses.iter().filter(|it| !plan.has(it));
                self.needs_crate || kept.any(|it| it.name == **name)
            };
            let attributes = import.attributes.iter().filter(is_used);
            rest.extend(attributes.map(String::as_str));
        }
        rest.retain(|name| *name != "*" || self.needs_serial_test(plan));
        let rest = match &*rest {
            [] => return ours.to_owned(),
            [one] => (*one).to_owned(),
            several => format!("{{{}}}", several.join(", ")),
        };
        let before = indentation(&self.text, import.range.start).unwrap_or_default();
        format!("{ours}{}{before}use serial_test::{rest};", self.line_end())
    }

    fn keeps_attributes(&self, plan: &Plan) -> bool {
        self.uses.iter().any(|it| !plan.has(it)) || self.needs_crate
    }

    /// Whether it still has something of serial_test.
    fn needs_serial_test(&self, plan: &Plan) -> bool {
        let others = self
            .imports
            .iter()
            .any(|import| import.others.iter().any(|name| name != "*"));
        self.keeps_attributes(plan) || others
    }
}
