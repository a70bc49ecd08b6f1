//! Files of a template: the header's file is uploaded with its message, the files of cards before it is queued.

use super::filled::Filled;
use crate::domain::access::actor::Actor;
use crate::domain::ids::UploadId;
use crate::domain::message::media::Media;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::Refusal;
use crate::domain::templates::render::upload_of;
use crate::domain::templates::template::Template;
use crate::domain::text::Untrusted;
use crate::operations::numbers::registrations::refused;
use crate::operations::outbox::send_file::header_file;
use crate::operations::{Result, System};
use crate::provider::Upload;
use crate::store::Pinned;

/// Moves an upload that the parameter `header` names to the header's file.
pub(super) fn take_header_upload(filled: &mut Filled) {
    let upload = filled.parameters.iter().position(|(key, value)| key == "header" && upload_of(value).is_some());
    if let (Some(index), None) = (upload, filled.header) {
        let (_, value) = filled.parameters.remove(index);
        filled.header = upload_of(&value);
    }
}

/// Returns the header's file, which stays in the store while the second value lives.
pub(super) async fn header(
    system: &System,
    actor: &Actor,
    template: &Template,
    upload: Option<UploadId>,
) -> Result<(Option<Media>, Option<Pinned>)> {
    let Some(upload) = upload else { return Ok((None, None)) };
    let (media, pinned) = header_file(system, actor, upload).await?;
    template.check_header_file("header", &media)?;
    Ok((Some(media), Some(pinned)))
}

/// Uploads the files of cards to the provider and replaces the upload ids with media ids. Fails with the provider's
/// error if it rejects a file; nothing is queued then.
pub(super) async fn upload_cards(
    system: &System,
    actor: &Actor,
    (connection, template): (&Connection, &Template),
    parameters: &mut [(String, String)],
) -> Result<()> {
    let Some(provider) = system.providers().get(&connection.provider) else { return Ok(()) };
    for (key, value) in parameters.iter_mut().filter(|(key, _)| key.starts_with("card:") && key.ends_with(":header")) {
        let Some(upload) = upload_of(value) else { continue };
        let (media, _pinned) = header_file(system, actor, upload).await?;
        template.check_header_file(key, &media)?;
        let Some(file) = &media.file else { continue };
        let path = system.store().files().path(file);
        let name = media.file_name.as_ref().map_or("file", Untrusted::as_received);
        let upload = Upload { path: &path, name, mime_type: &media.mime_type, progress: &|_, _| {} };
        *value = provider.upload(connection, upload).await.map_err(|trouble| -> Refusal { refused(trouble) })?;
    }
    Ok(())
}
