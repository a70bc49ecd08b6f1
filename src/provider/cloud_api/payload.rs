//! What goes out: the body of a send request.

use serde_json::{Value, json};

use crate::domain::address::Address;
use crate::domain::content::Content;
use crate::domain::outbox::Outgoing;

/// The JSON body of `POST /{phone_number_id}/messages`.
pub(crate) fn message(outgoing: &Outgoing) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": outgoing.content.kind(),
        "biz_opaque_callback_data": outgoing.reference,
    });
    match &outgoing.to {
        Address::Phone(number) => body["to"] = number.digits().into(),
        Address::User(id) => body["recipient"] = id.as_str().into(),
    }
    // A reaction may not carry a context.
    if let (Some(quoted), false) = (&outgoing.reply_to, matches!(outgoing.content, Content::Reaction { .. })) {
        body["context"] = json!({ "message_id": quoted });
    }
    match &outgoing.content {
        Content::Text { body: words } => {
            let preview = words.as_received().contains("http://") || words.as_received().contains("https://");
            body["text"] = json!({ "preview_url": preview, "body": words.as_received() });
        }
        Content::Reaction { target, emoji } => {
            let emoji = emoji.as_ref().map_or("", |emoji| emoji.as_received());
            body["reaction"] = json!({ "message_id": target, "emoji": emoji });
        }
        Content::Template { name, language, parameters } => {
            body["template"] = json!({ "name": name, "language": { "code": language } });
            if !parameters.is_empty() {
                let positional = parameters.iter().all(|(name, _)| name.chars().all(|c| c.is_ascii_digit()));
                let filled: Vec<Value> = parameters
                    .iter()
                    .map(|(name, value)| {
                        let mut parameter = json!({ "type": "text", "text": value.as_received() });
                        if !positional {
                            parameter["parameter_name"] = name.as_str().into();
                        }
                        parameter
                    })
                    .collect();
                body["template"]["components"] = json!([{ "type": "body", "parameters": filled }]);
            }
        }
        other => {
            // Kinds that nothing here makes yet go out as the words that stand for them.
            body["type"] = "text".into();
            body["text"] = json!({ "preview_url": false, "body": other.words().as_received() });
        }
    }
    body
}
