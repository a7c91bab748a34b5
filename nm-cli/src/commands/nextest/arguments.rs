use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The arguments of `cargo nextest run`, as the user wrote them.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Vec<OsString>);

/// Options that say which binaries are built and where they are found: listing them
/// needs those too. All others say which tests are run, and how.
const OF_BUILD: [&str; 14] = [
    "--config",
    "-Z",
    "--archive-file",
    "--archive-format",
    "--cargo-metadata",
    "--workspace-remap",
    "--binaries-metadata",
    "--target-dir-remap",
    "--build-dir-remap",
    "--manifest-path",
    "--user-config-file",
    "--tool-config-file",
    "--color",
    CONFIG_FILE,
];
const CONFIG_FILE: &str = "--config-file";
const PROFILE: [&str; 2] = ["-P", "--profile"];
const FLAGS_OF_BUILD: [&str; 2] = ["--override-version-check", "--ignore-default-filter"];

/// Those of them that only cargo needs. With a finished build nextest takes none.
const OF_CARGO: [&str; 13] = [
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
];
const FLAGS_OF_CARGO: [&str; 19] = [
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
];

/// Options that mean the same whether nextest builds the tests or finds them built. Not
/// `--rerun`, which may bring the options of a build with it, nor unknown options.
const OF_RUN: [&str; 39] = [
    "--manifest-path",
    "--user-config-file",
    "--tool-config-file",
    "--color",
    CONFIG_FILE,
    "-P",
    "--profile",
    "--override-version-check",
    "--ignore-default-filter",
    "-E",
    "--filterset",
    "--filter-expr",
    "--run-ignored",
    "--partition",
    "-j",
    "--test-threads",
    "--jobs",
    "--retries",
    "--flaky-result",
    "--fail-fast",
    "--ff",
    "--no-fail-fast",
    "--nff",
    "--max-fail",
    "--no-tests",
    "--no-capture",
    "--nocapture",
    "--stress-count",
    "--stress-duration",
    "--failure-output",
    "--success-output",
    "--status-level",
    "--final-status-level",
    "--show-progress",
    "--hide-progress-bar",
    "--no-input-handler",
    "--max-progress-running",
    "-v",
    "--verbose",
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
        let takes_value = |name: &str| {
            OF_CARGO.contains(&name) || OF_BUILD.contains(&name) || PROFILE.contains(&name)
        };
        let is_flag = |name: &str| FLAGS_OF_CARGO.contains(&name) || FLAGS_OF_BUILD.contains(&name);
        self.select(takes_value, is_flag)
    }

    /// Those with which nextest has cargo build; `None` if some may mean more to nextest
    /// than to cargo.
    pub fn of_cargo(&self) -> Option<Vec<OsString>> {
        let mut translated = Vec::new();
        let given = self.of_build();
        let mut args = given.iter();
        while let Some(arg) = args.next() {
            let text = arg.to_str()?;
            let name = name(arg)?;
            let is_flag = FLAGS_OF_CARGO.contains(&text);
            if FLAGS_OF_BUILD.contains(&text) {
                continue;
            }
            let to_cargo = match name {
                // Given twice it silences cargo.
                "--cargo-quiet" => return None,
                "--cargo-verbose" => "--verbose",
                "--cargo-profile" => "--profile",
                "--build-jobs" => "--jobs",
                name => name,
            };
            if is_flag {
                translated.push(to_cargo.into());
                continue;
            }
            let value = match is_joined(arg) {
                true => text[name.len()..].trim_start_matches('=').into(),
                false => args.next()?.clone(),
            };
            if OF_CARGO.contains(&name) || ["--manifest-path", "--color"].contains(&name) {
                translated.extend([to_cargo.into(), value]);
            } else if name != CONFIG_FILE && !PROFILE.contains(&name) {
                return None;
            }
        }
        Some(translated)
    }

    /// Without the options that say which binaries are built; `None` if an unknown option
    /// may say so, too.
    pub fn without_build(&self) -> Option<Self> {
        let kept = self.reject(
            |name| OF_CARGO.contains(&name),
            |text| FLAGS_OF_CARGO.contains(&text),
        );
        let known = |arg: &OsString| {
            arg.to_str().is_some() && name(arg).is_none_or(|name| OF_RUN.contains(&name))
        };
        let mut options = kept.iter().take_while(|arg| *arg != "--");
        options.all(known).then_some(Self(kept))
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
        let kept = self.reject(|name| name == CONFIG_FILE, |_| false);
        Self([vec![CONFIG_FILE.into(), file], kept].concat())
    }

    /// Before all others.
    pub fn prepend(&self, first: &[OsString]) -> Self {
        Self([first, &self.0].concat())
    }

    /// The options that the first predicate accepts, with their values, and the flags
    /// that the second accepts.
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

    /// All but the options that the first predicate accepts, with their values, and the
    /// flags, alone in their arguments, that the second accepts.
    fn reject(
        &self,
        takes_value: impl Fn(&str) -> bool,
        is_flag: impl Fn(&str) -> bool,
    ) -> Vec<OsString> {
        let mut kept = Vec::new();
        let mut args = self.0.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                kept.push(arg.clone());
                kept.extend(args.cloned());
                break;
            }
            match name(arg) {
                _ if arg.to_str().is_some_and(&is_flag) => {}
                Some(name) if takes_value(name) => {
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
    fn what_was_built_is_not_built_again_unless_an_option_may_make_it_another() {
        let without_build = |text: &str| {
            let args = arguments(text).without_build()?;
            let args: Vec<_> = args.0.iter().map(|arg| arg.to_str().unwrap()).collect();
            Some(args.join(" "))
        };
        for (given, left) in [
            ("", ""),
            ("-p a -pb --package=c --release --test t -j4 x", "-j4 x"),
            (
                "run --locked --lib -E all() -- --skip x",
                "-E all() -- --skip x",
            ),
            (
                "-Pci --manifest-path a/Cargo.toml -- -p a",
                "-Pci --manifest-path a/Cargo.toml -- -p a",
            ),
            ("--features a,b -F c --all-features -", "-"),
        ] {
            assert_eq!(without_build(given).as_deref(), Some(left), "{given}");
        }
        for given in [
            "--archive-file a.tar.zst",
            "--binaries-metadata b.json",
            "--config a=1",
            "-Zbuild-std",
            "-R latest",
            "--timings=html",
            "-rv",
            "--some-day -p a",
        ] {
            assert_eq!(without_build(given), None, "{given}");
        }
    }

    #[test]
    fn cargo_is_told_what_nextest_would_tell_it() {
        let of_cargo = |text: &str| {
            let args = arguments(text).of_cargo()?;
            let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
            Some(args.join(" "))
        };
        for (given, told) in [
            ("", ""),
            (
                "-p a -pb --package=c --test t -j4 x --lib -- -p d",
                "-p a -p b --package c --test t --lib",
            ),
            (
                "--cargo-profile=ci --build-jobs 3 --cargo-verbose -r -Fx",
                "--profile ci --jobs 3 --verbose -r -F x",
            ),
            (
                "-Pci --profile fast --config-file a.toml --color=never --ignore-default-filter",
                "--color never",
            ),
            (
                "--manifest-path a/Cargo.toml --locked",
                "--manifest-path a/Cargo.toml --locked",
            ),
        ] {
            assert_eq!(of_cargo(given).as_deref(), Some(told), "{given}");
        }
        for given in [
            "--cargo-quiet",
            "--archive-file a.tar.zst",
            "--config a=1",
            "-Zbuild-std",
            "--tool-config-file mine:a.toml",
            "-p",
            "-rv",
        ] {
            assert_eq!(of_cargo(given), None, "{given}");
        }
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
