//! The objects of a status that report what its message costs.

use serde_json::Value;

use super::{loose, text, time};
use crate::domain::costs::statement::{PricedConversation, PricingReport, Statement, bounded};

/// Reads `pricing` and `conversation` of a status object. Source: Meta, webhooks › messages › statuses.
pub(crate) fn pricing(status: &Value) -> PricingReport {
    let name = |object: &Value, path: &str| text(object, path).map(bounded).filter(|name| !name.is_empty());
    let statement = status.get("pricing").filter(|object| object.is_object()).map(|object| Statement {
        billable: object.get("billable").and_then(Value::as_bool),
        model: name(object, "/pricing_model"),
        kind: name(object, "/type"),
        category: name(object, "/category"),
    });
    let conversation =
        status.get("conversation").filter(|object| object.is_object()).map(|object| PricedConversation {
            id: loose(object, "/id").map(|id| bounded(&id)),
            origin: name(object, "/origin/type"),
            expires_at: time(object, "/expiration_timestamp"),
        });
    PricingReport {
        statement: statement.filter(|statement| *statement != Statement::default()),
        conversation: conversation.filter(|conversation| *conversation != PricedConversation::default()),
        price: None,
    }
}
