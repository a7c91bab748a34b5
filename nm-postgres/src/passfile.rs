//! Passwords in a file, in the form that PostgreSQL's own programs read.

/// The password of the first line that fits; `*` fits all.
pub(crate) fn find(
    text: &str,
    host: &str,
    port: u16,
    database: &str,
    user: &str,
) -> Option<String> {
    let port = port.to_string();
    let wanted = [host, &port, database, user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let [known @ .., password] = fields.as_slice() else {
                return None;
            };
            let fits = |(known, wanted): (&String, &&str)| known == "*" || known == wanted;
            let all = known.len() == wanted.len() && known.iter().zip(&wanted).all(fits);
            all.then(|| password.clone())
        })
}

/// Separated by colons, which a backslash takes as they are.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            // The password is the rest.
            ':' if last < 4 => fields.push(String::new()),
            '\\' => fields[last].extend(chars.next()),
            c => fields[last].push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# ours\n\
                    db:5432:ci:other:no\n\
                    db:5432:*:me:a\\:b:c\n\
                    *:*:*:*:last\n\
                    short:line\n";
        let find = |host, port, user| find(text, host, port, "ci", user);
        assert_eq!(find("db", 5432, "me").as_deref(), Some("a:b:c"));
        assert_eq!(find("db", 5432, "other").as_deref(), Some("no"));
        assert_eq!(find("db", 5433, "me").as_deref(), Some("last"));
        assert_eq!(super::find("db:5432:ci:me", "db", 5432, "ci", "me"), None);
    }
}
