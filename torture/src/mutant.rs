//! One breakage of the engine, as a file says it.
//!
//! ```text
//! What it breaks, in a sentence.
//! run kills
//! pools ports free
//! containers yes
//! at line: drawn
//! expect held twice | overtaken
//! file head.rs
//! <<<<
//! what stands there, once
//! ====
//! what stands there instead
//! >>>>
//! ```

use std::fs;
use std::path::Path;

use crate::result::Result;

/// A breakage.
#[derive(Debug)]
pub struct Mutant {
    pub name: String,
    pub what: String,
    /// What it takes to see it.
    pub load: Load,
    /// The rules one of which must say so.
    pub expected: Vec<String>,
    edits: Vec<Edit>,
}

/// What a round is like.
#[derive(Debug)]
pub struct Load {
    /// Whether processes are killed; else a crowd is enough.
    pub kills: bool,
    /// Whether it takes several machines: what is broken is what stands between them.
    pub machines: bool,
    /// Pools beside those that a crowd always has.
    pub pools: Vec<String>,
    /// Whether some of the processes are in containers.
    pub containers: bool,
    /// How many of 1000 requests are held for more than a second.
    pub long: u32,
    /// The only failpoint at which workers die, if it is not any.
    pub at: Option<String>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            kills: false,
            machines: false,
            pools: Vec::new(),
            containers: false,
            long: 4,
            at: None,
        }
    }
}

#[derive(Debug)]
struct Edit {
    file: String,
    find: String,
    put: String,
}

impl Mutant {
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let wrong = |what: &str| format!("`{}`: {what}", path.display());
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let mut mutant = Self {
            name: name.unwrap_or_default().to_owned(),
            what: String::new(),
            load: Load::default(),
            expected: Vec::new(),
            edits: Vec::new(),
        };
        let mut file = "";
        let mut lines = text.lines();
        mutant.what = lines.next().unwrap_or_default().to_owned();
        while let Some(line) = lines.next() {
            match line.split_once(' ') {
                Some(("run", what)) => {
                    mutant.load.kills = what == "kills";
                    mutant.load.machines = what == "machines";
                }
                Some(("pools", pools)) => {
                    mutant.load.pools = pools.split(' ').map(str::to_owned).collect();
                }
                Some(("containers", yes)) => mutant.load.containers = yes == "yes",
                Some(("long", often)) => mutant.load.long = often.parse()?,
                Some(("at", site)) => mutant.load.at = Some(site.to_owned()),
                Some(("expect", rules)) => {
                    mutant.expected = rules.split(" | ").map(str::to_owned).collect();
                }
                Some(("file", name)) => file = name,
                _ if line == "<<<<" => {
                    let mut until = |end: &str| -> String {
                        let part = lines.by_ref().take_while(|line| *line != end);
                        part.map(|line| format!("{line}\n")).collect()
                    };
                    mutant.edits.push(Edit {
                        file: file.to_owned(),
                        find: until("===="),
                        put: until(">>>>"),
                    });
                }
                _ => return Err(wrong(&format!("expected a key or `<<<<`, found `{line}`")).into()),
            }
        }
        match mutant.edits.is_empty() || mutant.expected.is_empty() {
            true => Err(wrong("has no edit, or expects nothing").into()),
            false => Ok(mutant),
        }
    }

    /// Breaks the engine whose sources are in `copy`.
    pub fn apply(&self, copy: &Path) -> Result<()> {
        for edit in &self.edits {
            let text = fs::read_to_string(copy.join(&edit.file))?;
            let found = text.matches(&edit.find).count();
            if found != 1 {
                return Err(format!(
                    "mutant `{}` no longer applies: what it replaces stands {found} times in {}, not once; make it anew",
                    self.name, edit.file
                )
                .into());
            }
            fs::write(copy.join(&edit.file), text.replace(&edit.find, &edit.put))?;
        }
        Ok(())
    }

    /// Mends it again.
    pub fn revert(&self, original: &Path, copy: &Path) -> Result<()> {
        for edit in &self.edits {
            fs::copy(original.join(&edit.file), copy.join(&edit.file))?;
        }
        Ok(())
    }
}
