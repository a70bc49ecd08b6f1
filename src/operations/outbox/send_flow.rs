//! Sends a Flow in a thread, as a freeform message through the outbox and within the service window.

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::filter::{Filter, Term};
use crate::domain::flow::Flow;
use crate::domain::message::content::Content;
use crate::domain::message::interactive::{Action, Interactive};
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::operations::outbox::send_message;
use crate::operations::{Result, System};
use crate::store::FilterQuery;

/// Text and target of a message that opens a Flow.
pub(crate) struct Invitation {
    pub to: PhoneNumber,
    pub body: String,
    pub button: String,
    /// Screen on which the Flow begins; `None` means its first screen.
    pub screen: Option<String>,
}

/// Queues a message that opens a Flow. Refused if the contact has no thread, or outside the service window.
pub(crate) async fn send_flow(
    system: &System,
    actor: &Actor,
    connection: &Connection,
    flow: &Flow,
    invitation: Invitation,
    context: &SendContext,
) -> Result<Done> {
    let draft = flow.is("draft");
    if !draft && !flow.is("published") {
        let why = format!("{} is {}.", flow.name.line(), flow.status);
        return Err(Refusal::new(Code::FlowState, why, "Publish the Flow to send it, or test it as a draft.").into());
    }
    let filter = Filter {
        terms: vec![Term::Number(invitation.to.digits().to_owned()), Term::Connection(connection.name.to_lowercase())],
    };
    let me = actor.to_string();
    let wish = FilterQuery { filter: &filter, me: &me, now: system.now() };
    let found = system.store().threads(&wish, 5, None).await?;
    let Some(thread) = found.into_iter().find(|row| row.contact.phone_number.as_ref() == Some(&invitation.to)) else {
        let why = format!("{} has not written to {} yet.", invitation.to, connection.name);
        return Err(Refusal::new(
            Code::WindowClosed,
            why,
            "Wait for their message, or send a template with a Flow button.",
        )
        .into());
    };
    let dynamic = flow.data_api_version.is_some();
    let content = Content::Offer(Interactive {
        heading: None,
        body: invitation.body.into(),
        footer: None,
        action: Action::Flow {
            flow: flow.network_id.clone(),
            name: flow.name.clone(),
            label: invitation.button.into(),
            // Unguessable and unique per message, so that an answer can be matched to its message.
            token: system.reference(),
            draft,
            asks: dynamic,
            screen: invitation.screen.filter(|_| !dynamic),
        },
    });
    let letter = send_message::SendMessage { content, reply_to: None, at: None };
    send_message::send(system, actor, thread.id, letter, context).await
}
