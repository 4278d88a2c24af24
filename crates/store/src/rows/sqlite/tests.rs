//! Tests on real SQLite files.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{OpenError, SqliteRows};
use crate::rows::{QueryError, Row, RowSource, Values};

const OWNER: &str = "select tier, owner, calls from customers where phone = :from";
const BUDGET: Duration = Duration::from_secs(20);

fn database() -> (TempDir, PathBuf, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "create table customers (phone text primary key, tier text, owner text, calls int, photo blob);
             insert into customers values ('+14155550123', 'gold', 'ann', 7, x'00');
             insert into customers values ('+14155550124', null, 'bob''; drop table customers', null, x'00');",
        )
        .unwrap();
    (folder, path, connection)
}

fn from(number: Option<&str>) -> Values {
    Values {
        from: number.map(str::to_owned),
        to: "+13146523057".to_owned(),
        call_id: "c1".to_owned(),
    }
}

fn row(pairs: &[(&str, &str)]) -> Row {
    let owned = |(column, value): &(&str, &str)| ((*column).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// A1: what another program has written is seen by the next query, also where a whole file took
/// the place of the other.
#[tokio::test]
async fn the_next_query_sees_what_was_written() {
    let (folder, path, writer) = database();
    let rows = SqliteRows::open(&path).unwrap();
    let ann = rows.find(OWNER, from(Some("+14155550123")), BUDGET).await;
    let expected = row(&[("tier", "gold"), ("owner", "ann"), ("calls", "7")]);
    assert_eq!(ann, Ok(Some(expected)));
    writer
        .execute("update customers set owner = 'cid' where tier = 'gold'", [])
        .unwrap();
    let cid = rows.find(OWNER, from(Some("+14155550123")), BUDGET).await;
    assert_eq!(cid.unwrap().unwrap()["owner"], "cid");
    let other = folder.path().join("other.sqlite");
    let replaced = Connection::open(&other).unwrap();
    replaced
        .execute_batch("create table customers (phone, tier, owner, calls); insert into customers values ('+14155550123', 'tin', 'dan', 1);")
        .unwrap();
    drop(replaced);
    std::fs::rename(&other, &path).unwrap();
    let dan = rows.find(OWNER, from(Some("+14155550123")), BUDGET).await;
    assert_eq!(dan.unwrap().unwrap()["owner"], "dan");
}

/// A caller is data: whatever stands in a number, and a number that is not known finds nobody.
#[tokio::test]
async fn parameters_are_only_ever_bound() {
    let (_folder, path, _) = database();
    let rows = SqliteRows::open(&path).unwrap();
    let evil = from(Some("' or 1=1 --"));
    assert_eq!(rows.find(OWNER, evil, BUDGET).await, Ok(None));
    assert_eq!(rows.find(OWNER, from(None), BUDGET).await, Ok(None));
    // What is NULL is not there.
    let bob = rows.find(OWNER, from(Some("+14155550124")), BUDGET).await;
    let expected = row(&[("owner", "bob'; drop table customers")]);
    assert_eq!(bob, Ok(Some(expected)));
    let all = "select :to as a, :call_id as b";
    let found = rows.find(all, from(None), BUDGET).await;
    assert_eq!(found, Ok(Some(row(&[("a", "+13146523057"), ("b", "c1")]))));
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_before_a_call_needs_it() {
    let (_folder, path, _) = database();
    let rows = SqliteRows::open(&path).unwrap();
    assert_eq!(rows.check(OWNER), Ok(()));
    for (query, expected) in [
        ("select owner from clients", "no such table: clients"),
        ("delete from customers", "only reads"),
        ("attach 'x' as y", "columns"),
        ("select owner from customers where phone = :form", ":form"),
        ("select owner from customers where phone = ?", "?"),
        ("select owner, tier as owner from customers", "named owner"),
        ("", "columns"),
    ] {
        let told = rows.check(query).unwrap_err().to_string();
        assert!(told.contains(expected), "{query}: {told}");
        assert!(rows.find(query, from(None), BUDGET).await.is_err());
    }
    let photo = "select photo from customers";
    let column = "photo".to_owned();
    let bytes = rows.find(photo, from(None), BUDGET).await;
    assert_eq!(bytes, Err(QueryError::Bytes { column }));
    let long = "select printf('%.*c', 5000, 'x') as long";
    let told = rows.find(long, from(None), BUDGET).await.unwrap_err();
    assert!(matches!(told, QueryError::TooLong { found: 5_000, .. }));
    let missing = SqliteRows::open(&path.with_extension("none"));
    assert!(matches!(missing, Err(OpenError::File { .. })));
    std::fs::write(
        path.with_extension("txt"),
        "no database at all, but long enough".repeat(40),
    )
    .unwrap();
    assert!(SqliteRows::open(&path.with_extension("txt")).is_err());
}

/// A19: a query that does not end, and a file that is locked, cost their budget and no more; the
/// threads are free again after it.
#[tokio::test]
async fn a_slow_query_costs_its_budget() {
    let (_folder, path, writer) = database();
    let rows = SqliteRows::open(&path).unwrap();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) as most from n";
    let budget = Duration::from_millis(50);
    let began = Instant::now();
    let (a, b, c) = tokio::join!(
        rows.find(endless, from(None), budget),
        rows.find(endless, from(None), budget),
        rows.find(endless, from(None), budget),
    );
    let late = Err(QueryError::Late { budget_ms: 50 });
    assert_eq!((&a, &b, &c), (&late, &late, &late));
    writer.execute_batch("begin exclusive").unwrap();
    let locked = rows.find(OWNER, from(None), budget).await;
    assert_eq!(locked, late);
    assert!(began.elapsed() < Duration::from_secs(10));
    writer.execute_batch("rollback").unwrap();
    assert_eq!(rows.find(OWNER, from(None), BUDGET).await, Ok(None));
}
