//! What an account has of templates belongs to the scope of its numbers.

use wadeck::domain::access::actor::Actor;
use wadeck::domain::access::role::Role;
use wadeck::domain::access::scope::Scope;
use wadeck::domain::access::token::TokenRequest;
use wadeck::domain::code::Code;
use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::ids::ConnectionId;
use wadeck::domain::numbers::connection::Environment;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::templates::requests::TemplateQuery;
use wadeck::operations::{OperationError, perform, run_query};

use crate::scopes::{four, other_number};
use crate::sitting::Sitting;
use crate::stage::Stage;

/// A template whose name only one account knows.
fn planted(stage: &Stage) {
    let template = serde_json::json!({ "id": "594425479279999", "name": "zebra_offer", "language": "en",
        "category": "UTILITY", "status": "APPROVED", "rejected_reason": "NONE", "parameter_format": "POSITIONAL",
        "components": [{ "type": "BODY", "text": "Your zebra has left the shop." }] });
    stage.simulator.add_template_of("102290129340395", template);
}

/// A program with a token that is made for this scope.
async fn program_with_token(stage: &Stage, name: &str, scope: Scope) -> Actor {
    let (role, person) = (Role::Admin, "ada".to_owned());
    let make = TokenRequest::Create { name: name.into(), role, agent: None, expires_at: None, scope: scope.clone() };
    let request = Request::Within { scope: scope.clone().into(), request: Box::new(Request::Token(make)) };
    stage.act(request).await.expect("made");
    Actor::Program { name: name.into(), role, person, scope }
}

#[tokio::test]
async fn a_template_of_another_scope_is_neither_seen_nor_used() {
    let stage = four().await;
    planted(&stage);
    wadeck::operations::refresh_templates(&stage.system).await.expect("fetched");
    let live = other_number(&stage).await;
    let shop = program_with_token(&stage, "shop", Scope::of("lumen", Environment::Development)).await;
    let there = program_with_token(&stage, "there", Scope::of("globex", Environment::Production)).await;
    let text = serde_json::json!({ "name": "zebra_offer", "language": "en", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Your order has left the shop." }] })
    .to_string();
    let lint = |connection| {
        Query::Template(TemplateQuery::Lint { connection: Some(connection), text: text.clone(), id: None })
    };
    let record = |connection| {
        let (name, language) = ("zebra_offer".to_owned(), "en".to_owned());
        Query::Template(TemplateQuery::Record { connection, name, language })
    };
    let edited = Query::Template(TemplateQuery::Text { connection: live, id: "594425479279999".into() });
    let why = Query::Why { id: "template zebra_offer".into() };
    for query in [why, lint(live), record(live), edited] {
        match run_query(&stage.system, &shop, query.clone()).await {
            Err(OperationError::Refused(refusal)) => assert_eq!(refusal.code, Code::NotFound, "{query:?}: {refusal}"),
            other => panic!("{query:?}: {other:?}"),
        }
    }
    for query in [Query::Templates, Query::Overview] {
        let told = serde_json::to_string(&run_query(&stage.system, &shop, query).await.expect("told")).expect("JSON");
        assert!(!told.contains("zebra") && !told.contains("594425479279999"), "{told}");
    }
    let own = run_query(&stage.system, &there, Query::Templates).await.expect("told");
    assert!(serde_json::to_string(&own).expect("JSON").contains("zebra has left"), "it is there where it belongs");
    let Answer::Template(told) = run_query(&stage.system, &there, lint(live)).await.expect("told") else { panic!() };
    assert!(serde_json::to_string(&told).expect("JSON").contains("zebra_offer"), "the name is taken there: {told:?}");
    // It is not sent by anybody of the other scope: not over the number that has it, nor over one's own.
    let own = ConnectionId(1);
    let send = |connection| Request::SendTemplate {
        connection,
        to: PhoneNumber::parse("15550100002").expect("a number"),
        name: "zebra_offer".into(),
        language: "en".into(),
        parameters: vec![],
        header: None,
        at: None,
    };
    for (actor, connection, code) in
        [(&shop, live, Code::NotFound), (&shop, own, Code::TemplateUnknown), (&there, own, Code::NotFound)]
    {
        match perform(&stage.system, actor, send(connection)).await {
            Err(OperationError::Refused(refusal)) => {
                assert_eq!(refusal.code, code, "{refusal}");
                assert!(!refusal.to_string().contains("zebra has left"), "{refusal}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(stage.outbox().await.is_empty());
    perform(&stage.system, &there, send(live)).await.expect("queued where it belongs");
    // A console that shows one scope lists it there only.
    let mut sitting = Sitting::down(&stage, 120, 40).await;
    sitting.press(&stage, "4").await;
    sitting.look_up(&stage).await;
    sitting.does_not_see("zebra_offer");
}
