//! Whole suites under both runners, as their users wait for them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::cost::Cost;
use crate::bench::package::{Package, limited};
use crate::bench::peer::{self, OURS, SERIAL_TEST};
use crate::bench::rounds::Bench;
use crate::bench::spread::{Spread, figure};
use crate::bench::table::Table;
use crate::result::Result;

const ROUNDS: usize = 3;
const TEST: Duration = Duration::from_millis(50);
const AT_ONCE: usize = 4;

struct Suite {
    file: &'static str,
    title: &'static str,
    limited: usize,
    free: usize,
    names: usize,
}

const SUITES: [Suite; 4] = [
    Suite {
        file: "forty_1",
        title: "40 tests over 1 name",
        limited: 40,
        free: 0,
        names: 1,
    },
    Suite {
        file: "forty_2",
        title: "40 tests over 2 names",
        limited: 40,
        free: 0,
        names: 2,
    },
    Suite {
        file: "sixty_1",
        title: "60 tests, 20 of them over 1 name",
        limited: 20,
        free: 40,
        names: 1,
    },
    Suite {
        file: "sixty_2",
        title: "60 tests, 20 of them over 2 names",
        limited: 20,
        free: 40,
        names: 2,
    },
];

/// How a suite is run. Each has a program for either runner, if it can.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    FileSerial,
    GroupsByHand,
    Attribute,
    OurGroups,
    WrittenGroups,
}

const WAYS: [(Way, &str); 5] = [
    (Way::FileSerial, "serial_test `file_serial`"),
    (Way::GroupsByHand, "nextest test groups, by hand"),
    (Way::Attribute, "**name-manager** `#[shared_resource]`"),
    (Way::OurGroups, "**name-manager** `test`, `nextest`"),
    (Way::WrittenGroups, "its groups, by `nextest --write`"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    CargoTest,
    Nextest,
}

const RUNNERS: [Runner; 2] = [Runner::CargoTest, Runner::Nextest];

pub fn run(bench: &Bench) -> Result<Vec<Table>> {
    let suites = Suites::build()?;
    SUITES
        .iter()
        .map(|suite| suites.compare(bench, suite))
        .collect()
}

struct Suites {
    bare: Package,
    file_serial: Package,
    ours: Package,
    name_manager: PathBuf,
}

impl Suites {
    fn build() -> Result<Self> {
        let suites = Self {
            bare: Package::of_users("suites-bare", &[])?,
            file_serial: Package::of_users("suites-file-serial", &[SERIAL_TEST])?,
            ours: Package::of_users("suites-name-manager", &[OURS])?,
            name_manager: build_name_manager()?,
        };
        for suite in &SUITES {
            let file = format!("tests/{}.rs", suite.file);
            suites.bare.write(&file, &suite.tests(""))?;
            let config = format!("{}.toml", suite.file);
            suites.bare.write(&config, &suite.groups_by_hand())?;
            if suite.names == 1 {
                let attribute = "#[serial_test::file_serial(db)]";
                suites.file_serial.write(&file, &suite.tests(attribute))?;
            }
            let attribute = format!(
                "#[name_manager::shared_resource(pool = \"db-{0}\", max = {0})]",
                suite.names
            );
            suites.ours.write(&file, &suite.tests(&attribute))?;
        }
        for package in [&suites.bare, &suites.file_serial, &suites.ours] {
            Cost::of(package.cargo().args(["test", "--no-run"]))?;
            Cost::of(package.cargo().args(["nextest", "run", "--no-run"]))?;
        }
        for suite in &SUITES {
            let config = suite.written();
            suites.ours.write(&config, "")?;
            let mut command = suites.ours.command(&suites.name_manager);
            command.args(["nextest", "--write", "--config-file", &config]);
            Cost::of(command.args(["--test", suite.file]))?;
        }
        Ok(suites)
    }

    /// Nothing where the way has no such thing.
    fn command(&self, suite: &Suite, way: Way, runner: Runner) -> Option<Command> {
        let mut command = match (way, runner) {
            (Way::FileSerial, _) if suite.names > 1 => return None,
            (Way::GroupsByHand | Way::WrittenGroups, Runner::CargoTest) => return None,
            (Way::FileSerial, _) => self.file_serial.cargo(),
            (Way::GroupsByHand, _) => self.bare.cargo(),
            (Way::Attribute | Way::WrittenGroups, _) => self.ours.cargo(),
            (Way::OurGroups, _) => self.ours.command(&self.name_manager),
        };
        match (way, runner) {
            (_, Runner::CargoTest) => command.arg("test"),
            (Way::OurGroups, Runner::Nextest) => command.arg("nextest"),
            (Way::GroupsByHand, Runner::Nextest) => {
                let config = format!("{}.toml", suite.file);
                command.args(["nextest", "run", "--config-file", &config])
            }
            (Way::WrittenGroups, Runner::Nextest) => {
                command.args(["nextest", "run", "--config-file", &suite.written()])
            }
            (_, Runner::Nextest) => command.args(["nextest", "run"]),
        };
        command.args(["--test", suite.file]);
        match runner {
            Runner::CargoTest => command.args(["--", &format!("--test-threads={AT_ONCE}")]),
            Runner::Nextest => command.arg(format!("-j{AT_ONCE}")),
        };
        Some(command)
    }

    fn compare(&self, bench: &Bench, suite: &Suite) -> Result<Table> {
        let mut times = WAYS.map(|_| RUNNERS.map(|_| Vec::new()));
        for round in 0..bench.rounds(ROUNDS) {
            for at in bench.in_turn(WAYS.len(), round) {
                for (times, runner) in times[at].iter_mut().zip(RUNNERS) {
                    if let Some(mut command) = self.command(suite, WAYS[at].0, runner) {
                        times.push(Cost::of(&mut command)?.wall);
                    }
                }
            }
        }
        let ideal = suite.ideal().as_secs_f64();
        let mut table = Table::new(
            &format!("Suite: {}", suite.title),
            &format!(
                "Tests of {TEST:?}, {AT_ONCE} threads or slots; wall-clock time of the whole \
                 command, with everything built, in seconds. Ideal: {ideal:.2} s of tests, no \
                 runner. A waiting test occupies a thread or slot. `name-manager test` starts \
                 an extra thread for each waiting test; while none waits, more than {AT_ONCE} \
                 tests run, so it can beat the ideal."
            ),
            &[
                "",
                "cargo test",
                "rounds",
                "x ideal",
                "nextest",
                "rounds",
                "x ideal",
            ],
        );
        let times =
            times.map(|runners| runners.map(|all| (!all.is_empty()).then(|| Spread::new(all))));
        for ((_, title), runners) in WAYS.iter().zip(&times) {
            let mut cells = vec![(*title).to_owned()];
            for times in runners {
                cells.extend(match times {
                    Some(times) => [
                        figure(times.median()),
                        times.range(),
                        figure(times.median() / ideal),
                    ],
                    None => ["cannot".to_owned(), "–".to_owned(), "–".to_owned()],
                });
            }
            table.row(cells);
        }
        for (runner, name) in ["cargo test", "nextest"].iter().enumerate() {
            let best = |ours: bool| {
                let chosen = WAYS
                    .iter()
                    .zip(&times)
                    .filter(|((way, _), _)| ours == [Way::Attribute, Way::OurGroups].contains(way));
                let medians =
                    chosen.filter_map(|(_, times)| Some(times[runner].as_ref()?.median()));
                medians.min_by(f64::total_cmp)
            };
            if let (Some(ours), Some(theirs)) = (best(true), best(false)) {
                let what = format!("{}, {name}, x the best peer's", suite.title);
                table.goal(&what, ours / theirs, 1.0);
            }
        }
        Ok(table)
    }
}

impl Suite {
    fn tests(&self, attribute: &str) -> String {
        let mut text = String::new();
        let millis = TEST.as_millis();
        let body = format!("std::thread::sleep(std::time::Duration::from_millis({millis}))");
        for test in 0..self.limited {
            let _ = writeln!(
                text,
                "{attribute}\n#[test]\nfn limited_{test:02}() {{ {body} }}"
            );
        }
        for test in 0..self.free {
            let _ = writeln!(text, "#[test]\nfn unlimited_{test:02}() {{ {body} }}");
        }
        text
    }

    fn groups_by_hand(&self) -> String {
        format!(
            "[test-groups]\nhand = {{ max-threads = {} }}\n\n[[profile.default.overrides]]\nfilter = 'test(/^limited_/)'\ntest-group = 'hand'\npriority = 100\n",
            self.names
        )
    }

    /// The configuration in which name-manager has written the same.
    fn written(&self) -> String {
        format!("{}-written.toml", self.file)
    }

    fn ideal(&self) -> Duration {
        let names = TEST * (self.limited / self.names) as u32;
        let slots = TEST * (self.limited + self.free) as u32 / AT_ONCE as u32;
        names.max(slots)
    }
}

fn build_name_manager() -> Result<PathBuf> {
    let target = peer::target().join("name-manager");
    let mut cargo = limited(Path::new("cargo"));
    cargo.current_dir(peer::repository());
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "nm-cli",
        "--target-dir",
    ]);
    Cost::of(cargo.arg(&target))?;
    Ok(target.join("release/name-manager"))
}
