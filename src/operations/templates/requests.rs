//! Templates: submitted, edited and deleted. Errors are found before the provider is called.

use serde_json::Value;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ConnectionId;
use crate::domain::lint::template::{check_edit, lint};
use crate::domain::lint::{Finding, Level, passes};
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::registration::Fetched;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::subject::Subject;
use crate::domain::templates::form::read;
use crate::domain::templates::preview::{PreviewSource, TemplatePreview};
use crate::domain::templates::requests::{SampleSource, TemplateAnswer, TemplateQuery, TemplateRequest};
use crate::domain::templates::template::Template;
use crate::domain::text::clean_line;
use crate::operations::media::file_facts::facts;
use crate::operations::media::receive_upload::read_upload;
use crate::operations::numbers::operation_lock::OperationLock;
use crate::operations::numbers::registrations::{at_provider, refused};
use crate::operations::{Result, System, refresh_templates, require};
use crate::provider::Provider;
use crate::provider::templates::{SampleFile, Templates, read_submitted};

fn templates<'p>(provider: &'p dyn Provider, connection: &Connection) -> Result<&'p dyn Templates, Refusal> {
    let why = || format!("wadeck cannot create templates of {}.", connection.provider);
    provider
        .template_api()
        .ok_or_else(|| Refusal::new(Code::Provider, why(), "Create them in the provider's own console."))
}

/// Returns the templates of a connection as they were fetched last.
fn known(system: &System, connection: ConnectionId) -> Vec<Template> {
    system.templates().get(&connection).map(|list| list.templates.clone()).unwrap_or_default()
}

/// Performs a request about templates.
pub(crate) async fn perform(system: &System, actor: &Actor, request: TemplateRequest) -> Result<Done> {
    match request {
        TemplateRequest::Create { connection, text } => create(system, actor, connection, &text).await,
        TemplateRequest::Update { connection, id, text } => update(system, actor, connection, &id, &text).await,
        TemplateRequest::Delete { connection, name, id, typed } => {
            delete(system, actor, connection, (&name, id.as_deref()), &typed).await
        }
        TemplateRequest::Sample { connection, source } => sample(system, actor, connection, source).await,
    }
}

/// Answers a query about templates.
pub(crate) async fn look(system: &System, actor: &Actor, query: TemplateQuery) -> Result<Fetched<TemplateAnswer>> {
    let value = match query {
        TemplateQuery::Text { connection, id } => {
            require(actor, Permission::EditTemplates)?;
            let (connection, provider) = at_provider(system, connection).await?;
            let told = templates(provider.as_ref(), &connection)?.text(&connection, &id).await.map_err(refused)?;
            let Some(value) = told else {
                let why = format!("The provider has no template {}.", clean_line(&id));
                return Err(Refusal::new(Code::NotFound, why, "Refresh the list of templates.").into());
            };
            TemplateAnswer::Text(serde_json::to_string_pretty(&value).unwrap_or_default())
        }
        TemplateQuery::Record { connection, name, language } => {
            let Some(connection) = system.store().connection(connection).await? else {
                return Err(Refusal::new(Code::NotFound, "This connection is not connected.", "").into());
            };
            let account = &connection.business_account_id;
            TemplateAnswer::Record(Box::new(system.store().template_record(account, &name, &language).await?))
        }
        TemplateQuery::Lint { connection, text, id } => {
            // The templates of an account are shown only to callers who may see the connection.
            if let Some(connection) = connection.map(Subject::Connection)
                && !system.store().exists(connection).await?
            {
                return Err(connection.not_found().into());
            }
            let known = connection.map(|connection| known(system, connection)).unwrap_or_default();
            TemplateAnswer::Lint(findings(&read(&text)?, &known, id.as_deref()))
        }
    };
    Ok(Fetched { fetched_at: system.now(), value })
}

/// Previews a template that is being written, or one of a connection's account with values.
pub(crate) async fn preview(system: &System, actor: &Actor, source: PreviewSource) -> Result<TemplatePreview> {
    require(actor, Permission::ViewTemplates)?;
    match source {
        PreviewSource::Text { text } => {
            let value = read(&text)?;
            let none = || Refusal::new(Code::Lint, "The template has no name.", "Write a name, such as order_update.");
            let template = read_submitted(&value).ok_or_else(none)?;
            Ok(TemplatePreview::of(&template, &[], None, findings(&value, &[], None)))
        }
        PreviewSource::Listed { connection, name, language, parameters } => {
            if !system.store().exists(Subject::Connection(connection)).await? {
                return Err(Subject::Connection(connection).not_found().into());
            }
            let lists = system.templates();
            let list = lists.get(&connection).filter(|list| list.fetched_at.is_some());
            let found = list.and_then(|list| {
                let mut all = list.templates.iter().filter(|one| one.name.as_received() == name);
                if language.is_empty() { all.next() } else { list.named(&name, &language) }
            });
            let Some(template) = found else {
                let why = format!("Template {} not found on this account.", clean_line(&name));
                return Err(Refusal::new(Code::NotFound, why, "Refresh the list of templates.").into());
            };
            let given: Vec<(String, String)> = parameters.into_iter().collect();
            Ok(TemplatePreview::of(template, &given, Some(template.status.name().to_owned()), vec![]))
        }
    }
}

fn findings(template: &Value, known: &[Template], id: Option<&str>) -> Vec<Finding> {
    let mut findings = lint(template, known, id);
    if let Some(old) = known.iter().find(|one| Some(one.id.as_str()) == id) {
        check_edit(&mut findings, old, template);
    }
    findings
}

/// Parses and checks a template. Refuses one with errors.
fn passed(text: &str, known: &[Template], id: Option<&str>) -> Result<Value, Refusal> {
    let template = read(text)?;
    let findings = findings(&template, known, id);
    if passes(&findings) {
        return Ok(template);
    }
    let errors: Vec<String> =
        findings.iter().filter(|one| one.level == Level::Error).take(6).map(Finding::line).collect();
    Err(Refusal::new(Code::Lint, errors.join("\n"), "Fix these errors; nothing was sent."))
}

async fn create(system: &System, actor: &Actor, connection: ConnectionId, text: &str) -> Result<Done> {
    require(actor, Permission::SubmitTemplates)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let templates = templates(provider.as_ref(), &connection)?;
    let _hand = in_hand(system, actor, &connection)?;
    let template = passed(text, &known(system, connection.id), None)?;
    let (id, status) = templates.create(&connection, &template).await.map_err(refused)?;
    let name = template["name"].as_str().unwrap_or_default();
    written(system, actor, &connection, AuditAction::CreateTemplate, name).await?;
    let status = clean_line(&status).to_lowercase();
    let said = match status.as_str() {
        "approved" => format!("{name} is approved and can be sent."),
        "rejected" => format!("{name} was rejected immediately; the list shows the reason."),
        _ => format!("Submitted {name}: it is {status}. Review takes minutes to a day; a notice follows."),
    };
    Ok(Done { message: said, created_id: Some(id) })
}

async fn update(system: &System, actor: &Actor, connection: ConnectionId, id: &str, text: &str) -> Result<Done> {
    require(actor, Permission::EditTemplates)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let templates = templates(provider.as_ref(), &connection)?;
    let _hand = in_hand(system, actor, &connection)?;
    // Whether a template can be edited depends on its current status.
    refresh_templates(system).await?;
    let known = known(system, connection.id);
    if !known.iter().any(|one| one.id == id) {
        let why = format!("Template {} not found on this account.", clean_line(id));
        return Err(Refusal::new(Code::NotFound, why, "Refresh the list of templates.").into());
    }
    let template = passed(text, &known, Some(id))?;
    templates.update(&connection, id, &template).await.map_err(refused)?;
    let name = template["name"].as_str().unwrap_or_default();
    written(system, actor, &connection, AuditAction::EditTemplate, name).await?;
    let said = format!("Changed {name}. It is reviewed again and may not be sendable meanwhile.");
    Ok(Done { message: said, created_id: Some(id.to_owned()) })
}

async fn delete(
    system: &System,
    actor: &Actor,
    connection: ConnectionId,
    (name, id): (&str, Option<&str>),
    typed: &str,
) -> Result<Done> {
    require(actor, Permission::DeleteTemplates)?;
    Refusal::typed(name, typed)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let templates = templates(provider.as_ref(), &connection)?;
    let _hand = in_hand(system, actor, &connection)?;
    let known = known(system, connection.id);
    let mut those = known.iter().filter(|one| one.name.as_received() == name && id.is_none_or(|id| one.id == id));
    if let Some(off) = those.clone().find(|one| one.status.name() == "DISABLED") {
        let why = format!("{} ({}) is disabled.", off.name.line(), off.language.line());
        return Err(Refusal::new(Code::TemplateDisabled, why, "Keep it: disabled templates cannot be deleted.").into());
    }
    if let Some(first) = those.next() {
        let waiting = system.store().scheduled_with(name, first.language.as_received()).await?;
        if waiting > 0 {
            let why = format!("{waiting} queued messages use {}.", clean_line(name));
            return Err(Refusal::new(Code::TemplateScheduled, why, "Discard those messages first.").into());
        }
    }
    templates.delete(&connection, name, id).await.map_err(refused)?;
    written(system, actor, &connection, AuditAction::DeleteTemplate, name).await?;
    let what = if id.is_some() { "" } else { ", in all languages" };
    let said =
        format!("Deleted {}{what}. The name of an approved template is free again after 30 days.", clean_line(name));
    Ok(Done { message: said, created_id: None })
}

/// Uploads a sample file to the provider. An uploaded file is given to it by a temporary, unguessable link.
async fn sample(system: &System, actor: &Actor, connection: ConnectionId, source: SampleSource) -> Result<Done> {
    require(actor, Permission::UploadSamples)?;
    let (connection, provider) = at_provider(system, connection).await?;
    let templates = templates(provider.as_ref(), &connection)?;
    if templates.takes_sample_bytes() {
        let SampleSource::Upload(upload) = source else {
            let why = "This provider takes samples as files, not by their address.";
            return Err(Refusal::new(Code::File, why, "Give the file itself.").into());
        };
        let (bytes, name) = read_upload(system, actor, upload).await?;
        let mime_type = facts(&bytes, &name).mime_type;
        let file = SampleFile { bytes: &bytes, name: &name, mime_type: &mime_type };
        let handle = templates.upload_sample(&connection, file).await.map_err(refused)?;
        return sampled(system, actor, &connection, &upload.to_string(), handle).await;
    }
    let (link, source) = match source {
        SampleSource::Address(address) if address.starts_with("https://") => (None, address),
        SampleSource::Address(_) => {
            let why = "The sample's address does not start with https://.";
            return Err(Refusal::new(Code::File, why, "Give an https URL, or upload the file.").into());
        }
        SampleSource::Upload(upload) => (
            Some(crate::operations::media::media_links::create_media_link(system, actor, upload).await?),
            upload.to_string(),
        ),
    };
    let address = link.as_ref().map_or(source.as_str(), |link| link.address.as_str());
    let handle = templates.sample(&connection, address).await;
    if let Some(link) = &link {
        crate::operations::media::media_links::revoke_media_link(system, &link.token);
    }
    sampled(system, actor, &connection, &source, handle.map_err(refused)?).await
}

/// Records an uploaded sample and returns its handle.
async fn sampled(
    system: &System,
    actor: &Actor,
    connection: &Connection,
    source: &str,
    handle: String,
) -> Result<Done> {
    let now = system.now();
    let mut write = system.store().write().await?;
    write.audit(actor, AuditAction::UploadSample, &connection.id.to_string(), &clean_line(source), now).await?;
    write.commit().await?;
    Ok(Done { message: format!("Uploaded the sample: {}", clean_line(&handle)), created_id: Some(handle) })
}

/// Locks the templates of the account: they are read and then changed at the provider, and two concurrent changes
/// would both see the earlier state.
fn in_hand(system: &System, actor: &Actor, connection: &Connection) -> Result<OperationLock, Refusal> {
    system.lock_operation(actor, &format!("the templates of {}", connection.business_account_id))
}

async fn written(
    system: &System,
    actor: &Actor,
    connection: &Connection,
    action: AuditAction,
    name: &str,
) -> Result<()> {
    let now = system.now();
    let mut write = system.store().write().await?;
    write.audit(actor, action, &connection.id.to_string(), &clean_line(name), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    // The provider's list shows the actual result.
    refresh_templates(system).await?;
    Ok(())
}
