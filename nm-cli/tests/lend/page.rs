//! The blocks of code on the pages.

use std::fs;
use std::path::Path;

/// A fenced block, or an indented one, which has no language.
#[derive(Debug)]
pub struct Block {
    pub language: String,
    pub text: String,
}

/// The blocks of a page, whose path starts at the root of the repository.
pub fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
    let page = fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let (language, text): (_, Vec<_>) = if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            (language, inside.collect())
        } else if let Some(first) = line.strip_prefix("    ") {
            let more = |next: &&str| next.starts_with("    ");
            let more = std::iter::from_fn(|| lines.next_if(more));
            (
                "",
                std::iter::once(first).chain(more.map(str::trim)).collect(),
            )
        } else {
            continue;
        };
        blocks.push(Block {
            language: language.to_owned(),
            text: text.join("\n"),
        });
    }
    blocks
}

/// The blocks in this language.
pub fn written_in(language: &str, page: &str) -> Vec<String> {
    let blocks = blocks(page).into_iter();
    let blocks = blocks.filter(|block| block.language == language);
    blocks.map(|block| block.text).collect()
}

/// The commands of its `console` blocks, each with what it answers there.
pub fn commands(page: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in written_in("console", page) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), String::new())),
                None if line.is_empty() => {}
                None => {
                    let (_, answer) = commands.last_mut().unwrap();
                    answer.push_str(line);
                    answer.push('\n');
                }
            }
        }
    }
    commands
}
