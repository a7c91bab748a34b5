//! Two pools that decide for themselves; one has hooks besides.

use name_manager::{
    Allocator, Asked, Assigned, Assignment, BoxError, Lease, Name, Resource, shared_resource,
};

#[derive(Default)]
struct Slots;

macro_rules! allocates {
    ($pool:literal, $allocator:ident) => {
        #[derive(Default)]
        struct $allocator;

        #[name_manager::resource(pool = $pool)]
        impl Allocator for $allocator {
            type State = Vec<String>;

            fn load(&self, text: &str) -> Result<Vec<String>, BoxError> {
                Ok(text.split_whitespace().map(str::to_owned).collect())
            }

            fn save(&self, out: &Vec<String>) -> String {
                out.join(" ")
            }

            fn assign(&self, out: &mut Vec<String>, _asked: &Asked<'_>) -> Assignment {
                let name = format!("{}-{}", $pool, out.len());
                out.push(name.clone());
                Assigned::name(name).into()
            }

            fn release(&self, out: &mut Vec<String>, name: &str) {
                app::say("start", "release", name, "");
                out.retain(|out| out != name);
            }
        }
    };
}

allocates!("slots", OfSlots);
allocates!("plain", OfPlain);

#[name_manager::resource(pool = "slots")]
impl Resource for Slots {
    fn cleanup(&self, name: &Name) -> Result<(), BoxError> {
        app::say("start", "cleanup", name, "");
        Ok(())
    }

    fn teardown(&self) -> Result<(), BoxError> {
        app::say("start", "teardown", "-", "");
        Ok(())
    }
}

#[shared_resource(pool = "slots")]
#[test]
fn slots(slots: Lease) {
    end(&slots);
}

#[shared_resource(pool = "plain")]
#[test]
fn plain(plain: Lease) {
    end(&plain);
}

fn end(name: &Name) {
    app::say("start", "body", name, "");
    if std::env::var("LIFE_BODY").is_ok() {
        let pid = std::process::id().to_string();
        std::process::Command::new("kill")
            .args(["-9", &pid])
            .status()
            .unwrap();
    }
}
