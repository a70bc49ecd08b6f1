//! Checks a configuration text. Returns the configuration, or all its faults.

use super::addresses::{check_public_url, http_url};
use super::commands::commands;
use super::connections::{SendDefaults, connections};
use super::fault::Fault;
use super::faults::{ENVIRONMENTS, Faults, nearest, one_of};
use super::file::{Chords, Console, File, Http, UserTable};
use super::rates::rates;
use super::renamed::Migrated;
use super::{AgentDeclaration, Config, ConsoleConfig, EXAMPLE, LogConfig, UserConfig};
use super::{agents, operations};
use crate::domain::access::role::Role;
use crate::domain::message::picture::Pictures;
use crate::domain::numbers::connection::{Environment, ProviderShape};
use toml::Spanned;

/// Parsing stops after this many faults.
const MAX_FAULTS: usize = 20;

/// Checks a whole file. Missing keys have the values of [`EXAMPLE`]. Returns the faults sorted by place.
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
            faults.add(span.clone(), explain(message));
        }
        let missing = message.starts_with("missing field");
        let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |at| at + 1);
        let end = text[span.start.min(text.len())..].find('\n').map_or(text.len(), |at| span.start + at);
        let line = text.get(start..end).unwrap_or_default();
        if missing || line.trim().is_empty() || !line.contains('=') || faults.found.len() >= MAX_FAULTS {
            return None;
        }
        text.replace_range(start..end, &" ".repeat(end - start));
    }
}

/// The parser's message, with the most similar known key if a key is unknown.
fn explain(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else { return message.replace('\n', " ") };
    let (given, known) = rest.split_once('`').unwrap_or((rest, ""));
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match nearest(given, &known) {
        Some(name) => format!("Unknown key `{given}`. Did you mean `{name}`?"),
        None => format!("Unknown key `{given}`. The keys here are {}.", known.join(", ")),
    }
}

pub(super) const ROLES: [(&str, Role); 3] =
    [("viewer", Role::Viewer), ("operator", Role::Operator), ("admin", Role::Admin)];
const LEVELS: [(&str, ()); 4] = [("error", ()), ("warn", ()), ("info", ()), ("debug", ())];

/// Reports an invalid address or number in the HTTP table.
fn check_http(http: &Http, faults: &mut Faults<'_>) {
    if let Some(listen) = &http.listen
        && listen.get_ref().parse::<std::net::SocketAddr>().is_err()
    {
        faults.add(
            listen.span(),
            format!("`{}` is not an address to listen on. Write it like 127.0.0.1:8787.", listen.get_ref()),
        );
    }
    if let Some(url) = http.public_url.as_ref().filter(|url| !url.get_ref().is_empty()) {
        http_url(url, "public_url", faults);
        check_public_url(url, faults);
    }
    if let Some(buffered) = &http.max_buffered_megabytes
        && !(8..=16_384).contains(buffered.get_ref())
    {
        faults.add(buffered.span(), "max_buffered_megabytes must be between 8 and 16384.");
    }
}

fn console(own: Console, default: &Console, faults: &mut Faults<'_>) -> ConsoleConfig {
    let pictures = own.pictures.as_ref().and_then(|name| one_of(name, &Pictures::NAMES, "picture protocol", faults));
    let either = |own: Option<bool>, default: Option<bool>| own.or(default).unwrap_or(false);
    ConsoleConfig {
        enter_sends: either(own.enter_sends, default.enter_sends),
        mark_read_on_open: either(own.mark_read_on_open, default.mark_read_on_open),
        ascii: either(own.ascii, default.ascii),
        typing: either(own.typing, default.typing),
        pictures: pictures.unwrap_or_default(),
    }
}

/// Builds the configuration from the file, with the example's values for missing keys; reports what is invalid.
fn build(mut file: File, example: File, providers: &[ProviderShape], faults: &mut Faults<'_>) -> Config {
    let environment = file
        .environment
        .as_ref()
        .and_then(|value| one_of(value, &ENVIRONMENTS, "environment", faults))
        .unwrap_or(Environment::Development);
    file.http.listen = file.http.listen.or(example.http.listen);
    file.http.max_buffered_megabytes = file.http.max_buffered_megabytes.or(example.http.max_buffered_megabytes);
    check_http(&file.http, faults);
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
    let defaults = SendDefaults {
        undo_seconds: file.outbox.undo_seconds.or(example.outbox.undo_seconds).map_or(0, Spanned::into_inner),
        hourly_policy: file.outbox.hourly_policy.or(example.outbox.hourly_policy).unwrap_or(true),
    };
    let agents: Vec<AgentDeclaration> =
        file.agents.into_iter().filter_map(|table| agents::agent(table, faults)).collect();
    let names: Vec<&str> = agents.iter().map(|agent| agent.name.as_str()).collect();
    let connections = connections(file.connections, defaults, providers, &names, faults);
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            faults.add(0..0, format!("Two agents have the name `{name}`."));
        }
    }
    let media = operations::media(file.media, example.media, faults);
    Config {
        warnings: vec![],
        organization: file.organization.or(example.organization).map(Spanned::into_inner).unwrap_or_default(),
        environment,
        listen: file.http.listen.map(Spanned::into_inner).unwrap_or_default(),
        public_url: file.http.public_url.map(Spanned::into_inner).filter(|url| !url.is_empty()),
        max_connections: file
            .http
            .max_connections
            .or(example.http.max_connections)
            .map_or(512, Spanned::into_inner)
            .max(1),
        max_buffered: file.http.max_buffered_megabytes.map_or(48, Spanned::into_inner) as usize * 1024 * 1024,
        attempts: attempts.map_or(3, Spanned::into_inner),
        console: console(file.console, &example.console, faults),
        media,
        transcription: operations::transcription(file.transcription, example.transcription, faults),
        alerts: operations::alerts(file.alerts, example.alerts),
        opt_out_words: operations::contacts(file.contacts),
        watch: operations::watch(file.watch, example.watch),
        ssh: operations::ssh(file.ssh, example.ssh),
        socket_group: file.attach.group.or(example.attach.group).filter(|group| !group.trim().is_empty()),
        approvals: agents::approvals(file.approvals, example.approvals),
        endpoints: agents::endpoints(file.endpoints, faults),
        log: LogConfig {
            level: level.map_or_else(|| "info".to_owned(), Spanned::into_inner),
            files: file.log.files.or(example.log.files).unwrap_or(14),
        },
        connections,
        agents,
        rates: rates(file.rates, providers, faults),
        users: file.users.into_iter().filter_map(|table| user(table.into_inner(), faults)).collect(),
        replies: operations::replies(file.replies, faults),
        commands: commands(file.commands, faults),
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

/// Reads a user; reports reserved names and unknown roles.
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
    use crate::domain::agents::assignment::Mode;
    use crate::domain::agents::contract::{Conditions, Contract};
    use crate::domain::numbers::connection::{ConnectionSettings, IdShape};

    const PROVIDER: ProviderShape = ProviderShape {
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
        check(text, &[PROVIDER]).expect_err("it has faults")
    }

    #[test]
    fn the_example_is_valid_and_is_the_default() {
        let example = check(EXAMPLE, &[PROVIDER]).expect("the example is right");
        let empty = check("", &[PROVIDER]).expect("nothing is right too");
        assert_eq!(example.listen, empty.listen);
        assert_eq!(example.attempts, empty.attempts);
        assert_eq!(example.organization, empty.organization);
        assert_eq!(example.connections.len(), 1);
        assert!(empty.connections.is_empty());
        let declared = &example.connections[0].settings;
        assert_eq!(*declared, ConnectionSettings::default());
    }

    #[test]
    fn an_earlier_key_is_read_with_a_warning_and_both_names_are_a_fault() {
        let config = check("[ssh]\nmost = 5\n[approvals]\ntwo_persons = true\n", &[PROVIDER]).expect("both are read");
        assert_eq!((config.ssh.max_connections, config.approvals.require_two_approvers), (5, true));
        let places: Vec<(usize, usize)> =
            config.warnings.iter().map(|warning| (warning.line, warning.column)).collect();
        assert_eq!(places, [(2, 1), (4, 1)]);
        assert!(check(EXAMPLE, &[PROVIDER]).expect("the example is right").warnings.is_empty());
        let faults_found = faults("[ssh]\nmost = 5\nmax_connections = 6\nlissten = \"\"\n");
        let messages: Vec<(usize, &str)> = faults_found.iter().map(|fault| (fault.line, fault.what.as_str())).collect();
        assert_eq!(
            messages,
            [
                (2, "`most` is the earlier name of `max_connections`, and both are given. Remove `most`."),
                (4, "Unknown key `lissten`. Did you mean `listen`?"),
            ]
        );
    }

    #[test]
    fn every_fault_is_reported_with_its_place() {
        let text = "organisation = \"x\"\nenvironment = \"prod\"\n\n[http]\nlisten = \"here\"\nlissten = \"y\"\n";
        let faults_found = faults(text);
        let messages: Vec<String> =
            faults_found.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.what)).collect();
        assert_eq!(
            messages,
            [
                "1:1 Unknown key `organisation`. Did you mean `organization`?",
                "2:15 `prod` is not a valid environment. Use one of development, production. Did you mean `production`?",
                "5:10 `here` is not an address to listen on. Write it like 127.0.0.1:8787.",
                "6:1 Unknown key `lissten`. Did you mean `listen`?",
            ]
        );
    }

    #[test]
    fn all_faults_of_a_connection_are_reported() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"kapsi\"\nphone_number = \"12\"\nphone_number_id = \"+1\"\n\
                    business_account_id = \"1\"\nagent = \"nobody\"\nmode = \"loud\"\ndebounce_seconds = 99\n";
        let messages: Vec<usize> = faults(text).iter().map(|fault| fault.line).collect();
        assert_eq!(messages, [3, 4, 5, 7, 8, 9]);
    }

    #[test]
    fn a_rate_is_checked_value_by_value() {
        let rate = |market: &str, category: &str, from: &str, price: &str, currency: &str| {
            format!(
                "[[rates]]\nmarket = \"{market}\"\ncategory = \"{category}\"\nfrom = \"{from}\"\nprice = {price}\ncurrency = \"{currency}\"\n"
            )
        };
        let right = rate("Germany", "marketing", "2026-10-01", "\"0.1365\"", "EUR");
        assert!(!check(&right, &[PROVIDER]).expect("right").rates.is_empty());
        let found = faults(&rate("Germny", "marketin", "1.10.2026", "0.1365", "Euro"));
        let told: Vec<(usize, usize)> = found.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(told, [(2, 10), (3, 12), (4, 8), (5, 9), (6, 12)]);
        for (fault, part) in
            found.iter().zip(["Did you mean `Germany`?", "`marketing`?", "2026-10-01", "in quotes", "EUR"])
        {
            assert!(fault.what.contains(part), "{}", fault.what);
        }
        let found = faults(&format!("{right}{right}"));
        assert!(found.len() == 1 && found[0].line == 7 && found[0].what.contains("two rates"), "{found:?}");
    }

    #[test]
    fn a_route_inherits_missing_values_from_its_connection() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"mirror\"\nphone_number = \"+15550100001\"\nphone_number_id = \"1\"\n\
                    business_account_id = \"1\"\nagent = \"day\"\nMODE\n[connections.contract]\ntools = [\"whatsapp.send\"]\n\
                    max_per_hour = 5\nmax_characters = 300\nmoney_per_day = 2.5\nallow_initiating = true\n\
                    [[connections.routes]]\nagent = \"night\"\nwords = [\"invoice\"]\n\
                    [[connections.routes]]\nagent = \"night\"\nmode = \"off\"\nlanguage = \"es\"\ncontract = { max_characters = 100, allow_initiating = false }\n\
                    [[agents]]\nname = \"day\"\nkind = \"scripted\"\nrules = []\n\
                    [[agents]]\nname = \"night\"\nkind = \"scripted\"\nrules = []\n"
            .replace("mirror", PROVIDER.name);
        for (given, mode) in [("", Mode::Draft), ("mode = \"auto\"", Mode::Auto), ("mode = \"draft\"", Mode::Draft)] {
            let config = check(&text.replace("MODE", given), &[PROVIDER]).expect("right");
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
    fn scheduling_at_the_provider_needs_its_support_and_a_messaging_service() {
        let text = "[[connections]]\nname = \"a\"\nprovider = \"mirror\"\nphone_number = \"+15550100001\"\nphone_number_id = \"1\"\n\
                    business_account_id = \"1\"\nschedule_at_provider = true\n";
        let text = text.replace("mirror", PROVIDER.name);
        let faults_found = faults(&text);
        assert!(
            faults_found[0].line == 7 && faults_found[0].what.contains("does not schedule messages"),
            "{faults_found:?}"
        );
        let scheduling = ProviderShape { schedules: true, ..PROVIDER };
        let faults_found = check(&text, &[scheduling]).expect_err("no pool");
        assert!(faults_found[0].what.contains("needs messaging_service"), "{faults_found:?}");
        let with_service = format!("{text}messaging_service = \"MG0123456789abcdef0123456789abcdef\"\n");
        assert!(check(&with_service, &[scheduling]).expect("right").connections[0].settings.schedule_at_provider);
    }

    #[test]
    fn reserved_user_names_are_refused() {
        for name in ["system", "agent helper", "token shop", " "] {
            let text = format!("[[users]]\nname = \"{name}\"\nrole = \"viewer\"\n");
            assert_eq!(faults(&text)[0].line, 2, "{name}");
        }
        check("[[users]]\nname = \"agentha\"\nrole = \"viewer\"\n", &[PROVIDER]).expect("a name like others");
    }

    #[test]
    fn a_syntax_error_has_a_line() {
        let faults_found = faults("organization = \"acme\nenvironment = 1");
        assert_eq!(faults_found[0].line, 1);
    }
}
