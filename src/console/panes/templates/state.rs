//! State of the Templates pane: the fetched templates, and the record of the selected one.

use crate::console::cx::Cx;
use crate::console::list::ListState;
use crate::domain::templates::requests::TemplateRecord;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::text::clean_line;

/// State of the Templates pane.
#[derive(Debug, Default)]
pub(in crate::console) struct TemplatesPane {
    pub list: ListState,
    pub lists: Option<Vec<TemplateList>>,
    /// Delivery rates and state history of the selected template.
    pub record: Option<TemplateRecord>,
}

fn row_id((list, one): &(&TemplateList, &Template)) -> String {
    format!("{}/{}", list.connection, one.id)
}

impl TemplatesPane {
    /// Returns the templates of the shown scope that match the filter. Numbers of the same account share their
    /// templates, so each template is listed once.
    pub fn visible_rows(&self, cx: &Cx) -> Vec<(&TemplateList, &Template)> {
        let filter = self.list.filter.to_lowercase();
        let mut seen: Vec<(&TemplateList, &Template)> = vec![];
        // Templates of the account that is selected in Connections come first.
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
        self.visible_rows(cx).iter().map(row_id).collect()
    }

    pub fn selected(&self, cx: &Cx) -> Option<(&TemplateList, &Template)> {
        let rows = self.visible_rows(cx);
        let ids: Vec<String> = rows.iter().map(row_id).collect();
        rows.get(self.list.index(&ids).unwrap_or(0)).copied()
    }

    /// Stores new lists. Returns a notice for each template whose status changed, and `true` if it cannot be sent
    /// now.
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
