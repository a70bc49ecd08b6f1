//! Stages for what is done at the provider: numbers, webhooks, templates, Flows.

use std::time::Duration;

use wadeck::domain::contacts::phone::PhoneNumber;
use wadeck::domain::flow::FlowRequest;
use wadeck::domain::ids::{ConnectionId, SetupId};
use wadeck::domain::numbers::number::{NumberRequest, Profile};
use wadeck::domain::numbers::registration::{WebhookDraft, WebhookRequest};
use wadeck::domain::request::Request;
use wadeck::domain::templates::requests::{SampleSource, TemplateRequest};
use wadeck::domain::templates::starter;
use wadeck::operations;

use crate::numbers::{kapso, list, support};
use crate::stage::{Stage, rosa};

/// A setup that waits for its link to be followed.
pub(super) async fn linked() -> (Stage, SetupId) {
    let stage = Stage::set().await;
    let begin = NumberRequest::SetUp {
        name: "branch".into(),
        provider: kapso(),
        organization: None,
        environment: None,
        options: Box::default(),
    };
    stage.act(Request::Number(begin)).await.expect("begun");
    stage.set_up().await;
    let setup = list(&stage).await.others.remove(0).id;
    (stage, setup)
}

/// A Flow at the provider.
pub(super) async fn flow() -> (Stage, ConnectionId, String) {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let json = starter::flow("sign_up").expect("a starter").text.to_owned();
    let create = FlowRequest::Create { connection, name: "sign_up".into(), json, accepted: None };
    let id = stage.act(Request::Flow(create)).await.expect("made").created_id.expect("an id");
    (stage, connection, id)
}

/// A template at the provider, approved.
pub(super) async fn template() -> (Stage, ConnectionId, String) {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    operations::refresh_templates(&stage.system).await.expect("fetched");
    let text = starter::template("session_reminder").expect("a starter").text.to_owned();
    let create = TemplateRequest::Create { connection, text };
    let id = stage.act(Request::Template(create)).await.expect("made").created_id.expect("an id");
    stage.simulator.review("session_reminder", "APPROVED", "NONE");
    operations::refresh_templates(&stage.system).await.expect("fetched");
    (stage, connection, id)
}

/// A webhook at the provider that somebody registered.
pub(super) async fn hook() -> (Stage, ConnectionId, String) {
    let stage = Stage::set().await;
    let connection = support(&stage).await;
    let draft = Box::new(WebhookDraft { url: Some("https://hooks.example.net/x".into()), ..WebhookDraft::default() });
    let create = WebhookRequest::Create { connection, project: false, draft };
    let id = stage.act(Request::Webhook(create)).await.expect("made").created_id.expect("an id");
    (stage, connection, id)
}

pub(super) async fn provider_scene(name: &str) -> (Stage, Request) {
    match name {
        "set_up" => {
            let stage = Stage::set().await;
            let begin = NumberRequest::SetUp {
                name: "branch".into(),
                provider: kapso(),
                organization: None,
                environment: None,
                options: Box::default(),
            };
            (stage, Request::Number(begin))
        }
        "adopt" => {
            let stage = Stage::set().await;
            let adopt = NumberRequest::Adopt {
                name: "other".into(),
                provider: kapso(),
                phone_number_id: "777".into(),
                organization: None,
                environment: None,
            };
            (stage, Request::Number(adopt))
        }
        "resume_setup" => {
            let (stage, setup) = linked().await;
            // Its link ran out: nobody followed it.
            stage.act(Request::Number(NumberRequest::NewLink { setup })).await.expect("anew");
            stage.system.forget_public_url();
            stage.set_up().await;
            stage.system.set_public_url(format!("http://{}", stage.address));
            (stage, Request::Number(NumberRequest::Resume { setup }))
        }
        "new_link" => {
            let (stage, setup) = linked().await;
            (stage, Request::Number(NumberRequest::NewLink { setup }))
        }
        "cancel" => {
            let (stage, setup) = linked().await;
            (stage, Request::Number(NumberRequest::Cancel { setup }))
        }
        "reconnect" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            stage.act(Request::Number(NumberRequest::Unregister { connection })).await.expect("given back");
            let setup = list(&stage).await.others.remove(0).id;
            (stage, Request::Number(NumberRequest::Reconnect { setup }))
        }
        "register" | "renew" | "unregister" | "disconnect" | "save_profile" => {
            let mut stage = Stage::set().await;
            let mut connection = support(&stage).await;
            if name == "renew" {
                // Only a number that was set up by a link belongs to a customer.
                let (other, _) = linked().await;
                stage = other;
                stage.simulator.follow_link().expect("followed");
                stage.deliver().await;
                for _ in 0..3 {
                    stage.set_up().await;
                    stage.deliver().await;
                    stage.pass(Duration::from_secs(3));
                }
                let all = list(&stage).await.connected;
                connection = all.iter().find(|one| one.connection.name == "branch").expect("connected").connection.id;
            }
            let typed = "+15550100001".to_owned();
            let request = match name {
                "register" => NumberRequest::Register { connection },
                "renew" => NumberRequest::Renew { connection },
                "unregister" => NumberRequest::Unregister { connection },
                "disconnect" => NumberRequest::Disconnect { connection, typed },
                _ => NumberRequest::SaveProfile { connection, profile: Box::<Profile>::default() },
            };
            (stage, Request::Number(request))
        }
        other => webhook_scene(other).await,
    }
}

async fn webhook_scene(name: &str) -> (Stage, Request) {
    match name {
        "webhook_create" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            let url = Some("https://hooks.example.net/y".to_owned());
            let draft = Box::new(WebhookDraft { url, ..WebhookDraft::default() });
            (stage, Request::Webhook(WebhookRequest::Create { connection, project: false, draft }))
        }
        "webhook_update" => {
            let (stage, connection, id) = hook().await;
            let draft = Box::new(WebhookDraft { active: Some(false), ..WebhookDraft::default() });
            (stage, Request::Webhook(WebhookRequest::Update { connection, id, draft }))
        }
        "webhook_test" => {
            let (stage, connection, id) = hook().await;
            (stage, Request::Webhook(WebhookRequest::Test { connection, id, event: None }))
        }
        "template_sample" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            let upload = stage.upload(&crate::media::png(&stage, 40, 40)).await;
            let source = SampleSource::Upload(upload);
            (stage, Request::Template(TemplateRequest::Sample { connection, source }))
        }
        "webhook_delete" => {
            let (stage, connection, id) = hook().await;
            (stage, Request::Webhook(WebhookRequest::Delete { connection, typed: id.clone(), id }))
        }
        other => template_scene(other).await,
    }
}

async fn template_scene(name: &str) -> (Stage, Request) {
    match name {
        "template_create" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            operations::refresh_templates(&stage.system).await.expect("fetched");
            let text = starter::template("session_reminder").expect("a starter").text.to_owned();
            (stage, Request::Template(TemplateRequest::Create { connection, text }))
        }
        "template_update" => {
            let (stage, connection, id) = template().await;
            let text = starter::template("session_reminder").expect("a starter").text.replace("five", "ten");
            (stage, Request::Template(TemplateRequest::Update { connection, id, text }))
        }
        "template_delete" => {
            let (stage, connection, id) = template().await;
            let name = "session_reminder".to_owned();
            (stage, Request::Template(TemplateRequest::Delete { connection, typed: name.clone(), name, id: Some(id) }))
        }
        "flow_create" => {
            let stage = Stage::set().await;
            let connection = support(&stage).await;
            let json = starter::flow("sign_up").expect("a starter").text.to_owned();
            (stage, Request::Flow(FlowRequest::Create { connection, name: "sign_up".into(), json, accepted: None }))
        }
        other => flow_scene(other).await,
    }
}

async fn flow_scene(name: &str) -> (Stage, Request) {
    let (mut stage, connection, id) = flow().await;
    let json = starter::flow("sign_up").expect("a starter").text.replace("Join us", "Be one of us");
    let (code, typed) = (starter::FLOW_CODE.to_owned(), "sign_up".to_owned());
    let request = match name {
        "flow_write" => FlowRequest::Write { connection, id, json, accepted: None },
        "flow_publish" => FlowRequest::Publish { connection, id },
        "flow_deprecate" => {
            let publish = FlowRequest::Publish { connection, id: id.clone() };
            stage.act(Request::Flow(publish)).await.expect("published");
            FlowRequest::Deprecate { connection, id, typed }
        }
        "flow_delete" => FlowRequest::Delete { connection, id, typed },
        "flow_code" => FlowRequest::SetCode { connection, id, code, accepted: None },
        "flow_deploy" | "flow_register" => {
            let set = FlowRequest::SetCode { connection, id: id.clone(), code, accepted: None };
            stage.act(Request::Flow(set)).await.expect("there");
            if name == "flow_register" {
                let deploy = FlowRequest::Deploy { connection, id: id.clone() };
                stage.act(Request::Flow(deploy)).await.expect("deployed");
                FlowRequest::Register { connection, id }
            } else {
                FlowRequest::Deploy { connection, id }
            }
        }
        "flow_encrypt" => FlowRequest::Encrypt { connection, id },
        "flow_send" => {
            stage.says(&rosa(), "hello").await;
            let to = PhoneNumber::parse("+15550100002").expect("a number");
            let (body, button) = ("Join us?".into(), "Sign up".into());
            FlowRequest::Send { connection, id, to, body, button, screen: Some("WELCOME".into()) }
        }
        other => panic!("{other} has no scene"),
    };
    (stage, Request::Flow(request))
}
