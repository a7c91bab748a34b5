use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The arguments of `cargo nextest run`, as the user wrote them.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Vec<OsString>);

/// What says which binaries are built and where they are found: listing them
/// needs it too. Whatever else there is says which tests are run, and how.
const OF_BUILD: [&str; 26] = [
    "-p",
    "--package",
    "--exclude",
    "--bin",
    "--example",
    "--test",
    "--bench",
    "-F",
    "--features",
    "--build-jobs",
    "--cargo-profile",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--config",
    "-Z",
    "--archive-file",
    "--archive-format",
    "--cargo-metadata",
    "--workspace-remap",
    "--binaries-metadata",
    "--target-dir-remap",
    "--build-dir-remap",
    "--user-config-file",
    "--tool-config-file",
    "--color",
];
const CONFIG_FILE: &str = "--config-file";
const PROFILE: [&str; 2] = ["-P", "--profile"];
const FLAGS_OF_BUILD: [&str; 21] = [
    "--workspace",
    "--all",
    "--lib",
    "--bins",
    "--examples",
    "--tests",
    "--benches",
    "--all-targets",
    "--all-features",
    "--no-default-features",
    "-r",
    "--release",
    "--frozen",
    "--locked",
    "--offline",
    "--cargo-quiet",
    "--cargo-verbose",
    "--ignore-rust-version",
    "--future-incompat-report",
    "--override-version-check",
    "--ignore-default-filter",
];

impl Arguments {
    /// `nextest run ARGS` and `nextest ARGS` are the same.
    pub fn new(mut args: Vec<OsString>) -> Self {
        if args.first().is_some_and(|first| first == "run") {
            args.remove(0);
        }
        Self(args)
    }

    /// All of them.
    pub fn all(&self) -> &[OsString] {
        &self.0
    }

    /// Those that listing the same build needs.
    pub fn of_build(&self) -> Vec<OsString> {
        let takes_value =
            |name: &str| OF_BUILD.contains(&name) || PROFILE.contains(&name) || name == CONFIG_FILE;
        self.select(takes_value, |name| FLAGS_OF_BUILD.contains(&name))
    }

    /// The value of an option that is given.
    pub fn value(&self, option: &str) -> Option<PathBuf> {
        let given = self.select(|name| name == option, |_| false);
        match given.as_slice() {
            [_, value, ..] if !is_joined(&given[0]) => Some(value.into()),
            [joined, ..] => {
                let text = joined.to_str()?;
                Some(text.split_once('=')?.1.into())
            }
            [] => None,
        }
    }

    /// Another configuration file instead of the one that is used.
    pub fn with_config_file(&self, file: OsString) -> Self {
        let kept = self.reject(|name| name == CONFIG_FILE);
        Self([vec![CONFIG_FILE.into(), file], kept].concat())
    }

    /// Before all others.
    pub fn prepend(&self, first: &[OsString]) -> Self {
        Self([first, &self.0].concat())
    }

    /// The options for which the one says yes with their values, and the flags
    /// for which the other does.
    fn select(
        &self,
        takes_value: impl Fn(&str) -> bool,
        is_flag: impl Fn(&str) -> bool,
    ) -> Vec<OsString> {
        let mut selected = Vec::new();
        let mut args = self.0.iter();
        while let Some(arg) = args.next().filter(|arg| *arg != "--") {
            let Some(name) = name(arg) else { continue };
            if is_flag(name) {
                selected.push(arg.clone());
            } else if takes_value(name) {
                selected.push(arg.clone());
                if !is_joined(arg) {
                    selected.extend(args.next().cloned());
                }
            }
        }
        selected
    }

    /// All but these options and their values.
    fn reject(&self, is_rejected: impl Fn(&str) -> bool) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut args = self.0.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                kept.push(arg.clone());
                kept.extend(args.cloned());
                break;
            }
            match name(arg) {
                Some(name) if is_rejected(name) => {
                    if !is_joined(arg) {
                        args.next();
                    }
                }
                _ => kept.push(arg.clone()),
            }
        }
        kept
    }
}

/// `--package` of `--package=a`, `-p` of `-pa`.
fn name(arg: &OsStr) -> Option<&str> {
    let text = arg.to_str()?;
    if text.starts_with("--") {
        return Some(text.split_once('=').map_or(text, |(name, _)| name));
    }
    (text.starts_with('-') && text.is_char_boundary(2)).then(|| &text[..2])
}

/// Whether the option's value is in the same argument.
fn is_joined(arg: &OsStr) -> bool {
    let text = arg.to_string_lossy();
    match text.starts_with("--") {
        true => text.contains('='),
        false => text.len() > 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Arguments {
        Arguments::new(text.split_whitespace().map(OsString::from).collect())
    }

    fn of_build(text: &str) -> String {
        let selected = arguments(text).of_build();
        let selected: Vec<_> = selected.iter().map(|arg| arg.to_str().unwrap()).collect();
        selected.join(" ")
    }

    #[test]
    fn listing_is_told_what_is_built_and_not_what_is_run() {
        assert_eq!(
            of_build("-p a -pb --package=c --retries 2 -j4 -E all() --release users -- --skip x"),
            "-p a -pb --package=c --release"
        );
        assert_eq!(
            of_build("run --archive-file a.tar.zst --extract-to x --partition hash:1/2 -Pci"),
            "--archive-file a.tar.zst -Pci"
        );
        assert_eq!(of_build("--no-fail-fast -- -p a"), "");
        assert_eq!(of_build("-"), "");
    }

    #[test]
    fn a_configuration_file_takes_the_place_of_another() {
        for before in ["--config-file mine.toml -j2 -- a", "-j2 -- a"] {
            let after = arguments(before).with_config_file("ours".into());
            assert_eq!(after.all(), arguments("--config-file ours -j2 -- a").all());
        }
        let mine = arguments("--config-file=mine.toml");
        assert_eq!(mine.value("--config-file"), Some("mine.toml".into()));
        assert_eq!(mine.with_config_file("o".into()).all().len(), 2);
        assert_eq!(
            arguments("--config-file mine.toml").value("--config-file"),
            Some("mine.toml".into())
        );
        assert_eq!(arguments("-- --config-file x").value("--config-file"), None);
    }
}
