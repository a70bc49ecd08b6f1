//! Files: fetched at once, checked, kept under harmless names, pruned; and ours: looked at, uploaded,
//! sent by their id. Whatever goes wrong ends in a sentence, and nothing is lost.

use std::time::Duration;

use wadeck::attach::files;
use wadeck::console::{FileError, Saves};
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::message::media::{ImagePadding, MediaState, MediaView};
use wadeck::domain::outbox::entry::{EntryState, FailedBy};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations::open_media;
use wadeck::simulator::{MediaFault, Saying, UploadFault};

use crate::contents::with_rosa;
use crate::stage::{SUPPORT, Stage, ada, rosa};

async fn picture_comes(stage: &mut Stage) {
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Image { caption: Some("my tooth".into()) });
    stage.deliver().await;
}

async fn last_file(stage: &Stage) -> MediaView {
    let thread = stage.thread().await.id;
    stage.messages(thread).await.pop().expect("there").media.expect("a file")
}

#[tokio::test]
async fn a_file_is_fetched_checked_and_kept_under_its_hash() {
    let (mut stage, thread) = with_rosa().await;
    picture_comes(&mut stage).await;
    assert_eq!(last_file(&stage).await.state, MediaState::Wanted);
    assert_eq!(stage.carry_files().await, 1);
    let file = last_file(&stage).await;
    assert_eq!((file.state, file.mime_type.as_str()), (MediaState::Kept, "image/png"));
    let name = file.file.expect("a name");
    let path = stage.system.store().files().path(&name);
    assert_eq!(std::fs::metadata(&path).expect("on the disk").len(), file.bytes.expect("the size differs"));
    assert!(path.starts_with(stage.directory.path().join("media")));

    let message = stage.messages(thread).await.pop().expect("there").id;
    let Answer::Picture(Some(raster)) = stage.ask(Query::Picture { message, width: 40, height: 40 }).await else {
        panic!("a picture")
    };
    assert_eq!((raster.width, raster.height), (40, 40));
    let opened = open_media(&stage.system, &ada(), message).await.expect("told where it is");
    assert_eq!(opened.created_id, Some(path.display().to_string()));
    // Whoever comes through a door is told how to come by the file; no program is started for them.
    let refused = stage.act(Request::OpenMedia { message }).await.expect_err("their terminal is elsewhere");
    assert!(refused.to_string().contains("Save the file"), "{refused}");

    let mut opened = wadeck::operations::media_file(&stage.system, &ada(), message).await.expect("open");
    assert_eq!(opened.name, format!("{message}-photo.jpg"), "its id comes first");
    let mut bytes = vec![];
    tokio::io::AsyncReadExt::read_to_end(&mut opened.file, &mut bytes).await.expect("read");
    assert_eq!(bytes, std::fs::read(&path).expect("there"));
    let to = stage.outside.path().display().to_string();
    let saves = Saves::File(message);
    let saved = files::save_for(&stage.system, &ada(), saves, &to).await.expect("saved");
    let again = files::save_for(&stage.system, &ada(), saves, &to).await.expect("saved beside it");
    assert_ne!(saved, again, "nothing is written over");
    let blocked = files::save_for(&stage.system, &ada(), saves, "/proc/nowhere/x.png").await.expect_err("refused");
    assert!(matches!(blocked, FileError::NotSaved { .. }), "{blocked}");
    let viewer = Actor::Operator { name: "vic".into(), role: Role::Viewer };
    wadeck::operations::media_file(&stage.system, &viewer, message).await.expect_err("a viewer saves nothing");
}

#[tokio::test]
async fn an_address_that_is_over_is_asked_for_anew() {
    let (mut stage, _) = with_rosa().await;
    stage.simulator.next_media(MediaFault::Expired);
    picture_comes(&mut stage).await;
    stage.carry_files().await;
    let file = last_file(&stage).await;
    assert_eq!(file.state, MediaState::Wanted);
    assert!(file.said.expect("a reason").contains("Not known there"));
    stage.pass(Duration::from_secs(6));
    stage.carry_files().await;
    assert_eq!(last_file(&stage).await.state, MediaState::Kept);
}

#[tokio::test]
async fn a_file_that_is_refused_at_the_platforms_address_is_fetched_from_the_other_one() {
    let (mut stage, _) = with_rosa().await;
    stage.simulator.next_media(MediaFault::Forbidden);
    picture_comes(&mut stage).await;
    stage.carry_files().await;
    assert_eq!(last_file(&stage).await.state, MediaState::Kept);
}

#[tokio::test]
async fn changed_vanished_and_strange_files_end_in_a_sentence() {
    for (fault, state, words) in [
        (MediaFault::Changed, MediaState::Refused, "hash"),
        (MediaFault::Gone, MediaState::Lost, "not valid"),
        (MediaFault::Elsewhere, MediaState::Refused, "not a host"),
        (MediaFault::Empty, MediaState::Lost, "an empty file"),
    ] {
        let (mut stage, thread) = with_rosa().await;
        for _ in 0..10 {
            stage.simulator.next_media(fault);
        }
        picture_comes(&mut stage).await;
        for _ in 0..8 {
            stage.carry_files().await;
            stage.pass(Duration::from_secs(90_000));
        }
        let file = last_file(&stage).await;
        assert_eq!(file.state, state, "{fault:?}: {file:?}");
        assert!(file.said.as_deref().unwrap_or_default().contains(words), "{fault:?}: {file:?}");
        let message = stage.messages(thread).await.pop().expect("the message stays").id;
        let refused = open_media(&stage.system, &ada(), message).await.expect_err("not here");
        assert!(refused.to_string().contains("not available"));
    }
}

#[tokio::test]
async fn old_files_go_and_their_messages_stay() {
    let (mut stage, thread) = with_rosa().await;
    picture_comes(&mut stage).await;
    stage.carry_files().await;
    let name = last_file(&stage).await.file.expect("kept");
    wadeck::operations::prune_media(&stage.system).await.expect("pruned");
    assert!(stage.system.store().files().path(&name).exists());
    stage.pass(Duration::from_secs(91 * 86_400));
    wadeck::operations::prune_media(&stage.system).await.expect("pruned");
    assert!(!stage.system.store().files().path(&name).exists());
    assert_eq!(last_file(&stage).await.state, MediaState::Pruned);
    assert_eq!(stage.messages(thread).await.len(), 2);
}

pub fn png(stage: &Stage, width: u32, height: u32) -> String {
    let path = stage.outside.path().join("card.png");
    image::RgbImage::from_pixel(width, height, image::Rgb([20, 90, 160])).save(&path).expect("written");
    path.display().to_string()
}

async fn file(stage: &Stage, thread: wadeck::domain::ids::ThreadId, path: &str) -> Request {
    Request::SendFile {
        thread,
        upload: stage.upload(path).await,
        caption: "front door".into(),
        pad: None,
        voice: false,
        reply_to: None,
        at: None,
    }
}

#[tokio::test]
async fn ours_is_uploaded_first_and_sent_by_its_id() {
    let (stage, thread) = with_rosa().await;
    let path = png(&stage, 800, 600);
    stage.act(file(&stage, thread, &path).await).await.expect("queued");
    assert_eq!(stage.send().await, 0, "it is not sent before it is there");
    assert_eq!(stage.carry_files().await, 1);
    assert_eq!(stage.send().await, 1);
    let sent = stage.simulator.accepted().remove(0);
    assert_eq!(sent.kind, "image");
    let (kind, name, bytes) = stage.simulator.file(sent.object["id"].as_str().expect("an id")).expect("uploaded");
    assert_eq!((kind.as_str(), name.as_deref()), ("image/png", Some("file.png")));
    assert_eq!(bytes, std::fs::read(&path).expect("there"));
    let message = stage.messages(thread).await.pop().expect("there");
    assert_eq!(message.attempts, 1, "an upload is no attempt to send");
    let detail = stage.system.store().message(message.id).await.expect("asked").expect("there");
    assert_eq!(detail.tries.iter().filter(|attempt| attempt.upload).count(), 1, "the upload is on record");
    assert_eq!(sent.object["caption"], "front door");
}

#[tokio::test]
async fn an_upload_that_fails_is_tried_again_and_one_that_is_refused_says_why() {
    let (stage, thread) = with_rosa().await;
    let path = png(&stage, 80, 60);
    stage.simulator.next_upload(UploadFault::Unwell);
    stage.act(file(&stage, thread, &path).await).await.expect("queued");
    stage.carry_files().await;
    assert_eq!(stage.send().await, 0);
    stage.pass(Duration::from_secs(60));
    stage.carry_files().await;
    assert_eq!(stage.send().await, 1, "a failed upload was certainly not sent");

    stage.simulator.next_upload(UploadFault::Refused);
    stage.act(file(&stage, thread, &path).await).await.expect("queued");
    stage.carry_files().await;
    let entry = stage.outbox().await.remove(0);
    assert_eq!((entry.state, entry.failed_by), (EntryState::Failed, Some(FailedBy::Provider)));
    assert!(entry.error.expect("a reason").said.line().contains("Media upload error"));
    stage.act(Request::RetryEntry { entry: entry.id }).await.expect("again");
    stage.pass(Duration::from_secs(60));
    stage.carry_files().await;
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.simulator.uploads(), 4);
}

#[tokio::test]
async fn a_wide_picture_is_noticed_and_padded() {
    let (stage, thread) = with_rosa().await;
    let path = png(&stage, 1200, 630);
    let upload = stage.upload(&path).await;
    let Answer::File(look) = stage.ask(Query::File { upload, pad: None }).await else { panic!("a look") };
    assert!(look.warnings[0].contains("strip"), "{look:?}");
    assert!(look.preview.is_some());
    let pad = ImagePadding::read("tall", "corner").expect("fine");
    let request =
        Request::SendFile { thread, upload, caption: String::new(), pad, voice: false, reply_to: None, at: None };
    stage.act(request).await.expect("queued");
    stage.carry_files().await;
    stage.send().await;
    let sent = stage.simulator.accepted().remove(0);
    let (_, _, bytes) = stage.simulator.file(sent.object["id"].as_str().expect("an id")).expect("uploaded");
    let picture = image::load_from_memory(&bytes).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (1080, 1350));
    assert_eq!(picture.to_rgb8().get_pixel(0, 0).0, [20, 90, 160], "on the colour of its corner");
}

/// The header of a lossy WebP picture of this size.
fn webp(width: u16, height: u16) -> Vec<u8> {
    let frame =
        [&[0x30, 0x01, 0x00, 0x9d, 0x01, 0x2a][..], &width.to_le_bytes(), &height.to_le_bytes(), &[0; 40]].concat();
    let chunk = [&b"WEBPVP8 "[..], &u32::try_from(frame.len()).expect("short").to_le_bytes(), &frame].concat();
    [&b"RIFF"[..], &u32::try_from(chunk.len()).expect("short").to_le_bytes(), &chunk].concat()
}

#[tokio::test]
async fn the_warnings_of_a_file_are_in_the_answer_to_whoever_sends_it_without_a_preview() {
    let (stage, thread) = with_rosa().await;
    let path = png(&stage, 1200, 630);
    let done = stage.act(file(&stage, thread, &path).await).await.expect("queued");
    assert!(done.message.contains("so wide that phones show a strip"), "{}", done.message);
    let path = stage.outside.path().join("square.webp");
    std::fs::write(&path, webp(512, 512)).expect("written");
    let upload = stage.upload(&path.display().to_string()).await;
    let caption = String::new();
    let sticker = Request::SendFile { thread, upload, caption, pad: None, voice: false, reply_to: None, at: None };
    let done = stage.act(sticker).await.expect("queued");
    assert!(done.message.contains("[sticker"), "{}", done.message);
}

#[tokio::test]
async fn bad_files_are_refused_before_anything_is_sent() {
    let (stage, thread) = with_rosa().await;
    let write = |name: &str, bytes: &[u8]| {
        let path = stage.outside.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.display().to_string()
    };
    let mut deep = std::fs::read(png(&stage, 10, 10)).expect("there");
    deep[24] = 16;
    for (path, words) in [
        (write("empty.txt", b""), "empty"),
        (write("a.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00"), "image/gif"),
        (write("plain.ogg", &[b"OggS".as_slice(), &[0; 60]].concat()), "Opus"),
        (write("deep.png", &deep), "16 bits"),
        (write("deep.png", &deep), "Save it as a PNG with 8 bits"),
        (write("broken.png", b"not a picture"), "has the ending of PNG, but its content is not PNG"),
        (write("stereo.ogg", &[b"OggS".as_slice(), &[0; 24], b"OpusHead\x01\x02", &[0; 40]].concat()), "mono"),
        (
            write("old.mp4", &[b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".as_slice(), b"mp4v", &[0; 40]].concat()),
            "MPEG-4 Part 2",
        ),
        (write("photo.webp", &webp(640, 480)), "512x512; this one is 640x480"),
    ] {
        let refused = stage.act(file(&stage, thread, &path).await).await.expect_err("refused").to_string();
        assert!(refused.contains(words), "{path}: {refused}");
    }
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test]
async fn other_audio_becomes_a_voice_note_where_there_is_a_converter() {
    let script = r#"#!/bin/sh
[ "$1" = "-version" ] && exit 0
for last; do :; done
printf 'OggS\000\002aaaaaaaaaaaaaaaaaaaaaaOpusHead....' > "$last"
"#;
    let tools = tempfile::tempdir().expect("a directory");
    let converter = tools.path().join("convert");
    std::fs::write(&converter, script).expect("written");
    let mut mode = std::fs::metadata(&converter).expect("there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&converter, mode).expect("executable");
    let config = crate::stage::CONFIG.replace("agent = \"helper\"\n", "");
    let config = format!(
        "[media]\nconverter = \"{}\"\n{}",
        converter.display(),
        config.replacen("organization = \"lumen\"", "", 1)
    );
    let mut stage = Stage::with_config(&config).await;
    stage.says(&rosa(), "hello").await;
    let thread = stage.thread().await.id;
    let path = stage.outside.path().join("note.mp3");
    std::fs::write(&path, [b"ID3\x04".as_slice(), &[0; 100]].concat()).expect("written");
    let path = path.display().to_string();
    let upload = stage.upload(&path).await;
    let Answer::File(look) = stage.ask(Query::File { upload, pad: None }).await else { panic!("a look") };
    assert!(look.can_convert && look.warnings[0].contains("voice note"), "{look:?}");
    let request = |voice| Request::SendFile {
        thread,
        upload,
        caption: String::new(),
        pad: None,
        voice,
        reply_to: None,
        at: None,
    };
    stage.act(request(true)).await.expect("queued");
    stage.act(request(false)).await.expect("queued");
    stage.carry_files().await;
    stage.send().await;
    let sent = stage.simulator.accepted();
    assert_eq!(sent[0].object["voice"], true);
    assert_eq!(stage.simulator.file(sent[0].object["id"].as_str().expect("an id")).expect("there").0, "audio/ogg");
    assert!(sent[1].object.get("voice").is_none(), "an MP3 is an attachment");
}

#[tokio::test]
async fn a_full_disk_and_a_line_that_breaks_off_end_in_a_sentence_and_nothing_is_lost() {
    let (mut stage, _) = with_rosa().await;
    let media = stage.directory.path().join("media");
    std::fs::write(&media, "no room").expect("in the way");
    picture_comes(&mut stage).await;
    stage.carry_files().await;
    let file = last_file(&stage).await;
    assert_eq!(file.state, MediaState::Wanted);
    assert!(file.said.expect("a reason").contains("cannot be stored"));
    let refused = stage.uploads(&png(&stage, 10, 10)).await.expect_err("refused");
    assert!(refused.contains("nothing was sent"), "{refused}");
    std::fs::remove_file(&media).expect("room again");
    stage.simulator.next_media(MediaFault::CutOff);
    stage.pass(Duration::from_secs(10));
    stage.carry_files().await;
    assert_eq!(last_file(&stage).await.state, MediaState::Wanted, "it broke off");
    stage.pass(Duration::from_secs(60));
    stage.carry_files().await;
    assert_eq!(last_file(&stage).await.state, MediaState::Kept);
    let parts = std::fs::read_dir(&media)
        .expect("there")
        .flatten()
        .filter(|one| one.file_name().to_string_lossy().starts_with("part"));
    assert_eq!(parts.count(), 0, "nothing half written stays");
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_missed_in_words() {
    let (mut stage, thread) = with_rosa().await;
    picture_comes(&mut stage).await;
    stage.carry_files().await;
    let name = last_file(&stage).await.file.expect("kept");
    std::fs::remove_file(stage.system.store().files().path(&name)).expect("removed");
    let message = stage.messages(thread).await.pop().expect("there").id;
    let refused = open_media(&stage.system, &ada(), message).await.expect_err("gone");
    assert!(refused.to_string().contains("deleted from the engine's disk"), "{refused}");
}

/// The provider fetched a file by a link, which answers under its earlier path too.
pub async fn the_link_answers_under_both_paths(stage: &Stage) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(stage.directory.path().join("wadeck.db"));
    let connect = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options);
    let mut database = connect.await.expect("opened");
    let query = sqlx::query_scalar::<_, String>("SELECT provider_id FROM media WHERE provider_id LIKE '%/media/%'");
    let link = query.fetch_one(&mut database).await.expect("a link");
    let (_, token) = link.rsplit_once('/').expect("a token");
    for path in ["media", "lent"] {
        let url = format!("http://{}/{path}/{token}", stage.address);
        assert_eq!(reqwest::get(&url).await.expect("an answer").status(), 200, "{url}");
    }
}
