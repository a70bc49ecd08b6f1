//! The worker's step of a setup: performs one step of one setup and stores its result. Every step can be repeated
//! safely, because it first looks for what it is about to create.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::change::Change;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::failure::FailureClass;
use crate::domain::numbers::connection::{Check, Connection, ConnectionSettings};
use crate::domain::numbers::life::{NumberEvent, Presence};
use crate::domain::numbers::registration::WebhookScope;
use crate::domain::numbers::setup::{Setup, SetupState, SetupStep, StepResult};
use crate::domain::numbers::webhook_support::WebhookSupport;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::operations::numbers::canary;
use crate::operations::numbers::registrations::{ensure, own_draft};
use crate::operations::numbers::set_up::{access, public_url};
use crate::operations::{Result, System};
use crate::provider::Provider;
use crate::provider::numbers::{Numbers, Webhooks};

/// How often a link is checked while no webhook reports that it was opened.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How often a step checks whether the test webhook arrived.
const BACK_YET: Duration = Duration::from_secs(2);
/// How long to wait for a test webhook.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a step ended.
enum Ended {
    /// The step is done; the text says what was done.
    Done(String),
    /// The step waits for someone else; check again at this time.
    Waits(String, Timestamp),
    Failed(String),
    /// The provider no longer has this number; the setup continues at this step.
    Gone(String, SetupStep),
}

/// Performs the next step that is due. Returns `false` if none is due.
pub async fn step_setup(system: &System) -> Result<bool> {
    if crate::operations::numbers::number_lifecycle::confirm_deletions(system).await? {
        return Ok(true);
    }
    let now = system.now();
    let Some(mut setup) = system.store().setup_due(now).await? else { return Ok(false) };
    let was = (setup.state, setup.step);
    let before = match setup.connection_id {
        None => Presence::New,
        Some(id) if system.store().connection(id).await?.is_some() => Presence::Live,
        Some(_) => Presence::Gone,
    };
    let ended = match system.providers().get(&setup.provider).cloned() {
        Some(provider) => take(system, provider.as_ref(), &mut setup).await?,
        None => Ended::Failed("This build does not support its provider.".into()),
    };
    let now = system.now();
    let mut due = now;
    let mut write = system.store().write().await?;
    let number = write.presence(&setup).await?;
    let (works, note, moved) = match ended {
        Ended::Done(note) => {
            let next = was.1.next();
            setup.step = next.unwrap_or(was.1);
            let moved = match (was.1, next) {
                (SetupStep::Number, _) => setup.apply(NumberEvent::Made, before),
                (_, Some(_)) => setup.apply(NumberEvent::StepDone, number),
                (_, None) => setup.apply(NumberEvent::Verified, number),
            };
            (true, note, moved)
        }
        Ended::Waits(note, until) => {
            due = until;
            (true, note, setup.apply(NumberEvent::StepWaits, number))
        }
        Ended::Failed(why) => (false, why.clone(), setup.fails(why, number)),
        Ended::Gone(why, step) => {
            (setup.phone_number_id, setup.step) = (None, step);
            (false, why.clone(), setup.fails(why, number))
        }
    };
    if moved.is_err() {
        // The number was changed meanwhile, and that change has stored its own state.
        return Ok(true);
    }
    setup.updated_at = now;
    // If the setup was changed during the step, that change stands, and the step is evaluated again from there.
    if write.save_setup(&setup, was, due).await?.applied() {
        // Only the end of a step is recorded, not waiting.
        let again =
            setup.state == SetupState::Waiting && setup.taken.iter().any(|taken| taken.step == was.1 && taken.works);
        let not_yet = setup.state == SetupState::Waiting && was.1 == SetupStep::Used;
        if !(again || not_yet) {
            write.note_step(setup.id, &StepResult { step: was.1, at: now, works, note: clean_line(&note) }).await?;
        }
        if setup.state == SetupState::Done {
            let detail = format!("{} is connected and verified", setup.name);
            write.audit(&Actor::System, AuditAction::Connected, &setup.id.to_string(), &detail, now).await?;
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(true)
}

async fn take(system: &System, provider: &dyn Provider, setup: &mut Setup) -> Result<Ended> {
    let (Some(numbers), Some(webhooks)) = (provider.numbers(), provider.webhooks()) else {
        return without_numbers(system, provider, setup).await;
    };
    let base = match public_url(system) {
        Ok(base) => base,
        Err(refusal) => return Ok(Ended::Failed(refusal.to_string())),
    };
    let support = provider.capabilities().webhooks;
    match setup.step {
        SetupStep::Integration => integration(system, (webhooks, support), setup, &base).await,
        SetupStep::Customer => {
            let (name, external) = (format!("{} {}", setup.organization, setup.name), setup.external_customer_id());
            Ok(match numbers.customer(access(setup), &name, &external).await {
                Ok(id) => {
                    let note = format!("customer {}", clean_line(&id));
                    setup.customer_id = Some(id);
                    Ended::Done(note)
                }
                Err(trouble) => failed(&trouble),
            })
        }
        SetupStep::Link => {
            let customer = setup.customer_id.clone().unwrap_or_default();
            Ok(match numbers.link(access(setup), &customer, &setup.options).await {
                Ok(link) => {
                    let until = link.expires_at.map(|at| format!(", valid until {at}")).unwrap_or_default();
                    setup.link = Some(link);
                    Ended::Done(format!("link created{until}"))
                }
                Err(trouble) => failed(&trouble),
            })
        }
        SetupStep::Used => used(system, numbers, setup).await,
        SetupStep::Number => number(system, numbers, setup).await,
        SetupStep::Webhook => webhook(system, (webhooks, support), setup, &base).await,
        SetupStep::Verified => verified(system, setup).await,
    }
}

/// Performs the steps of a number whose provider cannot be queried about numbers: it is reconnected with its stored
/// number.
async fn without_numbers(system: &System, provider: &dyn Provider, setup: &Setup) -> Result<Ended> {
    let support = provider.capabilities().webhooks;
    match setup.step {
        SetupStep::Number => as_it_was(system, setup).await,
        SetupStep::Webhook => match provider.webhooks() {
            Some(webhooks) => match public_url(system) {
                Ok(base) => webhook(system, (webhooks, support), setup, &base).await,
                Err(refusal) => Ok(Ended::Failed(refusal.to_string())),
            },
            None => Ok(Ended::Done("it is set at the provider; `connections setup` says how".into())),
        },
        SetupStep::Verified => verified(system, setup).await,
        SetupStep::Integration | SetupStep::Customer | SetupStep::Link | SetupStep::Used => {
            Ok(Ended::Failed("Its provider cannot set numbers up: declare it in the configuration.".into()))
        }
    }
}

async fn as_it_was(system: &System, setup: &Setup) -> Result<Ended> {
    let (Some(connection), Some(number), Some(id)) =
        (setup.connection_id, &setup.options.reconnect, &setup.phone_number_id)
    else {
        let why = "Its number is no longer known: declare it in the configuration, and start again.";
        return Ok(Ended::Failed(why.into()));
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let still = write.setup(setup.id).await?.is_some_and(|now| (now.state, now.step) == (setup.state, setup.step));
    if !still {
        return Ok(Ended::Failed("The setup has changed meanwhile; no connection was created.".into()));
    }
    if let Some(other) = write.number_claimed(&setup.provider, id, Some(setup.id)).await? {
        return Ok(Ended::Failed(format!("{number} is already connected, as {other}.")));
    }
    write.reconnect_with_ids(connection, number, id).await?.ignore();
    write.note_connected(connection, now).await?;
    let released = write.release_quarantine(now).await?;
    write.commit().await?;
    if released > 0 {
        system.wakeups().apply.notify_one();
    }
    Ok(Ended::Done(format!("{number}, {}", clean_line(id))))
}

/// Returns the step that leads to another number, if the provider's list confirms that it no longer has this one;
/// `None` otherwise.
async fn gone(numbers: &dyn Numbers, setup: &Setup, id: &str) -> Option<Ended> {
    let listed = numbers.list(access(setup), None).await.ok()?;
    // The number of a connection that was never connected may be mistyped; another one can be adopted.
    if setup.connection_id.is_none() || listed.iter().any(|one| one.phone_number_id == id) {
        return None;
    }
    let (step, way) = match setup.customer_id {
        Some(_) => (SetupStep::Link, "a new link for the same customer"),
        None => (SetupStep::Integration, "a setup from the first step on"),
    };
    let why = format!("The provider no longer has the number {}. Retrying starts {way}.", clean_line(id));
    Some(Ended::Gone(why, step))
}

fn failed(trouble: &crate::provider::ProviderError) -> Ended {
    let said =
        if trouble.said.is_empty() { String::new() } else { format!(" Provider response: {}.", trouble.said.line()) };
    Ended::Failed(format!("{}. {}{said} {}", trouble.line(), trouble.explanation, trouble.remedy))
}

/// Registers the project webhook, which reports connected and deleted numbers.
async fn integration(
    system: &System,
    (webhooks, support): (&dyn Webhooks, WebhookSupport),
    setup: &Setup,
    base: &str,
) -> Result<Ended> {
    let scope = WebhookScope::Project;
    let draft = own_draft(webhooks, support, &scope, base);
    Ok(match ensure(webhooks, support, access(setup), &scope, &draft).await {
        Ok(ensured) => {
            let now = system.now();
            let mut write = system.store().write().await?;
            let state = format!("{} active", setup.provider);
            write
                .store_snapshot(
                    &format!("integration:{}/{}", setup.organization, setup.environment.name()),
                    &state,
                    now,
                )
                .await?;
            write.commit().await?;
            Ended::Done(format!(
                "active for {} ({}); its webhook is {ensured}",
                setup.organization,
                setup.environment.name(),
            ))
        }
        Err(trouble) => failed(&trouble),
    })
}

/// Waits until the link is opened, which the webhook reports; if it is lost, the provider's list shows it.
async fn used(system: &System, numbers: &dyn Numbers, setup: &mut Setup) -> Result<Ended> {
    if setup.phone_number_id.is_some() {
        return Ok(Ended::Done("reported by the provider".into()));
    }
    let customer = setup.customer_id.clone().unwrap_or_default();
    let Ok(listed) = numbers.list(access(setup), Some(&customer)).await else {
        // The step waits anyway; the next check may succeed.
        return Ok(Ended::Waits("waiting until the owner opens the link".into(), system.now().plus(LOOK_AGAIN)));
    };
    let mut known = system.store().connections().await?.into_iter().map(|one| one.phone_number_id);
    if let Some(found) = listed
        .iter()
        .find(|one| one.customer_id.as_deref() == Some(&customer) && !known.any(|id| id == one.phone_number_id))
    {
        setup.phone_number_id = Some(found.phone_number_id.clone());
        return Ok(Ended::Done("found in the provider's list; its webhook did not arrive".into()));
    }
    let Some(link) = setup.link.as_ref().map(|link| link.id.clone()) else {
        return Ok(Ended::Failed("There is no link. Create one.".into()));
    };
    let told = numbers.link_state(access(setup), &customer, &link).await;
    Ok(match told {
        Ok(Some(told)) if matches!(told.status.as_str(), "expired" | "revoked") => {
            Ended::Failed(format!("The link is {} and was not opened. Create a new one.", told.status))
        }
        Ok(Some(told)) if told.error.is_some() => {
            let why = told.error.unwrap_or_default();
            Ended::Failed(format!("The owner of the number got an error: {}. Create a new link.", clean_line(&why)))
        }
        _ => Ended::Waits("waiting until the owner opens the link".into(), system.now().plus(LOOK_AGAIN)),
    })
}

/// Creates the connection, or reconnects it.
async fn number(system: &System, numbers: &dyn Numbers, setup: &mut Setup) -> Result<Ended> {
    let id = setup.phone_number_id.clone().unwrap_or_default();
    let told = match numbers.number(access(setup), &id).await {
        Ok(told) => told,
        Err(trouble) if trouble.class == FailureClass::Setup => {
            return Ok(gone(numbers, setup, &id).await.unwrap_or_else(|| failed(&trouble)));
        }
        Err(trouble) => return Ok(failed(&trouble)),
    };
    let digits: String = told.display.as_received().chars().filter(char::is_ascii_digit).collect();
    let Ok(phone_number) = PhoneNumber::parse(&digits) else {
        return Ok(Ended::Failed(format!(
            "The provider returned `{}` as its phone number, which is not valid.",
            told.display.line()
        )));
    };
    let now = system.now();
    let note = format!("{phone_number}, {}", clean_line(&told.phone_number_id));
    let connection = Connection {
        id: crate::domain::ids::ConnectionId(0),
        name: setup.name.clone(),
        organization: setup.organization.clone(),
        environment: setup.environment,
        provider: setup.provider.clone(),
        phone_number,
        phone_number_id: told.phone_number_id,
        business_account_id: told.business_account_id,
        kind: told.kind,
        customer_id: told.customer_id.or_else(|| setup.customer_id.clone()),
        settings: ConnectionSettings::default(),
    };
    let mut write = system.store().write().await?;
    // If the setup was cancelled during the query, no connection is created.
    let still = write.setup(setup.id).await?.is_some_and(|now| (now.state, now.step) == (setup.state, setup.step));
    if !still {
        return Ok(Ended::Failed("The setup has changed meanwhile; no connection was created.".into()));
    }
    if let Some(other) = write.number_claimed(&setup.provider, &connection.phone_number_id, Some(setup.id)).await? {
        return Ok(Ended::Failed(format!("{} is already connected, as {other}.", connection.phone_number)));
    }
    setup.connection_id = write.put_connection(&connection, true).await?;
    setup.customer_id.clone_from(&connection.customer_id);
    if let Some(id) = setup.connection_id {
        write.note_connected(id, now).await?;
    }
    let released = write.release_quarantine(now).await?;
    write.commit().await?;
    if released > 0 {
        system.wakeups().apply.notify_one();
    }
    Ok(Ended::Done(note))
}

async fn webhook(
    system: &System,
    (webhooks, support): (&dyn Webhooks, WebhookSupport),
    setup: &Setup,
    base: &str,
) -> Result<Ended> {
    let Some(connection) = connection_of(system, setup).await? else {
        return Ok(Ended::Failed("Its connection was removed meanwhile.".into()));
    };
    let scope = WebhookScope::Number(connection.phone_number_id.clone());
    let draft = own_draft(webhooks, support, &scope, base);
    Ok(match ensure(webhooks, support, (&connection).into(), &scope, &draft).await {
        Ok(ensured) => Ended::Done(ensured.to_string()),
        // If the key may not set the URL, or there is nothing to set it on, a person sets it.
        Err(trouble) if support.is_one_address() && trouble.class == FailureClass::Setup => {
            let why = clean_line(&trouble.explanation);
            Ended::Done(format!("to be pasted by hand, see connections setup: {}", why.trim_end_matches('.')))
        }
        Err(trouble) => failed(&trouble),
    })
}

/// Requests one test webhook and waits for it.
async fn verified(system: &System, setup: &Setup) -> Result<Ended> {
    let Some(connection) = connection_of(system, setup).await? else {
        return Ok(Ended::Failed("Its connection was removed meanwhile.".into()));
    };
    let now = system.now();
    let asked = setup.taken.iter().find(|taken| taken.step == SetupStep::Verified && taken.works).map(|taken| taken.at);
    let Some(asked) = asked else {
        return Ok(match canary::send(system, &connection).await? {
            Ok(()) => Ended::Waits("test webhook requested".into(), now.plus(BACK_YET)),
            Err(why) => Ended::Failed(why.0),
        });
    };
    let checks = system.store().checks().await?;
    let result = checks
        .into_iter()
        .find(|(of, result)| *of == connection.id && result.check == Check::Public && result.at >= asked);
    Ok(match result {
        Some((_, result)) if result.works => Ended::Done(result.note),
        Some((_, result)) => Ended::Failed(format!(
            "{}. Check that {} reaches this engine.",
            result.note,
            system.public_url().unwrap_or_default()
        )),
        None if now.since(asked) > PATIENCE => Ended::Failed(
            "The test webhook did not arrive within 60 s. Check that the public URL reaches this engine.".into(),
        ),
        None => Ended::Waits("test webhook requested".into(), now.plus(BACK_YET)),
    })
}

async fn connection_of(system: &System, setup: &Setup) -> Result<Option<Connection>> {
    match setup.connection_id {
        Some(id) => Ok(system.store().connection(id).await?),
        None => Ok(None),
    }
}
