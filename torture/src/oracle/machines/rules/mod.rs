//! One promise a file.

mod answered;
mod burial;
mod exclusion;
mod fences;
mod kept;

use super::Verdict;
use super::scene::Scene;

type Rule = fn(&Scene<'_>, &mut Verdict);

pub(super) const ALL: [Rule; 5] = [
    exclusion::check,
    burial::check,
    kept::check,
    fences::check,
    answered::check,
];
