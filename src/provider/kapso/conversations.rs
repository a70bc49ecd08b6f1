//! Lists conversations and their messages. Source: platform API, parts 5.1 and 5.2.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::client::Kapso;
use super::watch;
use crate::domain::failure::FailureClass;
use crate::domain::numbers::connection::Connection;
use crate::domain::time::Timestamp;
use crate::provider::cloud_api::graph::encoded;
use crate::provider::cloud_api::{loose, text, time};
use crate::provider::conversations::{Conversation, ConversationPage, Conversations, may_try_other_list};
use crate::provider::numbers::ProviderFuture;
use crate::provider::{MessagePage, ProviderError};

/// The conversation states that are listed, in this order. A cursor begins with the state.
const LISTS: [&str; 2] = ["active", "ended"];

impl Conversations for Kapso {
    fn page<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
    ) -> ProviderFuture<'a, ConversationPage> {
        Box::pin(async move {
            let (list, cursor) = after.and_then(|after| after.split_once(':')).unwrap_or((LISTS[0], ""));
            let at = LISTS.iter().position(|known| *known == list).unwrap_or_default();
            let answer = self.conversations_page(connection, LISTS[at], since, cursor).await?;
            let found: Vec<Conversation> =
                answer["data"].as_array().into_iter().flatten().filter_map(conversation).collect();
            let older = |one: &Conversation| one.last_active_at.is_some_and(|active| active < since);
            // The newest come first, so listing ends with the first page that has only older ones.
            let cursor = text(&answer, "/paging/cursors/after").filter(|next| !next.is_empty() && *next != cursor);
            let next = match cursor.filter(|_| !found.is_empty() && !found.iter().all(older)) {
                Some(cursor) => Some(format!("{}:{cursor}", LISTS[at])),
                None => LISTS.get(at + 1).map(|list| format!("{list}:")),
            };
            Ok(ConversationPage { conversations: found, next })
        })
    }

    fn one<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Conversation>> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/conversations/{}", encoded(id));
            match self.get(connection, &path).await {
                Ok(answer) => Ok(conversation(&answer["data"])),
                Err(trouble) if trouble.class == FailureClass::Setup => Ok(None),
                Err(trouble) => Err(trouble),
            }
        })
    }

    fn messages<'a>(
        &'a self,
        connection: &'a Connection,
        conversation: &'a str,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, MessagePage> {
        Box::pin(async move {
            let query = query(&[
                ("conversation_id", conversation),
                ("phone_number_id", &connection.phone_number_id),
                ("limit", "100"),
                ("after", after.unwrap_or_default()),
            ]);
            let path = format!("/platform/v1/whatsapp/messages?{query}");
            Ok(watch::read_page(connection, self.get(connection, &path).await?, now))
        })
    }

    fn history<'a>(
        &'a self,
        connection: &'a Connection,
        since: Timestamp,
        after: Option<&'a str>,
        now: Timestamp,
    ) -> ProviderFuture<'a, MessagePage> {
        Box::pin(async move {
            let query = query(&[
                ("since", &since.to_string()),
                ("until", &now.to_string()),
                ("limit", "100"),
                ("fields", FIELDS),
                ("after", after.unwrap_or_default()),
            ]);
            let path = self.proxy(&format!("/{}/messages?{query}", encoded(&connection.phone_number_id)));
            Ok(watch::read_page(connection, self.get(connection, &path).await?, now))
        })
    }
}

/// Extra fields that make a stored message parse like a webhook's.
const FIELDS: &str = "kapso(default,statuses,origin,phone_number_id)";

impl Kapso {
    /// Returns a page of conversations. Active ones come from the platform's list; ended ones from the mirror, which
    /// filters by time. The other list is tried if the first one fails.
    async fn conversations_page(
        &self,
        connection: &Connection,
        status: &str,
        since: Timestamp,
        cursor: &str,
    ) -> Result<Value, ProviderError> {
        let number = connection.phone_number_id.as_str();
        let own = query(&[("phone_number_id", number), ("status", status), ("limit", "100"), ("after", cursor)]);
        let own = format!("/platform/v1/whatsapp/conversations?{own}");
        let mirror = query(&[
            ("status", status),
            ("last_active_since", &since.to_string()),
            ("limit", "100"),
            ("fields", "kapso(default)"),
            ("after", cursor),
        ]);
        let mirror = self.proxy(&format!("/{}/conversations?{mirror}", encoded(number)));
        let (first, second) = if status == LISTS[0] { (own, mirror) } else { (mirror, own) };
        match self.get(connection, &first).await {
            // A cursor is valid only for the list that returned it.
            Err(trouble) if cursor.is_empty() && may_try_other_list(&trouble) => self.get(connection, &second).await,
            other => other,
        }
    }
}

/// Encodes the parameters that have a value as a query.
fn query(pairs: &[(&str, &str)]) -> String {
    let non_empty = pairs.iter().filter(|(_, value)| !value.is_empty());
    Serializer::new(String::new()).extend_pairs(non_empty).finish()
}

fn conversation(object: &Value) -> Option<Conversation> {
    Some(Conversation {
        record: super::event::record(object).unwrap_or_default(),
        id: text(object, "/id")?.to_owned(),
        last_active_at: time(object, "/last_active_at").or_else(|| time(object, "/kapso/last_message_timestamp")),
        last_message_id: text(object, "/kapso/last_message_id").map(str::to_owned),
        messages_count: loose(object, "/kapso/messages_count").and_then(|count| count.parse().ok()),
    })
}
