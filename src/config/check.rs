//! From text to a configuration, or to everything that is wrong with it.

use std::time::Duration;

use super::addresses::{http_url, public};
use super::fault::Fault;
use super::faults::{Faults, nearest, one_of};
use super::file::{Chords, ConnectionTable, File, UserTable};
use super::renamed::Migrated;
use super::{AgentDeclaration, Config, ConnectionConfig, ConsoleConfig, EXAMPLE, LogConfig, UserConfig};
use super::{agents, desk};
use crate::domain::access::role::Role;
use crate::domain::agents::assignment::Mode;
use crate::domain::agents::contract::Contract;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::message::picture::Pictures;
use crate::domain::numbers::connection::{ConnectionSettings, Environment, IdShape, ProviderName, ProviderShape};
use toml::Spanned;

/// More faults than this are not looked for in one go.
const MOST_FAULTS: usize = 20;

/// Checks a whole file.
pub fn check(text: &str, providers: &[ProviderShape]) -> Result<Config, Vec<Fault>> {
    let migrated = Migrated::of(text);
    let mut faults = Faults::of(text, &migrated);
    let Some(file) = parse(&migrated.text, &mut faults) else { return Err(faults.found) };
    let unchanged = Migrated::of(EXAMPLE);
    let mut ignored = Faults::of(EXAMPLE, &unchanged);
    let Some(example) = parse(EXAMPLE, &mut ignored) else { return Err(ignored.found) };
    let config = build(file, example, providers, &mut faults);
    if faults.found.is_empty() {
        return Ok(Config { warnings: migrated.warnings(text), ..config });
    }
    faults.found.sort_by_key(|fault| (fault.line, fault.column));
    Err(faults.found)
}

/// Parses the text. After each fault it parses again without that line, so that all faults are reported at once.
fn parse(text: &str, faults: &mut Faults<'_>) -> Option<File> {
    let mut text = text.to_owned();
    loop {
        let error = match toml::from_str::<File>(&text) {
            Ok(file) => return Some(file),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let message = error.message();
        if !faults.is_reported(span.start) {
            faults.add(span.clone(), explained(message));
        }
        let missing = message.starts_with("missing field");
        let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.start.min(text.len())..].find('\n').map_or(text.len(), |at| span.start + at);
        let line = text.get(start..end).unwrap_or_default();
        if missing || line.trim().is_empty() || !line.contains('=') || faults.found.len() >= MOST_FAULTS {
            return None;
        }
        text.replace_range(start..end, &" ".repeat(end - start));
    }
}

/// The parser's words, with the nearest known name where a name is unknown.
fn explained(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.replace('\n', " ") };
    let (given, known) = rest.split_once('`').unwrap_or((rest, ""));
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match nearest(given, &known) {
        Some(name) => format!("Unknown key `{given}`. Did you mean `{name}`?"),
        None => format!("Unknown key `{given}`. The keys here are {}.", known.join(", ")),
    }
}

const ENVIRONMENTS: [(&str, Environment); 2] =
    [("development", Environment::Development), ("production", Environment::Production)];
pub(super) const MODES: [(&str, Mode); 3] = [("off", Mode::Off), ("draft", Mode::Draft), ("auto", Mode::Auto)];
const ROLES: [(&str, Role); 3] = [("viewer", Role::Viewer), ("operator", Role::Operator), ("admin", Role::Admin)];
const LEVELS: [(&str, ()); 4] = [("error", ()), ("warn", ()), ("info", ()), ("debug", ())];

fn build(file: File, example: File, providers: &[ProviderShape], faults: &mut Faults<'_>) -> Config {
    let environment = file
        .environment
        .as_ref()
        .and_then(|value| one_of(value, &ENVIRONMENTS, "environment", faults))
        .unwrap_or(Environment::Development);
    let listen = file.http.listen.or(example.http.listen);
    if let Some(listen) = &listen
        && listen.get_ref().parse::<std::net::SocketAddr>().is_err()
    {
        faults.add(
            listen.span(),
            format!("`{}` is not an address to listen on. Write it like 127.0.0.1:8787.", listen.get_ref()),
        );
    }
    let public_url = file.http.public_url.filter(|url| !url.get_ref().is_empty());
    if let Some(url) = &public_url {
        http_url(url, "public_url", faults);
        public(url, faults);
    }
    let buffered = file.http.max_buffered_megabytes.or(example.http.max_buffered_megabytes);
    if let Some(buffered) = &buffered
        && !(8..=16_384).contains(buffered.get_ref())
    {
        faults.add(buffered.span(), "max_buffered_megabytes must be between 8 and 16384.");
    }
    let attempts = file.outbox.max_attempts.or(example.outbox.max_attempts);
    if let Some(attempts) = &attempts
        && !(1..=20).contains(attempts.get_ref())
    {
        faults.add(attempts.span(), "max_attempts must be between 1 and 20.");
    }
    let level = file.log.level.or(example.log.level);
    if let Some(level) = &level {
        one_of(level, &LEVELS, "log level", faults);
    }
    let undo = file.outbox.undo_seconds.or(example.outbox.undo_seconds).map_or(0, Spanned::into_inner);
    let hourly_policy = file.outbox.hourly_policy.or(example.outbox.hourly_policy).unwrap_or(true);
    let agents: Vec<AgentDeclaration> =
        file.agents.into_iter().filter_map(|table| agents::agent(table, faults)).collect();
    let names: Vec<&str> = agents.iter().map(|agent| agent.name.as_str()).collect();
    let mut connections: Vec<ConnectionConfig> = vec![];
    for table in file.connections {
        let span = table.span();
        let Some(new) = connection(table.into_inner(), (hourly_policy, undo), providers, &names, faults) else {
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
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            faults.add(0..0, format!("Two agents have the name `{name}`."));
        }
    }
    let media = desk::media(file.media, example.media, faults);
    let console = (file.console, example.console);
    let pictures =
        console.0.pictures.as_ref().and_then(|name| one_of(name, &Pictures::NAMES, "picture protocol", faults));
    let either = |own: Option<bool>, default: Option<bool>| own.or(default).unwrap_or(false);
    Config {
        warnings: vec![],
        organization: file.organization.or(example.organization).map(Spanned::into_inner).unwrap_or_default(),
        environment,
        listen: listen.map(Spanned::into_inner).unwrap_or_default(),
        public_url: public_url.map(Spanned::into_inner),
        max_connections: file
            .http
            .max_connections
            .or(example.http.max_connections)
            .map_or(512, Spanned::into_inner)
            .max(1),
        max_buffered: buffered.map_or(48, Spanned::into_inner) as usize * 1024 * 1024,
        attempts: attempts.map_or(3, Spanned::into_inner),
        console: ConsoleConfig {
            enter_sends: either(console.0.enter_sends, console.1.enter_sends),
            mark_read_on_open: either(console.0.mark_read_on_open, console.1.mark_read_on_open),
            ascii: either(console.0.ascii, console.1.ascii),
            typing: either(console.0.typing, console.1.typing),
            pictures: pictures.unwrap_or_default(),
        },
        media,
        alerts: desk::alerts(file.alerts, example.alerts),
        opt_out_words: desk::contacts(file.contacts),
        watch: desk::watch(file.watch, example.watch),
        ssh: desk::ssh(file.ssh, example.ssh),
        socket_group: file.attach.group.or(example.attach.group).filter(|group| !group.trim().is_empty()),
        approvals: agents::approvals(file.approvals, example.approvals),
        endpoints: agents::endpoints(file.endpoints, faults),
        log: LogConfig {
            level: level.map_or_else(|| "info".to_owned(), Spanned::into_inner),
            files: file.log.files.or(example.log.files).unwrap_or(14),
        },
        connections,
        agents,
        users: file.users.into_iter().filter_map(|table| user(table.into_inner(), faults)).collect(),
        keys: file
            .keys
            .into_iter()
            .map(|(command, chords)| match chords.into_inner() {
                Chords::One(chord) => (command, vec![chord]),
                Chords::Several(chords) => (command, chords),
            })
            .collect(),
    }
}

fn connection(
    table: ConnectionTable,
    (hourly_policy, undo): (bool, u64),
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
        let usual = || number.as_ref().and_then(|number| shape.usual(number));
        let given = value.map(|value| value.get_ref().clone()).or_else(usual);
        let fits = given.as_ref().is_some_and(|id| value.is_none() || shape.fits(id));
        if !fits {
            let span = value.map_or_else(|| table.name.span(), Spanned::span);
            faults.add(span, format!("{key} is {}.", shape.words()));
        }
        given.filter(|_| fits)
    };
    let unknown = ProviderShape {
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
    let shape = provider.unwrap_or(unknown);
    let phone_number_id = id(table.phone_number_id.as_ref(), "phone_number_id", shape.phone_number_id, faults);
    let account = id(table.business_account_id.as_ref(), "business_account_id", shape.business_account_id, faults);
    let tester = table.tester.as_ref().and_then(|tester| {
        let read = PhoneNumber::parse(tester.get_ref());
        read.map_err(|error| faults.add(tester.span(), format!("{error}."))).ok()
    });
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
    let environment = table.environment.as_ref().and_then(|value| one_of(value, &ENVIRONMENTS, "environment", faults));
    let mode = table.mode.as_ref().and_then(|mode| one_of(mode, &MODES, "mode", faults)).unwrap_or(Mode::Draft);
    if let Some(agent) = &table.agent {
        agents::known_agent(agent, known_agents, faults);
    }
    let contract = agents::contract(table.contract, &Contract::default(), faults);
    let routes = agents::routes(table.routes, known_agents, (mode, &contract), faults);
    let standard = ConnectionSettings::default();
    let debounce = match &table.debounce_seconds {
        None => standard.debounce,
        Some(seconds) if (0.0..=60.0).contains(seconds.get_ref()) => Duration::from_secs_f64(*seconds.get_ref()),
        Some(seconds) => {
            faults.add(seconds.span(), "debounce_seconds must be between 0 and 60.");
            standard.debounce
        }
    };
    let pause_after_person =
        agents::pause(table.pause_after_person_minutes.as_ref(), faults).unwrap_or(standard.pause_after_person);
    let undo = table.undo_seconds.as_ref().map_or(undo, |seconds| *seconds.get_ref());
    if let Some(seconds) = table.undo_seconds.as_ref().filter(|seconds| *seconds.get_ref() > 300) {
        faults.add(seconds.span(), "undo_seconds must be at most 300. Schedule a message to send it later.");
    }
    let silent_after = match &table.silent_after_hours {
        Some(hours) if (0.0..=8_760.0).contains(hours.get_ref()) => Duration::from_secs_f64(hours.get_ref() * 3_600.0),
        Some(hours) => {
            faults.add(hours.span(), "silent_after_hours is between 0 (never) and 8760.");
            standard.silent_after
        }
        None => standard.silent_after,
    };
    if let Some(rate) = &table.messages_per_second
        && !(1..=1_000).contains(rate.get_ref())
    {
        faults.add(rate.span(), "messages_per_second must be between 1 and 1000.");
    }
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
            debounce,
            hourly_policy: table.hourly_policy.unwrap_or(hourly_policy),
            messages_per_second: table.messages_per_second.map_or(standard.messages_per_second, Spanned::into_inner),
            read_marks: table.read_marks.unwrap_or(standard.read_marks),
            pause_after_person,
            undo: Duration::from_secs(undo),
            silent_after,
            lifecycle_reactions: table.lifecycle_reactions.unwrap_or(standard.lifecycle_reactions),
            batch_note: table.batch_note.unwrap_or(standard.batch_note),
            hand_off_text: table.hand_off_text.unwrap_or(standard.hand_off_text),
            api_key_env: table.api_key_env,
            messaging_service: table.messaging_service.map(Spanned::into_inner),
            schedule_at_provider: table.schedule_at_provider.is_some_and(Spanned::into_inner),
            tester,
            join_code: table.join_code.filter(|code| !code.trim().is_empty()),
        },
    })
}

fn user(table: UserTable, faults: &mut Faults<'_>) -> Option<UserConfig> {
    let name = table.name.get_ref().trim();
    let taken =
        ["system", "configuration"].contains(&name) || ["agent ", "token "].iter().any(|one| name.starts_with(one));
    if name.is_empty() || taken || name.chars().any(char::is_control) {
        let what = "This user name is reserved. Choose one other than `system` and `configuration` that does not begin with `agent ` or `token `.";
        faults.add(table.name.span(), what);
    }
    let role = one_of(&table.role, &ROLES, "role", faults)?;
    Some(UserConfig { name: table.name.into_inner(), role, os_user: table.os_user, ssh_keys: table.ssh_keys })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agents::contract::Conditions;

    const MIRROR: ProviderShape = ProviderShape {
        name: "kapso",
        phone_number_id: IdShape::Digits,
        business_account_id: IdShape::Digits,
        key: "KEY",
        secrets: &["SECRET"],
        needs: &[],
        bases: &[],
        graph_version: None,
        schedules: false,
    };

    fn faults(text: &str) -> Vec<Fault> {
        check(text, &[MIRROR]).expect_err("it has faults")
    }

    #[test]
    fn the_example_is_true_and_is_the_default() {
        let example = check(EXAMPLE, &[MIRROR]).expect("the example is right");
        let nothing = check("", &[MIRROR]).expect("nothing is right too");
        assert_eq!(example.listen, nothing.listen);
        assert_eq!(example.attempts, nothing.attempts);
        assert_eq!(example.organization, nothing.organization);
        assert_eq!(example.connections.len(), 1);
        assert!(nothing.connections.is_empty());
        let declared = &example.connections[0].settings;
        assert_eq!(*declared, ConnectionSettings::default());
    }

    #[test]
    fn a_key_by_its_earlier_name_is_read_with_a_warning_and_both_names_are_a_fault() {
        let config = check("[ssh]\nmost = 5\n[approvals]\ntwo_persons = true\n", &[MIRROR]).expect("both are read");
        assert_eq!((config.ssh.max_connections, config.approvals.require_two_approvers), (5, true));
        let places: Vec<(usize, usize)> =
            config.warnings.iter().map(|warning| (warning.line, warning.column)).collect();
        assert_eq!(places, [(2, 1), (4, 1)]);
        assert!(check(EXAMPLE, &[MIRROR]).expect("the example is right").warnings.is_empty());
        let found = faults("[ssh]\nmost = 5\nmax_connections = 6\nlissten = \"\"\n");
        let told: Vec<(usize, &str)> = found.iter().map(|fault| (fault.line, fault.what.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "`most` is the earlier name of `max_connections`, and both are given. Remove `most`."),
                (4, "Unknown key `lissten`. Did you mean `listen`?"),
            ]
        );
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let text = "organisation = \"x\"\nenvironment = \"prod\"\n\n[http]\nlisten = \"here\"\nlissten = \"y\"\n";
        let found = faults(text);
        let told: Vec<String> =
            found.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.what)).collect();
        assert_eq!(
            told,
            [
                "1:1 Unknown key `organisation`. Did you mean `organization`?",
                "2:15 `prod` is not a valid environment. Use one of development, production. Did you mean `production`?",
                "5:10 `here` is not an address to listen on. Write it like 127.0.0.1:8787.",
                "6:1 Unknown key `lissten`. Did you mean `listen`?",
            ]
        );
    }

    #[test]
    fn connections_are_checked_as_a_whole() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"kapsi\"\nphone_number = \"12\"\nphone_number_id = \"+1\"\n\
                    business_account_id = \"1\"\nagent = \"nobody\"\nmode = \"loud\"\ndebounce_seconds = 99\n";
        let told: Vec<usize> = faults(text).iter().map(|fault| fault.line).collect();
        assert_eq!(told, [3, 4, 5, 7, 8, 9]);
    }

    #[test]
    fn a_route_is_as_its_connection_where_it_says_nothing_else() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"mirror\"\nphone_number = \"+15550100001\"\nphone_number_id = \"1\"\n\
                    business_account_id = \"1\"\nagent = \"day\"\nMODE\n[connections.contract]\ntools = [\"whatsapp.send\"]\n\
                    max_per_hour = 5\nmax_characters = 300\nmoney_per_day = 2.5\nallow_initiating = true\n\
                    [[connections.routes]]\nagent = \"night\"\nwords = [\"invoice\"]\n\
                    [[connections.routes]]\nagent = \"night\"\nmode = \"off\"\nlanguage = \"es\"\ncontract = { max_characters = 100, allow_initiating = false }\n\
                    [[agents]]\nname = \"day\"\nkind = \"scripted\"\nrules = []\n\
                    [[agents]]\nname = \"night\"\nkind = \"scripted\"\nrules = []\n"
            .replace("mirror", MIRROR.name);
        for (given, mode) in [("", Mode::Draft), ("mode = \"auto\"", Mode::Auto), ("mode = \"draft\"", Mode::Draft)] {
            let config = check(&text.replace("MODE", given), &[MIRROR]).expect("right");
            let connection = &config.connections[0];
            assert_eq!(connection.agent, Some(("day".to_owned(), mode)), "{given}");
            let [(_, first, as_connection), (_, second, own)] = &connection.routes[..] else { panic!("two routes") };
            assert_eq!((*first, *second), (mode, Mode::Off), "{given}");
            let bare = |contract: &Contract| Contract { when: Conditions::default(), ..contract.clone() };
            assert_eq!(bare(as_connection), connection.contract, "{given}");
            assert_eq!(
                bare(own),
                Contract { max_characters: 100, allow_initiating: false, ..connection.contract.clone() },
                "{given}"
            );
        }
    }

    #[test]
    fn keeping_for_later_needs_a_provider_that_does_and_a_pool() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"mirror\"\nphone_number = \"+15550100001\"\nphone_number_id = \"1\"\n\
                    business_account_id = \"1\"\nschedule_at_provider = true\n";
        let text = text.replace("mirror", MIRROR.name);
        let found = faults(&text);
        assert!(found[0].line == 7 && found[0].what.contains("does not schedule messages"), "{found:?}");
        let keeps = ProviderShape { schedules: true, ..MIRROR };
        let found = check(&text, &[keeps]).expect_err("no pool");
        assert!(found[0].what.contains("needs messaging_service"), "{found:?}");
        let pool = format!("{text}messaging_service = \"MG0123456789abcdef0123456789abcdef\"\n");
        assert!(check(&pool, &[keeps]).expect("right").connections[0].settings.schedule_at_provider);
    }

    #[test]
    fn nobody_is_called_what_the_record_calls_others() {
        for name in ["system", "agent helper", "token shop", " "] {
            let text = format!("[[users]]\nname = \"{name}\"\nrole = \"viewer\"\n");
            assert_eq!(faults(&text)[0].line, 2, "{name}");
        }
        check("[[users]]\nname = \"agentha\"\nrole = \"viewer\"\n", &[MIRROR]).expect("a name like others");
    }

    #[test]
    fn a_syntax_error_has_a_place_too() {
        let found = faults("organization = \"acme\nenvironment = 1");
        assert_eq!(found[0].line, 1);
    }
}
