//! Templates with values: the text that the contact sees, and the parameters of the send request.

use super::slots::FILE_FORMATS;
use super::template::{Template, TemplateButton};
use crate::domain::ids::UploadId;
use crate::domain::text::Untrusted;

impl Template {
    /// Returns the parameters of the send request, in the order of the placeholders. Empty ones are omitted, a
    /// one-time code is repeated for its button, and a file key contains its kind, as in `header:image:link` or
    /// `card:0:header:video:id`.
    pub fn parameters(&self, given: &[(String, String)]) -> Vec<(String, String)> {
        let mut all = vec![];
        for slot in self.slots() {
            let Some(value) = value_of(given, &slot.key).map(str::trim).filter(|value| !value.is_empty()) else {
                continue;
            };
            if slot.file {
                let kind = self.file_format(&slot.key).unwrap_or("document").to_ascii_lowercase();
                let how = if is_link(value) { "link" } else { "id" };
                all.push((format!("{}:{kind}:{how}", slot.key), value.to_owned()));
            } else if slot.key == "offer:expires" {
                let millis = expiry(value).unwrap_or_default();
                all.push((slot.key, millis.to_string()));
            } else {
                all.push((slot.key, value.to_owned()));
            }
        }
        if self.doubles_code()
            && !self.buttons.is_empty()
            && let Some((_, code)) = all.first().cloned()
        {
            all.push(("button:0:url".into(), code));
        }
        all
    }

    /// Returns the file format of a placeholder: `IMAGE`, `VIDEO` or `DOCUMENT`; `None` if it takes no file.
    pub fn file_format(&self, key: &str) -> Option<&str> {
        let format = match key.strip_prefix("card:").and_then(|rest| rest.strip_suffix(":header")) {
            Some(index) => self.cards.get(index.parse::<usize>().ok()?)?.header_format.as_deref(),
            None if key == "header" => self.header_format.as_deref(),
            None => None,
        };
        format.filter(|format| FILE_FORMATS.contains(format))
    }

    /// Returns the header text with its values; `None` if the header is not a text.
    pub(crate) fn filled_header(&self, given: &[(String, String)]) -> Option<String> {
        let text = self.header.as_ref().filter(|_| self.header_format.as_deref() == Some("TEXT"))?;
        let key = |name: &str| if self.shared_places { name.to_owned() } else { format!("header:{name}") };
        Some(filled(text.as_received(), |name| value_of(given, &key(name))))
    }

    /// Returns the body text with its values.
    pub(crate) fn filled_body(&self, given: &[(String, String)]) -> String {
        filled(self.body.as_received(), |name| value_of(given, name))
    }

    /// Returns the body of a carousel card with its values; empty if there is no such card.
    pub(crate) fn filled_card(&self, at: usize, given: &[(String, String)]) -> String {
        let body = self.cards.get(at).map_or("", |card| card.body.as_received());
        filled(body, |name| value_of(given, &format!("card:{at}:{name}")))
    }

    /// Returns the text as the contact will see it; placeholders without a value stay as they are.
    pub fn render(&self, given: &[(String, String)]) -> Untrusted {
        let mut parts = vec![];
        match (self.filled_header(given), self.header_format.as_deref()) {
            (Some(text), _) => parts.push(text),
            (None, Some("LOCATION")) => {
                let name = value_of(given, "header:name").map(|name| format!(" {name}")).unwrap_or_default();
                parts.push(format!("[location]{name}"));
            }
            (None, Some(format)) => parts.push(file_line(given, "", format)),
            (None, None) => {}
        }
        parts.push(self.filled_body(given));
        if let Some(offer) = &self.offer {
            let ends = value_of(given, "offer:expires").and_then(expiry);
            let ends = ends.map(|millis| format!(", until {}", crate::domain::time::Timestamp::from_millis(millis)));
            parts.push(format!("[{}{}]", offer.text.as_received(), ends.unwrap_or_default()));
        }
        parts.extend(self.footer.as_ref().map(|footer| footer.as_received().to_owned()));
        self.render_buttons(given, "", &self.buttons, &mut parts);
        for (index, card) in self.cards.iter().enumerate() {
            let prefix = format!("card:{index}:");
            let header = card.header_format.as_deref().map(|format| format!(" {}", file_line(given, &prefix, format)));
            parts.push(format!("Card {}{}", index + 1, header.unwrap_or_default()));
            let body = filled(card.body.as_received(), |name| value_of(given, &format!("{prefix}{name}")));
            parts.extend(Some(body).filter(|body| !body.is_empty()));
            self.render_buttons(given, &prefix, &card.buttons, &mut parts);
        }
        Untrusted::new(parts.join("\n"))
    }

    /// Appends a line per button, with its URL or code.
    fn render_buttons(
        &self,
        given: &[(String, String)],
        prefix: &str,
        buttons: &[TemplateButton],
        parts: &mut Vec<String>,
    ) {
        for (index, button) in buttons.iter().enumerate() {
            let key = format!("{prefix}button:{index}:");
            let url = button.url.as_ref().map(|url| {
                filled(url.as_received(), |name| match (self.shared_places, self.doubles_code()) {
                    (true, _) => value_of(given, name),
                    (false, true) => given.first().map(|(_, code)| code.as_str()),
                    (false, false) => value_of(given, &format!("{key}url")),
                })
            });
            let code = value_of(given, &format!("{key}code")).map(str::to_owned);
            let tail = url.or(code).map(|tail| format!(" {tail}")).unwrap_or_default();
            parts.push(format!("[{}]{tail}", button.text.as_received()));
        }
    }
}

/// Describes a header other than text, with its value: `[image] https://…`.
fn file_line(given: &[(String, String)], prefix: &str, format: &str) -> String {
    let kind = format.to_ascii_lowercase();
    let link = value_of(given, &format!("{prefix}header")).filter(|value| is_link(value));
    let value = link.or_else(|| value_of(given, &format!("{prefix}header:product")));
    value.map_or_else(|| format!("[{kind}]"), |value| format!("[{kind}] {value}"))
}

/// Returns `true` if a file value is a link, which the provider downloads.
pub fn is_link(value: &str) -> bool {
    value.starts_with("https://") || value.starts_with("http://")
}

/// Returns the upload id in a file value; `None` if it is not one.
pub fn upload_of(value: &str) -> Option<UploadId> {
    value.trim().parse().ok()
}

/// Parses the end of an offer to milliseconds since 1970, from milliseconds or an RFC 3339 time.
pub(crate) fn expiry(value: &str) -> Option<i64> {
    let value = value.trim();
    if value.len() >= 12 && value.chars().all(|c| c.is_ascii_digit()) {
        return value.parse().ok();
    }
    crate::domain::time::Timestamp::parse(value).map(crate::domain::time::Timestamp::millis)
}

/// Returns the value of a key; `None` if it is missing or empty.
pub(super) fn value_of<'g>(given: &'g [(String, String)], key: &str) -> Option<&'g str> {
    given.iter().find(|(known, value)| known == key && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Replaces the placeholders in a text; those without a value stay.
fn filled<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        out.push_str(&rest[..start]);
        let name = rest[start + 2..start + end].trim();
        out.push_str(value(name).unwrap_or(&rest[start..start + end + 2]));
        rest = &rest[start + end + 2..];
    }
    out.push_str(rest);
    out
}
