//! Tests of messages in a folder.

use std::time::{Duration, SystemTime};

use callroute_schema::{CallId, Caller};

use super::FolderMessages;
use crate::messages::{MessageError, MessageStore, MessagesWaiting, StoredMessage};

fn message(mailbox: &str, id: &str) -> StoredMessage {
    StoredMessage {
        id: id.to_owned(),
        mailbox: mailbox.to_owned(),
        call_id: CallId::new("c1").unwrap(),
        from: Caller::Withheld,
        from_name: None,
        to: "+13146523057".to_owned(),
        received: chrono::DateTime::UNIX_EPOCH.fixed_offset(),
        reason: "after hours".to_owned(),
        url: "sales/c1.wav".to_owned(),
        duration_ms: 4_000,
        heard: false,
    }
}

#[test]
fn messages_last_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("strange.json"), "{").unwrap();
    let (messages, strange) = FolderMessages::open(folder.path()).unwrap();
    assert_eq!(strange.len(), 1);
    messages.keep(message("sales", "1")).unwrap();
    messages.keep(message("sales", "../2")).unwrap();
    messages.keep(message("sal_es", "1")).unwrap();
    messages.mark("sales", "1", true).unwrap();
    let (again, _) = FolderMessages::open(folder.path()).unwrap();
    for messages in [&messages, &again] {
        let waiting = MessagesWaiting { new: 1, heard: 1 };
        assert_eq!(messages.waiting("sales"), waiting);
        assert_eq!(messages.list("sales").len(), 2);
    }
    again.delete("sales", "../2").unwrap();
    assert!(matches!(
        again.delete("sales", "../2"),
        Err(MessageError::NotFound { .. })
    ));
    let (last, _) = FolderMessages::open(folder.path()).unwrap();
    assert_eq!(last.list("sales").len(), 1);
    assert_eq!(last.waiting("sal_es").new, 1);
    assert_eq!(last.waiting("nobody"), MessagesWaiting::default());
}

/// A box is called what its greeting says, in any script, and a sound what its call is called.
#[test]
fn long_names_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, _) = FolderMessages::open(folder.path()).unwrap();
    let greeting = "\u{448}".repeat(400);
    let names = [greeting.clone() + "1", greeting + "2"];
    let ids = ["i".repeat(300) + "1", "i".repeat(300) + "2"];
    for (mailbox, id) in names
        .iter()
        .flat_map(|name| ids.iter().map(move |id| (name, id)))
    {
        messages.keep(message(mailbox, id)).unwrap();
    }
    messages.mark(&names[0], &ids[0], true).unwrap();
    let (again, strange) = FolderMessages::open(folder.path()).unwrap();
    assert!(strange.is_empty());
    for (mailbox, new) in [(&names[0], 1), (&names[1], 2)] {
        assert_eq!(again.list(mailbox).len(), 2);
        assert_eq!(again.waiting(mailbox).new, new);
    }
    again.delete(&names[0], &ids[0]).unwrap();
    let (last, _) = FolderMessages::open(folder.path()).unwrap();
    assert_eq!(last.list(&names[0]), [message(&names[0], &ids[1])]);
}

/// What was kept under its whole name stays there, so that marking it makes no second file.
#[test]
fn a_name_that_fits_is_left_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, _) = FolderMessages::open(folder.path()).unwrap();
    let mailbox = "m".repeat(248);
    messages.keep(message(&mailbox, "1")).unwrap();
    assert!(folder.path().join(format!("{mailbox}~1.json")).exists());
}

/// A process that still drains keeps messages in the folder of the one that has begun.
#[test]
fn what_another_process_does_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FolderMessages::open(folder.path()).unwrap().0;
    let (old, new) = (open(), open());
    // Each change at a time of its own, and long ago, so that it is not read again without a reason.
    let changed = |hours: u64| {
        let ago = SystemTime::now() - Duration::from_secs(3600 * hours);
        let dir = std::fs::File::open(folder.path()).unwrap();
        dir.set_modified(ago).unwrap();
    };
    changed(9);
    assert_eq!(new.waiting("sales"), MessagesWaiting::default());
    old.keep(message("sales", "1")).unwrap();
    old.keep(message("sales", "2")).unwrap();
    changed(8);
    assert_eq!(new.list("sales").len(), 2);
    old.mark("sales", "1", true).unwrap();
    changed(7);
    assert_eq!(new.waiting("sales"), MessagesWaiting { new: 1, heard: 1 });
    new.mark("sales", "2", true).unwrap();
    new.keep(message("sales", "3")).unwrap();
    changed(6);
    assert_eq!(old.waiting("sales"), MessagesWaiting { new: 1, heard: 2 });
    old.delete("sales", "1").unwrap();
    old.delete("sales", "3").unwrap();
    assert!(matches!(
        new.delete("sales", "1"),
        Err(MessageError::NotFound { .. })
    ));
    changed(5);
    let left: Vec<String> = new.list("sales").into_iter().map(|kept| kept.id).collect();
    assert_eq!(left, ["2"]);
}

/// A message is no reason to read a folder of thousands twice.
#[test]
fn a_folder_is_not_read_again_for_what_is_done_to_it_here() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, _) = FolderMessages::open(folder.path()).unwrap();
    let look = |again| {
        let mut kept = messages.0.lock().unwrap();
        kept.files.as_mut().unwrap().look(again);
    };
    messages.keep(message("sales", "1")).unwrap();
    look(false);
    // Another process keeps one at what the file system takes for the same time.
    let dir = std::fs::File::open(folder.path()).unwrap();
    let before = dir.metadata().unwrap().modified().unwrap();
    let (other, _) = FolderMessages::open(folder.path()).unwrap();
    other.keep(message("sales", "2")).unwrap();
    dir.set_modified(before).unwrap();
    messages.keep(message("sales", "3")).unwrap();
    assert_eq!(messages.waiting("sales").new, 2);
    look(true);
    assert_eq!(messages.waiting("sales").new, 3);
}

/// The power may go after a message was written, and before it has its name.
#[test]
fn a_whole_message_without_its_name_is_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, _) = FolderMessages::open(folder.path()).unwrap();
    messages.keep(message("sales", "1")).unwrap();
    let part = folder.path().join("sales~1.part");
    std::fs::rename(folder.path().join("sales~1.json"), &part).unwrap();
    let cut = folder.path().join("sales~2.part");
    std::fs::write(&cut, &std::fs::read(&part).unwrap()[..40]).unwrap();
    let (again, strange) = FolderMessages::open(folder.path()).unwrap();
    assert_eq!((again.list("sales").len(), strange.len()), (1, 0));
    assert!(!part.exists() && cut.exists());
    again.delete("sales", "1").unwrap();
}

/// What is said not to be kept is not there after the next start.
#[test]
fn what_could_not_be_kept_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (messages, _) = FolderMessages::open(folder.path()).unwrap();
    std::fs::create_dir_all(folder.path().join("sales~1.json/taken")).unwrap();
    let kept = messages.keep(message("sales", "1"));
    assert!(matches!(kept, Err(MessageError::Disk { .. })), "{kept:?}");
    assert!(messages.list("sales").is_empty());
    assert!(!folder.path().join("sales~1.part").exists());
    let (_, strange) = FolderMessages::open(folder.path()).unwrap();
    assert_eq!(strange, [folder.path().join("sales~1.json")]);
}
