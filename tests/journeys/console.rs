//! A person uses the console.

use std::time::Duration;

use wadeck::domain::access::role::Role;
use wadeck::simulator::{Person, Saying, SendFault};

use crate::sitting::Sitting;
use crate::stage::{SUPPORT, Stage, rosa};

fn quiet() -> String {
    crate::stage::CONFIG.replace("agent = \"helper\"\n", "")
}

async fn with_rosa() -> Stage {
    let mut stage = Stage::with_config(&quiet()).await;
    stage.says(&rosa(), "Are you open on Saturday?").await;
    stage
}

#[tokio::test]
async fn answering_somebody() {
    let mut stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.sees("Rosa Field");
    ada.sees("no agent is assigned");
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "Yes, until six.").await;
    ada.sees("Yes, until six.");
    ada.press(&stage, "enter").await;
    ada.sees("Queued for Rosa Field");
    ada.sees("ada · 09:00 · …Q");
    stage.send().await;
    ada.look_up(&stage).await;
    ada.sees("→A");
    stage.pass(Duration::from_secs(30));
    stage.deliver().await;
    ada.look_up(&stage).await;
    ada.sees("✓✓R");
    assert_eq!(stage.simulator.accepted()[0].text, "Yes, until six.");
}

#[tokio::test]
async fn a_failure_is_seen_with_its_remedy_and_retried_by_key() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "Yes").await;
    ada.press(&stage, "enter esc").await;
    stage.simulator.next_send(SendFault::graph(400, 131_026, "Message undeliverable"));
    stage.send().await;
    ada.look_up(&stage).await;
    ada.sees("131026 Cannot be delivered");
    ada.sees("→ Reach this person another way");
    ada.press(&stage, "R").await;
    ada.sees("again?");
    ada.press(&stage, "enter").await;
    assert_eq!(stage.send().await, 0, "enter is no yes");
    ada.press(&stage, "y").await;
    assert_eq!(stage.send().await, 1);
    assert_eq!(stage.simulator.send_requests(), 2);
}

#[tokio::test]
async fn a_draft_belongs_to_its_thread_and_survives_a_restart() {
    let mut stage = with_rosa().await;
    stage.pass(Duration::from_secs(1));
    stage.says(&Person::new("Ana Ruiz", "15550100003"), "Where is my order?").await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "It is on its way").await;
    ada.press(&stage, "esc esc j j").await;
    ada.sees("To Rosa Field");
    ada.does_not_see("It is on its way");
    let mut again = Sitting::down(&stage, 120, 40).await;
    again.press(&stage, "j").await;
    again.sees("To Ana Ruiz");
    again.sees("It is on its way");
}

#[tokio::test]
async fn a_paste_never_sends_and_never_runs_keys() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.pastes(&stage, "q\ny\n").await;
    ada.sees("Pasted text runs no commands");
    assert!(!ada.quit);
    ada.press(&stage, "enter c").await;
    ada.pastes(&stage, "one\ntwo\u{1b}[2J").await;
    ada.sees("one");
    ada.sees("two[2J");
    assert!(stage.outbox().await.is_empty());
    ada.press(&stage, "enter").await;
    assert!(stage.outbox().await.is_empty(), "in a text of several lines enter begins a new line");
    ada.press(&stage, "ctrl-s").await;
    assert_eq!(stage.outbox().await.len(), 1);
}

#[tokio::test]
async fn outside_the_window_the_composer_says_so_and_keeps_the_draft() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "late").await;
    stage.pass(Duration::from_secs(25 * 3_600));
    ada.look_up(&stage).await;
    ada.sees("window closed 1h00 ago");
    ada.press(&stage, "enter").await;
    ada.sees("Send an approved template");
    ada.sees("late");
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test]
async fn nothing_moves_under_the_cursor() {
    let mut stage = Stage::with_config(&quiet()).await;
    for number in 1..=9 {
        stage.says(&Person::new(&format!("Person {number}"), &format!("1555010010{number}")), "hi").await;
        stage.pass(Duration::from_secs(2));
    }
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.press(&stage, "j j j").await;
    let row = |ada: &Sitting| ada.screen().lines().position(|line| line.contains("Person 7")).expect("on the screen");
    let before = row(&ada);
    ada.sees("Person 7");
    for number in 20..23 {
        stage.says(&Person::new(&format!("Newcomer {number}"), &format!("155501002{number}")), "hello").await;
        stage.pass(Duration::from_secs(2));
        ada.look_up(&stage).await;
    }
    assert_eq!(row(&ada), before);
    ada.sees("3 above");
    ada.press(&stage, "g g").await;
    ada.sees("Newcomer 22");
}

#[tokio::test]
async fn everything_is_found_from_help_and_palette() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "?").await;
    ada.sees("Commands");
    ada.sees("Takes the thread");
    ada.press(&stage, "esc :").await;
    ada.types(&stage, "templ").await;
    ada.press(&stage, "enter").await;
    ada.sees("▾ 4 Templates");
    ada.press(&stage, "2 /").await;
    ada.types(&stage, "nobody").await;
    ada.look_up(&stage).await;
    ada.sees("No matches for \"nobody\"");
    ada.press(&stage, "esc").await;
    ada.sees("Rosa Field");
}

#[tokio::test]
async fn what_may_arrive_twice_asks_first_in_these_words() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "Yes").await;
    ada.press(&stage, "enter").await;
    stage.simulator.next_send(SendFault::Vanish);
    stage.send().await;
    ada.press(&stage, "esc 3").await;
    ada.sees("? uncertain");
    ada.press(&stage, "R").await;
    ada.sees("If it did arrive");
    ada.press(&stage, "n S y").await;
    ada.sees("as arrived, in your name");
}

#[tokio::test]
async fn an_admin_approves_by_key_and_a_viewer_is_told_why_not() {
    let text = format!("{}\n[[agents]]\nname = \"second\"\nkind = \"scripted\"\nrules = []\n", quiet());
    let stage = Stage::with_config(&text).await;
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let mode = wadeck::domain::agents::assignment::Mode::Draft;
    let propose = crate::stage::proposal(connection, "second", mode);
    stage.act(propose).await.expect("proposed");
    let mut vic = Sitting::with(&stage, 80, 24, Role::Viewer, crate::sitting::THEME).await;
    vic.press(&stage, "5 a").await;
    vic.sees("needs the role admin");
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.press(&stage, "5").await;
    ada.sees("second proposed for support");
    ada.press(&stage, "a").await;
    ada.sees("Approve: second answers support (draft) from now on?");
    ada.press(&stage, "y").await;
    ada.sees("second answers support");
}

#[tokio::test]
async fn keys_that_follow_at_once_find_the_pane_filled() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    // Without waiting for what the panes ask anew.
    for letter in ['5', 'j'] {
        ada.only_press(letter);
    }
    ada.sees("helper");
    ada.does_not_see("Loading");
}

#[tokio::test]
async fn leaving_asks_and_keeps_what_was_written() {
    let stage = with_rosa().await;
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.press(&stage, "enter c").await;
    ada.types(&stage, "half a sent").await;
    ada.press(&stage, "ctrl-c").await;
    assert!(!ada.quit);
    ada.sees("ctrl-c again");
    ada.press(&stage, "ctrl-c").await;
    assert!(ada.quit);
    let mut again = Sitting::down(&stage, 120, 40).await;
    again.look_up(&stage).await;
    again.sees("half a sent");
}

#[tokio::test]
async fn hostile_text_never_reaches_the_screen() {
    let mut stage = Stage::with_config(&quiet()).await;
    for (number, payload) in HOSTILE.iter().enumerate() {
        let person = Person::new(payload, &format!("155501001{number:02}"));
        stage.simulator.says(SUPPORT, &person, &Saying::text(payload));
        stage.simulator.says(SUPPORT, &person, &Saying::Document { file_name: (*payload).to_owned() });
        stage.simulator.says(
            SUPPORT,
            &person,
            &Saying::Reaction { to: "wamid.X".into(), emoji: Some((*payload).into()) },
        );
        stage.pass(Duration::from_secs(1));
    }
    stage.deliver().await;
    let mut ada = Sitting::down(&stage, 120, 40).await;
    for keys in ["j", "enter", "k", "r", "esc esc", "3", "7", "j enter", "esc G enter", "L", "esc 1 enter", "esc ?"] {
        ada.press(&stage, keys).await;
        for cell in ada.buffer().content() {
            let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!cell.symbol().chars().any(steers), "{keys}: {:?}", cell.symbol());
        }
    }
}

const HOSTILE: [&str; 10] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{9b}31mred",
    "a\u{8}\u{8}\u{8}b\r\nc\td",
    "\u{202e}gnp.exe",
    "\u{2066}isolated\u{2069}",
    "\u{1b}P+q\u{1b}\\",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}",
    "\u{1b}]8;;http://evil\u{7}link\u{1b}]8;;\u{7}",
];

#[tokio::test]
async fn every_size_is_drawn_without_a_panic() {
    let mut stage = with_rosa().await;
    stage.says(&Person::new("日本語 テキスト", "15550100040"), "👩‍👩‍👧 मीरा शर्मा ❤️ long long long text").await;
    let mut ada = Sitting::down(&stage, 80, 24).await;
    for keys in ["2", "enter", "c", "esc", "?", "esc", "3", "4", "5", "6", "7", "1", "enter", ":"] {
        ada.press(&stage, keys).await;
        for (columns, rows) in [
            (1, 1),
            (2, 3),
            (10, 4),
            (39, 9),
            (40, 10),
            (40, 12),
            (80, 24),
            (99, 30),
            (100, 16),
            (120, 40),
            (200, 60),
            (500, 200),
        ] {
            ada.resizes(&stage, columns, rows).await;
            ada.buffer();
        }
        ada.resizes(&stage, 80, 24).await;
    }
}

#[tokio::test]
async fn idle_it_wants_to_be_woken_once_a_minute() {
    let stage = with_rosa().await;
    let ada = Sitting::down(&stage, 80, 24).await;
    assert_eq!(ada.next_tick().since(stage.now()), Duration::from_secs(60));
}

#[tokio::test]
async fn the_end_of_a_long_thread_stands_as_it_does_when_all_of_it_is_gone_through() {
    let mut stage = with_rosa().await;
    for number in 0..40 {
        stage.pass(Duration::from_secs(3_600));
        let words = if number % 7 == 0 { "word ".repeat(60) } else { format!("number {number}") };
        stage.says(&rosa(), &words).await;
    }
    let mut ada = Sitting::down(&stage, 80, 24).await;
    ada.press(&stage, "enter").await;
    let plain = |screen: String| -> Vec<String> {
        let lines = screen.lines().skip(2).take(18).map(|line| line.replace('▌', " ").trim_end().to_owned());
        lines.collect()
    };
    let end = plain(ada.screen());
    assert!(end.iter().any(|line| line.contains("number 39")), "{end:#?}");
    // Whoever steps up to the newest goes through all of it.
    ada.press(&stage, "k").await;
    assert_eq!(plain(ada.screen()), end);
}
