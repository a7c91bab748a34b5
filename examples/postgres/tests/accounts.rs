//! Accounts: each test has all of them to itself.

use bank::{Bank, Outcome};
use name_manager::shared_resource;

#[shared_resource(pool = "bank")]
#[test]
fn a_bank_begins_without_accounts(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    let count: i64 = client
        .query_one("SELECT count(*) FROM account", &[])?
        .get(0);
    assert_eq!(count, 0);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn an_owner_has_one_account(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    let open = "INSERT INTO account (owner) VALUES ($1)";
    client.execute(open, &[&"ada"])?;
    assert!(client.execute(open, &[&"ada"]).is_err());
    assert!(client.execute(open, &[&""]).is_err());
    assert_eq!(client.execute("DELETE FROM account", &[])?, 1);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn a_thousand_accounts_are_counted(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    client.batch_execute(
        "INSERT INTO account SELECT 'owner ' || n, n FROM generate_series(1, 1000) n",
    )?;
    let sum: i64 = client
        .query_one("SELECT sum(balance)::bigint FROM account", &[])?
        .get(0);
    assert_eq!(sum, 500_500);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn a_locked_table_keeps_nobody_else_waiting(mut bank: Bank) -> Outcome {
    let mut other = match bank.client() {
        Some(_) => bank.another_client()?,
        None => return Ok(()),
    };
    let Some(client) = bank.client() else {
        return Ok(());
    };
    let mut all = client.transaction()?;
    all.batch_execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")?;
    let refused = other.batch_execute("LOCK TABLE account IN ACCESS SHARE MODE NOWAIT");
    assert!(refused.is_err());
    Ok(all.rollback()?)
}

/// Kept for the length of a line on standard input: to look at a run from outside.
#[shared_resource(pool = "bank")]
#[test]
#[ignore = "waits for a line"]
fn stays_open_until_told(mut bank: Bank) -> Outcome {
    use std::io::Write;
    if let Some(client) = bank.client() {
        client.batch_execute("INSERT INTO account VALUES ('ada', 100)")?;
    }
    std::io::stderr().write_all(b"the bank is open\n")?;
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
