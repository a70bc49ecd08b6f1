//! Keys about a thread and its contact that ask the engine for something that it does for the command line, too.

use std::time::Duration;

use wadeck::domain::query::{Answer, Query};
use wadeck::domain::text::Untrusted;
use wadeck::simulator::Saying;

use crate::sitting::Sitting;
use crate::stage::{SUPPORT, Stage, rosa};

#[tokio::test]
async fn a_thread_is_compared_with_its_conversation_by_a_key() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    stage.pass(Duration::from_secs(600));
    stage.simulator.switch_webhook(false);
    stage.simulator.says(SUPPORT, &rosa(), &Saying::text("are you there?"));
    stage.deliver().await;
    stage.simulator.switch_webhook(true);
    stage.pass(Duration::from_secs(600));
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "enter").await;
    desk.does_not_see("are you there?");
    desk.press(&stage, "g p").await;
    desk.sees("The provider counts 2 messages in t1; compared 2 messages, added 1 missing message");
    desk.look_up(&stage).await;
    desk.sees("are you there?");
}

#[tokio::test]
async fn a_contact_is_added_with_a_note() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "hello").await;
    let mut desk = Sitting::down(&stage, 120, 40).await;
    desk.press(&stage, "g a").await;
    desk.sees("Add a contact");
    desk.types(&stage, "Bo Berg").await;
    desk.press(&stage, "enter").await;
    desk.types(&stage, "15550100098").await;
    desk.press(&stage, "enter").await;
    desk.sees("optional; never sent");
    desk.types(&stage, "Met at the fair").await;
    desk.press(&stage, "enter").await;
    desk.does_not_see("Add a contact");
    let found = stage.ask(Query::Contacts { text: "Bo Berg".into(), limit: 5 }).await;
    let Answer::Contacts(found) = found else { panic!("{found:?}") };
    let note = found[0].note.as_ref().map(Untrusted::line);
    assert_eq!(note.as_deref(), Some("Met at the fair (WhatsApp +15550100098)"));
}
