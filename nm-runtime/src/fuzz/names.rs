use std::path::{Component, Path};

use nm_words::key;

use crate::fuzz::shown;
use crate::terms::name::{self, Name};
use crate::terms::names::{Names, check_template};

/// A text as the name of a pool and within one, and as a template. The first
/// bytes are an index.
pub(crate) fn names(bytes: &[u8]) {
    let Some((index, rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let index = u32::from_le_bytes(*index);
    let Ok(text) = str::from_utf8(rest) else {
        return;
    };
    match name::check_pool(text) {
        Err(error) => drop(shown(&error)),
        Ok(()) => {
            is_one_component(text);
            name::check_name(text).unwrap();
        }
    }
    match name::check_name(text) {
        Err(error) => drop(shown(&error)),
        Ok(()) => is_one_component(text),
    }
    if check_template(text).is_ok() {
        let names = Names::Numbered {
            template: text.to_owned(),
            max: None,
        };
        let name = names.get(index as usize).unwrap();
        name::check_name(&name).unwrap();
        assert_eq!(names.index_of(&name), Some(index as usize));
    }
    fill(text);
    key(text);
}

/// Checks that a text that is a key, or a path, has a pool.
fn key(text: &str) {
    let at_path = key::at_path(Path::new(text));
    assert!(key::file_of(&at_path).is_some(), "{at_path}");
    for pool in [key::in_process(text), key::across_processes(text), at_path] {
        name::check_pool(&pool).unwrap();
        is_one_component(&pool);
    }
}

/// Checks that it stays in its directory, with any suffix.
fn is_one_component(name: &str) {
    for file in [name.to_owned(), format!("{name}.lock")] {
        let mut components = Path::new(&file).components();
        let only = components.next();
        assert_eq!(only, Some(Component::Normal(file.as_ref())));
        assert_eq!(components.next(), None);
        assert!(!file.contains(['/', '\\', ':', '\0']) && file.len() < 255);
    }
}

fn fill(text: &str) {
    let name = Name::new(&"db".into(), "db-7", 7, &[].into());
    let filled = name.fill(text);
    match ["{name}", "{index}", "{pool}"]
        .iter()
        .any(|key| text.contains(key))
    {
        true => assert_ne!(filled, text),
        false => assert_eq!(filled, text),
    }
}
