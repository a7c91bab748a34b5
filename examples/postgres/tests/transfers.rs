//! Money on its way.

use bank::{Bank, Outcome};
use name_manager::shared_resource;
use postgres::Client;

const ACCOUNTS: &str = "INSERT INTO account VALUES ('ada', 100), ('grace', 0), ('tim', 5)";

fn balance(client: &mut Client, owner: &str) -> Result<i64, postgres::Error> {
    let balance = "SELECT balance FROM account WHERE owner = $1";
    Ok(client.query_one(balance, &[&owner])?.get(0))
}

#[shared_resource(pool = "bank")]
#[test]
fn what_one_pays_the_other_gets(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    client.batch_execute(ACCOUNTS)?;
    let id: i64 = client
        .query_one("SELECT pay('ada', 'grace', 30)", &[])?
        .get(0);
    // Sequences begin again, too.
    assert_eq!(id, 1);
    assert_eq!(balance(client, "ada")?, 70);
    assert_eq!(balance(client, "grace")?, 30);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn nobody_pays_what_they_do_not_have(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    client.batch_execute(ACCOUNTS)?;
    assert!(client.execute("SELECT pay('tim', 'ada', 6)", &[]).is_err());
    assert_eq!(balance(client, "tim")?, 5);
    let transfers: i64 = client
        .query_one("SELECT count(*) FROM transfer", &[])?
        .get(0);
    assert_eq!(transfers, 0);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn money_stays_where_it_is_when_the_power_fails(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    client.batch_execute(ACCOUNTS)?;
    let mut transfer = client.transaction()?;
    transfer.execute("SELECT pay('ada', 'tim', 50)", &[])?;
    transfer.rollback()?;
    assert_eq!(balance(client, "ada")?, 100);
    Ok(())
}

#[shared_resource(pool = "bank")]
#[test]
fn a_hundred_small_transfers(mut bank: Bank) -> Outcome {
    let Some(client) = bank.client() else {
        return Ok(());
    };
    client.batch_execute(ACCOUNTS)?;
    for _ in 0..100 {
        client.execute("SELECT pay('ada', 'grace', 1)", &[])?;
    }
    assert_eq!(balance(client, "ada")?, 0);
    assert_eq!(balance(client, "grace")?, 100);
    Ok(())
}
