//! Options that are right one by one and wrong together.

use crate::args::{Args, Given};
use crate::mistakes::Mistakes;
use syn::LitStr;

pub fn check(args: &Args, mistakes: &mut Mistakes) {
    exclude(
        &args.max,
        &args.names,
        "there are as many names as are listed",
        mistakes,
    );
    exclude(
        &args.count,
        &args.all,
        "`all` takes as many names as there are",
        mistakes,
    );
    exclude(
        &args.name,
        &args.count,
        "`name` takes exactly this one",
        mistakes,
    );
    exclude(
        &args.name,
        &args.all,
        "`name` takes exactly this one",
        mistakes,
    );
    if let Some(names) = &args.names {
        no_twins(&names.value, mistakes);
        if let Some(name) = &args.name {
            among(&name.value, &names.value, mistakes);
        }
    }
    if let Some(count) = &args.count {
        let (wanted, span) = count.value;
        if let Some(max) = &args.max
            && wanted > max.value.0
        {
            mistakes.at(
                span,
                format!(
                    "`count` is {wanted}, but `max` is {}: no test could ever get that many names",
                    max.value.0
                ),
            );
        }
        if let Some(names) = &args.names
            && wanted as usize > names.value.len()
        {
            mistakes.at(
                span,
                format!(
                    "`count` is {wanted}, but `names` lists {}: no test could ever get that many names",
                    names.value.len()
                ),
            );
        }
    }
}

/// The mistake is the one of the two that was written second.
fn exclude<A, B>(a: &Option<Given<A>>, b: &Option<Given<B>>, why: &str, mistakes: &mut Mistakes) {
    if let (Some(a), Some(b)) = (a, b) {
        let (first, second) = if a.place < b.place {
            (&a.key, &b.key)
        } else {
            (&b.key, &a.key)
        };
        mistakes.at(
            second.span(),
            format!("`{second}` cannot stand beside `{first}`: {why}"),
        );
    }
}

fn among(name: &LitStr, names: &[LitStr], mistakes: &mut Mistakes) {
    if !names.iter().any(|other| other.value() == name.value()) {
        let names: Vec<String> = names
            .iter()
            .map(|other| format!("`{}`", other.value().escape_debug()))
            .collect();
        mistakes.at(
            name.span(),
            format!(
                "`{}` is not among `names`: they are {}",
                name.value().escape_debug(),
                names.join(", ")
            ),
        );
    }
}

fn no_twins(names: &[LitStr], mistakes: &mut Mistakes) {
    for (index, name) in names.iter().enumerate() {
        let text = name.value();
        for earlier in names[..index].iter().map(LitStr::value) {
            if earlier == text {
                mistakes.at(
                    name.span(),
                    format!("`{}` is listed twice", text.escape_debug()),
                );
                break;
            }
            if earlier.eq_ignore_ascii_case(&text) {
                mistakes.at(
                    name.span(),
                    format!(
                        "`{}` and `{}` differ only in case, and are one file on some systems",
                        earlier.escape_debug(),
                        text.escape_debug()
                    ),
                );
                break;
            }
        }
    }
}
