//! Two organizations in two environments each: whoever is in one scope sees, counts, finds and changes nothing of
//! another. What is tried is made from the types of requests and queries.

use std::collections::BTreeSet;

use serde_json::Value;
use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope::Scope;
use wadeck::domain::agents::assignment::Mode;
use wadeck::domain::agents::requests::{AgentQuery, AgentRequest, AgentsAnswer};
use wadeck::domain::code::Code;
use wadeck::domain::flow::{FlowQuery, FlowRequest};
use wadeck::domain::ids::{ConnectionId, ThreadId};
use wadeck::domain::numbers::connection::{Environment, ProviderName};
use wadeck::domain::numbers::number::NumberRequest;
use wadeck::domain::numbers::setup::SetupOptions;
use wadeck::domain::outbox::job::BulkAction;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::templates::starter;
use wadeck::operations::{OperationError, perform, run_query};
use wadeck::simulator::{Number, Person, Saying};

use crate::programs::Programs;
use crate::samples;
use crate::sitting::Sitting;
use crate::stage::{CONFIG, Stage, proposal};

/// Name, organization, environment, and the last digits of each number.
const NUMBERS: [(&str, &str, &str, u8); 3] = [
    ("lumen-live", "lumen", "production", 3),
    ("globex-dev", "globex", "development", 4),
    ("globex-live", "globex", "production", 5),
];

fn id(last: u8) -> String {
    format!("10654035224292{last}")
}

pub(crate) async fn four() -> Stage {
    let mut tables = String::new();
    for (name, organization, environment, last) in NUMBERS {
        tables.push_str(&format!(
            "[[connections]]\nname = \"{name}\"\nprovider = \"kapso\"\norganization = \"{organization}\"\n\
             environment = \"{environment}\"\nphone_number = \"+1555010000{last}\"\nphone_number_id = \"{}\"\n\
             business_account_id = \"10229012934039{last}\"\n\n",
            id(last)
        ));
    }
    let mut stage = Stage::with_config(&CONFIG.replacen("[[agents]]", &format!("{tables}[[agents]]"), 1)).await;
    for (name, _, _, last) in NUMBERS {
        stage.simulator.add_number(Number {
            phone_number_id: id(last),
            business_account_id: format!("10229012934039{last}"),
            display: format!("+1 555-010-000{last}"),
            name: name.into(),
            kind: "production".into(),
            customer: None,
            direct: false,
        });
    }
    stage.simulator.subscribe(&format!("http://{}", stage.address));
    stage.says(&Person::new("Rosa Field", "15550100002"), "hello from lumen").await;
    for (last, who) in [(3, "Lars Live"), (4, "Gus Dev"), (5, "Kim Foreign")] {
        stage.simulator.says(&id(last), &Person::new(who, &format!("1555010008{last}")), &Saying::text("zebra words"));
        stage.deliver().await;
    }
    stage
}

fn program(organization: &str, environment: Environment) -> Actor {
    let scope = Scope::of(organization, environment);
    Actor::Program { name: "shop".into(), role: Role::Admin, person: "ada".into(), scope }
}

/// The number of the other scope.
pub(crate) async fn other_number(stage: &Stage) -> ConnectionId {
    let Answer::Connections(list) = stage.ask(Query::Connections).await else { panic!("no connections") };
    let rows = list.connected.iter();
    rows.map(|row| &row.connection).find(|one| one.name == "globex-live").expect("the number").id
}

/// Everything of every kind in the other scope: a thread with a note and an entry in the outbox, an agent's
/// assignment and a run that failed, alerts, a setup, a bulk action, a Flow, and what the provider has of templates.
pub(crate) async fn foreign(stage: &mut Stage) -> (ThreadId, Value) {
    let thread = stage.thread_of("Kim").await;
    let message = stage.messages(thread.id).await.pop().expect("a message");
    let sent = stage.act(Request::AddNote { thread: thread.id, text: "zebra note".into() }).await;
    sent.expect("noted");
    let live = other_number(stage).await;
    let made = stage.act(proposal(live, "helper", Mode::Auto)).await.expect("proposed").created_id.expect("an id");
    let assignment = made.parse().expect("an assignment");
    stage.agents(AgentRequest::Approve { assignment }).await.expect("approved");
    stage.simulator.says(&id(5), &Person::new("Kim Foreign", "15550100085"), &Saying::text("zebra price"));
    stage.deliver().await;
    stage.answer().await;
    let words = wadeck::domain::message::content::Content::text("zebra answer");
    let letter = Request::Send { thread: thread.id, content: Box::new(words), reply_to: None, at: None };
    stage.act(letter).await.expect("queued");
    let entry = stage.outbox().await.into_iter().find(|row| row.thread_id == thread.id).expect("an entry");
    let options = Box::new(SetupOptions::default());
    let setup = NumberRequest::SetUp {
        name: "zebra-branch".into(),
        provider: ProviderName::new("kapso"),
        organization: Some("globex".into()),
        environment: Some(Environment::Production),
        options,
    };
    let setup = stage.act(Request::Number(setup)).await.expect("begun").created_id.expect("an id");
    let json = starter::flow("booking").or_else(|| starter::flow("feedback")).expect("a starter").text.to_owned();
    let flow = FlowRequest::Create { connection: live, name: "zebra_flow".into(), json, accepted: None };
    stage.act(Request::Flow(flow)).await.expect("made");
    wadeck::operations::refresh_templates(&stage.system).await.expect("fetched");
    let there = Scope::of("globex", Environment::Production);
    let bulk = Request::Bulk { action: BulkAction::Discard, text: "zebra".into() };
    let bulk = Request::Within { scope: there.into(), request: Box::new(bulk) };
    let job = stage.act(bulk).await.expect("begun").created_id;
    let Answer::Agent(told) = stage.ask(Query::Agent(AgentQuery::Runs { thread: None, limit: 50, before: None })).await
    else {
        panic!("no runs")
    };
    let AgentsAnswer::Runs(runs) = *told else { panic!("no runs") };
    let run = runs.iter().find(|run| run.thread_id == thread.id).expect("a run").id;
    let Answer::Alerts(alerts) = stage.ask(Query::Alerts { open: true, limit: 50 }).await else { panic!("no alerts") };
    let alert = alerts.iter().find(|alert| alert.thread_id == Some(thread.id)).expect("an alert").id;
    let Answer::Message(Some(detail)) = stage.ask(Query::Message { message: message.id }).await else { panic!() };
    let ids = serde_json::json!({
        "t": thread.id, "m": message.id, "o": entry.id, "p": thread.contact_id, "c": thread.connection_id,
        "d": detail.delivery.expect("a delivery"), "g": made, "r": run, "a": alert, "s": setup, "job": job,
    });
    (thread.id, ids)
}

/// The sample, about what there is in the other scope.
fn about(json: &Value, ids: &Value) -> Value {
    match json {
        Value::String(text) if matches!(text.get(1..), Some("999" | "998")) => {
            ids.get(&text[..1]).cloned().unwrap_or_else(|| json.clone())
        }
        Value::Array(items) => items.iter().map(|item| about(item, ids)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), about(value, ids))).collect(),
        _ => json.clone(),
    }
}

fn names_foreign(json: &Value, ids: &Value) -> bool {
    match json {
        Value::String(_) => ids.as_object().expect("ids").values().any(|id| id == json),
        Value::Array(items) => items.iter().any(|item| names_foreign(item, ids)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| !matches!(name.as_str(), "before" | "after" | "around") && names_foreign(value, ids)),
        _ => false,
    }
}

/// What only the other scope has.
const MARKS: [&str; 6] = ["Kim Foreign", "zebra", "globex-live", "15550100085", "106540352242925", "globex"];

#[tokio::test]
async fn no_question_of_a_token_shows_anything_of_another_scope() {
    let mut stage = four().await;
    let (_, ids) = foreign(&mut stage).await;
    let shop = program("lumen", Environment::Development);
    let (mut tried, mut wrong) = (0, vec![]);
    for (json, _) in samples::all::<Query>() {
        if json["tell"] == "within" {
            continue;
        }
        for json in [about(&json, &ids), json] {
            let Ok(query) = serde_json::from_value::<Query>(json.clone()) else { continue };
            tried += 1;
            if let Ok(answer) = run_query(&stage.system, &shop, query).await {
                let told = serde_json::to_string(&answer).expect("JSON");
                // What was asked for by its words may stand in the answer.
                let found: Vec<_> = MARKS.iter().filter(|mark| told.contains(*mark)).collect();
                if !found.is_empty() {
                    wrong.push(format!("{json} tells {found:?}"));
                }
            }
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The same questions do tell of it where it is asked for.
    let there = program("globex", Environment::Production);
    for query in [
        Query::Threads { text: String::new(), limit: 50, before: None },
        Query::Search { text: "zebra".into(), limit: 50, before: None },
        Query::Outbox { text: String::new(), limit: 50, before: None },
        Query::Contacts { text: "kim".into(), limit: 50 },
        Query::Activity { text: String::new(), limit: 50 },
        Query::Deliveries { state: None, event: None, limit: 50, before: None },
        Query::Connections,
        Query::Agent(AgentQuery::Events { after: None, limit: 50 }),
        Query::Agent(AgentQuery::Audit { subject: String::new(), limit: 50, before: None }),
        Query::Agent(AgentQuery::Runs { thread: None, limit: 50, before: None }),
        Query::Alerts { open: true, limit: 50 },
        Query::Jobs,
        Query::Flow(FlowQuery::List),
    ] {
        let answer = run_query(&stage.system, &there, query.clone()).await.expect("told");
        let text = serde_json::to_string(&answer).expect("JSON");
        let own = ["Kim Foreign", "zebra", "globex-live", "\"d4\"", "\"t4\"", "\"c4\""]
            .iter()
            .any(|mark| text.contains(mark));
        assert!(own && !text.contains("Rosa Field"), "{query:?}: {text}");
    }
}

#[tokio::test]
async fn no_request_of_a_token_reaches_another_scope() {
    let mut stage = four().await;
    let (thread, ids) = foreign(&mut stage).await;
    let audit = async || {
        let query = AgentQuery::Audit { subject: String::new(), limit: 500, before: None };
        let Answer::Agent(told) = stage.ask(Query::Agent(query)).await else { panic!("no audit") };
        let AgentsAnswer::Audit(rows) = *told else { panic!("no audit") };
        rows.len()
    };
    let (before, messages) = (audit().await, stage.messages(thread).await.len());
    let shop = program("lumen", Environment::Development);
    let (mut tried, mut wrong, mut kinds) = (0, vec![], BTreeSet::new());
    for (json, _) in samples::all::<Request>() {
        let json = about(&json, &ids);
        // No file is opened through a door, whoever asks.
        if !names_foreign(&json, &ids) || json["do"] == "within" || json["do"] == "open_media" {
            continue;
        }
        let request: Request = serde_json::from_value(json.clone()).expect("a request");
        tried += 1;
        let said = json.to_string();
        kinds.extend(
            ids.as_object()
                .expect("ids")
                .iter()
                .filter(|(_, id)| said.contains(&id.to_string()))
                .map(|(kind, _)| kind.as_str()),
        );
        match perform(&stage.system, &shop, request).await {
            Err(OperationError::Refused(refusal)) if refusal.code == Code::NotFound => {}
            other => wrong.push(format!("{json}: {other:?}")),
        }
    }
    assert!(tried > 40, "{tried}");
    for kind in ["t", "m", "o", "p", "c", "d", "g", "r", "a", "s"] {
        assert!(kinds.contains(kind), "nothing was tried with {}", ids[kind]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((audit().await, stage.messages(thread).await.len()), (before, messages), "nothing was written");
    for all in ["{\"do\":\"agents\",\"agents\":\"stop\",\"what\":\"all\"}"] {
        if let Ok(request) = serde_json::from_str::<Request>(all) {
            assert!(perform(&stage.system, &shop, request).await.is_err(), "{all}");
        }
    }
}

#[tokio::test]
async fn counts_are_of_the_scope_that_is_asked_for() {
    let stage = four().await;
    let within = |scope: Scope, query: Query| Query::Within { scope: scope.into(), query: Box::new(query) };
    let counted = async |scope: Scope| match stage.ask(within(scope, Query::Overview)).await {
        Answer::Overview(told) => (told.connections, told.threads, told.unread, told.organization.clone()),
        other => panic!("{other:?}"),
    };
    let live = Scope { organization: None, environment: Some(Environment::Production) };
    assert_eq!(counted(Scope::of("globex", Environment::Production)).await, (1, 1, 1, "globex".into()));
    assert_eq!(counted(live).await.0, 2);
    assert_eq!(counted(Scope::ALL).await.1, 4);
    let nowhere = counted(Scope::of("it's nobody", Environment::Production)).await;
    assert_eq!((nowhere.0, nowhere.1), (0, 0));
    let outside = within(Scope::of("globex", Environment::Production), Query::Overview);
    let refused =
        run_query(&stage.system, &program("lumen", Environment::Production), outside).await.expect_err("refused");
    assert!(refused.to_string().contains("lumen, production"), "{refused}");
}

#[tokio::test]
async fn figures_are_told_by_organization_and_environment() {
    let stage = four().await;
    let text = wadeck::operations::metrics(&stage.system).await.expect("figures");
    for (organization, environment) in
        [("lumen", "development"), ("lumen", "production"), ("globex", "development"), ("globex", "production")]
    {
        let line = format!("wadeck_scope_threads{{organization=\"{organization}\",environment=\"{environment}\"}} 1");
        assert!(text.contains(&line), "{line}: {text}");
    }
    let shop = program("lumen", Environment::Development);
    let far = stage.system.restricted_to(&shop).await.expect("a system");
    assert!(far.store().connection_named("globex-live").await.expect("asked").is_none());
    assert!(far.store().connection_named("support").await.expect("asked").is_some());
}

#[tokio::test]
async fn what_is_about_production_says_so_in_its_colour() {
    let stage = four().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "1 E j j").await;
    sitting.sees("lumen-live");
    sitting.press(&stage, "D").await;
    sitting.sees("PRODUCTION: real contacts write to it.");
    sitting.sees("PROD Disconnect lumen-live");
    let buffer = sitting.buffer();
    let row = (0..40).find(|y| {
        let line: String = (0..120).map(|x| buffer[(x, *y)].symbol()).collect();
        line.contains("PROD Disconnect")
    });
    let y = row.expect("the title");
    let column = (0..116).find(|x| (0..4).map(|n| buffer[(x + n, y)].symbol()).collect::<String>() == "PROD");
    let style = buffer[(column.expect("the word"), y)].style();
    let red = crate::sitting::THEME.environment(Environment::Production);
    assert_eq!((style.fg, style.bg), (red.fg.or(style.fg), red.bg.or(style.bg)), "{style:?}");
    assert!(red.bg.is_some() || red.fg.is_some());
}

#[tokio::test]
async fn finders_and_what_expires_are_of_the_scope_that_is_shown() {
    let stage = four().await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "ctrl-f").await;
    sitting.types(&stage, "zebra").await;
    sitting.look_up(&stage).await;
    sitting.does_not_see("zebra words");
    sitting.press(&stage, "esc").await;
    sitting.press(&stage, "g f").await;
    sitting.types(&stage, "Kim").await;
    sitting.look_up(&stage).await;
    sitting.does_not_see("Kim Foreign");
    sitting.press(&stage, "esc").await;
    stage.pass(std::time::Duration::from_secs(23 * 3_600));
    sitting.press(&stage, "g r").await;
    sitting.sees("Rosa Field");
    sitting.does_not_see("Kim Foreign");
    sitting.does_not_see("Lars Live");
}

#[tokio::test]
async fn messages_say_whose_they_are() {
    let mut stage = four().await;
    let (thread, _) = foreign(&mut stage).await;
    let message = serde_json::to_value(stage.messages(thread).await.pop().expect("a message")).expect("JSON");
    assert_eq!((&message["organization"], &message["environment"]), (&"globex".into(), &"production".into()));
    assert_eq!(message["phone_number"], "+15550100085", "{message}");
}

#[tokio::test]
async fn a_thread_reached_from_elsewhere_takes_its_scope_along() {
    let mut stage = four().await;
    let (thread, ids) = foreign(&mut stage).await;
    // By its id, from the palette; and from an alert, while both scopes are shown together.
    for way in ["palette", "alert"] {
        let mut sitting = Sitting::down(&stage, 120, 40).await;
        sitting.press(&stage, "2").await;
        sitting.sees("Rosa Field");
        sitting.does_not_see("Kim Foreign");
        if way == "palette" {
            sitting.press(&stage, ":").await;
            sitting.types(&stage, &thread.to_string()).await;
            sitting.sees(&format!("Go to thread {thread}"));
            sitting.press(&stage, "enter").await;
            sitting.look_up(&stage).await;
            sitting.sees("Switched to PROD globex");
        } else {
            for _ in 0..4 {
                sitting.press(&stage, "1 E").await;
            }
            sitting.press(&stage, "7").await;
            sitting.sees("zebra");
            sitting.press(&stage, "enter enter").await;
            sitting.look_up(&stage).await;
        }
        if way == "palette" {
            sitting.sees("Kim Foreign");
            sitting.does_not_see("Rosa Field");
            // What is written there names production, in its colour.
            sitting.sees("PROD To Kim Foreign");
            let buffer = sitting.buffer();
            let lines: Vec<String> =
                (0..40).map(|y| (0..120).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect();
            let y = lines.iter().position(|line| line.contains("PROD To Kim Foreign")).expect("the composer");
            let x =
                lines[y].char_indices().position(|(at, _)| lines[y][at..].starts_with("PROD To")).expect("the word");
            let style = buffer[(x as u16, y as u16)].style();
            let red = crate::sitting::THEME.environment(Environment::Production);
            assert_eq!((style.fg, style.bg), (red.fg.or(style.fg), red.bg.or(style.bg)), "{style:?}");
        }
    }
    // A number by any of its names, too: its scope comes along, and the typed confirmation says PROD.
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    for name in ["globex-live", "+15550100005", &id(5), ids["c"].as_str().expect("an id")] {
        sitting.press(&stage, ":").await;
        sitting.types(&stage, name).await;
        sitting.sees("Go to connection globex-live");
        sitting.press(&stage, "enter").await;
        sitting.look_up(&stage).await;
        sitting.sees("PROD");
        sitting.does_not_see("lumen-live");
    }
    sitting.press(&stage, "D").await;
    sitting.sees("PROD Disconnect globex-live");
    sitting.sees("PRODUCTION: real contacts write to it.");
}

#[tokio::test]
async fn statistics_and_lists_of_a_console_are_of_the_scope_that_is_shown() {
    let mut stage = four().await;
    foreign(&mut stage).await;
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    for pane in ["2", "3", "4", "5", "6", "7"] {
        sitting.press(&stage, pane).await;
        sitting.look_up(&stage).await;
        for mark in ["Kim Foreign", "zebra", "globex-live"] {
            sitting.does_not_see(mark);
        }
    }
    sitting.press(&stage, "M").await;
    sitting.look_up(&stage).await;
    sitting.does_not_see("globex-live");
    let gauges = |scope: Scope| Query::Within { scope: scope.into(), query: Box::new(Query::Statistics { hours: 24 }) };
    let told = async |scope: Scope| serde_json::to_string(&stage.ask(gauges(scope)).await).expect("JSON");
    let (own, other) = (
        told(Scope::of("lumen", Environment::Development)).await,
        told(Scope::of("globex", Environment::Production)).await,
    );
    assert!(!own.contains("globex") && own != other, "{own}");
}

#[tokio::test]
async fn no_route_and_no_tool_of_a_token_tells_anything_of_another_scope() {
    let mut stage = four().await;
    let (_, ids) = foreign(&mut stage).await;
    let programs = Programs::over(stage).await;
    let scope = Scope::of("lumen", Environment::Development);
    let token = programs.token_within("shop", Role::Admin, scope).await;
    let (_, document) = programs.ask(&token, "GET", "/openapi.json", None, None).await;
    let (mut tried, mut wrong) = (0, vec![]);
    for (path, verbs) in document["paths"].as_object().expect("paths") {
        let path = path.trim_start_matches("/api/v1");
        if verbs.get("get").is_none() || path == "/events" || path == "/openapi.json" {
            continue;
        }
        // Every id in the path is one of the other scope's.
        let letters =
            [("{thread}", "t"), ("{message}", "m"), ("{entry}", "o"), ("{contact}", "p"), ("{connection}", "c")];
        let more = [("{delivery}", "d"), ("{assignment}", "g"), ("{run}", "r"), ("{alert}", "a"), ("{setup}", "s")];
        let mut asked = path.to_owned();
        for (name, letter) in letters.iter().chain(&more) {
            asked = asked.replace(name, ids[*letter].as_str().unwrap_or_default());
        }
        let named = asked.contains('{');
        let own = asked != path;
        let asked = if path == "/search" || path.ends_with("/search") { format!("{asked}?text=words") } else { asked };
        if named {
            continue;
        }
        tried += 1;
        let (status, told) = programs.ask(&token, "GET", &asked, None, None).await;
        let told = told.to_string();
        let found: Vec<_> = MARKS.iter().filter(|mark| told.contains(*mark)).collect();
        if !found.is_empty() || (own && status == 200 && told != "[]") {
            wrong.push(format!("{asked}: {status} {found:?}"));
        }
    }
    assert!(tried > 12, "{tried}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Writing to the other scope's thread, number and contact.
    for (path, body) in [
        ("/messages", serde_json::json!({ "thread": ids["t"], "text": "hello" })),
        ("/messages", serde_json::json!({ "connection": "globex-live", "to": "+15550100085", "text": "hello" })),
        ("/messages", serde_json::json!({ "connection": ids["c"], "to": "+15550100085", "text": "hello" })),
        ("/messages", serde_json::json!({ "phoneNumber": "+15550100085", "text": "hello" })),
    ] {
        let (status, told) = programs.ask(&token, "POST", path, Some(body.clone()), None).await;
        assert!((400..500).contains(&status), "{body}: {status} {told}");
        let told = told.to_string();
        assert!(!told.contains("globex") || body.to_string().contains("globex"), "{told}");
    }
}
