//! What the adapter says that it can do, flag by flag, each with the test that shows it.

use std::time::Duration;

use callroute_media::{Adapter, Capabilities, Command, EndCause, Line, Notice};
use callroute_schema::Cause;
use callroute_sip::phone::AnswerMode;

use crate::support::{CALLEE, adapter, dial, empty, ended, expect, phone};

/// A flag that is added does not compile here until it is known which test shows it.
#[tokio::test]
async fn it_says_what_it_can_do() {
    let adapter = adapter("127.33.1.1").await;
    let shown = Capabilities {
        name: "sip",
        // sound::a_beep_and_a_prompt_are_heard_whole
        play: true,
        // sound::a_recording_holds_what_the_caller_said
        record: true,
        // Only with a program or server that speaks; sound::what_cannot_be_played_has_a_stand_in
        speech: false,
        // early::a_caller_hears_a_prompt_before_the_answer
        early_play: true,
        // early::what_a_callee_sends_early_is_heard_before_the_answer
        early_media: true,
        // early::a_caller_is_sent_elsewhere, transfer::an_answered_caller_is_sent_elsewhere_by_refer
        redirect: true,
        // rooms::three_hear_each_other_and_nobody_himself
        rooms: true,
        // transfer::a_telephone_transfers_and_is_told_what_became_of_it
        transfer: true,
        // a_call_of_our_own, below
        originate: true,
        // reach::a_trunk_by_name_and_a_program_with_what_it_is_given
        headers: true,
        // rooms::both_sides_are_recorded_each_on_its_channel,
        // rooms::silence_ends_a_recording_and_is_cut_off
        record_options: true,
    };
    assert_eq!(adapter.capabilities(), shown);
}

#[tokio::test]
async fn a_call_of_our_own() {
    let mut adapter = adapter("127.33.1.3").await;
    let phone = phone("127.33.1.4", AnswerMode::After(Duration::ZERO)).await;
    let mut line = adapter.originate().expect("a line");
    dial(
        &mut line,
        CALLEE,
        &format!("sip:ann@{}", phone.local_addr()),
    );
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    line.perform(Command::Hangup {
        leg: CALLEE,
        cause: EndCause::Normal,
    });
    assert_eq!(ended(&mut line, CALLEE).await, Cause::normal());
    drop(line);
    empty(|| adapter.handle().stats()).await;
    adapter.handle().stop();
    assert!(adapter.originate().is_none(), "no new calls");
}
