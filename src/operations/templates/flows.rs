//! Flows: list, write, publish and send Flows, and manage their endpoints. Errors are found before the provider is
//! called.

use serde_json::{Value, json};

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::flow::{
    AcceptedErrors, FlowAnswer, FlowDetail, FlowList, FlowQuery, FlowRequest, FlowVersion, checks, diff,
};
use crate::domain::ids::ConnectionId;
use crate::domain::lint::{Finding, Level, flow, flow_code, passes};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::Fetched;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::request::SendContext;
use crate::domain::text::clean_line;
use crate::operations::numbers::registrations::{at_provider, refused};
use crate::operations::{Result, System, require};
use crate::provider::Provider;
use crate::provider::flows::Flows;

fn flow_manager<'p>(provider: &'p dyn Provider, connection: &Connection) -> Result<&'p dyn Flows, Refusal> {
    let why = || format!("{} has no Flows.", connection.provider);
    provider.flows().ok_or_else(|| Refusal::new(Code::Provider, why(), "Use another number."))
}

fn lint_refusal(findings: &[Finding]) -> Refusal {
    let errors = findings.iter().filter(|one| one.level == Level::Error).take(6).map(Finding::line);
    Refusal::new(
        Code::Lint,
        errors.collect::<Vec<_>>().join("\n"),
        "Fix these errors, or accept them by rule with a reason; nothing was sent.",
    )
}

/// Checks a text: errors whose rules a person accepted do not count. Text that is not JSON is never accepted.
fn check(findings: Vec<Finding>, accepted: Option<&AcceptedErrors>) -> Result<(), Refusal> {
    let rules = accepted.map(|accepted| accepted.rules.as_slice()).unwrap_or_default();
    if let Some(AcceptedErrors { reason, .. }) = accepted
        && (rules.is_empty() || !(1..=200).contains(&reason.trim().chars().count()))
    {
        let why = "Accepting errors needs their rules and a reason of 1 to 200 characters.";
        return Err(Refusal::new(Code::Lint, why, "Name the rules and the reason; the audit log keeps both."));
    }
    let is_accepted =
        |one: &Finding| one.rule != "F1" && rules.iter().any(|rule| rule.trim().eq_ignore_ascii_case(&one.rule));
    let left: Vec<Finding> = findings.into_iter().filter(|one| !is_accepted(one)).collect();
    if passes(&left) { Ok(()) } else { Err(lint_refusal(&left)) }
}

/// Describes the accepted errors for the audit log; empty without any.
fn audit_detail(request: &FlowRequest) -> String {
    let (FlowRequest::Create { accepted, .. }
    | FlowRequest::Write { accepted, .. }
    | FlowRequest::SetCode { accepted, .. }) = request
    else {
        return String::new();
    };
    accepted.as_ref().map_or_else(String::new, |accepted| {
        let rules: Vec<_> = accepted.rules.iter().map(|rule| clean_line(rule.trim()).to_uppercase()).collect();
        format!(", accepting errors of {}: {}", rules.join(", "), clean_line(accepted.reason.trim()))
    })
}

fn passed(json: &str, accepted: Option<&AcceptedErrors>) -> Result<Value, Refusal> {
    check(flow::lint(json), accepted)?;
    serde_json::from_str(json).map_err(|error| Refusal::new(Code::Lint, format!("F1: {error}."), "Fix it."))
}

/// Fetches the Flow list of every account; numbers of one account share it.
pub async fn refresh_flows(system: &System) -> Result<Done> {
    let mut count = 0;
    let mut known: Vec<(String, ConnectionId)> = vec![];
    let mut lists = vec![];
    for connection in system.store().connections().await? {
        let account = format!("{}/{}", connection.provider, connection.business_account_id);
        if known.iter().any(|(name, _)| *name == account) {
            continue;
        }
        known.push((account, connection.id));
        let Some(provider) = system.providers().get(&connection.provider) else { continue };
        let Some(flows) = provider.flows() else { continue };
        let told = flows.list(&connection).await;
        let before = system.flows().iter().find(|list| list.connection == connection.id).cloned();
        let mut list = before.unwrap_or(FlowList {
            connection: connection.id,
            connection_name: connection.name.clone(),
            fetched_at: None,
            flows: vec![],
            trouble: None,
        });
        match told {
            Ok(flows) => {
                count += flows.len();
                (list.flows, list.fetched_at, list.trouble) = (flows, Some(system.now()), None);
            }
            Err(trouble) => list.trouble = Some(format!("{}. {}", trouble.line(), trouble.remedy)),
        }
        lists.push(list);
    }
    *system.flows() = lists;
    system.bus().publish([Change::Flows]);
    Ok(Done { message: format!("Fetched {count} Flows."), created_id: None })
}

/// Answers a query about Flows, from the provider unless it is for the list.
pub(crate) async fn look(system: &System, actor: &Actor, query: FlowQuery) -> Result<Fetched<FlowAnswer>> {
    let value = match query {
        FlowQuery::List => FlowAnswer::List(system.flow_lists().await?),
        FlowQuery::Detail { connection, id } => FlowAnswer::Detail(Box::new(detail(system, connection, &id).await?)),
        FlowQuery::Json { connection, id, version } => {
            FlowAnswer::Json(json_of(system, connection, &id, version).await?)
        }
        FlowQuery::Diff { connection, id, old, new } => {
            let old = json_of(system, connection, &id, Some(old)).await?;
            let new = json_of(system, connection, &id, Some(new)).await?;
            FlowAnswer::Diff(diff(&old, &new))
        }
        FlowQuery::Responses { connection, id } => {
            require(actor, Permission::ReadAnswers)?;
            let (connection, provider) = at_provider(system, connection).await?;
            FlowAnswer::Responses(
                flow_manager(provider.as_ref(), &connection)?.responses(&connection, &id).await.map_err(refused)?,
            )
        }
        FlowQuery::Logs { connection, id } => {
            let (connection, provider) = at_provider(system, connection).await?;
            FlowAnswer::Lines(
                flow_manager(provider.as_ref(), &connection)?.logs(&connection, &id).await.map_err(refused)?,
            )
        }
        FlowQuery::Invocations { connection, id } => {
            let (connection, provider) = at_provider(system, connection).await?;
            FlowAnswer::Lines(
                flow_manager(provider.as_ref(), &connection)?.invocations(&connection, &id).await.map_err(refused)?,
            )
        }
    };
    Ok(Fetched { fetched_at: system.now(), value })
}

async fn detail(system: &System, connection: ConnectionId, id: &str) -> Result<FlowDetail> {
    let (connection, provider) = at_provider(system, connection).await?;
    let flows = flow_manager(provider.as_ref(), &connection)?;
    let flow = flows.flow(&connection, id).await.map_err(refused)?;
    let versions = flows.versions(&connection, id).await.map_err(refused)?;
    let newest = match versions.first() {
        Some(first) => Some(flows.version(&connection, id, &first.id).await.map_err(refused)?),
        None => None,
    };
    let endpoint = flows.endpoint(&connection, id).await.map_err(refused)?;
    let checks = checks(&flow, newest.as_ref(), endpoint.as_ref());
    Ok(FlowDetail { flow, versions, endpoint, checks })
}

/// Returns `true` for a text such as `v2` or `2`, which may be the label of a version.
fn is_label(version: &str) -> bool {
    let number = version.trim().trim_start_matches(['v', 'V']);
    (1..=4).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// Returns the id of the version with this id or label; `2` means `v2`.
fn version_id(versions: &[FlowVersion], version: &str) -> Result<String> {
    let number = |text: &str| text.trim().trim_start_matches(['v', 'V']).to_owned();
    let by_id = versions.iter().find(|one| one.id == version.trim());
    let found = by_id.or_else(|| versions.iter().find(|one| number(&one.label) == number(version)));
    found.map(|one| one.id.clone()).ok_or_else(|| {
        let labels: Vec<&str> = versions.iter().map(|one| one.label.as_str()).collect();
        let reason = format!("This Flow has no version {}.", clean_line(version));
        Refusal::new(Code::NoVersion, reason, format!("Its versions: {}.", labels.join(", "))).into()
    })
}

async fn json_of(system: &System, connection: ConnectionId, id: &str, version: Option<String>) -> Result<String> {
    let (connection, provider) = at_provider(system, connection).await?;
    let flows = flow_manager(provider.as_ref(), &connection)?;
    let version = match version {
        Some(version) if is_label(&version) => {
            let versions = flows.versions(&connection, id).await.map_err(refused)?;
            version_id(&versions, &version)?
        }
        Some(version) => version,
        None => match flows.versions(&connection, id).await.map_err(refused)?.into_iter().next() {
            Some(newest) => newest.id,
            None => {
                return Err(
                    Refusal::new(Code::NoVersion, "This Flow has no version yet.", "Write a version first.").into()
                );
            }
        },
    };
    let told = flows.version(&connection, id, &version).await.map_err(refused)?;
    Ok(serde_json::to_string_pretty(&told.json.unwrap_or_else(|| json!({}))).unwrap_or_default())
}

/// Performs a request about Flows.
pub(crate) async fn perform(
    system: &System,
    actor: &Actor,
    request: FlowRequest,
    context: &SendContext,
) -> Result<Done> {
    let accepting = audit_detail(&request);
    let (connection, needed, action) = match &request {
        FlowRequest::Refresh => return refresh_flows(system).await,
        FlowRequest::Send { connection, .. } => (*connection, Permission::WriteFlows, AuditAction::SendFlow),
        FlowRequest::Create { connection, .. } => (*connection, Permission::WriteFlows, AuditAction::CreateFlow),
        FlowRequest::Write { connection, .. } => (*connection, Permission::WriteFlows, AuditAction::WriteFlow),
        FlowRequest::Publish { connection, .. } => (*connection, Permission::PublishFlows, AuditAction::PublishFlow),
        FlowRequest::Deprecate { connection, .. } => {
            (*connection, Permission::PublishFlows, AuditAction::DeprecateFlow)
        }
        FlowRequest::Delete { connection, .. } => (*connection, Permission::PublishFlows, AuditAction::DeleteFlow),
        FlowRequest::SetCode { connection, .. } => (*connection, Permission::PublishFlows, AuditAction::SetFlowCode),
        FlowRequest::Deploy { connection, .. } => (*connection, Permission::PublishFlows, AuditAction::DeployFlowCode),
        FlowRequest::Register { connection, .. } => {
            (*connection, Permission::PublishFlows, AuditAction::RegisterFlowEndpoint)
        }
        FlowRequest::Encrypt { connection, .. } => (*connection, Permission::PublishFlows, AuditAction::EncryptFlow),
    };
    require(actor, needed)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let flows = flow_manager(provider.as_ref(), &connection)?;
    let changed = match request {
        FlowRequest::Send { id, to, body, button, screen, .. } => {
            let flow = flows.flow(&connection, &id).await.map_err(refused)?;
            return crate::operations::outbox::send_flow::send_flow(
                system,
                actor,
                &connection,
                &flow,
                crate::operations::outbox::send_flow::Invitation { to, body, button, screen },
                context,
            )
            .await;
        }
        other => {
            // The Flows are read and then changed at the provider; two concurrent changes would both see the earlier
            // state.
            let _hand = system.lock_operation(actor, &format!("the Flows of {}", connection.business_account_id))?;
            change(flows, &connection, other).await?
        }
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    write
        .audit(
            actor,
            action,
            &connection.id.to_string(),
            &format!("{}{}", clean_line(&changed.subject), accepting),
            now,
        )
        .await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    refresh_flows(system).await?;
    Ok(Done { message: changed.message, created_id: changed.created_id })
}

/// Creates a draft.
async fn create(
    flows: &dyn Flows,
    connection: &Connection,
    name: &str,
    json: &str,
    accepted: Option<&AcceptedErrors>,
) -> Result<Changed> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Refusal::new(
            Code::Name,
            "The Flow's name is not 1 to 100 characters long.",
            "Choose another name.",
        )
        .into());
    }
    let value = passed(json, accepted)?;
    let made = flows.create(connection, &name, &value).await.map_err(refused)?;
    Ok(Changed::new(format!("Created the draft {name}. Send it as a test to see it on a phone."), Some(made.id), name))
}

/// Uploads a new version of a draft.
async fn write(
    flows: &dyn Flows,
    connection: &Connection,
    id: String,
    json: &str,
    accepted: Option<&AcceptedErrors>,
) -> Result<Changed> {
    let value = passed(json, accepted)?;
    let version = flows.write(connection, &id, &value).await.map_err(refused)?;
    let said = match version.findings.as_slice() {
        [] => format!("Uploaded {}. It can be published.", version.label),
        found => {
            let all = found.iter().map(|one| format!("{}: {}", one.code, one.said.line())).collect::<Vec<_>>();
            format!("Uploaded {}, but the provider found: {}", version.label, all.join("; "))
        }
    };
    Ok(Changed::new(said, Some(version.id), id))
}

/// Publishes a Flow unless the provider found an error in its newest version.
async fn publish(flows: &dyn Flows, connection: &Connection, id: String) -> Result<Changed> {
    let versions = flows.versions(connection, &id).await.map_err(refused)?;
    if let Some(found) = versions.first().and_then(|version| version.findings.first()) {
        let why = format!("The provider found an error in the newest version: {} {}.", found.code, found.said.line());
        return Err(Refusal::new(Code::FlowInvalid, why, "Fix the Flow first.").into());
    }
    flows.publish(connection, &id).await.map_err(refused)?;
    Ok(Changed::new("Published. It can be sent, and is changed only by new versions.", None, id))
}

/// Registers the endpoint once its code is deployed.
async fn register(flows: &dyn Flows, connection: &Connection, id: String) -> Result<Changed> {
    let endpoint = flows.endpoint(connection, &id).await.map_err(refused)?;
    if !endpoint.is_some_and(|endpoint| endpoint.status.eq_ignore_ascii_case("deployed")) {
        return Err(
            Refusal::new(Code::FlowEndpoint, "The endpoint's code is not deployed.", "Deploy the code first.").into()
        );
    }
    let said = match flows.register(connection, &id).await.map_err(refused)? {
        Some(warning) => format!("Registered the endpoint, but: {}", clean_line(&warning)),
        None => "Registered the endpoint.".to_owned(),
    };
    Ok(Changed::new(said, None, id))
}

/// Result of a change at the provider.
struct Changed {
    message: String,
    created_id: Option<String>,
    /// Subject of the audit row: the id of the Flow, or its name if it is created, deprecated or deleted.
    subject: String,
}

impl Changed {
    fn new(message: impl Into<String>, created_id: Option<String>, subject: impl Into<String>) -> Self {
        Self { message: message.into(), created_id, subject: subject.into() }
    }
}

async fn change(flows: &dyn Flows, connection: &Connection, request: FlowRequest) -> Result<Changed> {
    Ok(match request {
        FlowRequest::Create { name, json, accepted, .. } => {
            create(flows, connection, &name, &json, accepted.as_ref()).await?
        }
        FlowRequest::Write { id, json, accepted, .. } => write(flows, connection, id, &json, accepted.as_ref()).await?,
        FlowRequest::Publish { id, .. } => publish(flows, connection, id).await?,
        FlowRequest::Deprecate { id, typed, .. } => {
            let flow = flows.flow(connection, &id).await.map_err(refused)?;
            Refusal::typed(flow.name.as_received(), &typed)?;
            if !flow.is("published") {
                let why = format!("The Flow is {}.", flow.status);
                return Err(Refusal::new(Code::FlowState, why, "Publish it first, or delete the draft.").into());
            }
            flows.deprecate(connection, &flow).await.map_err(refused)?;
            Changed::new(
                format!("Deprecated {}: it can no longer be opened.", flow.name.line()),
                None,
                flow.name.line(),
            )
        }
        FlowRequest::Delete { id, typed, .. } => {
            let flow = flows.flow(connection, &id).await.map_err(refused)?;
            Refusal::typed(flow.name.as_received(), &typed)?;
            if !flow.is("draft") {
                let why = format!("The Flow is {}.", flow.status);
                return Err(Refusal::new(Code::FlowState, why, "Deprecate it instead.").into());
            }
            flows.delete(connection, &flow).await.map_err(refused)?;
            Changed::new(format!("Deleted {}.", flow.name.line()), None, flow.name.line())
        }
        FlowRequest::SetCode { id, code, accepted, .. } => {
            check(flow_code::lint(&code), accepted.as_ref())?;
            flows.set_code(connection, &id, &code).await.map_err(refused)?;
            Changed::new("Uploaded the code. It runs once it is deployed.", None, id)
        }
        FlowRequest::Deploy { id, .. } => {
            flows.deploy(connection, &id).await.map_err(refused)?;
            Changed::new("Deployed the code. The Flow calls it once it is registered.", None, id)
        }
        FlowRequest::Register { id, .. } => register(flows, connection, id).await?,
        FlowRequest::Encrypt { id, .. } => {
            flows.encrypt(connection, &id).await.map_err(refused)?;
            Changed::new("Set up encryption for the number.", None, id)
        }
        FlowRequest::Refresh | FlowRequest::Send { .. } => {
            return Err(Refusal::new(Code::Flow, "This request is not handled here.", "").into());
        }
    })
}
