//! Tests of what a client knows about endpoints.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{Book, MANY, Trial, Use, lock, pay};
use crate::book::health::{Health, Verdict};

const HEDGE: Duration = Duration::from_millis(300);

fn book() -> Arc<Book> {
    Arc::new(Book::new(HEDGE, Some(1)))
}

fn key() -> Arc<str> {
    Arc::from("http://a:80/")
}

fn begin(book: &Arc<Book>) -> Trial {
    Trial::begin(book, &key(), Use::Usual, Instant::now()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_given_up_late_are_failures_and_early_ones_are_not() {
    let book = book();
    for _ in 0..9 {
        let mut trial = begin(&book);
        advance(HEDGE - Duration::from_millis(1)).await;
        trial.give_up();
    }
    assert_eq!(book.health(&key()), Health::Healthy);
    for _ in 0..5 {
        let mut trial = begin(&book);
        advance(HEDGE).await;
        trial.give_up();
    }
    assert_eq!(book.health(&key()), Health::Resting);
    assert!(Trial::begin(&book, &key(), Use::Usual, Instant::now()).is_err());
    assert!(Trial::begin(&book, &key(), Use::Anyway, Instant::now()).is_ok());
    assert!(!pay(&book, &key()), "no second use of one that rests");
}

#[tokio::test(start_paused = true)]
async fn our_own_lateness_is_no_failure_of_theirs() {
    let book = book();
    for _ in 0..9 {
        let mut trial = begin(&book);
        advance(HEDGE).await;
        assert!(book.on_wake(Duration::from_millis(21)));
        trial.give_up();
    }
    assert_eq!(book.health(&key()), Health::Healthy);
}

#[tokio::test(start_paused = true)]
async fn callers_who_hang_up_say_nothing_about_an_endpoint() {
    let book = book();
    for _ in 0..9 {
        let trial = begin(&book);
        advance(2 * HEDGE).await;
        drop(trial);
    }
    assert_eq!(book.health(&key()), Health::Healthy);
    assert_eq!(begin(&book).hedge(), HEDGE, "nothing was learnt");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_leaves_the_next_to_probe() {
    let book = book();
    for _ in 0..5 {
        begin(&book).settle(Verdict::Failed, Duration::ZERO);
    }
    advance(Duration::from_secs(1)).await;
    let probe = begin(&book);
    assert!(probe.is_probe());
    assert!(Trial::begin(&book, &key(), Use::Usual, Instant::now()).is_err());
    drop(probe);
    assert!(begin(&book).is_probe());
}

#[tokio::test(start_paused = true)]
async fn the_hedge_delay_is_learnt() {
    let book = book();
    for _ in 0..20 {
        let mut trial = begin(&book);
        assert_eq!(trial.hedge(), HEDGE);
        advance(Duration::from_millis(70)).await;
        trial.settle(Verdict::Alive, Duration::from_millis(70));
    }
    assert_eq!(begin(&book).hedge(), Duration::from_millis(70));
}

#[tokio::test]
async fn the_book_has_an_end() {
    let book = book();
    let rests: Arc<str> = Arc::from("z");
    for _ in 0..5 {
        let mut trial = Trial::begin(&book, &rests, Use::Usual, Instant::now()).unwrap();
        trial.settle(Verdict::Failed, Duration::ZERO);
    }
    for n in 0..2 * MANY {
        book.record(&n.to_string().into());
        assert!(lock(&book.records).len() <= MANY);
    }
    assert_eq!(book.health(&rests), Health::Resting, "not forgotten");
}

#[test]
fn the_same_seed_gives_the_same_chance() {
    let draw = |book: &Book| [book.chance(), book.chance()];
    assert_eq!(draw(&book()), draw(&book()));
    assert_ne!(book().chance(), Book::new(HEDGE, Some(2)).chance());
}
