//! A plan as nextest reads it.

use std::fmt::Write;

use crate::groups::{Plan, Rule};

/// The owner of the groups, which nextest wants in their names.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// A file that a tool provides.
    Tool,
    /// The repository's own file.
    Repository,
}

impl Owner {
    fn group(self, id: &str) -> String {
        match self {
            Self::Tool => format!("@tool:name-manager:{id}"),
            Self::Repository => format!("name-manager-{id}"),
        }
    }
}

/// The plan as TOML that can be appended to any other; empty if the plan is.
pub fn config(plan: &Plan, owner: Owner) -> String {
    let mut text = String::new();
    for group in &plan.groups {
        let name = owner.group(&group.id);
        let name = match owner {
            Owner::Tool => format!("{name:?}"),
            Owner::Repository => name,
        };
        let max = group.max;
        let _ = write!(text, "[test-groups.{name}]\nmax-threads = {max}\n\n");
    }
    for rule in &plan.rules {
        let _ = writeln!(text, "[[profile.default.overrides]]");
        let _ = writeln!(text, "filter = '''\n{}'''", filter(rule));
        if let Some(group) = &rule.group {
            let _ = writeln!(text, "test-group = {:?}", owner.group(group));
        }
        let _ = writeln!(text, "priority = {}\n", rule.priority);
    }
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// One test a line: a change of one is a change of one line.
fn filter(rule: &Rule) -> String {
    let mut text = String::new();
    for (index, (binary, tests)) in rule.tests.iter().enumerate() {
        let or = if index == 0 { "" } else { "| " };
        let _ = writeln!(text, "{or}(binary_id(={}) & (", escaped(binary));
        for (index, test) in tests.iter().enumerate() {
            let or = if index == 0 { "  " } else { "| " };
            let _ = writeln!(text, "  {or}test(={})", escaped(test));
        }
        let _ = writeln!(text, "))");
    }
    text
}

/// A name inside parentheses, and inside a TOML string between `'''`.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\\' | '(' | ')' | ',' => text.extend(['\\', c]),
            '\'' => text.extend(c.escape_unicode()),
            _ if c.is_control() => text.extend(c.escape_unicode()),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_ends_neither_its_parentheses_nor_the_string() {
        assert_eq!(escaped("a::b<(c, d)>"), "a::b<\\(c\\, d\\)>");
        assert_eq!(escaped("it's\n"), "it\\u{27}s\\u{a}");
    }
}
