//! From a verb to what it asks of the engine.

use super::Command;
use super::no_answer::NoAnswer;
use super::numbers::{self, Connections, Webhooks};
use super::verbs::{Alerts, Contacts, Deliveries, Messages, Outbox, Threads};
use super::{agents, audit, flows, print_numbers, templates, tokens};
use crate::domain::code::Code;
use crate::domain::message::inbound_kind::kinds_markdown;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery, NumberRequest};
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// What a verb asks for.
pub(super) enum CliRequest {
    Look(Query),
    Act(Request),
    /// It is known already.
    Told(Box<Answer>),
    /// It is to be printed as it stands.
    Said(String),
    /// What follows depends on an answer.
    Then(Query, Next),
}

/// From an answer to what follows from it, or why nothing can.
pub(super) type Next = Box<dyn FnOnce(Answer) -> Result<CliRequest, NoAnswer> + Send>;

pub(super) fn wanted(command: Command) -> Result<Option<CliRequest>, NoAnswer> {
    use CliRequest::{Act, Look};
    Ok(Some(match command {
        Command::Status => Look(Query::Overview),
        Command::Api { provider, method, path, body, body_file, connection } => {
            let body = numbers::body_of(body, body_file)?;
            Act(Request::Call { provider: ProviderName::new(provider), method, path, body, connection })
        }
        Command::Why { id } => Look(Query::Why { id }),
        Command::Radar { page } => Look(Query::Radar { limit: page.limit }),
        Command::Marks { hours } => Look(Query::Gauges { hours }),
        Command::Connections(verb) => connections(verb),
        Command::Webhooks(verb) => webhooks(verb),
        Command::Contacts(verb) => contacts(verb),
        Command::Alerts(verb) => alerts(verb),
        Command::Threads(verb) => threads(verb),
        Command::Messages(verb) => return Ok(messages(verb)),
        Command::Outbox(verb) => outbox(verb),
        Command::Deliveries(verb) => return deliveries(verb),
        Command::Flows(verb) => flows::wanted(verb)?,
        Command::Templates(verb) => templates::wanted(verb)?,
        Command::Agents(verb) => agents::agents(verb),
        Command::Assignments(verb) => agents::assignments(verb),
        Command::Audit(verb) => audit::audit(verb),
        Command::Tokens(verb) => tokens::wanted(verb),
        Command::Events(agents::Events::List { after, page }) => agents::events(after, page.limit),
        Command::Events(agents::Events::Follow { .. }) => return Ok(None),
        Command::Send(_)
        | Command::Demo { .. }
        | Command::Serve
        | Command::Attach
        | Command::Doctor { .. }
        | Command::Mcp
        | Command::Config(_)
        | Command::Backup { .. }
        | Command::Simulator(_)
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Codes { .. }
        | Command::Keys { .. }
        | Command::Roles { .. } => {
            return Ok(None);
        }
    }))
}

fn connections(verb: Connections) -> CliRequest {
    use CliRequest::Act;
    match verb {
        Connections::Show { id } => CliRequest::Then(
            Query::Connections,
            Box::new(move |answer| match answer {
                Answer::Connections(list) => {
                    let only = print_numbers::only(list, &id)?;
                    Ok(CliRequest::Told(Box::new(Answer::Connections(only))))
                }
                _ => Err(NoAnswer::odd()),
            }),
        ),
        Connections::Profile { connection, change } => {
            let query = Query::Number(NumberQuery::Profile { connection });
            CliRequest::Then(
                query,
                Box::new(move |answer| match &answer {
                    Answer::Number(Fetched { value: NumberAnswer::Profile(profile), .. }) => {
                        Ok(match change.over(profile) {
                            Some(profile) => {
                                let profile = Box::new(profile);
                                Act(Request::Number(NumberRequest::SaveProfile { connection, profile }))
                            }
                            None => CliRequest::Told(Box::new(answer)),
                        })
                    }
                    _ => Err(NoAnswer::odd()),
                }),
            )
        }
        verb => numbers::connections(verb),
    }
}

fn webhooks(verb: Webhooks) -> CliRequest {
    match verb {
        Webhooks::Show { connection, id } => CliRequest::Then(
            Query::Number(NumberQuery::Webhooks { connection }),
            Box::new(move |answer| match answer {
                Answer::Number(Fetched { fetched_at, value: NumberAnswer::Webhooks(mut list) }) => {
                    list.retain(|one| one.id == id);
                    if list.is_empty() {
                        let reason = format!("Webhook {} not found.", clean_line(&id));
                        return Err(NoAnswer::new(
                            Code::NotFound,
                            reason,
                            "List webhooks with `wadeck webhooks list --connection ID`.",
                        ));
                    }
                    Ok(CliRequest::Told(Box::new(Answer::Number(Fetched {
                        fetched_at,
                        value: NumberAnswer::Webhooks(list),
                    }))))
                }
                _ => Err(NoAnswer::odd()),
            }),
        ),
        verb => numbers::webhooks(verb),
    }
}

fn contacts(verb: Contacts) -> CliRequest {
    use CliRequest::{Act, Look};
    match verb {
        Contacts::Operation(verb) => Act(verb.request),
        Contacts::List { text, page } => Look(Query::Contacts { text, limit: page.limit }),
        Contacts::Add { connection, name, number, note } => {
            Act(Request::AddContact { connection, name, number: number.0, note })
        }
    }
}

fn alerts(verb: Alerts) -> CliRequest {
    use CliRequest::{Act, Look};
    match verb {
        Alerts::Operation(verb) => Act(verb.request),
        Alerts::List { open, page } => Look(Query::Alerts { open, limit: page.limit }),
        Alerts::Kinds { .. } => CliRequest::Said(super::tables::alerts_text()),
    }
}

fn threads(verb: Threads) -> CliRequest {
    use CliRequest::{Act, Look};
    match verb {
        Threads::Operation(verb) => Act(verb.request),
        Threads::Notes { thread } => Look(Query::Notes { thread }),
        Threads::Export { thread } => Look(Query::Export { thread }),
        Threads::Views => Look(Query::Views),
        Threads::List { filter, page, before } => Look(Query::Threads { text: filter, limit: page.limit, before }),
        Threads::Show { thread } => Look(Query::Thread { thread }),
        Threads::Expiring { page } => Look(Query::Radar { limit: page.limit }),
    }
}

fn messages(verb: Messages) -> Option<CliRequest> {
    use CliRequest::{Act, Look};
    Some(match verb {
        Messages::Operation(verb) => Act(verb.request),
        Messages::React { message, emoji, knowing } => Act(Request::React { message, emoji }.knowing(knowing.into())),
        Messages::List { thread, page, before } => {
            Look(Query::Messages { thread, limit: page.limit, before, around: None })
        }
        Messages::Show { message } => Look(Query::Message { message }),
        Messages::Search { text, page } => Look(Query::Search { text, limit: page.limit, before: None }),
        Messages::Save { .. } => return None,
    })
}

fn outbox(verb: Outbox) -> CliRequest {
    use CliRequest::{Act, Look};
    match verb {
        Outbox::Operation(verb) => Act(verb.request),
        Outbox::Bulk { action, filter, yes: false } => Look(Query::Bulk { action, text: filter }),
        Outbox::Bulk { action, filter, yes: true } => Act(Request::Bulk { action, text: filter }),
        Outbox::Jobs => Look(Query::Jobs),
        Outbox::List { filter, state, page, before } => {
            let states: Vec<String> = state.iter().map(|state| format!("status:{}", state.name())).collect();
            let text = format!("{filter} {}", states.join(" ")).trim().to_owned();
            Look(Query::Outbox { text, limit: page.limit, before })
        }
        Outbox::Show { entry } => Look(Query::Entry { entry }),
    }
}

fn deliveries(verb: Deliveries) -> Result<Option<CliRequest>, NoAnswer> {
    use CliRequest::{Act, Look};
    Ok(Some(match verb {
        Deliveries::Operation(verb) => Act(verb.request),
        Deliveries::List { state, event, page, before } => {
            Look(Query::Deliveries { state, event, limit: page.limit, before })
        }
        Deliveries::Show { delivery, reveal: true } => Act(Request::RevealDelivery { delivery }),
        Deliveries::Show { delivery, reveal: false } => Look(Query::Delivery { delivery }),
        Deliveries::Kinds => CliRequest::Said(kinds_markdown().trim_end().to_owned()),
        Deliveries::Try { delivery, body } => {
            let body = match body.map(std::fs::read_to_string).transpose() {
                Ok(body) => body,
                Err(error) => return Err(NoAnswer::unreadable(format!("The copy cannot be read: {error}."))),
            };
            Act(Request::TryDelivery { delivery, body })
        }
        Deliveries::Verify { .. } => return Ok(None),
    }))
}
