use crate::base::error::Error;

/// The longest that a message may be, its causes included, whatever was read.
const LONGEST: usize = 2000;

/// An error as people see it: one bounded line, without control characters.
#[track_caller]
pub(crate) fn shown(error: &Error) -> String {
    let text = format!("{error:?}");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.len() <= LONGEST, "{} bytes: {text:?}", text.len());
    text
}
