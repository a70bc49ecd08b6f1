//! The one address that a provider posts to, set over the provider's API and read back.

use wadeck::domain::ids::ConnectionId;
use wadeck::domain::numbers::connection::Check;
use wadeck::domain::numbers::number::{NumberAnswer, NumberQuery, NumberRequest};
use wadeck::domain::numbers::registration::{Registration, WebhookDraft, WebhookRequest, WebhookScope};
use wadeck::domain::numbers::setup::SetupStep;
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::Saying;

use crate::conformance::{DIRECT, WIRES, Wire, says, stage};
use crate::numbers::{ask, list};
use crate::sitting::Sitting;
use crate::stage::{Stage, rosa};

const ACCOUNT: &str = "102290129340399";
const ELSEWHERE: &str = "https://elsewhere.example/hook";

/// A number whose provider has no address on file.
async fn unset(wire: &Wire) -> Stage {
    let stage = stage(wire).await;
    stage.simulator.forget_webhooks();
    stage.simulator.clear_sender_webhooks();
    stage
}

async fn desk(stage: &Stage) -> ConnectionId {
    list(stage).await.connected[0].connection.id
}

async fn registrations(stage: &Stage) -> Vec<Registration> {
    match ask(stage, NumberQuery::Webhooks { connection: desk(stage).await }).await {
        NumberAnswer::Webhooks(list) => list,
        other => panic!("{other:?}"),
    }
}

async fn registration(stage: &Stage) -> Option<(bool, String)> {
    let list = list(stage).await;
    let proof = list.connected[0].checks.iter().find(|proof| proof.check == Check::Registration);
    proof.map(|proof| (proof.works, proof.note.clone()))
}

async fn create(stage: &Stage, project: bool, url: Option<&str>) -> Result<Done, OperationError> {
    let draft = Box::new(WebhookDraft { url: url.map(str::to_owned), ..WebhookDraft::default() });
    let connection = desk(stage).await;
    stage.act(Request::Webhook(WebhookRequest::Create { connection, project, draft })).await
}

async fn register(stage: &Stage) -> Result<Done, OperationError> {
    let connection = desk(stage).await;
    stage.act(Request::Number(NumberRequest::Register { connection })).await
}

fn ours(stage: &Stage, wire: &Wire) -> String {
    let path = if wire.number == DIRECT { "/webhook/meta" } else { "/webhook/twilio/messages" };
    format!("http://{}{path}", stage.address)
}

#[tokio::test]
async fn an_address_is_set_over_the_api_and_what_is_written_then_arrives() {
    for wire in &WIRES[1..] {
        let mut stage = unset(wire).await;
        stage.simulator.unsubscribe_app(ACCOUNT, false);
        operations::check_all(&stage.system).await.expect("checked");
        assert_eq!(registration(&stage).await, Some((false, "no URL is registered".to_owned())));
        let done = create(&stage, false, None).await.expect("it is set");
        assert!(done.message.contains(&format!("now delivers to {}.", ours(&stage, wire))), "{}", done.message);
        assert_eq!(stage.simulator.is_subscribed(ACCOUNT), wire.number == DIRECT, "it was not before");
        let told = registrations(&stage).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].url, ours(&stage, wire));
        let statuses = format!("http://{}/webhook/twilio/status", stage.address);
        assert_eq!(told[0].status_url, (wire.number != DIRECT).then_some(statuses));
        operations::check_all(&stage.system).await.expect("checked");
        let (works, note) = registration(&stage).await.expect("told");
        assert!(works && note == format!("registered: {}", ours(&stage, wire)), "{note}");
        says(&mut stage, wire, &rosa(), &Saying::text("hello")).await;
        assert_eq!(stage.messages(stage.thread().await.id).await[0].text.line(), "hello");
        // The same once more changes nothing, and says so.
        assert!(register(&stage).await.expect("still so").message.contains("there already"));
    }
}

#[tokio::test]
async fn an_address_of_somebody_else_gives_way_to_whoever_registers_the_number_and_to_nobody_else() {
    for wire in &WIRES[1..] {
        let stage = unset(wire).await;
        stage.simulator.subscribe(&format!("http://{}", stage.address));
        stage.simulator.set_sender_webhook(wire.number, ELSEWHERE);
        stage.simulator.set_webhook_override(wire.number, ELSEWHERE);
        let refused = create(&stage, false, None).await.expect_err("it is taken").to_string();
        assert!(refused.contains(&format!("posts to {ELSEWHERE}, and has one address")), "{refused}");
        assert!(registrations(&stage).await.iter().any(|one| one.url == ELSEWHERE), "it stays");
        let done = register(&stage).await.expect("it is set");
        assert!(done.message.contains(&format!("in place of {ELSEWHERE}")), "{}", done.message);
        let first = registrations(&stage).await.remove(0);
        assert_eq!(first.url, ours(&stage, wire));
        let connection = desk(&stage).await;
        let draft = Box::new(WebhookDraft { url: Some("http://plain.example/x".into()), ..WebhookDraft::default() });
        let update = WebhookRequest::Update { connection, id: first.id.clone(), draft };
        let refused = stage.act(Request::Webhook(update)).await.expect_err("not https").to_string();
        assert!(refused.contains("is not https"), "{refused}");
        let delete = WebhookRequest::Delete { connection, id: first.id.clone(), typed: first.id.clone() };
        stage.act(Request::Webhook(delete)).await.expect("deleted");
        assert!(registrations(&stage).await.iter().all(|one| one.id != first.id || one.url.is_empty()));
    }
}

#[tokio::test]
async fn a_yes_that_is_not_kept_is_no_success() {
    let stage = unset(&WIRES[2]).await;
    stage.simulator.drop_next_webhook_url();
    let refused = create(&stage, false, None).await.expect_err("nothing is on file").to_string();
    assert!(refused.contains("took the request, and has no address on file"), "{refused}");
}

#[tokio::test]
async fn an_address_that_does_not_answer_for_itself_is_not_taken() {
    let stage = unset(&WIRES[2]).await;
    let refused = create(&stage, false, Some(ELSEWHERE)).await.expect_err("nobody answers").to_string();
    assert!(refused.contains("did not get the expected response"), "{refused}");
    assert!(registrations(&stage).await.is_empty());
}

#[tokio::test]
async fn an_app_that_is_not_subscribed_is_subscribed_before_an_address_is_set() {
    for another in [false, true] {
        let stage = unset(&WIRES[2]).await;
        stage.simulator.unsubscribe_app(ACCOUNT, another);
        create(&stage, false, None).await.expect("it is set");
        assert!(stage.simulator.is_subscribed(ACCOUNT));
    }
}

#[tokio::test]
async fn an_accounts_address_serves_its_numbers_and_the_apps_own_is_left_alone() {
    let mut stage = stage(&WIRES[2]).await;
    stage.simulator.set_app_webhook(DIRECT, ELSEWHERE);
    create(&stage, true, None).await.expect("it is set");
    let told = registrations(&stage).await;
    let scopes: Vec<_> = told.iter().map(|one| (one.id.as_str(), one.scope.name(), one.fixed)).collect();
    assert_eq!(scopes, [(ACCOUNT, "project", false), ("app", "project", true)]);
    assert_eq!((told[0].url.as_str(), told[1].url.as_str()), (ours(&stage, &WIRES[2]).as_str(), ELSEWHERE));
    says(&mut stage, &WIRES[2], &rosa(), &Saying::text("hello")).await;
    assert_eq!(stage.messages(stage.thread().await.id).await[0].text.line(), "hello");
    let connection = desk(&stage).await;
    let draft = Box::new(WebhookDraft { url: Some(ours(&stage, &WIRES[2])), ..WebhookDraft::default() });
    let update = WebhookRequest::Update { connection, id: "app".into(), draft };
    let refused = stage.act(Request::Webhook(update)).await.expect_err("not over the API").to_string();
    assert!(refused.contains("set in the app's page"), "{refused}");
    let twilio = unset(&WIRES[1]).await;
    let refused = create(&twilio, true, None).await.expect_err("no project there").to_string();
    assert!(refused.contains("Leave --project out"), "{refused}");
}

#[tokio::test]
async fn a_number_that_is_served_again_has_its_address_set_again() {
    for wire in &WIRES[1..] {
        let mut stage = unset(wire).await;
        create(&stage, false, None).await.expect("it is set");
        let connection = desk(&stage).await;
        stage.act(Request::Number(NumberRequest::Unregister { connection })).await.expect("taken away");
        let setup = list(&stage).await.others[0].id;
        stage.act(Request::Number(NumberRequest::Reconnect { setup })).await.expect("wanted again");
        for _ in 0..6 {
            operations::step_setup(&stage.system).await.expect("a step");
            stage.pass(std::time::Duration::from_secs(3));
            stage.deliver().await;
        }
        let list = list(&stage).await;
        let note = list.others.iter().flat_map(|one| &one.taken).find(|taken| taken.step == SetupStep::Webhook);
        assert!(note.is_some_and(|taken| taken.note.starts_with("registered as")), "{note:?}");
        assert_eq!(registrations(&stage).await[0].url, ours(&stage, wire));
    }
}

#[tokio::test]
async fn a_shared_sandbox_has_its_address_pasted() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"sandbox\"\nprovider = \"twilio\"\n\
                phone_number = \"+14155238886\"\njoin_code = \"quiet-river\"\n";
    let stage = Stage::with_config(text).await;
    stage.simulator.add_sender("14155238886", true);
    let refused = create(&stage, false, None).await.expect_err("not over the API").to_string();
    assert!(refused.contains("Paste the address into the number's page"), "{refused}");
    assert!(list(&stage).await.connected[0].chores.iter().all(|chore| !chore.over_api));
    assert!(registrations(&stage).await.is_empty());
}

#[tokio::test]
async fn a_messaging_service_gets_the_same_address_as_its_sender() {
    let text = "organization = \"lumen\"\n[[connections]]\nname = \"desk\"\nprovider = \"twilio\"\n\
                phone_number = \"+15550100300\"\nmessaging_service = \"MG0123456789abcdef0123456789abcdef\"\n";
    let stage = Stage::with_config(text).await;
    stage.simulator.add_sender(WIRES[1].number, false);
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    operations::check_all(&stage.system).await.expect("checked");
    assert_eq!(registration(&stage).await, None, "they differ: which of them counts is not known");
    register(&stage).await.expect("it is set");
    let told = registrations(&stage).await;
    let urls: Vec<&str> = told.iter().map(|one| one.url.as_str()).collect();
    assert_eq!(urls, [ours(&stage, &WIRES[1]).as_str(); 2]);
    assert!(told.iter().all(|one| one.status_url.is_some() && one.scope == WebhookScope::Number("15550100300".into())));
    operations::check_all(&stage.system).await.expect("checked");
    let note = format!("registered: {}", ours(&stage, &WIRES[1]));
    assert_eq!(registration(&stage).await, Some((true, note)));
}

#[tokio::test]
async fn at_the_console_the_address_is_set_by_a_key() {
    for wire in &WIRES[1..] {
        let stage = unset(wire).await;
        let mut ada = Sitting::down(&stage, 120, 40).await;
        ada.press(&stage, "1").await;
        ada.sees("or press r: it is set over the provider's API");
        ada.press(&stage, "W").await;
        ada.sees("Set for this number");
        ada.does_not_see("New for the project");
        ada.press(&stage, "enter").await;
        ada.sees("empty: our public URL");
        ada.does_not_see("Events");
        ada.press(&stage, "ctrl-s").await;
        ada.sees("The provider now delivers to http://");
        assert_eq!(registrations(&stage).await[0].url, ours(&stage, wire));
    }
}
