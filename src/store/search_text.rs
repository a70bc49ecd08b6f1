//! Escapes search words for LIKE and for the search index.

/// Escapes LIKE wildcards.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Quotes every word, because the index would read raw text as a query language.
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
