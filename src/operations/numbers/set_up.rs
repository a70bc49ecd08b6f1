//! Setups of numbers: begin, continue, create a new link, cancel. The worker performs the steps.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::SetupId;
use crate::domain::numbers::connection::{Environment, ProviderName};
use crate::domain::numbers::life::{NumberEvent, NumberState, Presence};
use crate::domain::numbers::setup::{Setup, SetupOptions, SetupState, SetupStep};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::operations::{Result, System, require};
use crate::provider::numbers::Access;
use crate::store::Write;

const LONGEST_NAME: usize = 40;
/// Minimum pause between two checks of a link.
const LINK_LOOKS: Duration = Duration::from_secs(10);

/// Parameters of a new setup.
pub(crate) struct Plan {
    pub name: String,
    pub provider: ProviderName,
    pub organization: Option<String>,
    pub environment: Option<Environment>,
    pub options: SetupOptions,
    /// First step: the integration for a new number, or the number step for an existing one.
    pub step: SetupStep,
    pub phone_number_id: Option<String>,
}

/// Begins a setup. The worker performs its first step at once.
pub(crate) async fn begin(system: &System, actor: &Actor, plan: Plan) -> Result<Done> {
    require(actor, Permission::SetUpNumbers)?;
    let name = plan.name.trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(plain) {
        let why = format!("The name is not 1 to {LONGEST_NAME} letters, digits, spaces, dots or dashes.");
        return Err(Refusal::new(Code::Name, why, "Choose another name.").into());
    }
    plan.options.check()?;
    able(system, &plan.provider)?;
    let base = public_url(system)?;
    let now = system.now();
    let mut options = plan.options;
    // Only the settings of a connection choose its key; a request cannot.
    options.api_key_env = None;
    // After opening the link, the owner returns to one of our pages, unless another was named.
    if base.starts_with("https://") || base.starts_with("http://127.0.0.1") {
        options.success_url.get_or_insert_with(|| format!("{base}/setup/complete"));
        options.failure_url.get_or_insert_with(|| format!("{base}/setup/failed"));
    }
    let mut setup = Setup {
        id: SetupId(0),
        name: name.to_owned(),
        organization: plan.organization.unwrap_or_else(|| system.identity().organization.clone()),
        environment: plan.environment.unwrap_or(system.identity().environment),
        provider: plan.provider,
        options,
        state: SetupState::Cancelled,
        step: plan.step,
        customer_id: None,
        link: None,
        phone_number_id: plan.phone_number_id,
        connection_id: None,
        trouble: None,
        started_by: actor.to_string(),
        started_at: now,
        updated_at: now,
        taken: vec![],
    };
    let event = if setup.phone_number_id.is_some() { NumberEvent::Adopt } else { NumberEvent::SetUp };
    setup.apply(event, Presence::New)?;
    let mut write = system.store().write().await?;
    if write.name_taken(name).await? {
        let why = format!("A connection named {name} already exists.");
        return Err(Refusal::new(Code::NameTaken, why, "Choose another name, or continue with that connection.").into());
    }
    if let Some(number) = &setup.phone_number_id
        && let Some(other) = write.number_claimed(&setup.provider, number, None).await?
    {
        let why = format!("This number is already connected, or being set up, as {other}.");
        return Err(
            Refusal::new(Code::NumberTaken, why, "Choose another number, or continue with that connection.").into()
        );
    }
    let id = write.begin_setup(&setup).await?;
    let detail = format!("{name} ({}, {})", setup.organization, setup.environment.name());
    write.audit(actor, AuditAction::SetUp, &id.to_string(), &detail, now).await?;
    write.commit().await?;
    notify_setups_changed(system);
    Ok(Done { message: format!("Setting up {name}; Connections shows every step."), created_id: Some(id.to_string()) })
}

/// Continues a setup: a failed step is retried, and a waiting step is checked now.
pub(crate) async fn go_on(system: &System, actor: &Actor, id: SetupId) -> Result<Done> {
    require(actor, Permission::SetUpNumbers)?;
    let mut write = system.store().write().await?;
    let mut setup = known(&mut write, id).await?;
    let was = (setup.state, setup.step);
    happens(&mut write, &mut setup, NumberEvent::GoOn).await?;
    let said = format!("{}: retrying: {}. Connections shows the result.", setup.name, setup.step.words());
    move_to(system, write, actor, AuditAction::ResumeSetup, setup, was).await?;
    Ok(Done { message: said, created_id: None })
}

/// Requests a new link, which revokes the previous one.
pub(crate) async fn new_link(system: &System, actor: &Actor, id: SetupId) -> Result<Done> {
    require(actor, Permission::SetUpNumbers)?;
    let mut write = system.store().write().await?;
    let mut setup = known(&mut write, id).await?;
    let was = (setup.state, setup.step);
    happens(&mut write, &mut setup, NumberEvent::NewLink).await?;
    if !setup.takes_a_link() {
        let why = format!("{} is at another step: {}.", setup.name, setup.step.words());
        return Err(Refusal::new(Code::SetupStep, why, "Create a link at the step that waits for it.").into());
    }
    if was == (SetupState::Running, SetupStep::Link) {
        let why = format!("A link for {} is already being created.", setup.name);
        return Err(Refusal::new(Code::SetupState, why, "").into());
    }
    setup.step = SetupStep::Link;
    let said = format!("{}: requesting a new link. The previous one becomes invalid.", setup.name);
    move_to(system, write, actor, AuditAction::NewLink, setup, was).await?;
    Ok(Done { message: said, created_id: None })
}

/// Reconnects a disconnected number, with the same customer.
pub(crate) async fn reconnect(system: &System, actor: &Actor, id: SetupId) -> Result<Done> {
    require(actor, Permission::ReconnectNumbers)?;
    let mut write = system.store().write().await?;
    let mut setup = known(&mut write, id).await?;
    let was = (setup.state, setup.step);
    happens(&mut write, &mut setup, NumberEvent::Reconnect).await?;
    public_url(system)?;
    // If the provider cannot be queried for numbers, the stored number is kept.
    if system.providers().get(&setup.provider).is_some_and(|provider| provider.numbers().is_some()) {
        setup.options.reconnect = None;
    }
    // A disconnected connection keeps its settings, including its own key.
    if let Some(id) = setup.connection_id {
        setup.options.api_key_env = write.api_key_env(id).await?;
    }
    let (step, what) = match (&setup.phone_number_id, &setup.customer_id) {
        (Some(_), _) => {
            (SetupStep::Number, "looking up its number, then registering its webhook and verifying it with a test")
        }
        (None, Some(_)) => (SetupStep::Link, "requesting a new link for the same customer"),
        (None, None) => (SetupStep::Integration, "starting the setup again from the first step"),
    };
    setup.step = step;
    // The results of earlier steps say nothing about this setup.
    write.forget_steps(id).await?;
    let said = format!("{}: {what}.", setup.name);
    move_to(system, write, actor, AuditAction::Reconnect, setup, was).await?;
    Ok(Done { message: said, created_id: Some(id.to_string()) })
}

/// Cancels a setup.
pub(crate) async fn cancel(system: &System, actor: &Actor, id: SetupId) -> Result<Done> {
    require(actor, Permission::CancelSetups)?;
    let mut write = system.store().write().await?;
    let setup = known(&mut write, id).await?;
    let was = (setup.state, setup.step);
    let mut ended = setup.clone();
    let state = happens(&mut write, &mut ended, NumberEvent::GiveUp).await?;
    if state == NumberState::Disconnected {
        ended.link = None;
    }
    move_to(system, write, actor, AuditAction::CancelSetup, ended, was).await?;
    // The cancellation is stored before the link is revoked: if another change came first, its link must stay valid.
    let mut note = String::new();
    if let (Some(customer), Some(link)) = (&setup.customer_id, &setup.link)
        && let Some(provider) = system.providers().get(&setup.provider)
        && let Some(numbers) = provider.numbers()
        && let Err(trouble) = numbers.revoke_link(access(&setup), customer, &link.id).await
    {
        note = format!(" The link could not be revoked and may still work: {}.", trouble.line());
    }
    let rest = if state == NumberState::Disconnected { " It is disconnected and can be reconnected." } else { "" };
    Ok(Done { message: format!("Canceled the setup of {}.{rest}{note}", setup.name), created_id: None })
}

/// The owner may have opened a link: awaited links are checked now, each at most every ten seconds.
pub async fn look_at_links(system: &System) -> Result<()> {
    let now = system.now();
    if system.everything().links_awaited().await? {
        let mut write = system.everything().write().await?;
        write.reschedule_links(LINK_LOOKS, now).await?;
        write.commit().await?;
        system.wakeups().setups.notify_one();
    }
    Ok(())
}

async fn known(write: &mut Write, id: SetupId) -> Result<Setup> {
    Ok(write.setup(id).await?.ok_or_else(|| unknown(id))?)
}

/// Applies an event to a setup, or refuses it if it cannot happen in the setup's state.
pub(crate) async fn happens(write: &mut Write, setup: &mut Setup, event: NumberEvent) -> Result<NumberState> {
    let number = write.presence(setup).await?;
    Ok(setup.apply(event, number)?)
}

fn unknown(id: SetupId) -> Refusal {
    Refusal::new(Code::NotFound, format!("Setup {id} not found."), "")
}

async fn move_to(
    system: &System,
    mut write: Write,
    actor: &Actor,
    action: AuditAction,
    mut setup: Setup,
    was: (SetupState, SetupStep),
) -> Result<()> {
    let now = system.now();
    setup.updated_at = now;
    write.save_setup(&setup, was, now).await?.or_refuse(|| {
        let why = format!("{} was changed by someone else at the same time.", setup.name);
        Refusal::new(Code::SetupMoved, why, "Look at the setup again.")
    })?;
    write.audit(actor, action, &setup.id.to_string(), &setup.name, now).await?;
    write.commit().await?;
    notify_setups_changed(system);
    Ok(())
}

fn notify_setups_changed(system: &System) {
    system.bus().publish([Change::Everything]);
    system.wakeups().setups.notify_one();
}

fn able(system: &System, name: &ProviderName) -> Result<(), Refusal> {
    let fits = system.providers().get(name).is_some_and(|one| one.numbers().is_some() && one.webhooks().is_some());
    if fits {
        return Ok(());
    }
    let why = format!("wadeck cannot set up numbers of {name}.");
    Err(Refusal::new(Code::Provider, why, "Declare the number in the configuration, under [[connections]]."))
}

/// Returns the public URL without a trailing slash.
pub(crate) fn public_url(system: &System) -> Result<String, Refusal> {
    match system.public_url() {
        Some(url) => Ok(url.trim_end_matches('/').to_owned()),
        None => Err(Refusal::new(
            Code::PublicUrl,
            "The engine has no public URL, so the provider could not deliver webhooks.",
            "Set [http] public_url to the https URL of this listener, and restart.",
        )),
    }
}

/// Returns the access for provider queries about a setup, with its own key if it has one.
pub(crate) fn access(setup: &Setup) -> Access<'_> {
    Access { label: &setup.name, api_key_env: setup.options.api_key_env.as_deref(), connection: None }
}

/// Records that a number was connected at the provider. Returns the setup that waited for it; `None` if no setup did.
pub(crate) async fn number_created(
    write: &mut Write,
    provider: &ProviderName,
    customer: Option<&str>,
    phone_number_id: &str,
    now: Timestamp,
) -> Result<Option<SetupId>, crate::store::StoreError> {
    let Some(customer) = customer else { return Ok(None) };
    let Some(mut setup) = write.setup_awaiting(provider, customer).await? else { return Ok(None) };
    let was = (setup.state, setup.step);
    let number = write.presence(&setup).await?;
    if setup.apply(NumberEvent::LinkFollowed, number).is_err() {
        return Ok(None);
    }
    setup.phone_number_id = Some(phone_number_id.to_owned());
    (setup.step, setup.updated_at) = (SetupStep::Number, now);
    Ok(write.save_setup(&setup, was, now).await?.applied().then_some(setup.id))
}
