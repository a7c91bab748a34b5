//! The plan of the house, read from the sources: which folder may import which, and
//! that no two files import each other in a cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A package's folders and root files, from the top down.
struct Package {
    sources: &'static str,
    /// Each room, and which of those below it it may import; `*` is all of them.
    rooms: &'static [(&'static str, &'static str)],
    /// What every room above may import.
    ground: &'static str,
}

/// The package below the engine, of which not every room may know: as if it was one of them.
const OS: &str = "nm_os";

const PACKAGES: &[Package] = &[
    Package {
        sources: "nm-runtime/src",
        rooms: &[
            ("lib", "*"),
            ("private", "*"),
            ("fuzz", "*"),
            ("inspect", "remote local backend journal config nm_os"),
            // Tests, as the contract.
            (
                "modes/claims",
                "modes pool/opened pool memory/session local backend declared nm_os",
            ),
            (
                "modes",
                "pool/opened pool life lend command backend identity config declared nm_os",
            ),
            // Tests, over each that implements the seam.
            ("backend/contract", "memory/session memory local"),
            // The one file that makes pools over memory, for tests.
            ("memory/session", "pool/opened pool backend config"),
            // The one file that chooses a backend.
            (
                "pool/opened",
                "life command remote local backend identity config declared",
            ),
            ("pool", "life lend backend identity config declared"),
            ("life", "lend backend identity config declared"),
            ("lend", "backend nm_os"),
            ("command", "backend identity config declared nm_os"),
            ("remote", "local backend config nm_os"),
            ("local", "backend journal config nm_os"),
            ("memory", "backend"),
            ("backend", ""),
            ("identity", "config declared nm_os"),
            ("config", "declared nm_os"),
            ("declared", ""),
            ("journal", "nm_os"),
            (OS, ""),
            ("terms", ""),
            ("base", ""),
        ],
        ground: "terms base",
    },
    Package {
        sources: "nm-os/src",
        rooms: &[
            ("lib", "*"),
            ("obituary", "*"),
            ("bell", "*"),
            ("threads", "*"),
            ("read", "*"),
            ("pid_namespace", "*"),
            ("unix", "*"),
            ("windows", "*"),
            ("spare", "*"),
            ("budget", "*"),
            ("limit", "*"),
            ("unix/calls", "file_id"),
            ("open_file", "file_id"),
            ("process_state", ""),
            ("ancestor", ""),
            ("file_id", ""),
        ],
        ground: "",
    },
    Package {
        sources: "nm-cli/src",
        rooms: &[
            ("main", "*"),
            ("bin", "process"),
            ("cli", "*"),
            ("fuzz", "*"),
            ("commands", "*"),
            ("views", "*"),
            ("cleanup", "*"),
            ("keeper", "*"),
            ("replay", "*"),
            ("events", "*"),
            ("groups", "*"),
            ("listing", "*"),
            ("args", "*"),
            ("pools", "*"),
            ("server", "*"),
            ("process", "*"),
            ("screen", "*"),
            ("exit", "*"),
            ("sys", ""),
        ],
        ground: "",
    },
    Package {
        sources: "nm-macros/src",
        rooms: &[
            ("lib", "*"),
            ("fuzz", "*"),
            ("resource", "*"),
            ("serial", "*"),
            ("keys", "*"),
            ("expand", "*"),
            ("module", "*"),
            ("test", "*"),
            ("body", "*"),
            ("requests", "*"),
            ("parameter", "*"),
            ("panics", "*"),
            ("signature", "*"),
            ("item", "*"),
            ("conflict", "*"),
            ("args", "*"),
            ("value", "*"),
            ("spelling", "*"),
            ("mistakes", "*"),
            ("attribute", "*"),
        ],
        ground: "",
    },
    Package {
        sources: "nm-register/src",
        rooms: &[
            ("lib", "*"),
            ("decide", "*"),
            ("serve", "*"),
            ("again", "*"),
            ("work", "*"),
            ("observer", "*"),
            ("beats", "*"),
            ("server", ""),
            ("event", "*"),
            ("request", "*"),
            ("document", "*"),
            ("record", "*"),
            ("failure", ""),
            ("access", ""),
            ("names", ""),
            ("who", ""),
            ("id", ""),
        ],
        ground: "",
    },
    Package {
        sources: "nm-agent/src",
        rooms: &[
            ("lib", "*"),
            ("serve", "*"),
            ("clients", "*"),
            ("hints", "*"),
            ("orphans", "*"),
            ("work", "*"),
            ("beat", "*"),
            ("link", "*"),
            ("agent", "*"),
            ("pool", "fault locks wire"),
            ("locks", "wire"),
            ("fault", "wire"),
            ("draw", ""),
            ("clock", ""),
            ("wire", ""),
        ],
        ground: "",
    },
    Package {
        sources: "nm-postgres/src",
        rooms: &[
            ("lib", "*"),
            ("register", "*"),
            ("facts", "*"),
            ("journal", "*"),
            ("listener", "*"),
            ("tables", "*"),
            ("connection", "*"),
            ("tls", "*"),
            ("address", "*"),
            ("passfile", ""),
            ("hint", ""),
            ("error", ""),
        ],
        ground: "",
    },
    Package {
        sources: "model/register/src",
        rooms: &[
            ("lib", "*"),
            ("checked", "*"),
            ("model", "*"),
            ("agent", ""),
            ("db", ""),
            ("flaw", ""),
        ],
        ground: "",
    },
    Package {
        sources: "xtask/src",
        rooms: &[
            ("main", "*"),
            ("torture", "*"),
            ("picture", "*"),
            ("bench", "*"),
            ("build", "*"),
            ("result", ""),
        ],
        ground: "",
    },
    Package {
        sources: "model/src",
        rooms: &[
            ("lib", "*"),
            ("checked", "*"),
            ("properties", "*"),
            ("outside", "*"),
            ("step", "*"),
            ("engine", "*"),
            ("state", "*"),
            ("client", "*"),
            ("kernel", "*"),
            ("flaw", "*"),
            ("cycles", "*"),
            ("bounds", ""),
        ],
        ground: "",
    },
];

#[test]
fn folders_import_from_those_below_them_alone() {
    let mut wrong = Vec::new();
    for package in PACKAGES {
        let order: Vec<_> = package.rooms.iter().map(|(room, _)| *room).collect();
        let place = |room: &str| order.iter().position(|known| *known == room);
        for file in package.files() {
            let Some(room) = package.room_of(&file.path) else {
                wrong.push(format!("{}: not in the plan", file.shown));
                continue;
            };
            let may = package.rooms[place(room).unwrap()].1;
            let listed = |of: &str, other: &str| of.split(' ').any(|room| room == other);
            for (import, target) in &file.imports {
                let Some(other) = target.as_deref().and_then(|target| package.room_of(target))
                else {
                    wrong.push(format!(
                        "{}: imports {import}, which is in no file",
                        file.shown
                    ));
                    continue;
                };
                let below = place(other) > place(room);
                let allowed = may == "*" || listed(may, other) || listed(package.ground, other);
                if other != room && folder(other) != folder(room) && !(below && allowed) {
                    wrong.push(format!("{}: `{room}` may not import {import}", file.shown));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_cycle() {
    let mut cycles = Vec::new();
    for package in PACKAGES {
        let imports: BTreeMap<_, BTreeSet<_>> = package
            .files()
            .into_iter()
            .map(|file| {
                let targets = file.imports.into_iter().filter_map(|(_, target)| target);
                let others = |target: &String| *target != file.path && target != OS;
                let targets = targets.filter(others).collect();
                (file.path, targets)
            })
            .collect();
        for file in imports.keys() {
            let around = way_back(file, &imports);
            // Each cycle once: by the first of its files.
            if around.first() == around.iter().min() && !around.is_empty() {
                cycles.push(format!("{}: {}", package.sources, around.join(" -> ")));
            }
        }
    }
    assert!(cycles.is_empty(), "\n{}\n", cycles.join("\n"));
}

/// The test would pass over a house that it cannot read.
#[test]
fn imports_are_found_in_each_form() {
    let source = r#"
mod child;
use child::Own;
use crate::a::{self, b::C, d::{E, f}};
// use crate::comment::X;
fn x() { crate::g::h("crate::text::Y"); $crate::macros::z!(); super::i(); nm_os::j() }
#[cfg(test)]
mod tests { use crate::tests::W; }
    "#;
    let found: BTreeSet<_> = paths(source, "top::module").into_iter().collect();
    let expected = [
        "a", "a::b::C", "a::d::E", "a::d::f", "g::h", "nm_os::j", "top::i",
    ];
    let expected = expected.iter().map(|path| path.to_string());
    let expected: BTreeSet<_> = expected
        .chain(["top::module::child::Own".to_owned()])
        .collect();
    assert_eq!(found, expected);
}

/// One source file.
struct File {
    shown: String,
    /// Without `.rs`, below the sources: `local/mod`.
    path: String,
    /// What it imports from its own package, and the file that this is in.
    imports: Vec<(String, Option<String>)>,
}

impl Package {
    fn files(&self) -> Vec<File> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.sources);
        let mut found = Vec::new();
        let mut dirs = vec![root.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                match path.extension() {
                    _ if path.is_dir() => dirs.push(path),
                    Some(end) if end == "rs" => found.push(path),
                    _ => {}
                }
            }
        }
        let name = |path: &PathBuf| {
            let below = path.strip_prefix(&root).unwrap().with_extension("");
            below.to_str().unwrap().to_owned()
        };
        let mut known: BTreeSet<_> = found.iter().map(name).collect();
        assert!(known.len() > 5, "{known:?}");
        known.insert(OS.to_owned());
        let files = found.iter().map(|file| {
            let source = fs::read_to_string(file).unwrap();
            let path = name(file);
            let module = match path.as_str() {
                "lib" | "main" => "",
                path => path.strip_suffix("/mod").unwrap_or(path),
            };
            let imports = paths(&source, &module.replace('/', "::")).into_iter();
            File {
                shown: format!("{}/{path}.rs", self.sources),
                imports: imports
                    .map(|import| {
                        let target = file_of(&import, &known);
                        (format!("crate::{import}"), target)
                    })
                    .collect(),
                path,
            }
        });
        files.collect()
    }

    /// The smallest room that has this file.
    fn room_of(&self, path: &str) -> Option<&'static str> {
        let rooms = self.rooms.iter().map(|(room, _)| *room);
        let within = rooms.filter(|room| {
            let rest = path.strip_prefix(room);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        within.max_by_key(|room| room.len())
    }
}

fn folder(room: &str) -> &str {
    room.split('/').next().unwrap()
}

/// The file in which the item with this path is.
fn file_of(import: &str, known: &BTreeSet<String>) -> Option<String> {
    let parts: Vec<_> = import.split("::").collect();
    (0..=parts.len())
        .rev()
        .map(|length| parts[..length].join("/"))
        .flat_map(|path| match path.is_empty() {
            true => vec!["lib".to_owned(), "main".to_owned()],
            false => vec![path.clone(), path + "/mod"],
        })
        .find(|path| known.contains(path))
}

/// The paths of its own package that a source uses, without comments, texts and
/// tests. `module` is the source's own.
fn paths(source: &str, module: &str) -> Vec<String> {
    let code = code(source);
    let parent = |of: &str| {
        of.rsplit_once("::")
            .map_or("", |(above, _)| above)
            .to_owned()
    };
    let mut found = Vec::new();
    for (at, start) in starts(&code) {
        let mut rest = &code[at + start.len()..];
        let mut above = match start {
            "crate::" => String::new(),
            "self::" => module.to_owned(),
            "nm_os::" => OS.to_owned(),
            _ => parent(module),
        };
        while let Some(higher) = rest.strip_prefix("super::") {
            above = parent(&above);
            rest = higher;
        }
        tree(&above, rest, &mut found);
    }
    // `use child::X` in the file that declares `mod child;`.
    for line in code.lines() {
        let Some((_, used)) = line.split_once("use ") else {
            continue;
        };
        let child = used.split("::").next().unwrap_or_default();
        if code.contains(&format!("mod {child};")) {
            tree(module, used, &mut found);
        }
    }
    found
}

/// Where paths of the package begin.
fn starts(code: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for start in ["crate::", "self::", "super::", "nm_os::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            // What a macro writes into other crates with `$crate` is not used here.
            let inside = |c: char| c.is_alphanumeric() || "_:$".contains(c);
            if !before.is_some_and(inside) {
                found.push((at, start));
            }
        }
    }
    found
}

/// A source without comments, texts and its own tests.
fn code(source: &str) -> String {
    let tests = [
        "#[cfg(test)]\nmod tests",
        "#[cfg(all(test, unix))]\nmod tests",
    ];
    let ends = tests.iter().filter_map(|tests| source.find(tests));
    let source = &source[..ends.min().unwrap_or(source.len())];
    let lines = source.lines();
    let code = lines.map(|line| without_texts(line.split("//").next().unwrap()) + "\n");
    code.collect()
}

/// Reads a path, or a tree of them in braces; returns what follows.
fn tree<'a>(above: &str, text: &'a str, found: &mut Vec<String>) -> &'a str {
    let join = |name: &str| match above.is_empty() {
        true => name.to_owned(),
        false => format!("{above}::{name}"),
    };
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(above, rest, found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => tree(&join(name), rest, found),
        _ => {
            match name {
                "" => {}
                "self" => found.push(above.to_owned()),
                name => found.push(join(name)),
            }
            rest
        }
    }
}

/// A line of code with its texts emptied.
fn without_texts(line: &str) -> String {
    let parts = line.split('"').enumerate();
    let code = parts.filter(|(number, _)| number % 2 == 0);
    code.map(|(_, part)| part).collect::<Vec<_>>().join("\"\"")
}

/// The shortest way from a file back to itself; empty if there is none.
fn way_back(file: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut ways = vec![vec![file.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in &imports[way.last().unwrap()] {
                if next == file {
                    return way;
                }
                if seen.insert(next.clone()) {
                    longer.push([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        ways = longer;
    }
    Vec::new()
}
