//! Content that can only be received: orders, calls and notices; and extra information about a message. Each has a
//! text for the thread and detail rows.

use serde::{Deserialize, Serialize};

use crate::domain::ids::DeliveryId;
use crate::domain::number;
use crate::domain::text::Untrusted;
use crate::domain::time::{Timestamp, short_span};

/// Rows of label and value, as shown in details.
pub type Rows = Vec<(&'static str, Untrusted)>;

/// One item of an order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The shop's product id.
    pub product: Untrusted,
    #[serde(deserialize_with = "number::stored")]
    pub quantity: f64,
    /// Price of one piece; `None` if not reported.
    pub price: Option<f64>,
    pub currency: Untrusted,
}

/// A customer's order from a catalog.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub catalog: Untrusted,
    pub note: Option<Untrusted>,
    pub items: Vec<OrderItem>,
}

impl OrderItem {
    /// Describes the item in one line.
    fn line(&self) -> String {
        let price = self.price.map(|price| format!(" at {price:.2} {}", self.currency.as_received()));
        let quantity = if self.quantity.is_finite() { self.quantity.to_string() } else { "?".to_owned() };
        format!("{quantity} × {}{}", self.product.as_received(), price.unwrap_or_default())
    }
}

impl Order {
    /// Returns one total per currency; empty if a price or quantity is missing.
    pub fn totals(&self) -> Vec<String> {
        let mut sums: Vec<(&str, f64)> = vec![];
        for item in &self.items {
            let Some(price) = item.price.filter(|_| item.quantity.is_finite()) else { return vec![] };
            let currency = item.currency.as_received();
            match sums.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, sum)) => *sum += price * item.quantity,
                None => sums.push((currency, price * item.quantity)),
            }
        }
        sums.into_iter().map(|(currency, sum)| format!("{sum:.2} {currency}")).collect()
    }

    /// Returns the note, one line per item, and the total.
    pub fn words(&self) -> Untrusted {
        let note = self.note.as_ref().map(|note| format!(" {}", note.as_received())).unwrap_or_default();
        let mut lines = vec![format!("[order]{note}")];
        lines.extend(self.items.iter().map(OrderItem::line));
        let totals = self.totals();
        if !totals.is_empty() {
            lines.push(format!("total {}", totals.join(" + ")));
        }
        Untrusted::new(lines.join("\n"))
    }

    /// Returns the order as detail rows.
    pub fn details(&self) -> Rows {
        let mut rows: Rows = self.note.clone().map(|note| ("note", note)).into_iter().collect();
        rows.extend(self.items.iter().map(|item| ("item", Untrusted::new(item.line()))));
        rows.extend(self.totals().into_iter().map(|total| ("total", Untrusted::new(total))));
        rows.push(("catalog", self.catalog.clone()));
        rows
    }
}

/// A call event: ringing or ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The provider's call id, shared by all events of the call.
    pub id: String,
    /// `connect` while it rings, `terminate` at its end.
    pub event: Untrusted,
    /// The provider's result of the call.
    pub status: Option<Untrusted>,
    /// `true` for outgoing calls.
    pub by_us: bool,
    pub seconds: Option<u64>,
}

impl Call {
    /// Returns `true` if the call ended without a conversation.
    pub fn missed(&self) -> bool {
        self.event.as_received() == "terminate" && self.seconds.is_none_or(|seconds| seconds == 0)
    }

    /// Describes the call in one line.
    pub fn words(&self) -> Untrusted {
        let way = if self.by_us { "from us" } else { "from the contact" };
        let what = match (self.event.as_received(), self.seconds) {
            ("terminate", Some(seconds)) if seconds > 0 => {
                format!("lasted {}", short_span(std::time::Duration::from_secs(seconds)))
            }
            ("terminate", _) if self.by_us => "not answered".to_owned(),
            ("terminate", _) => "missed".to_owned(),
            ("connect", _) => "rings".to_owned(),
            (other, _) => other.to_owned(),
        };
        Untrusted::new(format!("[call] {way}, {what}"))
    }

    /// Returns the call as detail rows.
    pub fn details(&self) -> Rows {
        let mut rows: Rows = vec![("call", self.words()), ("call id", Untrusted::from(self.id.as_str()))];
        rows.push(("event", self.event.clone()));
        rows.extend(self.status.clone().map(|status| ("ended", status)));
        rows.extend(self.seconds.map(|seconds| ("seconds", Untrusted::new(seconds.to_string()))));
        rows
    }
}

/// A notice about the conversation, in the platform's words if it has some.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// The kind on the wire, such as `system`.
    pub kind: String,
    /// The event, such as `user_changed_number`.
    pub what: Untrusted,
    pub text: Untrusted,
    /// Other fields of the notice: name and value.
    #[serde(default)]
    pub members: Vec<(String, Untrusted)>,
}

impl News {
    /// Describes the notice in one line.
    pub fn words(&self) -> Untrusted {
        let what = self.what.as_received().replace('_', " ");
        Untrusted::new(match (self.text.is_empty(), what.is_empty()) {
            (false, _) => format!("[{}] {}", self.kind, self.text.as_received()),
            (true, false) => format!("[{}] {what}", self.kind),
            (true, true) => format!("[{}]", self.kind.replace('_', " ")),
        })
    }

    /// Returns the notice as detail rows.
    pub fn details(&self) -> Rows {
        let mut rows: Rows = vec![("news", Untrusted::from(self.kind.as_str())), ("what", self.what.clone())];
        rows.push(("text", self.text.clone()));
        rows.extend(members(&self.members));
        rows
    }
}

/// Returns the fields of an unknown object as detail rows.
pub fn members(list: &[(String, Untrusted)]) -> impl Iterator<Item = (&'static str, Untrusted)> {
    list.iter().map(|(name, value)| ("member", Untrusted::new(format!("{name}: {}", value.as_received()))))
}

/// Information that a message carries beside its content, and later changes to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// The advertisement or post that the message came from, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Untrusted>,
    /// All fields of the advertisement: name and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub referral_members: Vec<(String, Untrusted)>,
    /// The product that the message asks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Untrusted>,
    /// Set if the message was forwarded; `true` if many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<bool>,
    /// Problem with the message that the provider reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Untrusted>,
    /// The provider's processing state at the time of the report, such as `pending` or `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing: Option<Untrusted>,
    /// The reported time, if it is impossible; the message is shown with its time of arrival instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible_time: Option<Timestamp>,
    /// When the sender edited the message, and its original text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<(Timestamp, Untrusted)>,
    /// When the sender deleted the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
    /// Different texts that arrived later under the same id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Untrusted>,
    /// Deliveries that repeated the id, up to a maximum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeated_by: Vec<DeliveryId>,
}

impl Extras {
    /// Returns `true` if there is no extra information.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the text of a message as threads, search and agents use it: the content's words with everything that
    /// changes their meaning.
    pub fn around(&self, words: Untrusted) -> Untrusted {
        if self.is_empty() {
            return words;
        }
        let mut line = String::new();
        if self.deleted.is_some() {
            line.push_str("[deleted by the writer] ");
        }
        line.push_str(words.as_received());
        let mut add = |what: &str, value: &Untrusted| line.push_str(&format!("\n[{what} {}]", value.as_received()));
        if let Some(referral) = &self.referral {
            add("came from", referral);
        }
        if let Some(product) = &self.product {
            add("about the product", product);
        }
        if let Some(error) = &self.error {
            add("the provider says", error);
        }
        if let Some(told) = self.impossible_time {
            add("shown with its time of arrival; the reported time is impossible:", &Untrusted::new(told.to_string()));
        }
        match self.forwarded {
            Some(true) => line.push_str("\n[forwarded many times]"),
            Some(false) => line.push_str("\n[forwarded]"),
            None => {}
        }
        if self.edited.is_some() {
            line.push_str("\n[edited]");
        }
        Untrusted::new(line)
    }

    /// Returns the extras as detail rows.
    pub fn details(&self) -> Rows {
        let mut rows: Rows = vec![];
        rows.extend(self.referral.clone().map(|referral| ("came from", referral)));
        rows.extend(members(&self.referral_members));
        rows.extend(self.product.clone().map(|product| ("product", product)));
        rows.extend(
            self.forwarded.map(|often| ("forwarded", Untrusted::from(if often { "many times" } else { "yes" }))),
        );
        rows.extend(self.error.clone().map(|error| ("error", error)));
        rows.extend(self.processing.clone().map(|status| ("processing", status)));
        rows.extend(
            self.impossible_time.map(|told| ("reported time", Untrusted::new(format!("{told}, which is impossible")))),
        );
        if let Some((at, before)) = &self.edited {
            rows.push(("edited", Untrusted::new(at.to_string())));
            rows.push(("before", before.clone()));
        }
        rows.extend(self.deleted.map(|at| ("deleted", Untrusted::new(at.to_string()))));
        rows.extend(
            self.repeated_by.iter().map(|delivery| ("received again", Untrusted::new(format!("with {delivery}")))),
        );
        rows.extend(self.duplicates.iter().cloned().map(|words| ("received again", words)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_told_with_what_it_comes_to() {
        let item = |product: &str, quantity, price, currency: &str| OrderItem {
            product: product.into(),
            quantity,
            price,
            currency: currency.into(),
        };
        let items = vec![item("TEA-1", 3.0, Some(4.5), "EUR"), item("CUP-9", 1.0, Some(12.0), "EUR")];
        let mut order = Order { catalog: "77".into(), note: Some("leave at the door".into()), items };
        let words = "[order] leave at the door\n3 × TEA-1 at 4.50 EUR\n1 × CUP-9 at 12.00 EUR\ntotal 25.50 EUR";
        assert_eq!(order.words().as_received(), words);
        order.items.push(item("PIN-2", 2.0, Some(1.0), "USD"));
        assert_eq!(order.totals(), ["25.50 EUR", "2.00 USD"]);
        order.items.push(item("BAG-7", 1.0, None, ""));
        assert!(order.totals().is_empty(), "a sum without one of its parts would be false");
    }

    #[test]
    fn a_call_says_whether_it_was_missed_or_how_long_it_was() {
        let call = |event: &str, seconds| Call { event: event.into(), seconds, ..Call::default() };
        assert_eq!(call("terminate", None).words().as_received(), "[call] from the contact, missed");
        assert_eq!(call("terminate", Some(125)).words().as_received(), "[call] from the contact, lasted 2m");
        assert_eq!(call("connect", None).words().as_received(), "[call] from the contact, rings");
        assert!(call("terminate", Some(0)).missed() && !call("connect", None).missed());
    }
}
