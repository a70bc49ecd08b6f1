//! Maps each command to its query or request.

use super::cli_request::CliRequest;
use super::connections::{self, Connections, Webhooks};
use super::{agents, audit, flows, templates, tokens};
use crate::cli::arguments::Command;
use crate::cli::client::error::CliError;
use crate::cli::verbs::{Alerts, Contacts, Deliveries, Labels, Messages, Outbox, Replies, Threads};
use crate::domain::code::Code;
use crate::domain::message::inbound_kind::kinds_markdown;
use crate::domain::numbers::connection::ProviderName;
use crate::domain::numbers::number::{NumberAnswer, NumberQuery, NumberRequest};
use crate::domain::numbers::registration::Fetched;
use crate::domain::query::{Answer, Query};
use crate::domain::request::Request;
use crate::domain::text::clean_line;

/// Returns what a command does at the engine; `None` for commands that run without one.
pub(in crate::cli) fn to_request(command: Command) -> Result<Option<CliRequest>, CliError> {
    use CliRequest::{Fetch, Perform};
    Ok(Some(match command {
        Command::Status => Fetch(Query::Overview),
        Command::Api { provider, method, path, body, body_file, connection } => {
            let body = connections::body_of(body, body_file)?;
            Perform(Request::Call { provider: ProviderName::new(provider), method, path, body, connection })
        }
        Command::Why { id } => Fetch(Query::Why { id }),
        Command::Radar { page } => Fetch(Query::Radar { limit: page.limit }),
        Command::Marks { part: Some(part), .. } => Fetch(Query::Costs(part.query())),
        Command::Marks { hours, part: None } => Fetch(Query::Statistics { hours }),
        Command::Connections(verb) => connections(verb),
        Command::Webhooks(verb) => webhooks(verb),
        Command::Contacts(verb) => contacts(verb),
        Command::Alerts(verb) => alerts(verb),
        Command::Threads(verb) => threads(verb),
        Command::Replies(Replies::List) => Fetch(Query::Replies),
        Command::Replies(Replies::Operation(verb)) => Perform(verb.request),
        Command::Messages(verb) => return Ok(messages(verb)),
        Command::Outbox(verb) => outbox(verb),
        Command::Deliveries(verb) => return deliveries(verb),
        Command::Flows(verb) => flows::to_request(verb)?,
        Command::Templates(verb) => templates::to_request(verb)?,
        Command::Agents(verb) => agents::agents(verb),
        Command::Assignments(verb) => agents::assignments(verb),
        Command::Audit(verb) => audit::audit(verb),
        Command::Tokens(verb) => tokens::to_request(verb),
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
        | Command::OpenApi(_)
        | Command::Keys { .. }
        | Command::Roles { .. } => {
            return Ok(None);
        }
    }))
}

fn connections(verb: Connections) -> CliRequest {
    use CliRequest::Perform;
    match verb {
        Connections::Show { id } => CliRequest::Then(
            Query::Connections,
            Box::new(move |answer| match answer {
                Answer::Connections(list) => {
                    let only = crate::cli::print::connections::only(list, &id)?;
                    Ok(CliRequest::Answered(Box::new(Answer::Connections(only))))
                }
                _ => Err(CliError::unexpected_answer()),
            }),
        ),
        Connections::Profile { connection, change } => {
            let query = Query::Number(NumberQuery::Profile { connection });
            CliRequest::Then(
                query,
                Box::new(move |answer| match &answer {
                    Answer::Number(Fetched { value: NumberAnswer::Profile(profile), .. }) => {
                        Ok(match change.apply(profile) {
                            Some(profile) => {
                                let profile = Box::new(profile);
                                Perform(Request::Number(NumberRequest::SaveProfile { connection, profile }))
                            }
                            None => CliRequest::Answered(Box::new(answer)),
                        })
                    }
                    _ => Err(CliError::unexpected_answer()),
                }),
            )
        }
        verb => connections::connections(verb),
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
                        return Err(CliError::new(
                            Code::NotFound,
                            reason,
                            "List webhooks with `wadeck webhooks list --connection ID`.",
                        ));
                    }
                    Ok(CliRequest::Answered(Box::new(Answer::Number(Fetched {
                        fetched_at,
                        value: NumberAnswer::Webhooks(list),
                    }))))
                }
                _ => Err(CliError::unexpected_answer()),
            }),
        ),
        verb => connections::webhooks(verb),
    }
}

fn contacts(verb: Contacts) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    match verb {
        Contacts::Operation(verb) => Perform(verb.request),
        Contacts::List { text, page } => Fetch(Query::Contacts { text, limit: page.limit }),
        Contacts::Add { connection, name, number, note } => {
            Perform(Request::AddContact { connection, name, number: number.0, note })
        }
    }
}

fn alerts(verb: Alerts) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    match verb {
        Alerts::Operation(verb) => Perform(verb.request),
        Alerts::List { open, page } => Fetch(Query::Alerts { open, limit: page.limit }),
        Alerts::Kinds { .. } => CliRequest::Text(crate::cli::print::reference_tables::alerts_text()),
    }
}

fn threads(verb: Threads) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    match verb {
        Threads::Operation(verb) => Perform(verb.request),
        Threads::Notes { thread } => Fetch(Query::Notes { thread }),
        Threads::Export { thread } => Fetch(Query::Export { thread }),
        Threads::Views => Fetch(Query::Views),
        Threads::List { filter, page, before } => Fetch(Query::Threads { text: filter, limit: page.limit, before }),
        Threads::Show { thread } => Fetch(Query::Thread { thread }),
        Threads::Expiring { page } => Fetch(Query::Radar { limit: page.limit }),
        Threads::Label(Labels::List) => Fetch(Query::Labels),
        Threads::Label(Labels::Operation(verb)) => Perform(verb.request),
        Threads::Unattended { page } => {
            Fetch(Query::Threads { text: "is:unattended".into(), limit: page.limit, before: None })
        }
    }
}

fn messages(verb: Messages) -> Option<CliRequest> {
    use CliRequest::{Fetch, Perform};
    Some(match verb {
        Messages::Operation(verb) => Perform(verb.request),
        Messages::React { message, emoji, knowing } => {
            Perform(Request::React { message, emoji }.with_context(knowing.into()))
        }
        Messages::List { thread, page, before } => {
            Fetch(Query::Messages { thread, limit: page.limit, before, around: None })
        }
        Messages::Show { message } => Fetch(Query::Message { message }),
        Messages::Search { text, page } => Fetch(Query::Search { text, limit: page.limit, before: None }),
        Messages::Save { .. } => return None,
    })
}

fn outbox(verb: Outbox) -> CliRequest {
    use CliRequest::{Fetch, Perform};
    match verb {
        Outbox::Operation(verb) => Perform(verb.request),
        Outbox::Bulk { action, filter, yes: false } => Fetch(Query::Bulk { action, text: filter }),
        Outbox::Bulk { action, filter, yes: true } => Perform(Request::Bulk { action, text: filter }),
        Outbox::Jobs => Fetch(Query::Jobs),
        Outbox::List { filter, state, page, before } => {
            let states: Vec<String> = state.iter().map(|state| format!("status:{}", state.name())).collect();
            let text = format!("{filter} {}", states.join(" ")).trim().to_owned();
            Fetch(Query::Outbox { text, limit: page.limit, before })
        }
        Outbox::Show { entry } => Fetch(Query::Entry { entry }),
    }
}

fn deliveries(verb: Deliveries) -> Result<Option<CliRequest>, CliError> {
    use CliRequest::{Fetch, Perform};
    Ok(Some(match verb {
        Deliveries::Operation(verb) => Perform(verb.request),
        Deliveries::List { state, event, page, before } => {
            Fetch(Query::Deliveries { state, event, limit: page.limit, before })
        }
        Deliveries::Show { delivery, reveal: true } => Perform(Request::RevealDelivery { delivery }),
        Deliveries::Show { delivery, reveal: false } => Fetch(Query::Delivery { delivery }),
        Deliveries::Kinds => CliRequest::Text(kinds_markdown().trim_end().to_owned()),
        Deliveries::Try { delivery, body } => {
            let body = match body.map(std::fs::read_to_string).transpose() {
                Ok(body) => body,
                Err(error) => return Err(CliError::unreadable(format!("The copy cannot be read: {error}."))),
            };
            Perform(Request::DryRunDelivery { delivery, body })
        }
        Deliveries::Verify { .. } => return Ok(None),
    }))
}
