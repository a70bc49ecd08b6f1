//! Templates as they were fetched, and what is known of the one under the cursor.

use crate::console::cx::Cx;
use crate::console::list::ListState;
use crate::domain::templates::requests::TemplateRecord;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;

#[derive(Debug, Default)]
pub(in crate::console) struct TemplatesPane {
    pub list: ListState,
    pub lists: Option<Vec<TemplateList>>,
    /// What is known of the template under the cursor.
    pub record: Option<TemplateRecord>,
}

fn row_id((list, one): &(&TemplateList, &Template)) -> String {
    format!("{}/{}", list.connection, one.id)
}

impl TemplatesPane {
    /// The templates of the scope shown that fit the filter. One account's numbers share their templates: they are
    /// shown once.
    pub fn shown(&self, cx: &Cx) -> Vec<(&TemplateList, &Template)> {
        let filter = self.list.filter.to_lowercase();
        let mut seen: Vec<(&TemplateList, &Template)> = vec![];
        // Those of the number that is chosen in Connections stand first.
        let chosen = cx.chosen_account();
        let known = self.lists.iter().flatten();
        let mut lists: Vec<&TemplateList> = known.filter(|list| cx.shows_connection(list.connection)).collect();
        lists.sort_by_key(|list| chosen.is_some() && cx.account_of(list.connection) != chosen);
        for list in lists {
            for template in &list.templates {
                let known = seen.iter().any(|(_, other)| other.id == template.id && !template.id.is_empty());
                if !known && template.fits(&filter) {
                    seen.push((list, template));
                }
            }
        }
        seen
    }

    pub fn row_ids(&self, cx: &Cx) -> Vec<String> {
        self.shown(cx).iter().map(row_id).collect()
    }

    pub fn selected(&self, cx: &Cx) -> Option<(&TemplateList, &Template)> {
        let rows = self.shown(cx);
        let ids: Vec<String> = rows.iter().map(row_id).collect();
        rows.get(self.list.index(&ids).unwrap_or(0)).copied()
    }

    /// Takes new lists in. Returns what changed its approval, and whether that is bad.
    pub fn take_lists(&mut self, lists: Vec<TemplateList>) -> Vec<(String, bool)> {
        let known: Vec<&Template> = self.lists.iter().flatten().flat_map(|list| &list.templates).collect();
        let mut told: Vec<(String, bool)> = vec![];
        for one in lists.iter().flat_map(|list| &list.templates) {
            let before = known.iter().find(|old| old.id == one.id && old.language == one.language);
            if before.is_some_and(|before| before.status != one.status) {
                let status = clean_line(one.status.name()).to_lowercase();
                let said = format!("Template {} ({}) is now {status}.", one.name.line(), one.language.line());
                if !told.iter().any(|(known, _)| *known == said) {
                    told.push((said, !one.status.can_send()));
                }
            }
        }
        self.lists = Some(lists);
        told
    }
}
