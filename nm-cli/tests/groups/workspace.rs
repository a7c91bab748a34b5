use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::command::Command;

/// Packages that share pools: with the same test names, with a dependency under
/// another name, with a feature, with a doctest, and without name-manager.
pub struct Workspace {
    root: PathBuf,
    notes: tempfile::NamedTempFile,
    _turn: File,
}

/// What a test saw of its runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub group: String,
    pub slot: String,
    /// The indices of its names in the pools.
    pub names: Vec<usize>,
}

pub const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Writes down what it sees of the runner, one line a test.
const NOTE: &str = r#"
use std::io::Write;
pub fn note(names: &[usize]) {
    let Some(file) = std::env::var_os("NOTES") else { return };
    let var = |key| std::env::var(key).unwrap_or_default();
    let thread = std::thread::current();
    let line = format!("{}|{}|{}|{}|{names:?}\n", var("NEXTEST_BINARY_ID"),
        std::env::var("NEXTEST_TEST_NAME").ok().as_deref().or(thread.name()).unwrap_or_default(), var("NEXTEST_TEST_GROUP"), var("NEXTEST_TEST_GROUP_SLOT"));
    let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
"#;

impl Workspace {
    pub fn new() -> Self {
        let (root, turn) = generated();
        let root = root.join("shops");
        for (path, text) in files() {
            write(&root.join(path), &text);
        }
        lock_as_ours(&root);
        for leftover in [".config", ".name-manager", "stock/tests/more.rs"] {
            let leftover = root.join(leftover);
            let _ = fs::remove_dir_all(&leftover).or_else(|_| fs::remove_file(&leftover));
        }
        Self {
            root,
            notes: tempfile::NamedTempFile::new().unwrap(),
            _turn: turn,
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn config(&self) -> PathBuf {
        self.root.join(".config/nextest.toml")
    }

    pub fn write_config(&self, text: &str) {
        write(&self.config(), text);
    }

    pub fn read_config(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    pub fn name_manager(&self, args: &[&str]) -> Command {
        self.noted(Command::name_manager(&self.root).args(args))
    }

    pub fn cargo(&self, args: &[&str]) -> Command {
        self.noted(Command::cargo(&self.root).args(args))
    }

    pub fn noted(&self, command: Command) -> Command {
        fs::write(self.notes.path(), "").unwrap();
        command.env("NOTES", self.notes.path())
    }

    /// By binary and test, what the last command's tests saw. A test that ran
    /// twice saw the same.
    pub fn notes(&self) -> BTreeMap<String, Note> {
        let text = fs::read_to_string(self.notes.path()).unwrap();
        let note = |line: &str| {
            let fields: Vec<_> = line.split('|').collect();
            let names = fields[4].trim_matches(['[', ']']).split(", ");
            let note = Note {
                group: fields[2].to_owned(),
                slot: fields[3].to_owned(),
                names: names.filter_map(|name| name.parse().ok()).collect(),
            };
            (format!("{} {}", fields[0], fields[1]), note)
        };
        text.lines().map(note).collect()
    }

    /// The tests of a group.
    pub fn tests_in(&self, group: &str) -> Vec<String> {
        let in_group = |(test, note): (String, Note)| (note.group == group).then_some(test);
        self.notes().into_iter().filter_map(in_group).collect()
    }
}

/// Where workspaces are generated, and the turn to do it.
pub fn generated() -> (PathBuf, File) {
    let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    // Outside the repository, whose workspace would be found above.
    let checkout = base.to_string_lossy().replace(['/', '\\', ':'], "_");
    let root = std::env::temp_dir().join(format!("name-manager-groups{checkout}"));
    fs::create_dir_all(&root).unwrap();
    let turn = File::create(root.join("turn.lock")).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "tests must not write the same workspace at once"
    )]
    turn.lock().unwrap();
    (root, turn)
}

/// With the versions of the dependencies that the repository has.
pub fn lock_as_ours(root: &Path) {
    let locked = Path::new(REPOSITORY).join("Cargo.lock");
    if locked.is_file() {
        fs::copy(locked, root.join("Cargo.lock")).unwrap();
    }
}

pub fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn package(name: &str, dependency: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n{dependency}\n{more}"
    )
}

fn files() -> Vec<(&'static str, String)> {
    let path = format!("path = {REPOSITORY:?}");
    let use_note = format!("mod note {{{NOTE}}}\nuse note::note;\n");
    let shop = r#"
use name_manager::{shared_resource, Lease};

macro_rules! lists {
    ($($test:ident)*) => {$(
        #[shared_resource(pool = "db", max = 2)]
        #[test]
        fn $test(db: Lease) { note(&[db.index()]) }
    )*};
}
lists!(a b c d e f g h);

#[test]
fn free() { note(&[]) }

#[shared_resource(pool = "scratch")]
#[test]
fn unbounded(scratch: Lease) { note(&[scratch.index()]) }

#[derive(Default)]
struct Slots;

#[name_manager::resource(pool = "slots")]
impl name_manager::Allocator for Slots {
    type State = u32;

    fn load(&self, text: &str) -> Result<u32, name_manager::BoxError> {
        Ok(text.parse().unwrap_or(0))
    }

    fn save(&self, out: &u32) -> String { out.to_string() }

    fn assign(&self, out: &mut u32, _: &name_manager::Asked<'_>) -> name_manager::Assignment {
        *out += 1;
        name_manager::Assigned::name("slots-0").into()
    }

    fn release(&self, out: &mut u32, _: &str) { *out -= 1 }
}

#[shared_resource(pool = "slots")]
#[test]
fn allocated(slots: Lease) { note(&[slots.index()]) }

mod reports {
    use super::*;

    #[shared_resource(pool = "page", access = "shared")]
    #[test]
    fn reads(page: Lease) { note(&[page.index()]) }

    #[shared_resource(pool = "page", access = "shared")]
    #[test]
    fn reads_too(page: Lease) { note(&[page.index()]) }

    #[shared_resource(pool = "port", count = 2)]
    #[shared_resource(pool = "db")]
    #[test]
    fn sends(port: Vec<Lease>, db: Lease) {
        assert_eq!(port.len(), 2);
        note(&[db.index()])
    }

    #[shared_resource(pool = "stack", all = true)]
    #[test]
    fn whole(stack: Vec<Lease>) { note(&stack.iter().map(|name| name.index()).collect::<Vec<_>>()) }

    #[shared_resource(pool = "stack", count = 2)]
    #[test]
    fn two(stack: Vec<Lease>) { note(&stack.iter().map(|name| name.index()).collect::<Vec<_>>()) }

    #[shared_resource(pool = "stack")]
    #[test]
    fn one(stack: Lease) { note(&[stack.index()]) }
}

#[cfg(feature = "extra")]
#[shared_resource(pool = "db")]
#[test]
fn only_with_extra(db: Lease) { note(&[db.index()]) }
"#;
    let unit = r#"
//! ```
//! assert_eq!(shop::twice(2), 4);
//! ```

/// ```
/// assert_eq!(shop::twice(3), 6);
/// ```
pub fn twice(number: u32) -> u32 { 2 * number }

#[cfg(test)]
mod tests {
    use name_manager::{shared_resource, Lease};
    use crate::note;

    #[shared_resource(pool = "db")]
    #[test]
    fn a(db: Lease) { note(&[db.index()]) }
}
"#;
    let stock = r#"
use lender::{shared_resource, Lease};

#[shared_resource(pool = "db", max = 2, crate = lender)]
#[test]
fn a(db: Lease) { note(&[db.index()]) }

#[shared_resource(pool = "db", crate = lender)]
#[test]
fn fails_if_told(db: Lease) {
    note(&[db.index()]);
    assert!(std::env::var_os("FAIL").is_none(), "told to fail");
}

#[shared_resource(pool = "db", crate = lender)]
#[test]
fn fails_once(db: Lease) {
    note(&[db.index()]);
    let Some(flag) = std::env::var_os("FAIL_ONCE") else { return };
    assert!(std::fs::remove_file(flag).is_err(), "failed once");
}
"#;
    let plain = "#[test]\nfn a() { note(&[]) }\n#[test]\nfn b() { note(&[]) }\n";
    vec![
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"shop\", \"stock\", \"plain\"]\n\n[workspace.metadata.name-manager.pools]\nport.max = 3\npage.max = 1\nstack.max = 3\n"
                .to_owned(),
        ),
        (
            "shop/Cargo.toml",
            package("shop", &format!("name-manager = {{ {path} }}"), "\n[features]\nextra = []\n"),
        ),
        ("shop/src/lib.rs", format!("{unit}\n#[cfg(test)]\n{}", use_note.replace("\nuse note", "\n#[cfg(test)]\nuse note"))),
        ("shop/tests/db.rs", format!("{use_note}{shop}")),
        (
            "stock/Cargo.toml",
            package(
                "stock",
                &format!("lender = {{ package = \"name-manager\", {path} }}"),
                "",
            ),
        ),
        ("stock/src/lib.rs", String::new()),
        ("stock/tests/db.rs", format!("{use_note}{stock}")),
        ("plain/Cargo.toml", package("plain", "", "")),
        ("plain/src/lib.rs", String::new()),
        ("plain/tests/db.rs", format!("{use_note}{plain}")),
    ]
}
