//! Somebody types or pastes sentences where no text field is open: nothing is sent, discarded, stopped,
//! approved or deleted, whatever the letters would mean one by one.

use std::time::Duration;

use wadeck::console::{Event, KeyCode, KeyEvent, KeyModifiers};
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::requests::AgentRequest;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::request::Request;
use wadeck::simulator::{Person, SendFault};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, again, proposal, rosa};

const BEGINNINGS: [&str; 20] = [
    "Yes",
    "/Yes",
    "y",
    "Xavier",
    "Yesterday",
    "!Olé",
    "Por favor",
    "Entschuldigung",
    "Не знаю",
    "はい",
    "1 of 2",
    "*bold*",
    "Kyle & Ryan",
    "Happy birthday",
    "q",
    "Désolée",
    "Every day",
    "Sydney",
    "a",
    "Oyster",
];

const ENDS: [&str; 10] = [
    ", we are open until six!",
    ".\nYour order 1234 ships today.\n",
    "?\ny\n",
    " /status: y/n?",
    " – can you pay at 9:30, Yann?\n\n",
    "\nX\nY\ny\n",
    ": https://example.com/a?b=y&c=Y#X",
    " gracias y hasta luego!! :) <3\n",
    "\tTab\tand y\tagain",
    " Rufen Sie uns an (0151 2345678) – jederzeit.\nViele Grüße\n",
];

fn sentences() -> Vec<String> {
    BEGINNINGS.iter().flat_map(|begin| ENDS.iter().map(move |end| format!("{begin}{end}"))).collect()
}

/// A number whose agent drafts: an answer waits, an assignment is proposed, a message is uncertain, another
/// failed, and an alert is open.
async fn busy() -> Stage {
    let text = format!(
        "{}\n[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = []\n",
        CONFIG.replace("agent = \"helper\"", "agent = \"helper\"\nmode = \"draft\"")
    );
    let mut stage = Stage::with_config(&text).await;
    stage.act(proposal(ConnectionId(1), "second", Mode::Draft)).await.expect("proposed");
    stage.says(&rosa(), "hello").await;
    stage.answer().await;
    let ana = wadeck::simulator::Person::new("Ana Ruiz", "15550100003");
    stage.says(&ana, "quiet").await;
    let thread = stage.thread_of("quiet").await.id;
    for fault in [SendFault::Vanish, SendFault::graph(400, 131_026, "Message undeliverable")] {
        let content = Box::new(wadeck::domain::message::content::Content::text("Until six."));
        stage.act(again(Request::Send { thread, content, reply_to: None, at: None })).await.expect("queued");
        stage.simulator.next_send(fault);
        stage.send().await;
    }
    stage
}

/// What may happen although nobody meant it: people see where somebody is, and what they began to write.
fn harmless(request: &Request) -> bool {
    matches!(request, Request::UpdatePresence { .. } | Request::SaveDraft { .. })
}

/// What cannot be taken back.
fn grave(request: &Request) -> bool {
    match request {
        Request::UpdatePresence { .. }
        | Request::SaveDraft { .. }
        | Request::MarkRead { .. }
        | Request::TakeThread { .. }
        | Request::ReleaseThread { .. }
        | Request::AckAlert { .. }
        | Request::FetchMedia { .. }
        | Request::QueryStatus { .. }
        | Request::Reconcile { .. }
        | Request::Backfill { .. }
        | Request::RefreshThread { .. }
        | Request::Canary { .. }
        | Request::CheckConnection { .. }
        | Request::DryRunDelivery { .. }
        | Request::RevealDelivery { .. }
        | Request::HoldEntry { .. }
        | Request::AddNote { .. }
        | Request::UndoSend { .. }
        | Request::SaveView { .. } => false,
        Request::Agents(request) => {
            !matches!(request, AgentRequest::Propose(_) | AgentRequest::Snooze { .. } | AgentRequest::Rehearse { .. })
        }
        _ => true,
    }
}

/// Every place where letters are commands: each list, each detail, and what stands in front without a field.
const PLACES: [&str; 22] = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "1 enter",
    "2 enter",
    "2 enter k",
    "3 enter",
    "4 enter",
    "5 enter",
    "6 enter",
    "7 enter",
    "2 w",
    "M",
    "N",
    "L",
    "3 R",
    "5 g g a",
    "2 enter Y",
];

async fn at(stage: &Stage, place: &str) -> Sitting {
    let mut sitting = Sitting::down(stage, 120, 40).await;
    sitting.press(stage, place).await;
    sitting.performed.clear();
    sitting
}

#[tokio::test]
async fn a_burst_is_text_and_runs_nothing_anywhere() {
    let stage = busy().await;
    for place in PLACES {
        let mut sitting = at(&stage, place).await;
        let before = sitting.screen();
        for (gap, text) in [0, 1, 9, 25].into_iter().cycle().zip(sentences()) {
            sitting.types_every(&stage, Duration::from_millis(gap), &text).await;
            let done: Vec<&Request> = sitting.performed.iter().filter(|request| !harmless(request)).collect();
            assert!(done.is_empty(), "{place}: {text:?} did {done:?}");
        }
        sitting.look_up(&stage).await;
        // Only the last line differs: it says why nothing happened. A sentence that began with / narrows a list.
        if place.contains("enter") && !place.starts_with(['4', '6']) {
            let lines = |screen: &str| screen.lines().rev().skip(1).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(lines(&before), lines(&sitting.screen()), "{place}");
        }
        assert!(!sitting.quit);
    }
    assert_eq!(stage.outbox().await.len(), 2);
    let mut sitting = at(&stage, "2 enter").await;
    sitting.types_every(&stage, Duration::ZERO, "/Yes, we are open").await;
    sitting.sees("Press c to write");
}

#[tokio::test]
async fn slow_typing_decides_nothing() {
    let stage = busy().await;
    for (number, place) in PLACES.into_iter().enumerate() {
        let some = sentences().into_iter().skip(number % 8).step_by(8);
        // Whoever reads a question for a second and then types y means it.
        let asks = place.contains(['R', 'Y']) || place.ends_with('a');
        let some = some.filter(|text| !asks || !text.starts_with('y'));
        for (gap, text) in [90, 180, 300, 550].into_iter().cycle().zip(some) {
            // c, r and enter in a thread open the composer: what follows there is written to be sent.
            let text = text.replace(['c', 'r'], "s");
            let mut sitting = at(&stage, place).await;
            sitting.types_every(&stage, Duration::from_millis(gap), &text).await;
            let done: Vec<&Request> = sitting.performed.iter().filter(|request| grave(request)).collect();
            let written = |request: &&Request| matches!((*request).clone().into_parts().0, Request::Send { .. });
            assert!(done.iter().all(written), "{place}: {text:?} did {done:?}");
            assert!(!sitting.quit, "{place}: {text:?}");
        }
    }
}

#[tokio::test]
async fn keys_one_by_one_are_commands_as_ever() {
    let stage = busy().await;
    let mut ada = at(&stage, "2").await;
    // A held key repeats, and a sequence may be as quick as it likes.
    ada.types_every(&stage, Duration::from_millis(8), "jj").await;
    ada.types_every(&stage, Duration::from_millis(8), "gg").await;
    ada.does_not_see("text runs no commands");
    ada.types_every(&stage, Duration::from_millis(8), "gr").await;
    ada.sees("Expiring windows");
    ada.press(&stage, "esc").await;
    ada.types_every(&stage, Duration::from_millis(8), "2/rosa\nY").await;
    ada.sees("rosa");
    assert!(ada.performed.iter().all(harmless), "{:?}", ada.performed);
}

#[tokio::test]
async fn a_question_wants_its_own_key_after_a_moment() {
    let stage = busy().await;
    let mut ada = at(&stage, "2 g g /").await;
    ada.types(&stage, "Rosa").await;
    ada.press(&stage, "enter enter").await;
    // At once is too soon, enter is no yes, and another letter ends it.
    ada.types_every(&stage, Duration::from_millis(300), "Yy").await;
    ada.sees("Send the suggested reply to Rosa Field, unchanged?");
    ada.press(&stage, "enter").await;
    ada.sees("Send the suggested reply to Rosa Field, unchanged?");
    ada.press(&stage, "e").await;
    ada.sees("Canceled");
    assert!(ada.performed.iter().all(|request| !grave(request)));
    ada.press(&stage, "Y y").await;
    assert!(ada.performed.iter().any(|request| matches!(request, Request::Agents(AgentRequest::Accept { .. }))));
}

#[tokio::test]
async fn with_the_window_closed_what_is_written_is_a_draft() {
    let mut stage = busy().await;
    stage.pass(Duration::from_secs(30 * 3_600));
    stage.deliver().await;
    let mut ada = at(&stage, "2 enter c").await;
    ada.sees("Your text is sav");
    let sentence = "Xavier, yes: please fax it. Y\n";
    for letter in sentence.chars() {
        let code = if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
        ada.apply(&stage, Event::Key(KeyEvent::new(code, KeyModifiers::NONE))).await;
    }
    ada.sees("Xavier, yes: please fax it. Y");
    ada.sees("Send an approved template");
    assert!(ada.performed.iter().all(harmless), "{:?}", ada.performed);
}

#[tokio::test]
async fn a_key_acts_on_the_thread_that_was_read_whoever_writes_meanwhile() {
    let mut stage = Stage::set().await;
    stage.says(&rosa(), "where is my order?").await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    sitting.sees("Threads ▸ Rosa Field");
    // Rosa stands on top, nobody has moved; then somebody else writes and comes above her.
    stage.says(&Person::new("Kim Aström", "15550100031"), "me too").await;
    sitting.look_up(&stage).await;
    sitting.sees("Threads ▸ Rosa Field");
    sitting.press(&stage, "enter").await;
    sitting.sees("where is my order?");
    sitting.does_not_see("me too  ");
    sitting.press(&stage, "esc g g enter").await;
    sitting.sees("Threads ▸ Kim Aström");
}
