use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::lab::{Lab, Said};

fn acquire(lab: &Lab, file: &Path) -> crate::lab::Said {
    let file = file.to_str().unwrap();
    lab.run(&["acquire", "db", "--until-release", "--token-file", file])
}

#[test]
fn the_file_is_a_new_one_that_only_its_user_reads() {
    let lab = Lab::new();
    let file = lab.path().join("token");
    fs::write(&file, "an old one\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    // Whoever has opened it before reads the old one for ever.
    let mut early = fs::File::open(&file).unwrap();
    assert_eq!(acquire(&lab, &file).answer(), "db-0\n");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut early, &mut seen).unwrap();
    assert_eq!(seen, "an old one\n");
    let mut modes = lab.program("sh");
    modes.args([
        "-c",
        "umask 0; exec name-manager acquire db --until-release --token-file open",
    ]);
    assert!(modes.output().unwrap().status.success());
    let mode = fs::metadata(lab.path().join("open"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_link_in_place_of_the_file_leads_nowhere() {
    for precious in ["precious", "not/there"] {
        let lab = Lab::new();
        let precious = lab.path().join(precious);
        let _ = fs::write(&precious, "precious");
        let file = lab.path().join("token");
        symlink(&precious, &file).unwrap();
        let said = acquire(&lab, &file);
        said.fails(1, "failed to write the token to");
        assert!(fs::read_to_string(&precious).map_or(true, |text| text == "precious"));
        assert!(!lab.path().join("not").exists());
        // Nobody could release it: it is not kept.
        assert_eq!(lab.wait_until_free("db", "db-0").detail, None);
    }
}

#[test]
fn what_is_no_file_in_place_of_the_file_is_refused() {
    let lab = Lab::new();
    let file = lab.path().join("token");
    fs::create_dir(&file).unwrap();
    acquire(&lab, &file).fails(1, "failed to write the token to");
    fs::remove_dir(&file).unwrap();
    let made = lab.program("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    acquire(&lab, &file).fails(1, "failed to write the token to");
    lab.wait_until_free("db", "db-0");
}

#[test]
fn tokens_have_128_random_bits_and_no_two_are_alike() {
    let lab = Lab::new();
    let mut tokens = BTreeSet::new();
    let mut ones = [0; 128];
    const MANY: usize = 24;
    for at in 0..MANY {
        let file = lab.path().join(format!("token-{at}"));
        assert_eq!(acquire(&lab, &file).answer(), format!("db-{at}\n"));
        let token = fs::read_to_string(&file).unwrap();
        let bits = u128::from_str_radix(token.trim(), 16).unwrap();
        assert_eq!(token.trim().len(), 32);
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += (bits >> bit) & 1;
        }
        tokens.insert(bits);
    }
    assert_eq!(tokens.len(), MANY);
    // A bit that never changes is none; by chance once in 65 000 runs.
    let fixed = ones.iter().filter(|ones| [0, MANY as u128].contains(ones));
    assert_eq!(fixed.count(), 0);
}

#[test]
fn a_token_that_is_given_is_shown_nowhere() {
    let lab = Lab::new();
    let script = "name-manager acquire db --until-release --token=s3cret12; NAME_MANAGER_TOKEN=s3cret12 name-manager acquire db --until-release";
    assert_eq!(lab.shell("sh", script).answer(), "db-0\ndb-1\n");
    for view in [
        "status",
        "log",
        "log --json",
        "list",
        "doctor",
        "release db db-0",
        "hold db --name db-0 --timeout 1ms",
    ] {
        let mut command = lab.cli(&view.split(' ').collect::<Vec<_>>());
        command.env("NAME_MANAGER_TOKEN", "s3cret34");
        let said = Said::of(command.output().unwrap());
        let all = format!("{}{}", said.out, said.err);
        assert!(!all.is_empty() && !all.contains("s3cret"), "{all}");
    }
}

#[test]
fn a_token_is_shown_nowhere() {
    let lab = Lab::new();
    let file = lab.path().join("token");
    assert_eq!(acquire(&lab, &file).answer(), "db-0\n");
    let token = fs::read_to_string(&file).unwrap();
    let token = token.trim();
    let keeper = lab.keepers("db", "db-0")[0];
    let arguments = fs::read_to_string(format!("/proc/{keeper}/cmdline")).unwrap();
    assert!(arguments.contains("__keep") && !arguments.contains(token));
    for view in [
        &["status", "db"][..],
        &["status", "--json"],
        &["log"],
        &["log", "--json"],
        &["list", "db"],
        &["doctor"],
        &["stats", "--json"],
        &["timeline", "--json"],
    ] {
        let said = lab.run(view);
        assert!(
            !said.out.contains(token) && !said.err.contains(token),
            "{view:?}: {said:?}"
        );
    }
    // Where it must be, for who releases, and nowhere else.
    let mut holding = Vec::new();
    let mut dirs = vec![lab.state()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                dirs.push(path);
            } else if kind.is_file() && fs::read_to_string(&path).unwrap().contains(token) {
                assert_eq!(
                    entry.metadata().unwrap().permissions().mode() & 0o777,
                    0o600
                );
                holding.push(path.parent().unwrap().file_name().unwrap().to_owned());
            }
        }
    }
    assert_eq!(holding, ["keepers"]);
}
