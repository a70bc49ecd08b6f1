//! Reads the `[[connections]]` tables and checks each of them, and all of them together.

use std::time::Duration;

use toml::Spanned;

use super::ConnectionConfig;
use super::agents;
use super::faults::{ENVIRONMENTS, Faults, MODES, one_of};
use super::file::ConnectionTable;
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract::Contract;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::numbers::connection::{ConnectionSettings, IdShape, ProviderName, ProviderShape};

/// Reads the connections; reports names and phone number ids that are used twice.
pub(super) fn connections(
    tables: Vec<Spanned<ConnectionTable>>,
    defaults: SendDefaults,
    providers: &[ProviderShape],
    agents: &[&str],
    faults: &mut Faults<'_>,
) -> Vec<ConnectionConfig> {
    let mut connections: Vec<ConnectionConfig> = vec![];
    for table in tables {
        let span = table.span();
        let Some(new) = connection(table.into_inner(), defaults, providers, agents, faults) else {
            continue;
        };
        if connections.iter().any(|known| known.name == new.name) {
            faults.add(span.clone(), format!("Two connections have the name `{}`.", new.name));
        }
        let same =
            |known: &&ConnectionConfig| known.provider == new.provider && known.phone_number_id == new.phone_number_id;
        if let Some(known) = connections.iter().find(same) {
            faults.add(span, format!("`{}` and `{}` have the same phone_number_id.", known.name, new.name));
        }
        connections.push(new);
    }
    connections
}

/// Values for connections whose table does not set them.
#[derive(Clone, Copy)]
pub(super) struct SendDefaults {
    pub undo_seconds: u64,
    pub hourly_policy: bool,
}

/// Stands for an unknown provider: its ids are checked as digits, so that the other faults of the table are reported
/// too.
const UNKNOWN_PROVIDER: ProviderShape = ProviderShape {
    name: "",
    phone_number_id: IdShape::Digits,
    business_account_id: IdShape::Digits,
    key: "",
    secrets: &[],
    needs: &[],
    bases: &[],
    graph_version: None,
    schedules: false,
};

/// Reports settings that the provider cannot use, and numbers out of their range.
fn check_connection(table: &ConnectionTable, shape: &ProviderShape, faults: &mut Faults<'_>) {
    if let Some(service) = &table.messaging_service
        && !IdShape::Sid("MG", "").fits(service.get_ref())
    {
        faults.add(service.span(), "messaging_service must be MG and 32 hexadecimal digits.");
    }
    if let Some(schedule) = table.schedule_at_provider.as_ref().filter(|schedule| *schedule.get_ref()) {
        if !shape.schedules {
            let what =
                "This provider does not schedule messages. Remove schedule_at_provider: wadeck schedules them itself.";
            faults.add(schedule.span(), what);
        } else if table.messaging_service.is_none() {
            faults.add(
                schedule.span(),
                "schedule_at_provider needs messaging_service: only a messaging service schedules messages.",
            );
        }
    }
    if table.name.get_ref().trim().is_empty() {
        faults.add(table.name.span(), "The connection has no name.");
    }
    if let Some(seconds) = table.undo_seconds.as_ref().filter(|seconds| *seconds.get_ref() > 300) {
        faults.add(seconds.span(), "undo_seconds must be at most 300. Schedule a message to send it later.");
    }
    if let Some(rate) = &table.messages_per_second
        && !(1..=1_000).contains(rate.get_ref())
    {
        faults.add(rate.span(), "messages_per_second must be between 1 and 1000.");
    }
}

/// Reads a number as a duration, in units of `unit` seconds; reports it if it is out of range.
fn duration(
    given: Option<&Spanned<f64>>,
    (unit, max): (f64, f64),
    why: &'static str,
    faults: &mut Faults<'_>,
) -> Option<Duration> {
    let given = given?;
    if !(0.0..=max).contains(given.get_ref()) {
        faults.add(given.span(), why);
        return None;
    }
    Some(Duration::from_secs_f64(given.get_ref() * unit))
}

fn connection(
    table: ConnectionTable,
    defaults: SendDefaults,
    providers: &[ProviderShape],
    known_agents: &[&str],
    faults: &mut Faults<'_>,
) -> Option<ConnectionConfig> {
    let known: Vec<(&str, ProviderShape)> = providers.iter().map(|shape| (shape.name, *shape)).collect();
    let provider = one_of(&table.provider, &known, "provider", faults);
    let number = PhoneNumber::parse(table.phone_number.get_ref())
        .map_err(|error| faults.add(table.phone_number.span(), format!("{error}.")))
        .ok();
    let id = |value: Option<&Spanned<String>>, key: &str, shape: IdShape, faults: &mut Faults<'_>| {
        let default = || number.as_ref().and_then(|number| shape.usual(number));
        let given = value.map(|value| value.get_ref().clone()).or_else(default);
        let is_valid = given.as_ref().is_some_and(|id| value.is_none() || shape.fits(id));
        if !is_valid {
            let span = value.map_or_else(|| table.name.span(), Spanned::span);
            faults.add(span, format!("{key} is {}.", shape.words()));
        }
        given.filter(|_| is_valid)
    };
    let shape = provider.unwrap_or(UNKNOWN_PROVIDER);
    check_connection(&table, &shape, faults);
    let phone_number_id = id(table.phone_number_id.as_ref(), "phone_number_id", shape.phone_number_id, faults);
    let account = id(table.business_account_id.as_ref(), "business_account_id", shape.business_account_id, faults);
    let tester = table.tester.as_ref().and_then(|tester| {
        let read = PhoneNumber::parse(tester.get_ref());
        read.map_err(|error| faults.add(tester.span(), format!("{error}."))).ok()
    });
    let environment = table.environment.as_ref().and_then(|value| one_of(value, &ENVIRONMENTS, "environment", faults));
    let mode = table.mode.as_ref().and_then(|mode| one_of(mode, &MODES, "mode", faults)).unwrap_or(Mode::Draft);
    if let Some(agent) = &table.agent {
        agents::check_agent(agent, known_agents, faults);
    }
    let contract = agents::contract(table.contract, &Contract::default(), faults);
    let routes = agents::routes(table.routes, known_agents, (mode, &contract), faults);
    let default_settings = ConnectionSettings::default();
    let why = "debounce_seconds must be between 0 and 60.";
    let debounce = duration(table.debounce_seconds.as_ref(), (1.0, 60.0), why, faults);
    let why = "silent_after_hours must be between 0 (never) and 8760.";
    let silent_after = duration(table.silent_after_hours.as_ref(), (3_600.0, 8_760.0), why, faults);
    let pause_after_person =
        agents::pause(table.pause_after_person_minutes.as_ref(), faults).unwrap_or(default_settings.pause_after_person);
    let undo = table.undo_seconds.as_ref().map_or(defaults.undo_seconds, |seconds| *seconds.get_ref());
    provider?;
    Some(ConnectionConfig {
        name: table.name.into_inner(),
        organization: table.organization,
        environment,
        provider: ProviderName::new(table.provider.into_inner()),
        phone_number: number?,
        phone_number_id: phone_number_id?,
        business_account_id: account?,
        agent: table.agent.map(|agent| (agent.into_inner(), mode)),
        contract,
        routes,
        settings: ConnectionSettings {
            debounce: debounce.unwrap_or(default_settings.debounce),
            hourly_policy: table.hourly_policy.unwrap_or(defaults.hourly_policy),
            messages_per_second: table
                .messages_per_second
                .map_or(default_settings.messages_per_second, Spanned::into_inner),
            read_marks: table.read_marks.unwrap_or(default_settings.read_marks),
            pause_after_person,
            undo: Duration::from_secs(undo),
            silent_after: silent_after.unwrap_or(default_settings.silent_after),
            lifecycle_reactions: table.lifecycle_reactions.unwrap_or(default_settings.lifecycle_reactions),
            batch_note: table.batch_note.unwrap_or(default_settings.batch_note),
            hand_off_text: table.hand_off_text.unwrap_or(default_settings.hand_off_text),
            api_key_env: table.api_key_env,
            messaging_service: table.messaging_service.map(Spanned::into_inner),
            schedule_at_provider: table.schedule_at_provider.is_some_and(Spanned::into_inner),
            tester,
            join_code: table.join_code.filter(|code| !code.trim().is_empty()),
        },
    })
}
