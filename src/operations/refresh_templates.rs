//! Fetch templates from the provider. What is kept is a picture with its time; when a fetch fails,
//! the old picture stays, with its age and the reason.

use super::{Result, System};
use crate::domain::change::Change;
use crate::domain::request::Done;
use crate::domain::template::{Template, TemplateList};

type Fetched = std::result::Result<Vec<Template>, String>;

/// Fetches every connection's list. Numbers of one account share one request.
pub async fn refresh_templates(system: &System) -> Result<Done> {
    let mut count = 0;
    let mut troubles = vec![];
    let mut accounts: Vec<(String, Fetched)> = vec![];
    for connection in system.store().connections().await? {
        let Some(provider) = system.providers().get(&connection.provider) else { continue };
        let account = format!("{}/{}", connection.provider, connection.business_account_id);
        let known = accounts.iter().find(|(name, _)| *name == account).map(|(_, fetched)| fetched.clone());
        let fetched = match known {
            Some(fetched) => fetched,
            None => {
                let fetched: Fetched = provider
                    .templates(&connection)
                    .await
                    .map_err(|trouble| format!("{}. {}", trouble.line(), trouble.remedy));
                accounts.push((account, fetched.clone()));
                fetched
            }
        };
        let now = system.now();
        let mut lists = system.templates();
        let list = lists.entry(connection.id).or_insert_with(|| TemplateList {
            connection: connection.id,
            connection_name: connection.name.clone(),
            fetched_at: None,
            templates: vec![],
            trouble: None,
        });
        match fetched {
            Ok(templates) => {
                count += templates.len();
                list.templates = templates;
                list.fetched_at = Some(now);
                list.trouble = None;
            }
            Err(why) => {
                troubles.push(format!("{}: {why}", connection.name));
                list.trouble = Some(why);
            }
        }
    }
    system.bus().publish([Change::Templates]);
    let said = if troubles.is_empty() { format!("{count} templates fetched.") } else { troubles.join(" ") };
    Ok(Done { said, made: None })
}
