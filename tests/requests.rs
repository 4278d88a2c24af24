//! Requests that are no call: OPTIONS, a dialog that nobody knows, a method that is not spoken,
//! an INVITE without a codec in common.

use callroute_session::Note;

use crate::common::{Bench, peer};

async fn answered(method: &str, to_tag: &str, status: &str) -> String {
    let bench = Bench::new();
    let router = bench.router(super::calls::DIRECT, &[]).await;
    let variables = [("method", method), ("to_tag", to_tag), ("status", status)];
    let heard = bench
        .uac(&router, "outside", &variables)
        .went_well(&router)
        .await;
    assert!(
        !router
            .seen
            .has(|note| matches!(note, Note::Incoming { .. }))
    );
    router.settled(0).await;
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_says_what_is_spoken() {
    if peer("sipp") {
        let heard = answered("OPTIONS", "", "200").await;
        assert!(
            heard.contains("Allow: ") && heard.contains("INVITE"),
            "{heard}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bye_without_a_call_is_481() {
    if peer("sipp") {
        answered("BYE", ";tag=gone", "481").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_is_not_spoken_is_405() {
    if peer("sipp") {
        let heard = answered("PUBLISH", "", "405").await;
        assert!(heard.contains("Allow: "), "{heard}");
    }
}

/// B36: no codec in common is 488 with Warning 305, and no call for the routing to see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_without_a_common_codec_is_488() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let router = bench.router(super::calls::DIRECT, &[]).await;
    let variables = [("sdp", "{{sdp_g729}}"), ("status", "488")];
    let caller = bench.uac(&router, "uac_refused", &variables);
    let heard = caller.went_well(&router).await;
    assert!(heard.contains("Warning: 305"), "{heard}");
    router.settled(0).await;
    assert!(
        !router
            .seen
            .has(|note| matches!(note, Note::Incoming { .. }))
    );
}
