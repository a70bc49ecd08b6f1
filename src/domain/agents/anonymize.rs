//! Placeholders in the place of a contact's data, so that a real exchange can be kept as an example.

use crate::domain::agents::foreign_data::{
    DatumKind, PHONE_DIGITS, blank_out_dates, data_in, digit_groups, ibans, is_joint,
};

/// Returns a text with placeholders in the place of the contact's name, of phone numbers, IBANs and order numbers.
pub fn anonymize(text: &str, contact: Option<&str>) -> String {
    let mut text = text.to_owned();
    let mut chars: Vec<char> = text.chars().collect();
    if !ibans(&mut chars).is_empty() {
        text = replace_runs(&text, &chars, "{iban}");
    }
    let chars: Vec<char> = text.chars().collect();
    let mut phones = chars.clone();
    for (from, to) in phone_spans(&chars) {
        phones[from..to].fill('|');
    }
    text = replace_runs(&text, &phones, "{phone}");
    for datum in data_in(&text).into_iter().filter(|datum| datum.kind == DatumKind::Order) {
        let is_it = |word: &str| {
            let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
            plain.eq_ignore_ascii_case(&datum.value)
        };
        let words: Vec<&str> = text.split([' ', '\n']).collect();
        let cores: Vec<String> = words
            .iter()
            .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
            .filter(|core| is_it(core))
            .map(str::to_owned)
            .collect();
        for core in cores {
            text = text.replace(&core, "{order}");
        }
    }
    let Some(name) = contact.map(str::trim).filter(|name| name.chars().count() > 1) else { return text };
    let parts = std::iter::once(name).chain(name.split_whitespace().filter(|part| part.chars().count() > 2));
    for part in parts {
        text = replace_word(&text, part, "{name}");
    }
    text
}

/// Replaces each run that was filled with `|` where the text has something else.
fn replace_runs(text: &str, filled: &[char], placeholder: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for (own, now) in text.chars().zip(filled) {
        let is_found = *now == '|' && own != '|';
        if is_found && !in_run {
            out.push_str(placeholder);
        }
        if !is_found {
            out.push(own);
        }
        in_run = is_found;
    }
    out
}

/// Returns where phone numbers begin and end, with a sign before them.
fn phone_spans(chars: &[char]) -> Vec<(usize, usize)> {
    let mut dated = chars.to_vec();
    blank_out_dates(&mut dated);
    let mut spans: Vec<(usize, usize, usize)> = vec![];
    for (from, to) in digit_groups(&dated) {
        let joins =
            spans.last().is_some_and(|(_, end, _)| from - end <= 3 && dated[*end..from].iter().all(|c| is_joint(*c)));
        match spans.last_mut().filter(|_| joins) {
            Some(last) => (last.1, last.2) = (to, last.2 + to - from),
            None => spans.push((from, to, to - from)),
        }
    }
    let in_word = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric() || *c == '-');
    let before = |from: usize| from.checked_sub(1).and_then(|before| dated.get(before));
    let found = spans.iter().filter(|(from, to, digits)| {
        *digits >= PHONE_DIGITS && !in_word(before(*from)) && !dated.get(*to).is_some_and(|c| c.is_alphabetic())
    });
    found.map(|(from, to, _)| (from - usize::from(before(*from) == Some(&'+')), *to)).collect()
}

/// Replaces a word or words, in any case, where they are not a part of a longer one.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let wanted: Vec<char> = word.chars().collect();
    let same = |one: &char, other: &char| one.to_lowercase().eq(other.to_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + wanted.len();
        let fits = end <= chars.len()
            && chars[at..end].iter().zip(&wanted).all(|(one, other)| same(one, other))
            && (at == 0 || !chars[at - 1].is_alphanumeric())
            && chars.get(end).is_none_or(|next| !next.is_alphanumeric());
        if fits {
            out.push_str(by);
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}
