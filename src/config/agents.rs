//! The parts of the file about agents: their protocols, contracts and routes, approvals, and event endpoints.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::addresses::http_url;
use super::faults::{Faults, MODES, nearest, one_of};
use super::{AgentDeclaration, DeclaredKind, EndpointConfig};
use crate::domain::agents::assignment::{ApprovalPolicy, Mode};
use crate::domain::agents::contract::{Conditions, Contract, Hours, LONGEST_PAUSE_MINUTES, Money, Tool};
use crate::domain::agents::foreign_data::Guard;
use crate::domain::agents::script::Rule;
use crate::domain::event_name::EventName;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentTable {
    pub name: Spanned<String>,
    pub kind: Spanned<String>,
    pub timeout_seconds: Option<Spanned<u64>>,
    pub url: Option<Spanned<String>>,
    pub secret_env: Option<String>,
    pub command: Option<Spanned<Vec<String>>>,
    pub model: Option<String>,
    pub prompt: Option<String>,
    pub max_tokens: Option<u32>,
    pub base_url: Option<Spanned<String>>,
    pub api_key_env: Option<String>,
    pub rules: Option<Vec<Rule>>,
    pub introduction: Option<String>,
    #[serde(default)]
    pub media_input: Vec<Spanned<String>>,
    pub price_in: Option<Spanned<f64>>,
    pub price_out: Option<Spanned<f64>>,
    pub guard: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContractTable {
    pub tools: Option<Vec<Spanned<String>>>,
    pub max_per_hour: Option<u32>,
    pub max_messages: Option<u32>,
    pub max_characters: Option<u32>,
    pub tokens_per_day: Option<u64>,
    pub money_per_day: Option<Spanned<f64>>,
    pub allow_initiating: Option<bool>,
    pub pause_after_person_minutes: Option<u32>,
    pub guard: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    pub agent: Spanned<String>,
    pub mode: Option<Spanned<String>>,
    pub first_contact: Option<bool>,
    pub hours: Option<Spanned<String>>,
    pub language: Option<String>,
    #[serde(default)]
    pub words: Vec<String>,
    pub contract: Option<Spanned<ContractTable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalsTable {
    pub require_two_approvers: Option<bool>,
    pub require_rehearsal: Option<bool>,
    pub undecided_hours: Option<u64>,
    pub on_failed_rehearsal: Option<FailedRehearsal>,
    pub rehearse_at_hour: Option<u32>,
}

/// What follows when an agent fails a kept conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FailedRehearsal {
    Alert,
    Draft,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointTable {
    pub name: Spanned<String>,
    pub url: Spanned<String>,
    pub secret_env: Option<String>,
    #[serde(default)]
    pub events: Vec<Spanned<String>>,
}

/// Reads how assignments are approved; missing keys are those of the example.
pub(super) fn approvals(own: ApprovalsTable, example: ApprovalsTable) -> ApprovalPolicy {
    let default = ApprovalPolicy::default();
    let hours = own.undecided_hours.or(example.undecided_hours).unwrap_or(72).clamp(1, 24 * 366);
    ApprovalPolicy {
        require_two_approvers: own
            .require_two_approvers
            .or(example.require_two_approvers)
            .unwrap_or(default.require_two_approvers),
        require_rehearsal: own.require_rehearsal.or(example.require_rehearsal).unwrap_or(default.require_rehearsal),
        undecided: Duration::from_secs(hours * 3_600),
        draft_after_failed_rehearsal: own.on_failed_rehearsal.or(example.on_failed_rehearsal)
            == Some(FailedRehearsal::Draft),
        rehearse_at_hour: own
            .rehearse_at_hour
            .or(example.rehearse_at_hour)
            .map_or(default.rehearse_at_hour, |hour| (hour < 24).then_some(hour)),
    }
}

/// Reads the event endpoints; reports duplicate names, invalid URLs and unknown events.
pub(super) fn endpoints(tables: Vec<EndpointTable>, faults: &mut Faults<'_>) -> Vec<EndpointConfig> {
    let mut endpoints: Vec<EndpointConfig> = vec![];
    for table in tables {
        http_url(&table.url, "url", faults);
        if endpoints.iter().any(|known| known.name == *table.name.get_ref()) {
            faults.add(table.name.span(), format!("Two endpoints have the name `{}`.", table.name.get_ref()));
        }
        for pattern in &table.events {
            check_event(pattern, faults);
        }
        endpoints.push(EndpointConfig {
            name: table.name.into_inner(),
            url: table.url.into_inner(),
            secret_env: table.secret_env,
            events: table.events.into_iter().map(Spanned::into_inner).collect(),
        });
    }
    endpoints
}

/// Reports a pattern that matches no event: the endpoint would never receive anything.
fn check_event(pattern: &Spanned<String>, faults: &mut Faults<'_>) {
    let given = pattern.get_ref();
    if EventName::ALL.iter().any(|event| event.fits(given)) {
        return;
    }
    let names: Vec<&str> = EventName::ALL.iter().map(|event| event.as_str()).collect();
    let hint = nearest(given, &names).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
    faults.add(pattern.span(), format!("No event is named `{given}`: the events are {}.{hint}", names.join(", ")));
}

const GUARDS: [(&str, Guard); 2] = [("hold", Guard::Hold), ("off", Guard::Off)];

/// Reads a contract; missing fields are those of `default`. Reports unknown tools and invalid limits.
pub(super) fn contract(table: Option<Spanned<ContractTable>>, default: &Contract, faults: &mut Faults<'_>) -> Contract {
    let default = default.clone();
    let Some(table) = table else { return default };
    let span = table.span();
    let table = table.into_inner();
    let tools = match table.tools {
        None => default.tools.clone(),
        Some(names) => {
            let known: Vec<&str> = Tool::ALL.into_iter().map(Tool::name).collect();
            let mut tools = vec![];
            for name in names {
                match Tool::from_name(name.get_ref()) {
                    Some(tool) => tools.push(tool),
                    None => {
                        let hint = nearest(name.get_ref(), &known).map(|name| format!(" Did you mean `{name}`?"));
                        let (given, hint) = (name.get_ref(), hint.unwrap_or_default());
                        faults.add(
                            name.span(),
                            format!("`{given}` is not a tool. The tools are {}.{hint}", known.join(", ")),
                        );
                    }
                }
            }
            tools
        }
    };
    let contract = Contract {
        tools,
        max_per_hour: table.max_per_hour.unwrap_or(default.max_per_hour),
        max_messages: table.max_messages.unwrap_or(default.max_messages),
        max_characters: table.max_characters.unwrap_or(default.max_characters),
        tokens_per_day: table.tokens_per_day.or(default.tokens_per_day),
        money_per_day: match &table.money_per_day {
            Some(amount) => money(amount, "money_per_day", faults),
            None => default.money_per_day,
        },
        allow_initiating: table.allow_initiating.unwrap_or(default.allow_initiating),
        pause_after_person_minutes: table.pause_after_person_minutes.or(default.pause_after_person_minutes),
        guard: table.guard.as_ref().and_then(|name| one_of(name, &GUARDS, "guard", faults)).or(default.guard),
        ..default
    };
    if let Err(why) = contract.check() {
        faults.add(span, why);
    }
    contract
}

/// Reads routes: agents that answer only some messages of a number. Mode and contract default to the number's.
/// Reports unknown agents and routes without a condition.
pub(super) fn routes(
    tables: Vec<Spanned<RouteTable>>,
    agents: &[&str],
    (default_mode, default): (Mode, &Contract),
    faults: &mut Faults<'_>,
) -> Vec<(String, Mode, Contract)> {
    let mut routes = vec![];
    for table in tables {
        let span = table.span();
        let table = table.into_inner();
        check_agent(&table.agent, agents, faults);
        let mode = table.mode.as_ref().and_then(|mode| one_of(mode, &MODES, "mode", faults)).unwrap_or(default_mode);
        let hours = table.hours.as_ref().and_then(|text| match Hours::parse(text.get_ref()) {
            Ok(hours) => Some(hours),
            Err(why) => {
                faults.add(text.span(), why);
                None
            }
        });
        let when =
            Conditions { first_contact: table.first_contact, hours, language: table.language, words: table.words };
        if when.is_empty() {
            let what = "The route has no condition. Add first_contact, hours, language or words.";
            faults.add(span, what);
        }
        let contract = Contract { when, ..contract(table.contract, default, faults) };
        routes.push((table.agent.into_inner(), mode, contract));
    }
    routes
}

/// Reads how long agents pause in a thread after a person wrote there. `None` if it is not set.
pub(super) fn pause(minutes: Option<&Spanned<u32>>, faults: &mut Faults<'_>) -> Option<Duration> {
    let minutes = minutes?;
    if *minutes.get_ref() > LONGEST_PAUSE_MINUTES {
        faults
            .add(minutes.span(), format!("pause_after_person_minutes must be between 0 and {LONGEST_PAUSE_MINUTES}."));
    }
    Some(Duration::from_secs(u64::from(*minutes.get_ref()) * 60))
}

/// Reports an agent that the file does not declare.
pub(super) fn check_agent(agent: &Spanned<String>, agents: &[&str], faults: &mut Faults<'_>) {
    if !agents.contains(&agent.get_ref().as_str()) {
        let hint = nearest(agent.get_ref(), agents).map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
        faults.add(agent.span(), format!("No agent in this file has the name `{}`.{hint}", agent.get_ref()));
    }
}

/// Reads an amount of money; reports it if it is not valid.
fn money(amount: &Spanned<f64>, key: &str, faults: &mut Faults<'_>) -> Option<Money> {
    let read = Money::parse(&amount.get_ref().to_string());
    if read.is_none() {
        faults.add(amount.span(), format!("{key} must be an amount of money, such as 5.00."));
    }
    read
}

/// Reads an agent; reports missing keys and values out of range. `None` if a key of its kind is missing.
pub(super) fn agent(table: Spanned<AgentTable>, faults: &mut Faults<'_>) -> Option<AgentDeclaration> {
    let span = table.span();
    let table = table.into_inner();
    let kinds = [("http", 0), ("command", 1), ("openai", 2), ("anthropic", 3), ("scripted", 4), ("workflow", 5)];
    let kind = one_of(&table.kind, &kinds, "kind of agent", faults)?;
    let mut report_missing =
        |key: &str| faults.add(span.clone(), format!("An agent of kind `{}` needs `{key}`.", table.kind.get_ref()));
    let kind = match kind {
        0 | 5 => match table.url {
            Some(url) => {
                http_url(&url, "url", faults);
                DeclaredKind::Http { url: url.into_inner(), secret_env: table.secret_env, workflow: kind == 5 }
            }
            None => {
                report_missing("url");
                return None;
            }
        },
        1 => match table.command.map(Spanned::into_inner).filter(|command| !command.is_empty()) {
            Some(command) => DeclaredKind::Command { command },
            None => {
                report_missing("command");
                return None;
            }
        },
        2 | 3 => {
            let Some(model) = table.model else {
                report_missing("model");
                return None;
            };
            if let Some(url) = &table.base_url {
                http_url(url, "base_url", faults);
            }
            DeclaredKind::Model {
                anthropic: kind == 3,
                model,
                prompt: table.prompt.unwrap_or_else(|| "You help this business's customers.".to_owned()),
                max_tokens: table.max_tokens.unwrap_or(600).clamp(1, 8_192),
                base_url: table.base_url.map(Spanned::into_inner),
                api_key_env: table.api_key_env,
            }
        }
        _ => match table.rules {
            Some(rules) => DeclaredKind::Scripted { rules },
            None => {
                report_missing("rules");
                return None;
            }
        },
    };
    let timeout = match &table.timeout_seconds {
        None => 60,
        Some(seconds) if (1..=600).contains(seconds.get_ref()) => *seconds.get_ref(),
        Some(seconds) => {
            faults.add(seconds.span(), "timeout_seconds must be between 1 and 600.");
            60
        }
    };
    let kinds: [(&str, ()); 5] = [("image", ()), ("audio", ()), ("video", ()), ("document", ()), ("sticker", ())];
    for kind in &table.media_input {
        one_of(kind, &kinds, "kind of file", faults);
    }
    let price = |price: &Option<Spanned<f64>>, key: &str, faults: &mut Faults<'_>| {
        price.as_ref().and_then(|amount| money(amount, key, faults)).unwrap_or_default()
    };
    let prices = (price(&table.price_in, "price_in", faults), price(&table.price_out, "price_out", faults));
    Some(AgentDeclaration {
        name: table.name.into_inner(),
        timeout: Duration::from_secs(timeout),
        kind,
        introduction: table.introduction.unwrap_or_default(),
        media_input: table.media_input.into_iter().map(Spanned::into_inner).collect(),
        prices,
        guard: table.guard.as_ref().and_then(|word| one_of(word, &GUARDS, "guard", faults)).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::check;

    #[test]
    fn an_endpoint_with_an_unknown_event_is_a_fault() {
        let check_events = |event: &str| {
            let text =
                format!("[[endpoints]]\nname = \"crm\"\nurl = \"http://127.0.0.1:9/\"\nevents = [\"{event}\"]\n");
            check(&text, &[])
        };
        for event in ["message.received", "assignment.*", "*"] {
            assert_eq!(check_events(event).expect("right").endpoints[0].events, [event]);
        }
        let faults = check_events("message.recieved").expect_err("no such event");
        assert!(faults[0].line == 4 && faults[0].what.ends_with("Did you mean `message.received`?"), "{faults:?}");
    }
}
