use super::random::Random;
use super::{AUTHORS, BOOKS, CUSTOMERS, ORDERS, PUBLISHERS, names};
use std::sync::OnceLock;

/// Everything that is in the shop; rows refer to each other by index.
pub(super) struct Rows {
    pub(super) publishers: Vec<String>,
    pub(super) authors: Vec<String>,
    pub(super) books: Vec<Book>,
    pub(super) customers: Vec<Customer>,
    pub(super) orders: Vec<Order>,
}

pub(super) struct Book {
    pub(super) title: String,
    pub(super) author: usize,
    pub(super) publisher: usize,
    pub(super) published: usize,
    pub(super) price: usize,
    pub(super) delivered: usize,
}

pub(super) struct Customer {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) town: &'static str,
}

pub(super) struct Order {
    pub(super) customer: usize,
    pub(super) placed_on: String,
    pub(super) status: &'static str,
    /// Book and copies; a book at most once.
    pub(super) lines: Vec<(usize, usize)>,
}

/// Returns the rows; they are made once in a process.
pub(super) fn all() -> &'static Rows {
    static ROWS: OnceLock<Rows> = OnceLock::new();
    ROWS.get_or_init(|| {
        let random = &mut Random(1);
        let books: Vec<Book> = (0..BOOKS).map(|_| book(random)).collect();
        let mut left: Vec<usize> = books.iter().map(|book| book.delivered).collect();
        Rows {
            publishers: (0..PUBLISHERS).map(names::publisher).collect(),
            authors: (0..AUTHORS).map(names::person).collect(),
            customers: (0..CUSTOMERS)
                .map(|number| customer(random, number))
                .collect(),
            orders: (0..ORDERS)
                .map(|number| order(random, number, &mut left))
                .collect(),
            books,
        }
    })
}

fn book(random: &mut Random) -> Book {
    Book {
        title: names::title(random),
        author: random.popular(AUTHORS),
        publisher: random.below(PUBLISHERS),
        published: 2026 - random.popular(90),
        price: 495 + 50 * random.popular(90),
        // One title in twelve is sold out.
        delivered: if random.below(12) == 0 {
            0
        } else {
            2 + random.below(40)
        },
    }
}

fn customer(random: &mut Random, number: usize) -> Customer {
    let name = names::person(number * 11 % 625);
    Customer {
        email: names::email(number, &name),
        town: names::town(random),
        name,
    }
}

/// Makes an order of copies that are left, so that every rule of the shop holds.
fn order(random: &mut Random, number: usize, left: &mut [usize]) -> Order {
    let status = match random.below(10) {
        0 => "cancelled",
        1..4 => "open",
        _ => "shipped",
    };
    let mut lines: Vec<(usize, usize)> = Vec::new();
    let wanted = 1 + random.below(4);
    while lines.len() < wanted {
        let book = random.popular(BOOKS);
        let copies = 1 + random.popular(3);
        if left[book] < copies || lines.iter().any(|(taken, _)| *taken == book) {
            continue;
        }
        if status != "cancelled" {
            left[book] -= copies;
        }
        lines.push((book, copies));
    }
    let day = number * 300 / ORDERS;
    Order {
        customer: random.popular(CUSTOMERS),
        placed_on: format!("2026-{:02}-{:02}", 1 + day / 30, 1 + day % 30 * 28 / 30),
        status,
        lines,
    }
}
