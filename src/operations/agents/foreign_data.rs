//! Detects data of other contacts in a reply, by the index of stored messages and the contacts.

use crate::domain::agents::foreign_data::{Datum, DatumKind, Guard, data_in, names_in};
use crate::domain::agents::requests::AgentAction;
use crate::domain::ids::ThreadId;
use crate::operations::agents::ask_agent::{AgentReply, Question};
use crate::operations::{Result, System};
use crate::store::{StoreError, Write};

/// Number of messages that one transaction adds to the index.
const MESSAGES_PER_STEP: u32 = 1_000;
/// Maximum number of indexing steps within the transaction that ends a run.
const MAX_STEPS: usize = 20;

/// Adds the data of all messages that are not in the index yet.
pub async fn index_identifiers(system: &System) -> Result<()> {
    loop {
        let mut write = system.store().write().await?;
        let is_complete = write.index_identifiers(MESSAGES_PER_STEP).await?;
        write.commit().await?;
        if is_complete {
            return Ok(());
        }
    }
}

/// Data of other contacts in a reply.
#[derive(Debug, Default)]
pub(crate) struct ForeignData {
    pub found: Vec<(DatumKind, Option<ThreadId>)>,
    /// The index is incomplete, so the reply cannot be compared.
    pub is_unknown: bool,
}

impl Question {
    /// Returns the data of other contacts that a reply contains, in its texts and in the messages of its tools.
    pub(crate) async fn foreign_data(
        &self,
        system: &System,
        write: &mut Write,
        told: &AgentReply,
    ) -> Result<ForeignData, StoreError> {
        let config = system.agents().get(&self.agent);
        let guard = self.contract.guard.or_else(|| config.map(|config| config.guard)).unwrap_or_default();
        if guard == Guard::Off {
            return Ok(ForeignData::default());
        }
        let acts = told.acts.iter().filter_map(|act| match act {
            AgentAction::Send { thread, content, .. } if *thread == self.thread.id => Some(content.words()),
            _ => None,
        });
        let mut texts: Vec<String> = told.words.iter().map(|one| one.text.clone()).collect();
        texts.extend(acts.map(|words| words.as_received().to_owned()));
        let text = texts.join("\n\n");
        let own: Vec<String> = config
            .map(|config| config.own_texts())
            .unwrap_or_default()
            .into_iter()
            .chain([self.connection.settings.hand_off_text.as_str(), self.connection.name.as_str()])
            .map(str::to_owned)
            .chain(self.messages.iter().map(|message| message.text.as_received().to_owned()))
            .collect();
        let known: Vec<Datum> = own.iter().flat_map(|text| data_in(text)).collect();
        let spoken: Vec<String> = own.iter().map(|text| text.to_lowercase()).collect();
        let data: Vec<Datum> = data_in(&text).into_iter().filter(|datum| !known.contains(datum)).collect();
        let is_fresh = |name: &String| !spoken.iter().any(|text| text.contains(name.as_str()));
        let names: Vec<String> = names_in(&text).into_iter().filter(is_fresh).collect();
        if data.is_empty() && names.is_empty() {
            return Ok(ForeignData::default());
        }
        let mut is_complete = data.is_empty();
        for _ in 0..MAX_STEPS {
            is_complete = is_complete || write.index_identifiers(MESSAGES_PER_STEP).await?;
        }
        let found = write.foreign_data(self.thread.id, &data, &names).await?;
        Ok(ForeignData { found, is_unknown: !is_complete })
    }
}
