//! Who is rung, and what happens when it fails; sipp on both sides.

use std::time::Duration;

use callroute_schema::{Disposition, EventKind};
use callroute_session::Note;
use callroute_sip::Config;

use crate::common::{Bench, Running, peer};

/// A table whose number forwards to a group of two with this strategy; `on` is put in as it is.
fn group(strategy: &str, ring_s: u32, on: &str) -> String {
    format!(
        r#"
version: 1
default: {{ action: reject, cause: congestion }}
numbers:
  "+13146523057":
    - name: sales
      then:
        action: forward
        destination: {{ type: ring_group, members: ["+16822306467", "+12125551234"], strategy: {strategy}, ring_s: {ring_s} }}
        on: {on}
"#
    )
}

/// How the attempts ended, in the order of their ends: member, disposition, SIP code.
fn results(router: &Running) -> Vec<(String, Disposition, Option<u16>)> {
    let results = router.seen.events(EventKind::AttemptResult);
    let infos = results.into_iter().filter_map(|event| event.attempt);
    infos
        .map(|info| (info.member, info.disposition.unwrap(), info.sip_code))
        .collect()
}

fn dialed(router: &Running) -> usize {
    router
        .seen
        .count(|note| matches!(note, Note::Dialing { .. }))
}

/// Waits less than usual for those who never say anything.
fn impatient(mut config: Config) -> Config {
    config.no_provisional = Duration::from_secs(1);
    // The INVITE that was given up lives for 64·T1 (RFC 3261, timer B): 3.2 s, not 32.
    config.t1 = Duration::from_millis(50);
    config
}

/// B4, B19, B21, B29: all ring, the first answer wins, the other gets CANCEL and the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_answer_wins_and_the_other_is_cancelled() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let first = bench.uas("uas_answer", &[]).await;
    let second = bench.uas("uas_cancelled", &[]).await;
    let contacts = [
        ("+16822306467", &*first.uri()),
        ("+12125551234", &*second.uri()),
    ];
    let router = bench
        .router(&group("simultaneous", 20, "{}"), &contacts)
        .await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    first.went_well(&router).await;
    let cancelled = second.went_well(&router).await;
    router.settled(1).await;
    assert!(
        cancelled.contains("SIP;cause=200"),
        "no Reason: answered elsewhere:\n{cancelled}"
    );
    let mut results = results(&router);
    results.sort();
    assert_eq!(
        results,
        [
            (
                "+12125551234".to_owned(),
                Disposition::AnsweredElsewhere,
                None
            ),
            ("+16822306467".to_owned(), Disposition::Answered, None),
        ]
    );
}

/// B29, B34: the first is busy, the second answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_member_gives_way_to_the_next() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let busy = bench.uas("uas_refuses", &[("status", "486")]).await;
    let next = bench.uas("uas_answer", &[]).await;
    let contacts = [
        ("+16822306467", &*busy.uri()),
        ("+12125551234", &*next.uri()),
    ];
    let router = bench
        .router(&group("sequential", 20, "{}"), &contacts)
        .await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    busy.went_well(&router).await;
    next.went_well(&router).await;
    router.settled(1).await;
    assert_eq!(
        results(&router),
        [
            ("+16822306467".to_owned(), Disposition::Busy, Some(486)),
            ("+12125551234".to_owned(), Disposition::Answered, None),
        ]
    );
}

/// B34: everybody is busy: the branch `on.busy` says what then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_busy_takes_the_branch_for_busy() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let first = bench.uas("uas_refuses", &[("status", "486")]).await;
    let second = bench.uas("uas_refuses", &[("status", "486")]).await;
    let contacts = [
        ("+16822306467", &*first.uri()),
        ("+12125551234", &*second.uri()),
    ];
    let on = "{ busy: { action: reject, cause: user_busy }, failed: { action: reject, cause: declined } }";
    let router = bench
        .router(&group("simultaneous", 20, on), &contacts)
        .await;
    let heard = bench
        .uac(&router, "uac_refused", &[("status", "486")])
        .went_well(&router)
        .await;
    first.went_well(&router).await;
    second.went_well(&router).await;
    router.settled(1).await;
    assert!(
        heard.contains("Q.850;cause=17"),
        "the caller is not told the cause:\n{heard}"
    );
}

/// B34: it rings a second, nobody answers: CANCEL to the callee, then `on.no_answer`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_answers_in_time() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let silent = bench.uas("uas_cancelled", &[]).await;
    let backup = bench.uas("uas_answer", &[]).await;
    let contacts = [
        ("+16822306467", &*silent.uri()),
        ("+17185550100", &*backup.uri()),
    ];
    let on = r#"{ no_answer: { action: forward, destination: { type: number, number: "+17185550100" } } }"#;
    let table = group("simultaneous", 1, on).replace(r#", "+12125551234""#, "");
    let router = bench.router(&table, &contacts).await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    let cancelled = silent.went_well(&router).await;
    backup.went_well(&router).await;
    router.settled(1).await;
    assert!(
        !cancelled.contains("cause=200"),
        "nobody answered elsewhere:\n{cancelled}"
    );
    assert_eq!(
        results(&router),
        [
            ("+16822306467".to_owned(), Disposition::NoAnswer, None),
            ("+17185550100".to_owned(), Disposition::Answered, None),
        ]
    );
}

/// B34: nobody listens there: the next member is tried, and nobody waits for 32 s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_member_gives_way_to_the_next() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let nobody = format!("sip:nobody@{}:{}", bench.ip, bench.free_port());
    let next = bench.uas("uas_answer", &[]).await;
    let contacts = [("+16822306467", &*nobody), ("+12125551234", &*next.uri())];
    let config = impatient(bench.config(&contacts));
    let router = bench
        .router_with(&group("sequential", 20, "{}"), config)
        .await;
    bench.uac(&router, "uac_bye", &[]).went_well(&router).await;
    next.went_well(&router).await;
    router.settled(1).await;
    assert_eq!(
        results(&router)[0].1,
        Disposition::Unreachable,
        "{}",
        router.seen.trace()
    );
    assert_eq!(dialed(&router), 2);
}

/// B25, B34: nobody can be reached at all: the file's default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nobody_can_be_reached_the_default_applies() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let nobody = format!("sip:nobody@{}:{}", bench.ip, bench.free_port());
    let contacts = [("+16822306467", &*nobody), ("+12125551234", &*nobody)];
    let config = impatient(bench.config(&contacts));
    let router = bench
        .router_with(&group("simultaneous", 20, "{}"), config)
        .await;
    bench
        .uac(&router, "uac_refused", &[("status", "503")])
        .went_well(&router)
        .await;
    router.settled(1).await;
    assert!(
        router.seen.has(|note| matches!(note, Note::Default { .. })),
        "{}",
        router.seen.trace()
    );
}

/// B34: a refusal that says "nowhere else either" (603) ends a group that rings in turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decline_is_not_tried_elsewhere() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let declines = bench.uas("uas_refuses", &[("status", "603")]).await;
    let contacts = [
        ("+16822306467", &*declines.uri()),
        ("+12125551234", "sip:nobody@192.0.2.1"),
    ];
    let on = "{ declined: { action: reject, cause: declined } }";
    let router = bench.router(&group("sequential", 20, on), &contacts).await;
    bench
        .uac(&router, "uac_refused", &[("status", "603")])
        .went_well(&router)
        .await;
    declines.went_well(&router).await;
    router.settled(1).await;
    assert_eq!(dialed(&router), 1, "{}", router.seen.trace());
}
