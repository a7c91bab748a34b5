use super::random::Random;

const FIRST: [&str; 25] = [
    "Ada", "Amara", "Björn", "Carmen", "Dmitri", "Elena", "Femi", "Grace", "Hanna", "Ibrahim",
    "Ines", "Jun", "Kofi", "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sean",
    "Tove", "Ulrike", "Viktor", "Zoë",
];
const LAST: [&str; 25] = [
    "Abara",
    "Bergström",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Mbeki",
    "Novak",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rossi",
    "Sato",
    "Tanaka",
    "Ueda",
    "Varga",
    "Weiss",
    "Yilmaz",
    "Zhou",
];
const ADJECTIVE: [&str; 20] = [
    "Quiet",
    "Last",
    "Burning",
    "Hidden",
    "Crooked",
    "Silver",
    "Forgotten",
    "Distant",
    "Broken",
    "Patient",
    "Midnight",
    "Northern",
    "Hollow",
    "Restless",
    "Second",
    "Painted",
    "Long",
    "Glass",
    "Winter",
    "Unfinished",
];
const NOUN: [&str; 24] = [
    "Harbour",
    "Orchard",
    "Letter",
    "Lighthouse",
    "Garden",
    "River",
    "Clockmaker",
    "Voyage",
    "Map",
    "Inheritance",
    "Winter",
    "Bridge",
    "Library",
    "Mountain",
    "Promise",
    "Witness",
    "Archive",
    "Violin",
    "Border",
    "Kitchen",
    "Island",
    "Theatre",
    "Shadow",
    "Season",
];
const TOPIC: [&str; 16] = [
    "Salt",
    "Tea",
    "Cartography",
    "Bees",
    "Glass",
    "the Bicycle",
    "Typography",
    "the Potato",
    "Weather",
    "Chess",
    "Bread",
    "Maps",
    "the Tides",
    "Clocks",
    "Paper",
    "Silence",
];
const PLACE: [&str; 12] = [
    "Bergen", "Lisbon", "Krakow", "Galway", "Trieste", "Porto", "Tartu", "Ghent", "Bath", "Zagreb",
    "Malmö", "Lviv",
];
const PRESS: [&str; 12] = [
    "Lantern",
    "Foxglove",
    "Meridian",
    "Old Mill",
    "Harbour Street",
    "Blue Heron",
    "Quarto",
    "Nightjar",
    "Copperplate",
    "Juniper",
    "Seven Stones",
    "Paper Kite",
];

/// Returns the name of the person with this number; the first 625 differ.
pub(super) fn person(number: usize) -> String {
    // Shifting by the row keeps neighbours from sharing a last name.
    let row = number / FIRST.len();
    let last = (number + 7 * row) % LAST.len();
    format!("{} {}", FIRST[number % FIRST.len()], LAST[last])
}

/// Returns the name of the publisher with this number, below 24.
pub(super) fn publisher(number: usize) -> String {
    let kind = if number < PRESS.len() {
        "Press"
    } else {
        "Books"
    };
    format!("{} {kind}", PRESS[number % PRESS.len()])
}

/// Returns the address of the customer with this number.
pub(super) fn email(number: usize, name: &str) -> String {
    let user: String = (name.to_lowercase().chars())
        .map(|c| if c.is_ascii_alphabetic() { c } else { '.' })
        .collect();
    format!("{user}.{number}@example.com")
}

pub(super) fn town(random: &mut Random) -> &'static str {
    random.of(&PLACE)
}

pub(super) fn title(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("A Short History of {}", random.of(&TOPIC)),
        1 => format!("The {} of {}", random.of(&NOUN), random.of(&PLACE)),
        2 => format!(
            "{}: A {} {}",
            random.of(&PLACE),
            random.of(&ADJECTIVE),
            random.of(&NOUN)
        ),
        _ => format!("The {} {}", random.of(&ADJECTIVE), random.of(&NOUN)),
    }
}
