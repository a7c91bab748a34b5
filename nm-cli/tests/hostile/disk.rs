use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::Lab;
use crate::skip;

/// A file system of its own, so small that it can be filled.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs"]);
        let mounted = mount.arg(at).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            skip::because("only root mounts a small file system");
            return None;
        }
        Some(Self(at.to_owned()))
    }

    /// Leaves so much room.
    fn fill(&self, but: usize) {
        let _ = fs::write(self.0.join("filler"), vec![0; 1 << 20]);
        let full = fs::metadata(self.0.join("filler")).unwrap().len();
        let file = fs::File::options().write(true).open(self.0.join("filler"));
        file.unwrap().set_len(full - but as u64).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still uses it is about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_keeper_on_a_full_disk_lends_nothing_and_leaves_nothing() {
    for page in 0..8 {
        let lab = Lab::new();
        let Some(disk) = SmallDisk::mount(&lab.path().join("disk")) else {
            return;
        };
        let state = disk.0.join("state");
        let cli = |args: &[&str]| {
            let mut command = lab.cli(args);
            command.env("NAME_MANAGER_DIR", &state);
            crate::lab::Said::of(command.output().unwrap())
        };
        disk.fill(page * 4096);
        let said = cli(&["acquire", "db", "--until-release"]);
        let kept = || {
            let files = fs::read_dir(state.join("pools/db/keepers"))
                .into_iter()
                .flatten();
            files
                .map(|file| file.unwrap().file_name())
                .collect::<Vec<_>>()
        };
        if said.code == 0 {
            assert_eq!(
                (said.out.as_str(), kept().len()),
                ("db-0\n", 2),
                "{page} pages"
            );
            disk.make_room();
            assert_eq!(cli(&["release", "--force", "db", "db-0"]).code, 0);
            continue;
        }
        assert!(
            said.err.contains("No space left on device"),
            "{page} pages: {said:?}"
        );
        assert_eq!(kept(), [""; 0], "{page} pages: {said:?}");
        disk.make_room();
        assert_eq!(cli(&["run", "db", "--name", "db-0", "--", "true"]).code, 0);
    }
}

#[test]
fn the_doctor_notices_a_full_disk() {
    let lab = Lab::new();
    let Some(disk) = SmallDisk::mount(&lab.path().join("disk")) else {
        return;
    };
    let doctor = || {
        let mut command = lab.cli(&["doctor"]);
        command.env("NAME_MANAGER_DIR", disk.0.join("state"));
        crate::lab::Said::of(command.output().unwrap())
    };
    let said = doctor();
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("free"), "{said:?}");
    disk.fill(0);
    let said = doctor();
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("No space left on device"), "{said:?}");
}
