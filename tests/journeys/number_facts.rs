//! What is known of a number beside its proofs: since when it is connected, how it comes and goes, who takes what comes
//! in, which others belong to its account, and which sends where none is named.

use std::time::Duration;

use wadeck::domain::numbers::connected::ConnectionView;
use wadeck::domain::numbers::history::{ConnectionChange, RoutingKind};
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::numbers::setup::{SetupState, SetupStep};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::time::Timestamp;
use wadeck::operations;
use wadeck::simulator::Number;

use crate::numbers::{kapso, list, number, only_setup, proved, support};
use crate::sitting::Sitting;
use crate::stage::{CONFIG, MORNING, Stage};

/// The number of support, and one more of the same account that nobody answers.
fn two(agents: &str) -> String {
    let second = "[[connections]]\nname = \"second\"\nprovider = \"kapso\"\nphone_number = \"+15550100009\"\n\
                  phone_number_id = \"106540352242929\"\nbusiness_account_id = \"102290129340398\"\n\n";
    CONFIG.replacen("[[agents]]", &format!("{second}{agents}[[agents]]"), 1)
}

fn of<'l>(list: &'l [ConnectionView], name: &str) -> &'l ConnectionView {
    list.iter().find(|row| row.connection.name == name).expect("connected")
}

async fn stage_of_two(agents: &str) -> Stage {
    let stage = Stage::with_config(&two(agents)).await;
    stage.simulator.add_number(Number {
        phone_number_id: "106540352242929".into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0009".into(),
        name: "Second".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    stage
}

#[tokio::test]
async fn a_number_that_comes_and_goes_is_known_by_it() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    let first = list(&stage).await;
    assert_eq!(first.connected[0].history.connected_at, Some(Timestamp::from_millis(MORNING)), "the file declared it");
    for _ in 0..3 {
        stage.pass(Duration::from_secs(3_600));
        let now = list(&stage).await.connected[0].connection.clone();
        let path = format!("/platform/v1/whatsapp/phone_numbers/{}", now.phone_number_id);
        let call = Request::Call { provider: kapso(), method: "delete".into(), path, body: None, connection: None };
        stage.act(call).await.expect("deleted by somebody else");
        stage.deliver().await;
        stage.set_up().await;
        let setup = only_setup(&stage).await;
        assert_eq!(setup.state, SetupState::Disconnected);
        let gone = list(&stage).await;
        assert_eq!(gone.history(&setup).and_then(|history| history.disconnected_at), Some(stage.now()));
        let mut sitting = Sitting::down(&stage, 120, 40).await;
        sitting.press(&stage, "1").await;
        sitting.sees("disconnected now (2026-06-01");
        number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("again");
        stage.set_up().await;
        stage.simulator.follow_link().expect("followed");
        stage.deliver().await;
        proved(&mut stage).await;
    }
    let back = list(&stage).await;
    let view = &back.connected[0];
    assert_eq!((view.connection.id, view.history.lost_in_7_days), (connection, 3));
    assert_eq!(view.history.changes[0].change, ConnectionChange::Connected);
    assert!(view.history.connected_at >= view.history.disconnected_at);
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    assert!(alerts.iter().any(|alert| alert.kind == "flapping" && alert.said.line().contains("3 times")), "{alerts:?}");
    let json = serde_json::to_value(view).expect("JSON");
    assert!(json["connected_at"].is_string() && json["disconnected_at"].is_string(), "{json}");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("lost 3 times in the last 7 days");
    stage.pass(Duration::from_secs(8 * 24 * 3_600));
    assert_eq!(list(&stage).await.connected[0].history.lost_in_7_days, 0);
}

#[tokio::test]
async fn who_takes_what_comes_in_and_the_numbers_of_an_account_are_shown() {
    let workflow = "[[agents]]\nname = \"flow\"\nkind = \"workflow\"\nurl = \"https://example.org/hook\"\n\n";
    let stage = stage_of_two(workflow).await;
    let now = list(&stage).await;
    assert_eq!(of(&now.connected, "support").routing, RoutingKind::Native);
    assert_eq!(of(&now.connected, "second").routing, RoutingKind::None);
    assert_eq!(now.of_account("102290129340398").count(), 2);
    let second = of(&now.connected, "second").connection.id;
    let proposal = crate::stage::proposal(second, "flow", wadeck::domain::agents::assignment::Mode::Auto);
    let made = stage.act(proposal).await.expect("proposed").created_id.expect("an id").parse().expect("an id");
    let approve = wadeck::domain::agents::requests::AgentRequest::Approve { assignment: made };
    stage.agents(approve).await.expect("approved");
    assert_eq!(of(&list(&stage).await.connected, "second").routing, RoutingKind::Workflow);

    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1 j j").await;
    sitting.sees("same account second +15550100009");
    sitting.sees("routing      native");
    sitting.press(&stage, "A").await;
    sitting.sees("account:102290129340398");
    sitting.press(&stage, "A").await;
    sitting.press(&stage, "y").await;
    assert_eq!(sitting.copied.last().map(String::as_str), Some("+15550100001"), "the number, not its id");
}

#[tokio::test]
async fn a_filter_finds_numbers_by_state_and_account() {
    let mut stage = stage_of_two("").await;
    let begin = NumberRequest::SetUp {
        name: "branch".into(),
        provider: kapso(),
        organization: None,
        environment: None,
        options: Box::default(),
    };
    number(&stage, begin).await.expect("begun");
    stage.set_up().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1 /").await;
    sitting.types(&stage, "status:pending").await;
    sitting.press(&stage, "enter").await;
    sitting.sees("branch");
    sitting.does_not_see("+15550100009");
    stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    proved(&mut stage).await;
    sitting.look_up(&stage).await;
    sitting.does_not_see("branch   +");
}

#[tokio::test]
async fn whoever_comes_back_from_a_link_has_it_looked_at_now() {
    let stage = Stage::set().await;
    let begin = NumberRequest::SetUp {
        name: "branch".into(),
        provider: kapso(),
        organization: None,
        environment: None,
        options: Box::default(),
    };
    number(&stage, begin).await.expect("begun");
    stage.set_up().await;
    // The webhook is lost; the page is asked for before the next look is due.
    stage.simulator.follow_link().expect("followed");
    stage.pass(Duration::from_secs(12));
    assert_eq!(stage.set_up().await, 0, "it is not due");
    let page = async || reqwest::get(format!("http://{}/setup/complete", stage.address)).await.expect("a page");
    assert_eq!(page().await.status(), 200);
    stage.set_up().await;
    assert!(list(&stage).await.connected.iter().any(|row| row.connection.name == "branch"), "the provider knew");

    // However often it is asked for, the provider is not.
    number(
        &stage,
        NumberRequest::SetUp {
            name: "other".into(),
            provider: kapso(),
            organization: None,
            environment: None,
            options: Box::default(),
        },
    )
    .await
    .expect("begun");
    stage.set_up().await;
    assert!(list(&stage).await.others.iter().any(|setup| setup.step == SetupStep::Used));
    for _ in 0..5 {
        page().await;
        assert_eq!(stage.set_up().await, 0, "it was looked at just now");
    }
}

#[tokio::test]
async fn the_number_that_the_environment_names_sends_where_none_is_named() {
    let mut stage = stage_of_two("").await;
    let none = operations::find_connection(&stage.system, None).await.expect_err("two, and none is named");
    assert!(none.to_string().contains("support"), "{none}");
    stage.environment.push(("KAPSO_PHONE_NUMBER_ID", "106540352242929".into()));
    stage.restart(&two("")).await;
    let usual = operations::find_connection(&stage.system, None).await.expect("named by the environment");
    assert_eq!(usual.name, "second");
    let now = list(&stage).await;
    assert!(of(&now.connected, "second").usual && !of(&now.connected, "support").usual);
}

#[tokio::test]
async fn templates_are_those_of_the_number_that_is_chosen() {
    let text = two("").replacen("102290129340398\"\n\n[[agents]]", "102290129340777\"\n\n[[agents]]", 1);
    let stage = Stage::with_config(&text).await;
    stage.simulator.add_number(Number {
        phone_number_id: "106540352242929".into(),
        business_account_id: "102290129340777".into(),
        display: "+1 555-010-0009".into(),
        name: "Second".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    stage
        .simulator
        .add_template(serde_json::json!({ "id": "1", "name": "visit", "language": "en", "category": "UTILITY",
        "status": "APPROVED", "components": [{ "type": "BODY", "text": "It is time." }] }));
    stage.act(Request::RefreshTemplates).await.expect("fetched");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "4").await;
    sitting.sees("account of   support");
    let second = of(&list(&stage).await.connected, "second").connection.id.to_string();
    sitting.press(&stage, "1 g g j").await;
    sitting.sees("+15550100009");
    sitting.press(&stage, "4 g g").await;
    sitting.sees("account of   second");
    assert!(second.starts_with('c'));
}

#[tokio::test]
async fn a_person_sets_a_number_up_by_keys_and_watches_it() {
    let mut stage = Stage::set().await;
    let mut sitting = Sitting::down(&stage, 120, 50).await;
    sitting.press(&stage, "1 n").await;
    sitting.types(&stage, "branch").await;
    sitting.press(&stage, "ctrl-s").await;
    stage.set_up().await;
    sitting.look_up(&stage).await;
    sitting.press(&stage, "g g").await;
    sitting.sees("wait until the owner has opened the link");
    sitting.sees("/whatsapp/setup/");
    sitting.sees("▀");
    let url = stage.simulator.links()[0]["url"].as_str().expect("an address").to_owned();
    let bytes = sitting.bytes();
    let begins = bytes.find(&format!(";{url}\u{1b}\\")).expect("it is a link that a terminal opens");
    assert!(
        bytes[..begins].ends_with(|c: char| c.is_ascii_hexdigit()) && bytes[begins..].contains("\u{1b}]8;;\u{1b}\\")
    );
    sitting.press(&stage, "Y").await;
    assert_eq!(sitting.copied.last().map(String::as_str), stage.simulator.links()[0]["url"].as_str());
    stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    proved(&mut stage).await;
    assert!(!sitting.rings.iter().any(|ring| ring.contains("connected")));
    sitting.look_up(&stage).await;
    sitting.sees("branch   +1555");
    sitting.sees("branch is connected: +1555");
    assert!(sitting.rings.iter().any(|ring| ring.contains("branch is connected")), "{:?}", sitting.rings);
    assert!(!sitting.bytes().contains("\u{1b}]8;id"), "there is no link to follow any more");
    // Whoever comes later is not told what stood there at the start.
    assert!(Sitting::down(&stage, 120, 50).await.rings.is_empty());
}
