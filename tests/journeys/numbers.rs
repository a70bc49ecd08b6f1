//! Numbers: set up from nothing, adopted, described, given back and connected again; and several
//! organizations and environments in one console.

use std::time::Duration;

use serde_json::json;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::numbers::connected::ConnectionList;
use wadeck::domain::numbers::connection::{Check, Environment, ProviderName};
use wadeck::domain::numbers::number::{NumberAnswer, NumberQuery, NumberRequest, Profile};
use wadeck::domain::numbers::number_kind::NumberKind;
use wadeck::domain::numbers::setup::{Setup, SetupOptions, SetupState, SetupStep};
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::refusal::Done;
use wadeck::domain::request::Request;
use wadeck::operations::{self, OperationError};
use wadeck::simulator::{Number, Saying};

use crate::sitting::Sitting;
use crate::stage::{CONFIG, SUPPORT, Stage, rosa};

pub(crate) fn kapso() -> ProviderName {
    ProviderName::new("kapso")
}

pub(crate) async fn list(stage: &Stage) -> ConnectionList {
    match stage.ask(Query::Connections).await {
        Answer::Connections(list) => list,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn support(stage: &Stage) -> ConnectionId {
    let list = list(stage).await;
    list.connected.iter().find(|one| one.connection.name == "support").expect("support").connection.id
}

pub(crate) async fn ask(stage: &Stage, query: NumberQuery) -> NumberAnswer {
    match stage.ask(Query::Number(query)).await {
        Answer::Number(told) => {
            assert_eq!(told.fetched_at, stage.now(), "it is asked now");
            told.value
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn number(stage: &Stage, request: NumberRequest) -> Result<Done, OperationError> {
    stage.act(Request::Number(request)).await
}

fn set_up(name: &str) -> NumberRequest {
    NumberRequest::SetUp {
        name: name.into(),
        provider: kapso(),
        organization: None,
        environment: None,
        options: Box::default(),
    }
}

pub(crate) async fn only_setup(stage: &Stage) -> Setup {
    let mut others = list(stage).await.others;
    assert_eq!(others.len(), 1, "{others:?}");
    others.remove(0)
}

/// The last steps: the webhook is registered, and its test comes back.
pub(crate) async fn proved(stage: &mut Stage) {
    stage.set_up().await;
    stage.deliver().await;
    stage.pass(Duration::from_secs(3));
    stage.set_up().await;
}

#[tokio::test]
async fn a_number_is_set_up_from_nothing_and_works() {
    let mut stage = Stage::set().await;
    stage.simulator.forget_webhooks();
    let options = SetupOptions {
        provision: true,
        countries: vec!["US".into()],
        area_code: Some("415".into()),
        connection_types: vec!["dedicated".into()],
        language: Some("es".into()),
        theme: [("primary_color".to_owned(), "#0f766e".to_owned())].into(),
        ..SetupOptions::default()
    };
    let begin = NumberRequest::SetUp {
        name: "branch".into(),
        provider: kapso(),
        organization: None,
        environment: Some(Environment::Production),
        options: Box::new(options),
    };
    number(&stage, begin).await.expect("begun");
    assert_eq!(stage.set_up().await, 4, "integration, customer, link, and a look whether it was followed");
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.step), (SetupState::Waiting, SetupStep::Used));
    assert_eq!(setup.state.connection_state(), "pending_setup");
    let link = &stage.simulator.links()[0];
    assert_eq!(setup.link.as_ref().expect("a link").url, link["url"].as_str().expect("an address"));
    for (field, value) in [
        ("provision_phone_number", json!(true)),
        ("phone_number_country_isos", json!(["US"])),
        ("phone_number_area_code", json!("415")),
        ("allowed_connection_types", json!(["dedicated"])),
        ("language", json!("es")),
        ("theme_config", json!({ "primary_color": "#0f766e" })),
        ("success_redirect_url", json!(format!("http://{}/setup/complete", stage.address))),
    ] {
        assert_eq!(link[field], value, "{field}");
    }
    assert_eq!(stage.simulator.customers()[0]["external_customer_id"], "wadeck:lumen:production:branch");

    let id = stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    assert_eq!(only_setup(&stage).await.step, SetupStep::Number, "the webhook moved it on");
    proved(&mut stage).await;
    let list = list(&stage).await;
    assert!(list.others.is_empty(), "{:?}", list.others);
    let branch = list.connected.iter().find(|one| one.connection.name == "branch").expect("connected");
    assert_eq!(branch.connection.phone_number_id, id);
    assert_eq!(branch.connection.environment, Environment::Production);
    assert!(branch.connection.customer_id.is_some());
    assert!(branch.checks.iter().any(|proof| proof.check == Check::Public && proof.works), "{:?}", branch.checks);
    // What is written to it now comes here, through the webhook that was registered.
    stage.simulator.says(&id, &rosa(), &Saying::text("hello branch"));
    stage.deliver().await;
    assert_eq!(stage.thread().await.connection, "branch");
    let events = &stage
        .simulator
        .webhooks()
        .into_iter()
        .find(|one| one["phone_number_id"] == id.as_str())
        .expect("one")["events"];
    assert_eq!(events.as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn a_walk_goes_on_after_a_crash_and_does_nothing_twice() {
    let stage = Stage::set().await;
    // The customer was made, and then the program died before it could write that down.
    stage.simulator.next_call("POST /customers", 502, json!("gateway"));
    number(&stage, set_up("branch")).await.expect("begun");
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.step), (SetupState::Failed, SetupStep::Customer));
    assert!(setup.trouble.as_deref().expect("why").contains("Provider error"), "{setup:?}");
    for _ in 0..3 {
        number(&stage, NumberRequest::Resume { setup: setup.id }).await.expect("again");
        stage.set_up().await;
    }
    assert_eq!(stage.simulator.customers().len(), 1);
    assert_eq!(only_setup(&stage).await.step, SetupStep::Used);
    let project = |one: &serde_json::Value| one["phone_number_id"].is_null();
    assert_eq!(stage.simulator.webhooks().iter().filter(|one| project(one)).count(), 1, "the project has one webhook");
}

#[tokio::test]
async fn a_link_that_nobody_followed_says_so_and_a_new_one_is_made() {
    let stage = Stage::set().await;
    number(&stage, set_up("branch")).await.expect("begun");
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    let path = format!(
        "/platform/v1/customers/{}/setup_links/{}",
        setup.customer_id.clone().expect("a customer"),
        setup.link.as_ref().expect("a link").id
    );
    let call = |method: &str, path: &str, body: Option<&str>| Request::Call {
        provider: kapso(),
        method: method.into(),
        path: path.into(),
        body: body.map(str::to_owned),
        connection: None,
    };
    stage.act(call("PATCH", &path, Some(r#"{"setup_link":{"status":"expired"}}"#))).await.expect("expired");
    stage.pass(Duration::from_secs(61));
    stage.set_up().await;
    let failed = only_setup(&stage).await;
    assert_eq!(failed.state, SetupState::Failed);
    assert!(failed.trouble.as_deref().expect("why").contains("expired"), "{failed:?}");
    number(&stage, NumberRequest::NewLink { setup: setup.id }).await.expect("a new one");
    stage.set_up().await;
    assert_eq!(stage.simulator.links().len(), 2);
    assert_ne!(only_setup(&stage).await.link, setup.link);
    // The webhook is lost, but the provider's list has the number.
    stage.simulator.follow_link().expect("followed");
    stage.pass(Duration::from_secs(61));
    stage.set_up().await;
    assert!(list(&stage).await.connected.iter().any(|one| one.connection.name == "branch"));
}

#[tokio::test]
async fn a_setup_that_is_given_up_revokes_its_link() {
    let stage = Stage::set().await;
    number(&stage, set_up("branch")).await.expect("begun");
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    number(&stage, NumberRequest::Cancel { setup: setup.id }).await.expect("given up");
    assert_eq!(stage.simulator.links()[0]["status"], "revoked");
    assert!(list(&stage).await.others.is_empty());
    assert!(number(&stage, NumberRequest::Resume { setup: setup.id }).await.is_err());
    number(&stage, set_up("branch")).await.expect("the name is free again");
}

#[tokio::test]
async fn a_test_that_does_not_come_back_fails_the_last_step_and_not_the_number() {
    let mut stage = Stage::set().await;
    number(&stage, set_up("branch")).await.expect("begun");
    stage.set_up().await;
    stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    stage.set_up().await;
    // The test is on its way, and never arrives.
    stage.pass(Duration::from_secs(62));
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.step), (SetupState::Failed, SetupStep::Verified));
    assert!(setup.trouble.as_deref().expect("why").contains("60 s"), "{setup:?}");
    number(&stage, NumberRequest::Resume { setup: setup.id }).await.expect("again");
    proved(&mut stage).await;
    assert!(list(&stage).await.others.is_empty(), "{:?}", list(&stage).await.others);
}

#[tokio::test]
async fn numbers_that_exist_are_listed_and_adopted_with_their_kind() {
    let mut stage = Stage::set().await;
    stage.simulator.add_number(Number {
        phone_number_id: "106540352242999".into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0077".into(),
        name: "Sandbox".into(),
        kind: "sandbox".into(),
        customer: None,
        direct: false,
    });
    let NumberAnswer::List(numbers) = ask(&stage, NumberQuery::List { provider: kapso() }).await else {
        panic!("a list")
    };
    let of = |id: &str| numbers.iter().find(|one| one.phone_number_id == id).expect("listed");
    assert_eq!(of(SUPPORT).connection.as_ref().expect("ours").1, "support");
    assert_eq!((of("106540352242999").kind, of("106540352242999").connection.clone()), (NumberKind::Sandbox, None));
    let adopt = |name: &str, id: &str| NumberRequest::Adopt {
        name: name.into(),
        provider: kapso(),
        phone_number_id: id.into(),
        organization: None,
        environment: None,
    };
    number(&stage, adopt("trial", "106540352242999")).await.expect("begun");
    proved(&mut stage).await;
    let list = list(&stage).await;
    assert!(list.others.is_empty(), "{:?}", list.others);
    let trial = list.connected.iter().find(|one| one.connection.name == "trial").expect("connected");
    assert_eq!(trial.connection.kind.mark(), Some("SANDBOX"));
    let again = number(&stage, adopt("again", SUPPORT)).await.expect_err("it is connected");
    assert!(again.to_string().contains("already connected, or being set up, as support"), "{again}");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1").await;
    sitting.sees("SANDBOX");
}

#[tokio::test]
async fn a_number_is_given_back_by_its_typed_number_and_connected_again_for_the_same_customer() {
    let mut stage = Stage::set().await;
    number(&stage, set_up("branch")).await.expect("begun");
    stage.set_up().await;
    let id = stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    proved(&mut stage).await;
    stage.simulator.says(&id, &rosa(), &Saying::text("hello"));
    stage.deliver().await;
    let thread = stage.thread().await;
    let connection = thread.connection_id;
    let wrong = NumberRequest::Disconnect { connection, typed: "+15550100001".into() };
    assert!(number(&stage, wrong).await.expect_err("another number").to_string().contains("typing"));
    let operator = Actor::Operator { name: "noor".into(), role: Role::Operator };
    let typed = list(&stage)
        .await
        .connected
        .iter()
        .find(|one| one.connection.id == connection)
        .expect("it")
        .connection
        .phone_number
        .to_string();
    let right = NumberRequest::Disconnect { connection, typed };
    let refused = operations::perform(&stage.system, &operator, Request::Number(right.clone())).await;
    assert!(refused.expect_err("an operator").to_string().contains("admin"));
    number(&stage, right).await.expect("given back");
    stage.deliver().await;
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.link.clone()), (SetupState::Disconnected, None));
    assert!(setup.customer_id.is_some(), "the customer record stays");
    assert!(!stage.simulator.webhooks().iter().any(|one| one["phone_number_id"] == id.as_str()));
    // What was said is still there; nothing can be sent over it.
    assert_eq!(stage.messages(thread.id).await.len(), 1);
    let content = Box::new(wadeck::domain::message::content::Content::text("too late"));
    let sent = stage.act(Request::Send { thread: thread.id, content, reply_to: None, at: None }).await;
    stage.send().await;
    assert!(sent.is_err() || stage.outbox().await[0].state.name() == "failed", "{sent:?}");
    stage.pass(Duration::from_secs(7_200));
    number(&stage, NumberRequest::Reconnect { setup: setup.id }).await.expect("a new link");
    assert_eq!(only_setup(&stage).await.taken, [], "no step is shown as done before it is");
    stage.set_up().await;
    assert_eq!(stage.simulator.customers().len(), 1, "the same customer");
    stage.simulator.follow_link().expect("followed");
    stage.deliver().await;
    proved(&mut stage).await;
    let back = list(&stage).await;
    assert!(back.others.is_empty(), "the test of this walk counts, not the one of hours ago: {:?}", back.others);
    let branch = back.connected.iter().find(|one| one.connection.name == "branch").expect("back");
    assert_eq!(branch.connection.id, connection, "its threads are its own again");
}

#[tokio::test]
async fn registering_tells_what_was_done_and_what_is_still_to_be_seen() {
    let mut stage = Stage::set().await;
    let connection = support(&stage).await;
    stage.simulator.forget_webhooks();
    let base = stage.system.public_url().expect("an address");
    stage.system.forget_public_url();
    assert!(number(&stage, NumberRequest::Register { connection }).await.is_err(), "there is nothing to register");
    assert!(stage.simulator.webhooks().is_empty());
    stage.system.set_public_url(base);

    let said = number(&stage, NumberRequest::Register { connection }).await.expect("registered").message;
    assert!(
        stage.simulator.webhooks().iter().any(|one| one["phone_number_id"] == SUPPORT),
        "it was done before it was told"
    );
    assert!(said.contains("registered as") && said.contains("Not verified yet") && !said.contains("proved"), "{said}");
    let setup = only_setup(&stage).await;
    assert_eq!((setup.state, setup.step), (SetupState::Running, SetupStep::Verified));
    assert!(setup.taken.iter().any(|taken| taken.step == SetupStep::Webhook && taken.works));
    proved(&mut stage).await;
    assert!(list(&stage).await.others.iter().all(|setup| setup.state == SetupState::Done), "it came back");

    let said = number(&stage, NumberRequest::Register { connection }).await.expect("again").message;
    assert!(said.contains("is there already, and active"), "{said}");
    assert_eq!(stage.simulator.webhooks().iter().filter(|one| one["phone_number_id"] == SUPPORT).count(), 1);
}

#[tokio::test]
async fn a_number_that_goes_or_comes_at_the_provider_is_noticed() {
    let mut stage = Stage::set().await;
    let gone = Request::Call {
        provider: kapso(),
        method: "delete".into(),
        path: format!("/platform/v1/whatsapp/phone_numbers/{SUPPORT}"),
        body: None,
        connection: None,
    };
    stage.act(gone).await.expect("deleted by somebody else");
    stage.deliver().await;
    stage.set_up().await;
    let setup = only_setup(&stage).await;
    assert_eq!((setup.name.as_str(), setup.state), ("support", SetupState::Disconnected));
    stage.simulator.post_raw(
        "whatsapp.phone_number.created",
        &json!({ "phone_number_id": "777", "project": { "id": "x" }, "customer": { "id": "stranger" } }),
    );
    stage.deliver().await;
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 10 }).await else { panic!("alerts") };
    let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind.as_str()).collect();
    assert!(kinds.contains(&"disconnected") && kinds.contains(&"number_unclaimed"), "{kinds:?}");
}

#[tokio::test]
async fn health_names_who_is_at_fault_and_what_mends_it() {
    let stage = Stage::set().await;
    let sample = std::fs::read_to_string("tests/fixtures/kapso/2-6-health-01.json").expect("a sample");
    stage.simulator.set_health(SUPPORT, serde_json::from_str(&sample).expect("json"));
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1 H").await;
    for words in [
        "degraded, as reported by the provider at",
        "141006 There is an error with the payment method.",
        "Add a payment method.",
        "webhook verified",
    ] {
        sitting.sees(words);
    }
}

#[tokio::test]
async fn a_profile_is_shown_and_changed_within_its_limits() {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let NumberAnswer::Profile(profile) = ask(&stage, NumberQuery::Profile { connection }).await else {
        panic!("a profile")
    };
    assert_eq!(profile.vertical, "HEALTH");
    let long = Profile { about: "x".repeat(140).into(), ..*profile.clone() };
    number(&stage, NumberRequest::SaveProfile { connection, profile: Box::new(long) }).await.expect_err("too long");
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1 P").await;
    sitting.sees("Dental care, Monday to Saturday");
    sitting.press(&stage, "ctrl-u").await;
    sitting.types(&stage, "Open on Sundays, too").await;
    sitting.press(&stage, "ctrl-s").await;
    let NumberAnswer::Profile(profile) = ask(&stage, NumberQuery::Profile { connection }).await else {
        panic!("a profile")
    };
    assert_eq!(profile.about.as_received(), "Open on Sundays, too");
}

#[tokio::test]
async fn development_and_production_never_stand_in_one_list_unless_asked() {
    let text = CONFIG.replacen(
        "[[agents]]",
        "[[connections]]\nname = \"live\"\nprovider = \"kapso\"\nenvironment = \"production\"\nphone_number = \"+15550100009\"\n\
         phone_number_id = \"106540352242923\"\nbusiness_account_id = \"102290129340398\"\n\n[[agents]]",
        1,
    );
    let mut stage = Stage::with_config(&text).await;
    stage.simulator.add_number(Number {
        phone_number_id: "106540352242923".into(),
        business_account_id: "102290129340398".into(),
        display: "+1 555-010-0009".into(),
        name: "Live".into(),
        kind: "production".into(),
        customer: None,
        direct: false,
    });
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.says(&rosa(), "from the test number").await;
    stage.simulator.says(
        "106540352242923",
        &wadeck::simulator::Person::new("Kim", "15550100044"),
        &Saying::text("from a real person"),
    );
    stage.deliver().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "2").await;
    sitting.sees("Rosa Field");
    sitting.does_not_see("Kim");
    sitting.press(&stage, "1 E").await;
    sitting.sees("PROD");
    sitting.press(&stage, "2").await;
    sitting.sees("Kim");
    sitting.does_not_see("Rosa Field");
    sitting.press(&stage, "1 E").await;
    sitting.sees("ALL");
    sitting.press(&stage, "2").await;
    sitting.sees("Kim");
    sitting.sees("Rosa Field");
}

#[tokio::test]
async fn whoever_followed_a_link_is_greeted_and_nothing_is_trusted() {
    let stage = Stage::set().await;
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{}{path}", stage.address)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    };
    let (status, page) = get("/setup/complete?phone_number_id=%3Cscript%3E&status=completed").await;
    assert!(status == 200 && page.contains("Return to your terminal") && !page.contains("script"), "{page}");
    assert!(!page.contains("is connected."), "nothing is known of it: {page}");
    let (_, page) = get("/setup/failed?error_code=link_expired").await;
    assert!(page.contains("no longer valid"), "{page}");
    let (_, page) = get("/setup/failed?error_code=%3Cb%3E").await;
    assert!(page.contains("The number was not connected") && !page.contains("<b>"), "{page}");
    assert_eq!(list(&stage).await.connected.len(), 1, "nothing was connected by it");
}
