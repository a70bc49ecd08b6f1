//! Words of a person as LIKE and the search index take them.

/// What LIKE would read as a wildcard is meant to the letter.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Every word quoted: raw text would be read as a query language.
pub(crate) fn match_terms(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(|word| format!("words:\"{}\"", word.replace('"', "\"\"")))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::match_terms;

    #[test]
    fn what_people_type_is_never_a_query_language() {
        assert_eq!(match_terms("hola* OR \"x"), "words:\"hola\" words:\"OR\" words:\"x\"");
        assert_eq!(match_terms("NEAR(a b)"), "words:\"NEAR\" words:\"a\" words:\"b\"");
        assert_eq!(match_terms("  ?!  "), "");
    }
}
