//! Looks up a template in the provider's list, and refreshes the list if it is outdated.

use std::time::Duration;

use crate::domain::code::Code;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::Refusal;
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;
use crate::operations::templates::refresh_templates::refresh_list;
use crate::operations::{Result, System};

/// Maximum age of a template list that is used for sending; an older one is fetched again.
const MAX_LIST_AGE: Duration = Duration::from_secs(15 * 60);

/// Finds an approved template in the provider's list. The list is fetched first if it is older than [`MAX_LIST_AGE`],
/// or if it would refuse the template, which may have been approved since. Refuses a template if no list could be
/// fetched.
pub(super) async fn find(system: &System, connection: &Connection, name: &str, language: &str) -> Result<Template> {
    let look = || -> (Option<Timestamp>, std::result::Result<Template, Refusal>) {
        let lists = system.templates();
        match lists.get(&connection.id).filter(|list| list.fetched_at.is_some()) {
            Some(list) => (list.fetched_at, list.sendable(name, language).cloned()),
            None => {
                let cause = lists.get(&connection.id).and_then(|list| list.trouble.clone());
                let cause = cause.unwrap_or_else(|| "They were never fetched.".to_owned());
                let why = format!("The templates of {} are not known: {cause}", connection.name);
                (None, Err(Refusal::new(Code::TemplatesNotFetched, why, "Refresh the templates, then send again.")))
            }
        }
    };
    let (fetched_at, found) = look();
    let is_old = fetched_at.is_none_or(|at| system.now().since(at) > MAX_LIST_AGE);
    if found.is_ok() && !is_old {
        return Ok(found?);
    }
    refresh_list(system, connection).await?;
    Ok(look().1?)
}
