//! Requests and queries about numbers: list, health and profile; adopt, register, renew, unregister and disconnect.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::{ConnectionId, SetupId};
use crate::domain::numbers::connection::{Connection, ProviderName};
use crate::domain::numbers::life::{NumberEvent, Presence};
use crate::domain::numbers::number::{Number, NumberAnswer, NumberQuery, NumberRequest, Profile};
use crate::domain::numbers::registration::{Fetched, WebhookScope};
use crate::domain::numbers::setup::{Setup, SetupOptions, SetupStep, StepResult};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::numbers::number_lifecycle::mark_lost;
use crate::operations::numbers::registrations::{self, at_provider, refused};
use crate::operations::numbers::set_up::{self, Plan};
use crate::operations::{Result, System, require};
use crate::provider::Provider;
use crate::provider::numbers::{Access, Numbers, Profiles, RawApiRequest};

/// Performs a request about numbers.
pub(crate) async fn perform(system: &System, actor: &Actor, request: NumberRequest) -> Result<Done> {
    let from = |name, provider, organization, environment, options, step, phone_number_id| Plan {
        name,
        provider,
        organization,
        environment,
        options,
        step,
        phone_number_id,
    };
    match request {
        NumberRequest::SetUp { name, provider, organization, environment, options } => {
            let plan = from(name, provider, organization, environment, *options, SetupStep::Integration, None);
            set_up::begin(system, actor, plan).await
        }
        NumberRequest::Adopt { name, provider, phone_number_id, organization, environment } => {
            let (options, id) = (SetupOptions::default(), Some(phone_number_id));
            let plan = from(name, provider, organization, environment, options, SetupStep::Number, id);
            set_up::begin(system, actor, plan).await
        }
        NumberRequest::Resume { setup } => set_up::go_on(system, actor, setup).await,
        NumberRequest::NewLink { setup } => set_up::new_link(system, actor, setup).await,
        NumberRequest::Cancel { setup } => set_up::cancel(system, actor, setup).await,
        NumberRequest::Reconnect { setup } => set_up::reconnect(system, actor, setup).await,
        NumberRequest::Register { connection } => register(system, actor, connection).await,
        NumberRequest::Renew { connection } => renew(system, actor, connection).await,
        NumberRequest::Unregister { connection } => unregister(system, actor, connection).await,
        NumberRequest::Disconnect { connection, typed } => disconnect(system, actor, connection, &typed).await,
        NumberRequest::SaveProfile { connection, profile } => save_profile(system, actor, connection, &profile).await,
    }
}

/// Answers a query by querying the provider now.
pub(crate) async fn look(system: &System, actor: &Actor, query: NumberQuery) -> Result<Fetched<NumberAnswer>> {
    let value = match query {
        NumberQuery::List { provider } => {
            require(actor, Permission::ListProviderNumbers)?;
            NumberAnswer::List(list(system, &provider).await?)
        }
        NumberQuery::Health { connection } => {
            let (connection, provider) = at_provider(system, connection).await?;
            let health = numbers_of(provider.as_ref(), &connection.provider)?.health(&connection).await;
            NumberAnswer::Health(Box::new(health.map_err(refused)?))
        }
        NumberQuery::Profile { connection } => {
            let (connection, provider) = at_provider(system, connection).await?;
            let profile = profiles_of(provider.as_ref(), &connection.provider)?.profile(&connection).await;
            NumberAnswer::Profile(Box::new(profile.map_err(refused)?))
        }
        NumberQuery::Webhooks { connection } => NumberAnswer::Webhooks(registrations::all(system, connection).await?),
    };
    Ok(Fetched { fetched_at: system.now(), value })
}

async fn list(system: &System, name: &ProviderName) -> Result<Vec<Number>> {
    let Some(provider) = system.providers().get(name) else {
        let known: Vec<String> = system.providers().all().iter().map(|one| one.name().to_string()).collect();
        let why = format!("Unknown provider {}.", clean_line(name.as_str()));
        return Err(Refusal::new(Code::Provider, why, format!("Use one of {}.", known.join(", "))).into());
    };
    let access = Access { label: "the list of numbers", api_key_env: None, connection: None };
    let mut found = numbers_of(provider.as_ref(), name)?.list(access, None).await.map_err(refused)?;
    let here = system.store().connections().await?;
    for number in &mut found {
        let known = here.iter().find(|one| one.provider == *name && one.phone_number_id == number.phone_number_id);
        number.connection = known.map(|one| (one.id, one.name.clone()));
    }
    Ok(found)
}

fn numbers_of<'p>(provider: &'p dyn Provider, name: &ProviderName) -> Result<&'p dyn Numbers, Refusal> {
    provider.numbers().ok_or_else(|| {
        Refusal::new(Code::Provider, format!("{name} has no list of numbers."), "Look in the provider's own console.")
    })
}

fn profiles_of<'p>(provider: &'p dyn Provider, name: &ProviderName) -> Result<&'p dyn Profiles, Refusal> {
    provider.profiles().ok_or_else(|| {
        let why = format!("{name} has no business profiles.");
        Refusal::new(Code::Provider, why, "Look in the provider's own console.")
    })
}

/// Registers our webhook at the provider and starts a setup that verifies it with a test webhook.
async fn register(system: &System, actor: &Actor, id: ConnectionId) -> Result<Done> {
    require(actor, Permission::SetUpNumbers)?;
    let (connection, provider) = at_provider(system, id).await?;
    let base = set_up::public_url(system)?;
    let Some(webhooks) = provider.webhooks() else {
        let why = format!("Webhooks of {} cannot be managed from here.", connection.provider);
        return Err(Refusal::new(Code::Provider, why, "Register it in the provider's own console.").into());
    };
    // The webhooks are read and then created at the provider; two concurrent requests would both find none.
    let _hand = system.lock_operation(actor, &format!("the webhooks of {}", connection.provider))?;
    not_under_way(system, &connection).await?;
    let scope = WebhookScope::Number(connection.phone_number_id.clone());
    let support = provider.capabilities().webhooks;
    let draft = registrations::own_draft(webhooks, support, &scope, &base);
    let ensured = registrations::ensure(webhooks, support, (&connection).into(), &scope, &draft).await;
    let note = ensured.map_err(refused)?.to_string();
    let url = draft.url.unwrap_or_default();
    let now = system.now();
    let mut setup = Setup::of(&connection, SetupStep::Verified, actor.to_string(), now);
    setup.apply(NumberEvent::Register, Presence::Live)?;
    let taken = StepResult { step: SetupStep::Webhook, at: now, works: true, note: note.clone() };
    let setup_id = begin(system, actor, (AuditAction::Register, &connection), &setup, Some(&taken)).await?;
    let said = format!(
        "{}: the webhook for {} is {note}. Not verified yet: a test is requested next and has to arrive within a \
         minute; {setup_id} among the connections shows the result.",
        connection.name,
        clean_line(&url)
    );
    Ok(Done { message: said, created_id: Some(setup_id.to_string()) })
}

/// Starts a setup that creates a link by which the owner of the number renews its credentials.
async fn renew(system: &System, actor: &Actor, id: ConnectionId) -> Result<Done> {
    require(actor, Permission::SetUpNumbers)?;
    let (connection, provider) = at_provider(system, id).await?;
    numbers_of(provider.as_ref(), &connection.provider)?;
    set_up::public_url(system)?;
    let mut setup = Setup::of(&connection, SetupStep::Link, actor.to_string(), system.now());
    setup.apply(NumberEvent::Renew, Presence::Live)?;
    if setup.customer_id.is_none() {
        let why =
            format!("{} belongs to no customer at the provider, so a setup link cannot renew it.", connection.name);
        return Err(Refusal::new(Code::NoCustomer, why, "Renew its credentials where it was connected.").into());
    }
    setup.options.reconnect = Some(connection.phone_number.clone());
    setup.phone_number_id = None;
    let setup_id = begin(system, actor, (AuditAction::Renew, &connection), &setup, None).await?;
    let said = format!(
        "{}: requesting a link that renews its credentials. It is shown as {setup_id} among the connections; \
         nothing is renewed before its owner has opened it.",
        connection.name
    );
    Ok(Done { message: said, created_id: Some(setup_id.to_string()) })
}

async fn not_under_way(system: &System, connection: &Connection) -> Result<()> {
    if system.store().setups().await?.iter().any(|open| open.connection_id == Some(connection.id) && open.is_open()) {
        return Err(operation_in_progress(connection).into());
    }
    Ok(())
}

fn operation_in_progress(connection: &Connection) -> Refusal {
    let why = format!("{} is already being set up.", connection.name);
    Refusal::new(Code::SetupState, why, "Look at the setup's steps.")
}

/// Begins a setup for an existing connection, with the result of a step that was performed already, if any.
async fn begin(
    system: &System,
    actor: &Actor,
    (action, connection): (AuditAction, &Connection),
    setup: &Setup,
    taken: Option<&StepResult>,
) -> Result<SetupId> {
    let now = system.now();
    let mut write = system.store().write().await?;
    if write.live_connection(connection.id).await?.is_none() {
        return Err(not_connected(connection).into());
    }
    if write.open_setup_of(connection.id).await?.is_some() {
        return Err(operation_in_progress(connection).into());
    }
    let setup_id = write.begin_setup(setup).await?;
    if let Some(taken) = taken {
        write.note_step(setup_id, taken).await?;
    }
    write.audit(actor, action, &connection.id.to_string(), &connection.name, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    system.wakeups().setups.notify_one();
    Ok(setup_id)
}

/// Deletes our webhooks at the provider; those of others stay. Returns their number.
async fn take_webhooks(system: &System, connection: &Connection, provider: &dyn Provider) -> Result<usize> {
    let (Some(webhooks), Ok(base)) = (provider.webhooks(), set_up::public_url(system)) else { return Ok(0) };
    let known = webhooks.list(connection.into(), Some(&connection.phone_number_id)).await.map_err(refused)?;
    let mut gone = 0;
    for one in known.iter().filter(|one| !one.fixed && one.url.starts_with(&base)) {
        webhooks.delete(connection.into(), &one.id).await.map_err(refused)?;
        gone += 1;
    }
    Ok(gone)
}

async fn unregister(system: &System, actor: &Actor, id: ConnectionId) -> Result<Done> {
    require(actor, Permission::UnregisterNumbers)?;
    let _hand = system.lock_operation(actor, &format!("connection {id}"))?;
    let (connection, provider) = at_provider(system, id).await?;
    let gone = take_webhooks(system, &connection, provider.as_ref()).await?;
    let now = system.now();
    let mut write = system.store().write().await?;
    mark_lost(&mut write, &connection, NumberEvent::Unregister, now).await?.or_refuse(|| not_connected(&connection))?;
    write.audit(actor, AuditAction::Unregister, &id.to_string(), &connection.name, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    let webhooks = if gone == 1 { "its webhook was".to_owned() } else { format!("{gone} webhooks were") };
    let said = format!(
        "Unregistered {}; {webhooks} deleted. The number is still at the provider: `wadeck connections reconnect ID` connects it again.",
        connection.name
    );
    Ok(Done { message: said, created_id: None })
}

/// Disconnects the number at the provider. The customer record stays for reconnecting.
async fn disconnect(system: &System, actor: &Actor, id: ConnectionId, typed: &str) -> Result<Done> {
    require(actor, Permission::DisconnectNumbers)?;
    let _hand = system.lock_operation(actor, &format!("connection {id}"))?;
    let (connection, provider) = at_provider(system, id).await?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(typed) != connection.phone_number.digits() {
        Refusal::typed(&connection.phone_number.to_string(), typed)?;
    }
    let numbers = numbers_of(provider.as_ref(), &connection.provider)?;
    take_webhooks(system, &connection, provider.as_ref()).await?;
    numbers.disconnect(&connection).await.map_err(refused)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    // The provider's webhook about it may have arrived before its response.
    mark_lost(&mut write, &connection, NumberEvent::Disconnect, now).await?.ignore();
    write
        .audit(
            actor,
            AuditAction::Disconnect,
            &id.to_string(),
            &format!("{}, {}", connection.name, connection.phone_number),
            now,
        )
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    let kept = if connection.customer_id.is_some() {
        " The customer record stays: `wadeck connections reconnect ID` connects it again."
    } else {
        ""
    };
    Ok(Done { message: format!("Disconnected {}.{kept}", connection.name), created_id: None })
}

fn not_connected(connection: &Connection) -> Refusal {
    let why = format!("{} is disconnected.", connection.name);
    Refusal::new(Code::NotFound, why, "Reconnect it first.")
}

async fn save_profile(system: &System, actor: &Actor, id: ConnectionId, profile: &Profile) -> Result<Done> {
    require(actor, Permission::ChangeBusinessProfiles)?;
    profile.check()?;
    let _hand = system.lock_operation(actor, &format!("the profile of {id}"))?;
    let (connection, provider) = at_provider(system, id).await?;
    let saved = profiles_of(provider.as_ref(), &connection.provider)?.save_profile(&connection, profile).await;
    saved.map_err(refused)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    write.audit(actor, AuditAction::Profile, &id.to_string(), &connection.name, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Connection(id), Change::Activity]);
    Ok(Done { message: format!("{}: saved the profile.", connection.name), created_id: None })
}

/// Sends a raw API request for which there is no command. `GET` requires an operator, other methods an admin.
pub(crate) async fn call(
    system: &System,
    actor: &Actor,
    name: &ProviderName,
    call: RawApiRequest,
    connection: Option<ConnectionId>,
) -> Result<Done> {
    let looks = call.method.eq_ignore_ascii_case("GET");
    require(actor, if looks { Permission::QueryProvider } else { Permission::ChangeProviderRecords })?;
    let fits = call.path.starts_with('/') && !call.path.starts_with("//") && !call.path.chars().any(char::is_control);
    if !fits {
        let why = format!("`{}` is not a path.", clean_line(&call.path));
        return Err(Refusal::new(Code::Path, why, "Start it with a slash, such as /platform/v1/customers.").into());
    }
    let found = system.providers().get(name).cloned();
    let Some(provider) = found else {
        return Err(Refusal::new(Code::Provider, format!("Unknown provider {name}."), "").into());
    };
    let connection = match connection {
        Some(id) => Some(at_provider(system, id).await?.0),
        None => None,
    };
    let access =
        connection.as_ref().map_or(Access { label: "this call", api_key_env: None, connection: None }, Access::from);
    let answer = provider.call(access, &call).await.map_err(refused)?;
    if !looks {
        let now = system.now();
        let mut write = system.store().write().await?;
        let detail = format!("{} {} returned {}", call.method, call.path, answer.status);
        write.audit(actor, AuditAction::Call, name.as_str(), &detail, now).await?;
        write.commit().await?;
        system.bus().publish([Change::Activity]);
    }
    let body = if answer.body.is_null() {
        String::new()
    } else {
        serde_json::to_string_pretty(&answer.body).unwrap_or_default()
    };
    if !(200..=299).contains(&answer.status) {
        let why = format!("{} {} was answered {}: {body}", call.method, call.path, answer.status);
        return Err(Refusal::new(Code::Provider, why, "").into());
    }
    Ok(Done { message: body, created_id: Some(answer.status.to_string()) })
}
