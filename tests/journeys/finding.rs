//! Finding things: by words and terms, by name, by what closes next; contacts that are one person.

use std::time::Duration;

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::contacts::view::ContactRow;
use wadeck::domain::ids::MessageId;
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::text::Untrusted;
use wadeck::domain::view::{MessageView, ThreadRow};
use wadeck::operations::{perform, run_query};
use wadeck::simulator::{Person, Saying, SendFault};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, ada, rosa};

fn kim() -> Person {
    Person::new("Kim Aström", "15550104567")
}

async fn two_people() -> Stage {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    stage.says(&rosa(), "where is my blue order?").await;
    stage.pass(Duration::from_secs(3 * 3_600));
    stage.says(&kim(), "is the order ready?").await;
    stage
}

async fn threads(stage: &Stage, text: &str) -> Vec<ThreadRow> {
    match stage.ask(Query::Threads { text: text.into(), limit: 50, before: None }).await {
        Answer::Threads(rows) => rows,
        other => panic!("{other:?}"),
    }
}

async fn search(stage: &Stage, text: &str) -> Vec<MessageView> {
    match stage.ask(Query::Search { text: text.into(), limit: 50, before: None }).await {
        Answer::Found(rows) => rows.into_iter().map(|found| found.message).collect(),
        other => panic!("{other:?}"),
    }
}

async fn contacts(stage: &Stage, text: &str) -> Vec<ContactRow> {
    match stage.ask(Query::Contacts { text: text.into(), limit: 50 }).await {
        Answer::Contacts(rows) => rows,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn threads_are_narrowed_by_words_and_terms() {
    let stage = two_people().await;
    let rosas = threads(&stage, "rosa").await.remove(0).id;
    stage.act(Request::TakeThread { thread: rosas }).await.expect("taken");
    for (text, found) in [
        ("", 2),
        ("blue", 0),
        ("order", 2),
        ("!rosa", 1),
        ("num:4567", 1),
        ("num:…4567 order", 1),
        ("is:unread", 2),
        ("is:mine", 1),
        ("is:waiting", 2),
        ("is:unanswered", 2),
        ("since:1h", 1),
        ("until:1h", 1),
        ("conn:support", 2),
        ("conn:other", 0),
        ("conn:c1", 2),
        ("conn:106540352242922", 2),
        ("conn:+15550100001", 2),
        ("conn:15550100001", 2),
        ("conn:c9", 0),
        ("conn:+15550100099", 0),
        ("is:open", 2),
        ("is:out", 0),
        ("dir:in", 2),
        ("dir:out", 0),
        ("kind:text", 2),
        ("is:held", 0),
        ("status:queued", 0),
        ("agent:helper", 0),
    ] {
        let expected = if text == "blue" { 1 } else { found };
        assert_eq!(threads(&stage, text).await.len(), expected, "{text:?}");
    }
    assert_eq!(threads(&stage, "is:waiting").await[0].id, rosas, "who waits longest stands first");
    let refused =
        run_query(&stage.system, &ada(), Query::Threads { text: "is:happy".into(), limit: 5, before: None }).await;
    assert!(refused.expect_err("refused").to_string().contains("is:unread"));
}

#[tokio::test]
async fn everything_that_was_written_is_found_with_its_terms_and_in_its_place() {
    let mut stage = two_people().await;
    let thread = threads(&stage, "rosa").await.remove(0).id;
    for number in 0..90 {
        stage.says(&rosa(), &format!("line {number}")).await;
    }
    stage
        .act(Request::Send { thread, content: Box::new(Content::text("the order is blue")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
    stage.send().await;
    for (text, found) in [
        ("order", 3),
        ("ord", 3),
        ("blue order", 2),
        ("order dir:out", 1),
        ("order dir:in", 2),
        ("status:failed", 1),
        ("code:131026", 1),
        ("order num:4567", 1),
        ("by:ada", 1),
        ("order !blue", 1),
        ("order since:1m", 2),
        ("order until:1m", 1),
        ("kind:template", 0),
        ("tpl:any", 0),
        ("line is:unread", 0),
        ("", 0),
    ] {
        let rows = search(&stage, text).await;
        let words: Vec<String> = rows.iter().map(|row| row.text.line()).collect();
        assert_eq!(rows.len(), found, "{text:?}: {words:?}");
    }
    let first: MessageId = search(&stage, "where is my").await[0].id;
    let Answer::Messages(page) =
        stage.ask(Query::Messages { thread, limit: 30, before: None, around: Some(first) }).await
    else {
        panic!("a page")
    };
    assert!(page.iter().any(|message| message.id == first), "the page in which it stands");
    assert!(page.len() > 5 && page.len() <= 30, "with what came after it");
}

#[tokio::test]
async fn the_radar_shows_what_is_lost_next_and_filters_keep_their_counts() {
    let mut stage = two_people().await;
    let Answer::Radar(rows) = stage.ask(Query::Radar { limit: 10 }).await else { panic!("a radar") };
    assert_eq!(
        rows.iter().map(|row| row.thread.contact.display_name()).collect::<Vec<_>>(),
        ["Rosa Field", "Kim Aström"]
    );
    assert!(rows[0].owner.is_none() && rows[0].cost.contains("template"));
    stage.pass(Duration::from_secs(22 * 3_600));
    stage.says(&kim(), "hello?").await;
    let Answer::Radar(rows) = stage.ask(Query::Radar { limit: 10 }).await else { panic!("a radar") };
    assert_eq!(rows.len(), 1, "what is lost already is not on it");

    stage.act(Request::SaveView { name: "today".into(), terms: "since:2h".into() }).await.expect("kept");
    stage.act(Request::SaveView { name: "bad".into(), terms: "is:what".into() }).await.expect_err("refused");
    let Answer::Views(views) = stage.ask(Query::Views).await else { panic!("views") };
    let count = |name: &str| views.iter().find(|view| view.name == name).map(|view| view.count);
    assert_eq!(
        (count("unread"), count("unanswered"), count("mine"), count("today")),
        (Some(2), Some(2), Some(0), Some(1))
    );
    stage.act(Request::SaveView { name: "today".into(), terms: String::new() }).await.expect("forgotten");
    let Answer::Views(views) = stage.ask(Query::Views).await else { panic!("views") };
    assert!(views.iter().all(|view| view.name != "today"));
}

#[tokio::test]
async fn contacts_are_found_with_letters_missing_and_only_an_admin_adds_one() {
    let stage = two_people().await;
    assert_eq!(contacts(&stage, "kzm").await.len(), 0);
    assert_eq!(contacts(&stage, "kastrm").await[0].contact.display_name(), "Kim Aström");
    assert_eq!(contacts(&stage, "4567").await.len(), 1);
    let connection = stage.thread_of("rosa").await.connection_id;
    let add = || Request::AddContact {
        connection,
        name: "Ana".into(),
        number: PhoneNumber::parse("15550100099").expect("a number"),
        note: None,
    };
    let operator = Actor::Operator { name: "ben".into(), role: Role::Operator };
    let refused = perform(&stage.system, &operator, add()).await.expect_err("refused");
    assert!(refused.to_string().contains("admin"), "{refused}");
    stage.act(add()).await.expect("added");
    stage.act(add()).await.expect_err("known already");
    let own = Request::AddContact {
        connection,
        name: "Us".into(),
        number: PhoneNumber::parse("15550100001").expect("a number"),
        note: None,
    };
    stage.act(own).await.expect_err("our own number");
    let added = threads(&stage, "ana").await;
    assert_eq!(added.len(), 1);
    let Answer::Notes(notes) = stage.ask(Query::Notes { thread: added[0].id }).await else { panic!("notes") };
    let notes: Vec<String> = notes.iter().map(|note| note.words.line()).collect();
    assert_eq!(notes, ["WhatsApp +15550100099"], "the number stands in the notes");
    let noted = |row: &ContactRow| row.note.as_ref().map(Untrusted::line);
    assert_eq!(noted(&contacts(&stage, "ana").await[0]).as_deref(), Some("WhatsApp +15550100099"));
    // A note of one's own keeps the number, once.
    for (digits, name, note, kept) in [
        ("15550100098", "Bo", "Met at the fair", "Met at the fair (WhatsApp +15550100098)"),
        ("15550100097", "Cy", "Calls from +15550100097 only", "Calls from +15550100097 only"),
    ] {
        let number = PhoneNumber::parse(digits).expect("a number");
        let add = Request::AddContact { connection, name: name.into(), number, note: Some(note.into()) };
        stage.act(add).await.expect("added");
        assert_eq!(noted(&contacts(&stage, digits).await[0]).as_deref(), Some(kept));
    }
    let number = PhoneNumber::parse("15550100096").expect("a number");
    let long = Request::AddContact { connection, name: "Di".into(), number, note: Some("x".repeat(20_000)) };
    stage.act(long).await.expect_err("too long for a note");
    assert!(contacts(&stage, "15550100096").await.is_empty(), "nothing is added without its note");
}

#[tokio::test]
async fn two_spellings_of_a_number_are_one_person_from_the_start() {
    let mut stage = Stage::with_config(&CONFIG.replace("agent = \"helper\"\n", "")).await;
    for (long, short) in
        [("5511987654321", "551187654321"), ("5215512345678", "525512345678"), ("5491123456789", "541123456789")]
    {
        stage.says(&Person::new("João", long), "oi").await;
        stage.says(&Person::new("João", short), "oi de novo").await;
    }
    assert_eq!(stage.threads().await.len(), 3);
}

#[tokio::test]
async fn merging_makes_one_thread_in_the_order_of_time_and_splitting_takes_it_back() {
    let mut stage = two_people().await;
    let people = contacts(&stage, "").await;
    let id = |name: &str| people.iter().find(|row| row.contact.display_name().starts_with(name)).expect("there").id;
    let (rosa_id, kim_id) = (id("Rosa"), id("Kim"));
    let (rosas, kims) = (stage.thread_of("rosa").await.id, stage.thread_of("kim").await.id);
    stage
        .act(Request::Send { thread: kims, content: Box::new(Content::text("yes")), reply_to: None, at: None })
        .await
        .expect("queued");
    stage.send().await;
    stage.act(Request::MergeContacts { keep: rosa_id, gone: rosa_id }).await.expect_err("the same");
    stage.act(Request::MergeContacts { keep: rosa_id, gone: kim_id }).await.expect("merged");
    let words: Vec<String> = stage.messages(rosas).await.iter().map(|message| message.text.line()).collect();
    assert_eq!(words, ["where is my blue order?", "is the order ready?", "yes"]);
    assert_eq!(stage.threads().await.iter().filter(|row| row.id == rosas).count(), 1);
    stage.says(&kim(), "thanks").await;
    assert_eq!(stage.messages(rosas).await.len(), 4, "what they write now comes here too");
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    assert_eq!(contacts(&stage, "").await.len(), 1);

    stage.act(Request::SplitContact { contact: rosa_id }).await.expect("split");
    let words: Vec<String> = stage.messages(kims).await.iter().map(|message| message.text.line()).collect();
    assert_eq!(words, ["is the order ready?", "yes"]);
    assert_eq!(contacts(&stage, "").await.len(), 2);
    stage.says(&kim(), "me again").await;
    assert_eq!(stage.messages(kims).await.len(), 3);
    stage.act(Request::SplitContact { contact: rosa_id }).await.expect_err("nothing left to split");
}

#[tokio::test]
async fn what_is_typed_before_the_rows_are_there_is_about_the_new_ones() {
    let stage = two_people().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    sitting.sees("Kim Aström");
    // Kim stands on top until the list is narrowed; enter, typed at once, is not about Kim.
    sitting.types_ahead(&stage, "/rosa\n\n").await;
    sitting.sees("where is my blue order?");
    sitting.does_not_see("Kim Aström");
    sitting.press(&stage, "esc esc").await;
    // Nothing is kept back once they are there, and what was meant for nobody opens nobody.
    sitting.types_ahead(&stage, "/nobody\n\n").await;
    sitting.sees("No matches for");
    sitting.press(&stage, "esc j enter").await;
    sitting.sees("is the order ready?");
}

#[tokio::test]
async fn a_thread_can_be_kept_as_text() {
    let stage = two_people().await;
    let thread = stage.thread_of("rosa").await.id;
    stage.act(Request::AddNote { thread, text: "pays in cash".into() }).await.expect("noted");
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("\u{1b}[2Jboo"));
    let Answer::Export(text) = stage.ask(Query::Export { thread }).await else { panic!("a text") };
    assert!(text.contains("Rosa Field") && text.contains("where is my blue order?") && text.contains("pays in cash"));
    assert!(!text.contains('\u{1b}'));
}
