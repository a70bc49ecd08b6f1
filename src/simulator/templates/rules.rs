//! What the platform refuses in a template message: every part has the parameters that it needs, of the right form.

use serde_json::Value;

/// What is wrong with the parts of a request for this template, if anything. `is_media` says whether the number has
/// a file under an id.
pub(in super::super) fn wrong_parts(
    template: &Value,
    request: &Value,
    now: i64,
    is_media: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let given = request.pointer("/template/components").and_then(Value::as_array).cloned().unwrap_or_default();
    let check = Check { named: template["parameter_format"] == "NAMED", now, is_media };
    check.parts(&template["components"], &given)
}

struct Check<'c> {
    named: bool,
    now: i64,
    is_media: &'c dyn Fn(&str) -> bool,
}

fn part<'v>(given: &'v [Value], kind: &str) -> Option<&'v Value> {
    given.iter().find(|part| part["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind)))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

impl Check<'_> {
    fn parts(&self, template: &Value, given: &[Value]) -> Option<String> {
        list(template).iter().find_map(|one| match one["type"].as_str().unwrap_or_default() {
            kind @ ("BODY" | "HEADER") => self.texts(one, kind, given),
            "LIMITED_TIME_OFFER" => self.offer(one, given),
            "CAROUSEL" => self.carousel(one, given),
            "BUTTONS" => {
                let mut buttons = list(&one["buttons"]).iter().enumerate();
                buttons.find_map(|(index, button)| button_fault(index, button, given))
            }
            _ => None,
        })
    }

    fn texts(&self, one: &Value, kind: &str, given: &[Value]) -> Option<String> {
        let text = one["text"].as_str().unwrap_or_default();
        let format = one["format"].as_str().filter(|format| *format != "TEXT");
        let wanted = if format.is_some() { 1 } else { text.matches("{{").count() };
        let parameters = part(given, kind).map_or(&[][..], |part| list(&part["parameters"]));
        let kind = kind.to_lowercase();
        if parameters.len() != wanted {
            return Some(format!(
                "{kind}: number of localizable_params ({}) does not match the expected number of params ({wanted})",
                parameters.len()
            ));
        }
        if let Some(format) = format {
            return self.header(&format.to_lowercase(), &parameters[0]);
        }
        let stranger = parameters.iter().find(|one| {
            self.named && !text.contains(&format!("{{{{{}}}}}", one["parameter_name"].as_str().unwrap_or_default()))
        });
        stranger.map(|stranger| format!("{kind}: no parameter is called {}", stranger["parameter_name"]))
    }

    fn header(&self, format: &str, given: &Value) -> Option<String> {
        if given["type"] != format {
            return Some(format!("header: Format mismatch, expected {format}, received {}", given["type"]));
        }
        let object = &given[format];
        match format {
            "location" => (object["latitude"].is_null() || object["longitude"].is_null())
                .then(|| "header: location needs latitude and longitude".to_owned()),
            "product" => (!object["product_retailer_id"].is_string() || !object["catalog_id"].is_string())
                .then(|| "header: product needs product_retailer_id and catalog_id".to_owned()),
            _ => match (object["id"].as_str(), object["link"].as_str()) {
                (Some(id), None) if (self.is_media)(id) => None,
                (None, Some(link)) if link.starts_with("https://") => None,
                (Some(id), None) => Some(format!("header: {id} is no media of this number")),
                _ => Some("header: exactly one of id and link".to_owned()),
            },
        }
    }

    fn offer(&self, one: &Value, given: &[Value]) -> Option<String> {
        if one["limited_time_offer"]["has_expiration"] != true {
            return None;
        }
        let ends = part(given, "limited_time_offer")
            .and_then(|part| part["parameters"][0]["limited_time_offer"]["expiration_time_ms"].as_i64());
        match ends {
            None => Some("limited_time_offer: expiration_time_ms is missing".to_owned()),
            Some(ends) if ends <= self.now => Some("limited_time_offer: the offer has ended".to_owned()),
            Some(_) => None,
        }
    }

    fn carousel(&self, one: &Value, given: &[Value]) -> Option<String> {
        let wanted = list(&one["cards"]);
        let cards = part(given, "CAROUSEL").map_or(&[][..], |part| list(&part["cards"]));
        if cards.len() != wanted.len() {
            return Some(format!(
                "carousel: number of cards ({}) does not match the expected number ({})",
                cards.len(),
                wanted.len()
            ));
        }
        wanted.iter().enumerate().find_map(|(index, card)| {
            let Some(found) = cards.iter().find(|one| one["card_index"] == index) else {
                return Some(format!("carousel: card {index} is missing"));
            };
            let wrong = self.parts(&card["components"], list(&found["components"]));
            wrong.map(|wrong| format!("card {index}: {wrong}"))
        })
    }
}

fn button_fault(index: usize, button: &Value, given: &[Value]) -> Option<String> {
    let found = given
        .iter()
        .find(|one| one["type"] == "button" && one["index"].to_string().trim_matches('"') == index.to_string());
    let kind = button["type"].as_str().unwrap_or_default();
    let wanted = match kind {
        _ if button["url"].as_str().is_some_and(|url| url.contains("{{")) => "url",
        "COPY_CODE" => "copy_code",
        "OTP" => "url",
        "MPM" => "mpm",
        _ => {
            let sub_type = kind.to_lowercase();
            let sub_type = found.map(|one| one["sub_type"] == sub_type.as_str());
            return (sub_type == Some(false)).then(|| format!("button at index {index} is no {kind}"));
        }
    };
    let Some(found) = found.filter(|one| one["sub_type"] == wanted) else {
        return Some(format!("button at index {index} needs a parameter of the kind {wanted}"));
    };
    let parameter = &found["parameters"][0];
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let fine = match wanted {
        "copy_code" => (1..=20).contains(&length(&parameter["coupon_code"])),
        "mpm" => {
            let sections = list(&parameter["action"]["sections"]);
            let products: usize = sections.iter().map(|one| list(&one["product_items"]).len()).sum();
            (1..=10).contains(&sections.len()) && (1..=30).contains(&products)
        }
        _ => length(&parameter["text"]) > 0,
    };
    (!fine).then(|| format!("button at index {index}: the parameter does not fit {wanted}"))
}
