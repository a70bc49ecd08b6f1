//! Pictures of every pane in its states, at 80×24 and 120×40; and of the smallest screen, of plain
//! characters, and of nothing at all.

use std::time::Duration;

use wadeck::console::Theme;
use wadeck::domain::access::role::Role;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::operations;
use wadeck::simulator::{Person, Saying, SendFault};

use crate::sitting::{Sitting, THEME};
use crate::stage::{SUPPORT, Stage, again, rosa};

/// A morning at work: people wait, an agent failed, a message is uncertain, one is held, one failed.
async fn a_morning() -> Stage {
    let mut stage = Stage::with_config(&format!(
        "{}\n[[agents]]\nname = \"night\"\nkind = \"scripted\"\nrules = []\n",
        crate::stage::CONFIG
    ))
    .await;
    let template = |name: &str, status: &str, reason: &str| {
        serde_json::json!({ "id": name, "name": name, "language": "en", "category": "UTILITY", "status": status,
            "rejected_reason": reason, "components": [
                { "type": "HEADER", "format": "TEXT", "text": "Your visit" },
                { "type": "BODY", "text": "Hello {{1}}, see you on {{2}}." },
                { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Change it" }] } ] })
    };
    stage.simulator.add_template(template("reminder", "APPROVED", "NONE"));
    stage.simulator.add_template(template("spring_offer", "PENDING", "NONE"));
    stage.simulator.add_template(template("overdue", "REJECTED", "INVALID_FORMAT"));
    operations::refresh_templates(&stage.system).await.expect("fetched");
    operations::check_all(&stage.system).await.expect("checked");
    let connection = stage.system.store().connections().await.expect("listed")[0].id;
    let mode = wadeck::domain::agents::assignment::Mode::Auto;
    let proposal = crate::stage::proposal(connection, "night", mode);
    stage.act(proposal).await.expect("proposed");

    let quoted = stage.says(&rosa(), "Hi! Are you open on Saturday?").await;
    stage.answer().await;
    stage.pass(Duration::from_secs(40));
    stage.deliver().await;
    let reaction = Saying::Reaction { to: stage.simulator.accepted()[0].id.clone(), emoji: Some("👍".into()) };
    stage.simulator.says(SUPPORT, &rosa(), &reaction);
    stage.simulator.says(SUPPORT, &rosa(), &Saying::Reply { text: "And on Sunday?".into(), to: quoted });
    stage.deliver().await;
    stage.pass(Duration::from_secs(5));
    stage.run_agents().await;
    stage.simulator.next_send(SendFault::Vanish);
    stage.send().await;

    stage.says(&Person::new("Lena Fischer", "15550100003"), "price?").await;
    stage.answer().await;
    stage.simulator.says(
        SUPPORT,
        &Person::new("田中 由紀", "15550100004"),
        &Saying::Voice { transcript: Some("もしもし".into()) },
    );
    stage.deliver().await;
    let reminder = || Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("+15550100005").expect("a number"),
        name: "reminder".into(),
        language: "en".into(),
        parameters: vec![("1".into(), "Sofia".into()), ("2".into(), "Friday".into())],
        header: None,
        at: None,
    };
    stage.act(reminder()).await.expect("queued");
    stage.act(again(reminder())).await.expect("queued");
    stage.send().await;
    stage.simulator.post_raw("whatsapp.message.received", &serde_json::json!({ "message": {} }));
    stage.deliver().await;
    stage
}

macro_rules! picture {
    ($sitting:expr, $name:expr) => {
        insta::assert_snapshot!($name, without_codes(&without_ports(&$sitting.screen())));
    };
}

async fn pictures_at(columns: u16, rows: u16) {
    let stage = a_morning().await;
    let size = format!("{columns}x{rows}");
    let mut ada = Sitting::down(&stage, columns, rows).await;
    ada.press(&stage, "j").await;
    for (keys, name) in [
        ("k", "threads"),
        ("esc", "threads_following"),
        ("1", "connections"),
        ("enter", "connection"),
        ("esc 3", "delivery"),
        ("enter", "entry"),
        ("ctrl-d", "entry_scrolled"),
        ("esc 4", "templates"),
        ("j j j enter", "template_rejected"),
        ("esc 5", "agents"),
        ("enter", "proposal"),
        ("esc 6", "activity"),
        ("enter", "alert"),
        ("esc G enter", "audit"),
        ("esc 2 /", "filter"),
        ("esc ?", "help"),
        ("esc :", "palette"),
        ("esc q", "quitting"),
        ("n", "quiet_again"),
    ] {
        ada.press(&stage, keys).await;
        picture!(ada, format!("{name}_{size}"));
    }
    ada.press(&stage, "/").await;
    ada.types(&stage, "rosa").await;
    ada.press(&stage, "enter enter").await;
    picture!(ada, format!("thread_{size}"));
    ada.press(&stage, "k k").await;
    picture!(ada, format!("thread_cursor_{size}"));
    ada.press(&stage, "i").await;
    picture!(ada, format!("message_{size}"));
    ada.press(&stage, "esc r").await;
    ada.types(
        &stage,
        "On Sundays we are closed. 日本語 👩‍👩‍👧 Have a good one, and a long line that has to be wrapped somewhere.",
    )
    .await;
    ada.press(&stage, "alt-enter").await;
    ada.types(&stage, "Lumen").await;
    picture!(ada, format!("writing_{size}"));
}

#[tokio::test]
async fn every_pane_at_80_by_24() {
    pictures_at(80, 24).await;
}

#[tokio::test]
async fn every_pane_at_120_by_40() {
    pictures_at(120, 40).await;
}

#[tokio::test]
async fn other_sizes_and_plain_characters() {
    let stage = a_morning().await;
    for (columns, rows) in [(40, 12), (39, 9), (200, 60)] {
        let ada = Sitting::down(&stage, columns, rows).await;
        picture!(ada, format!("threads_{columns}x{rows}"));
    }
    let plain = Theme { colour: false, ascii: true };
    let mut ada = Sitting::with(&stage, 80, 24, Role::Admin, plain).await;
    picture!(ada, "threads_plain_80x24");
    ada.press(&stage, "enter").await;
    picture!(ada, "thread_plain_80x24");
    let framed = ada.screen();
    assert!(framed.is_ascii() || framed.contains("田中"), "plain characters only, but for what people write");
    assert!(ada.buffer().content().iter().all(|cell| cell.fg == ratatui::style::Color::Reset), "no colour at all");
}

#[tokio::test]
async fn nothing_yet() {
    let stage = Stage::with_config("organization = \"lumen\"\n").await;
    let mut ada = Sitting::with(&stage, 80, 24, Role::Admin, THEME).await;
    for (key, name) in [
        ("2", "threads"),
        ("1", "connections"),
        ("3", "delivery"),
        ("4", "templates"),
        ("5", "agents"),
        ("6", "flows"),
        ("7", "activity"),
    ] {
        ada.press(&stage, key).await;
        picture!(ada, format!("nothing_{name}_80x24"));
    }
}

/// The port is another one each time.
fn without_ports(screen: &str) -> String {
    let mut out = String::new();
    let mut rest = screen;
    while let Some(at) = rest.find("127.0.0.1:") {
        let end = at + "127.0.0.1:".len();
        out.push_str(&rest[..end]);
        let digits = rest[end..].chars().take_while(char::is_ascii_digit).count();
        out.push_str(&"#".repeat(digits));
        rest = &rest[end + digits..];
    }
    out + rest
}

/// The same picture with a QR code's own points taken out: they hold the port too. Its frame stays.
fn without_codes(picture: &str) -> String {
    const WIDTH: usize = 37;
    let is_point = |c: &char| matches!(c, '█' | '▀' | '▄' | ' ');
    let masked = |line: &str| {
        let mut chars: Vec<char> = line.chars().collect();
        let starts = (0..chars.len().saturating_sub(WIDTH - 1)).find(|&at| {
            let run = &chars[at..at + WIDTH];
            run.starts_with(&['█', '█']) && run.ends_with(&['█', '█']) && run.iter().all(is_point)
        });
        if let Some(at) = starts {
            chars[at + 2..at + WIDTH - 2].fill('▒');
        }
        chars.into_iter().collect::<String>()
    };
    picture.lines().map(masked).collect::<Vec<_>>().join("\n")
}

/// What is asked of the provider, in front of and beside the lists.
#[tokio::test]
async fn numbers_webhooks_templates_and_flows() {
    use wadeck::domain::flow::FlowRequest;
    use wadeck::domain::numbers::number::NumberRequest;
    use wadeck::domain::templates::starter;
    for (columns, rows) in [(80, 24), (120, 40)] {
        let stage = Stage::set().await;
        stage.simulator.add_template(
            serde_json::json!({ "id": "1", "name": "reminder", "language": "en_US", "category": "UTILITY",
            "status": "APPROVED", "quality_score": { "score": "GREEN" },
            "components": [{ "type": "BODY", "text": "Hello {{1}}, see you tomorrow." }] }),
        );
        wadeck::operations::refresh_templates(&stage.system).await.expect("fetched");
        let provider = wadeck::domain::numbers::connection::ProviderName::new("kapso");
        let begin = NumberRequest::SetUp {
            name: "branch".into(),
            provider,
            organization: None,
            environment: None,
            options: Box::default(),
        };
        stage.act(Request::Number(begin)).await.expect("begun");
        stage.set_up().await;
        let connection = {
            let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("connections") };
            list.connected[0].connection.id
        };
        let json = starter::flow("booking").expect("a starter").text.to_owned();
        stage
            .act(Request::Flow(FlowRequest::Create { connection, name: "booking".into(), json, accepted: None }))
            .await
            .expect("made");
        let named = |name: &str| format!("platform_{name}_{columns}x{rows}");
        let mut ada = Sitting::down(&stage, columns, rows).await;
        ada.press(&stage, "1 enter").await;
        picture!(ada, named("setup"));
        ada.press(&stage, "esc j W").await;
        picture!(ada, named("webhooks"));
        ada.press(&stage, "esc H").await;
        picture!(ada, named("health"));
        ada.press(&stage, "esc n").await;
        picture!(ada, named("set_up_form"));
        ada.press(&stage, "esc 4 enter").await;
        picture!(ada, named("template"));
        ada.editor = Some(
            "name: Reminder Two\nlanguage: en_US\ncategory: utility\nbody:\nHello {{name}}, see you tomorrow.".into(),
        );
        ada.press(&stage, "esc n enter").await;
        picture!(ada, named("findings"));
        ada.press(&stage, "esc 6 enter").await;
        picture!(ada, named("flow"));
        ada.press(&stage, "esc e").await;
        picture!(ada, named("endpoint"));
    }
}
