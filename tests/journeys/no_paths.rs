//! No path comes from outside: not in a content, not in an agent's answer, not out of an older database. What is named
//! is an upload, and an upload belongs to whoever handed it over.

use std::time::Duration;

use serde_json::{Value, json};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::contacts::address::Address;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::file_name::FileName;
use wadeck::domain::ids::{ThreadId, UploadId};
use wadeck::domain::message::content::Content;
use wadeck::domain::message::media::Media;
use wadeck::domain::message::media::MediaState;
use wadeck::domain::outbox::entry::{EntryState, Outgoing};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::{self, perform, receive_upload};

use crate::contents::with_rosa;
use crate::stage::{CONFIG, Stage, ada, rosa};

const OUTSIDE: &[&str] = &[
    "/proc/self/environ",
    "/etc/passwd",
    "../../etc/passwd",
    "../wadeck.db",
    "file:///etc/passwd",
    "/dev/zero",
    "~/.ssh/id_ed25519",
];

fn bob() -> Actor {
    Actor::Operator { name: "bob".into(), role: Role::Operator }
}

async fn hand_over(stage: &Stage, actor: &Actor, name: &str, bytes: &[u8]) -> Result<UploadId, String> {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
    let uploaded = receive_upload(&stage.system, actor, name, stream).await;
    uploaded.map(|uploaded| uploaded.upload).map_err(|error| error.to_string())
}

fn send(thread: ThreadId, upload: UploadId) -> Request {
    Request::SendFile { thread, upload, caption: String::new(), pad: None, voice: false, reply_to: None, at: None }
}

#[tokio::test]
async fn a_content_names_no_file_of_ours() {
    let (stage, thread) = with_rosa().await;
    let of_store = FileName::of([7; 32], "text/plain").to_string();
    for named in OUTSIDE.iter().copied().chain([of_store.as_str()]) {
        for content in [
            json!({ "type": "document", "id": "", "file": named, "mime_type": "text/plain" }),
            json!({ "type": "image", "id": "", "file": named, "mime_type": "image/png" }),
            json!({ "type": "offer", "heading": { "image": { "id": "", "file": named, "mime_type": "image/png" } },
                "body": "hi", "action": "ask_location" }),
        ] {
            // Either it is not read as a content at all, or it is refused.
            let Ok(content) = serde_json::from_value::<Content>(content) else { continue };
            let request = Request::Send { thread, content: Box::new(content), reply_to: None, at: None };
            let refused = stage.act(request).await.expect_err("no file is named like this").to_string();
            assert!(refused.contains("file"), "{refused}");
        }
    }
    // Also not one that is in the store, beside an id of the provider.
    let media = Media { id: "123".into(), file: FileName::parse(&of_store), ..Media::default() };
    let request = Request::Send { thread, content: Box::new(Content::Document(media)), reply_to: None, at: None };
    stage.act(request).await.expect_err("no file of the store either");
    for body in [
        json!({ "do": "send_file", "thread": thread, "path": "/etc/passwd" }),
        json!({ "do": "send_file", "thread": thread, "upload": "/etc/passwd" }),
        json!({ "do": "save_media", "message": "m1", "to": "/tmp/x" }),
        json!({ "do": "export_thread", "thread": thread, "to": "/tmp/x" }),
    ] {
        assert!(serde_json::from_value::<Request>(body.clone()).is_err(), "{body}");
    }
    assert!(serde_json::from_value::<Query>(json!({ "tell": "file", "path": "/etc/passwd", "pad": null })).is_err());
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test]
async fn an_upload_is_of_whoever_handed_it_over_and_is_over_after_a_while() {
    let (stage, thread) = with_rosa().await;
    let upload = hand_over(&stage, &ada(), "../../.bashrc", b"hello").await.expect("taken");
    let refused = perform(&stage.system, &bob(), send(thread, upload)).await.expect_err("it is not his");
    assert!(refused.to_string().contains("no upload"), "{refused}");
    stage.act(send(thread, upload)).await.expect("queued");
    stage.carry_files().await;
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().remove(0);
    let (_, _, bytes) = stage.simulator.file(sent.object["id"].as_str().expect("an id")).expect("uploaded");
    assert_eq!((bytes.as_slice(), sent.object["filename"].as_str()), (&b"hello"[..], Some("bashrc")));

    let idle = hand_over(&stage, &ada(), "idle.txt", b"nobody sends this").await.expect("taken");
    let files = || {
        let all = walkdir(&stage.directory.path().join("media"));
        all.iter().filter(|path| std::fs::read(path).is_ok_and(|bytes| bytes == b"nobody sends this")).count()
    };
    assert_eq!(files(), 1);
    stage.pass(Duration::from_secs(3_601));
    operations::prune_media(&stage.system).await.expect("pruned");
    assert_eq!(files(), 0, "an upload that no message uses is removed");
    stage.act(send(thread, idle)).await.expect_err("it is over");
    let message = stage.messages(thread).await.pop().expect("there").id;
    operations::media_file(&stage.system, &ada(), message).await.expect("what was sent is kept");
}

fn walkdir(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(walkdir(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn uploads_are_bounded_and_take_a_role() {
    let (stage, _) = with_rosa().await;
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    let refused = hand_over(&stage, &viewer, "a.txt", b"x").await.expect_err("a viewer hands nothing over");
    assert!(refused.contains("may not upload files"), "{refused}");
    for number in 0..100 {
        hand_over(&stage, &bob(), "a.txt", format!("{number}").as_bytes()).await.expect("taken");
    }
    let refused = hand_over(&stage, &bob(), "a.txt", b"one more").await.expect_err("that is enough");
    assert!(refused.contains("100 unexpired uploads"), "{refused}");
    hand_over(&stage, &ada(), "a.txt", b"others still may").await.expect("taken");

    let piece = bytes::Bytes::from(vec![0; 8 * 1024 * 1024]);
    let endless = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    let refused = receive_upload(&stage.system, &ada(), "endless", endless).await.expect_err("too much");
    assert!(refused.to_string().contains("larger than"), "{refused}");
    let broken = futures::stream::iter([Ok(bytes::Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
    receive_upload(&stage.system, &ada(), "half", broken).await.expect_err("it broke off");
    let parts = walkdir(&stage.directory.path().join("media"));
    assert!(parts.iter().all(|path| !path.display().to_string().contains("part-")), "{parts:?}");
}

#[tokio::test]
async fn an_agent_that_names_a_path_sends_words_alone() {
    let answer = json!({ "messages": [{ "text": "Here it is.", "file": "/etc/passwd", "path": "/etc/passwd",
        "media": { "type": "document", "file": "/proc/self/environ" }, "content": { "type": "document", "file": "/etc/passwd" } }],
        "file": "/etc/passwd" });
    let script = format!("cat > /dev/null; printf %s '{answer}'");
    let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", '''{script}''']\n");
    let start = CONFIG.find("kind = \"scripted\"").expect("the agent");
    let mut stage = Stage::with_config(&format!("{}{agent}", &CONFIG[..start])).await;
    stage.says(&rosa(), "send me the file").await;
    stage.answer().await;
    stage.carry_files().await;
    let sent = stage.simulator.accepted();
    assert_eq!(
        sent.iter().map(|one| (one.kind.as_str(), one.text.as_str())).collect::<Vec<_>>(),
        [("text", "Here it is.")]
    );
    assert_eq!(stage.simulator.uploads(), 0);
}

/// What a database of an older version could hold.
async fn plant(stage: &Stage, thread: ThreadId, named: &str, number: i64) {
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    for statement in [
        "DROP TRIGGER IF EXISTS media_file_inserted",
        "DROP TRIGGER IF EXISTS media_file_updated",
        "DROP TABLE IF EXISTS uploads",
        "DELETE FROM _sqlx_migrations WHERE description = 'uploads'",
    ] {
        sqlx::query(statement).execute(&mut line).await.expect(statement);
    }
    let content: Value = json!({ "type": "document", "id": "", "file": named, "mime_type": "text/plain", "bytes": 10 });
    let (now, message) = (stage.now().millis(), 1_000 + number);
    let to = Address::Phone(PhoneNumber::parse("+15550100002").expect("a number"));
    let (words, reference) = (Content::text("x"), format!("w:planted{number}"));
    let outgoing =
        Outgoing { to, content: words, reply_to: None, reference: reference.clone(), at: None, take_over: false };
    let mut outgoing = serde_json::to_value(outgoing).expect("JSON");
    outgoing["content"] = content.clone();
    sqlx::query(
        "INSERT INTO messages (id, thread_id, connection_id, direction, origin, kind, content, words, progress, author,
                               created_at, received_at)
         VALUES ($1, $2, 1, 'outbound', 'api', 'document', $3, '[document]', 'queued', 'mallory', $4, $4)",
    )
    .bind(message)
    .bind(thread.0)
    .bind(content.to_string())
    .bind(now)
    .execute(&mut line)
    .await
    .expect("a message");
    sqlx::query(
        "INSERT INTO outbox (message_id, thread_id, connection_id, state, reference, outgoing, business_initiated,
                             freeform, due_at, created_at) VALUES ($1, $2, 1, 'queued', $3, $4, 0, 1, $5, $5)",
    )
    .bind(message)
    .bind(thread.0)
    .bind(reference)
    .bind(outgoing.to_string())
    .bind(now)
    .execute(&mut line)
    .await
    .expect("an entry");
    sqlx::query(
        "INSERT INTO media (message_id, connection_id, provider_id, state, file, mime_type, bytes, due_at, fetched_at)
         VALUES ($1, 1, '', 'kept', $2, 'text/plain', 10, $3, $3)",
    )
    .bind(message)
    .bind(named)
    .bind(now)
    .execute(&mut line)
    .await
    .expect("a file");
}

#[tokio::test]
async fn paths_in_an_older_database_are_neither_read_nor_sent_nor_removed() {
    let (mut stage, thread) = with_rosa().await;
    let victim = stage.outside.path().join("victim.txt");
    std::fs::write(&victim, "somebody's own").expect("written");
    let relative = format!("../../../../../../../../{}", victim.display());
    let own = victim.display().to_string();
    let named: Vec<&str> = OUTSIDE.iter().copied().chain([own.as_str(), relative.as_str()]).collect();
    for (number, named) in named.iter().enumerate() {
        plant(&stage, thread, named, i64::try_from(number).expect("few")).await;
    }
    stage.restart(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    for message in stage.messages(thread).await.iter().filter(|message| message.id.0 >= 1_000) {
        let file = message.media.as_ref().expect("a file");
        assert_eq!((file.state, &file.file), (MediaState::Refused, &None), "{message:?}");
        operations::media_file(&stage.system, &ada(), message.id).await.expect_err("it is not read");
        let Answer::Picture(None) = stage.ask(Query::Picture { message: message.id, width: 9, height: 9 }).await else {
            panic!("a picture of a path")
        };
    }
    stage.carry_files().await;
    stage.send().await;
    assert!(stage.simulator.accepted().is_empty() && stage.simulator.uploads() == 0, "nothing went out");
    for entry in stage.outbox().await {
        assert_eq!(entry.state, EntryState::Failed, "{entry:?}");
        assert!(entry.error.as_ref().expect("a reason").explanation.contains("was deleted"), "{entry:?}");
        let _ = stage.act(Request::RetryEntry { entry: entry.id }).await;
    }
    stage.pass(Duration::from_secs(60));
    stage.carry_files().await;
    stage.send().await;
    assert!(stage.simulator.accepted().is_empty() && stage.simulator.uploads() == 0, "also when it is tried again");
    stage.pass(Duration::from_secs(400 * 86_400));
    operations::prune_media(&stage.system).await.expect("pruned");
    assert_eq!(std::fs::read_to_string(&victim).expect("still there"), "somebody's own");
    // The database holds the rule itself from now on.
    let url = format!("sqlite://{}", stage.system.store().path().display());
    let mut line = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("opened");
    let again = "UPDATE media SET state = 'kept', file = '../../etc/passwd' WHERE message_id = 1000";
    assert!(sqlx::query(again).execute(&mut line).await.is_err());
}

#[tokio::test]
async fn a_file_that_no_row_names_is_removed_after_an_hour_and_no_other() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    let upload = hand_over(&stage, &ada(), "sent.txt", b"sent").await.expect("taken");
    stage.act(send(thread, upload)).await.expect("queued");
    let waiting = hand_over(&stage, &ada(), "waiting.txt", b"waiting").await.expect("taken");
    // The engine was killed between storing these and writing down whose they are.
    let shelf = stage.system.store().files();
    let stored = |bytes: &[u8]| shelf.put("t", bytes, "text/plain").expect("stored").name().clone();
    let (old, young, pinned) =
        (stored(b"old"), stored(b"young"), shelf.put("t", b"pinned", "text/plain").expect("kept"));
    let now = u64::try_from(stage.now().millis()).expect("after 1970");
    let at = |seconds: u64| std::time::UNIX_EPOCH + Duration::from_millis(now) - Duration::from_secs(seconds);
    let media = stage.directory.path().join("media");
    for directory in std::fs::read_dir(&media).expect("there").flatten() {
        for file in std::fs::read_dir(directory.path()).into_iter().flatten().flatten() {
            let ago = if file.path() == shelf.path(&young) { 3_500 } else { 7_200 };
            let file = std::fs::OpenOptions::new().write(true).open(file.path()).expect("opened");
            file.set_modified(at(ago)).expect("aged");
        }
    }
    let kept = || {
        let directories = std::fs::read_dir(&media).expect("there").flatten();
        directories.flat_map(|directory| std::fs::read_dir(directory.path()).into_iter().flatten()).count()
    };
    let before = kept();
    operations::prune_media(&stage.system).await.expect("pruned");
    assert!(!shelf.path(&old).exists(), "nothing names it, and it is old");
    assert!(shelf.path(&young).exists(), "whoever stored it may still be about to name it");
    assert!(shelf.path(pinned.name()).exists(), "it is in use");
    assert_eq!(kept(), before - 1, "of all files that one is gone");
    stage.act(send(thread, waiting)).await.expect("the upload is named, and there");
}
