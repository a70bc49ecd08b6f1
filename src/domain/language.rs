//! Language detection that returns a result only if it is certain.

use whichlang::{Lang, detect_language};

/// Minimum number of letters; shorter texts are ambiguous.
const ENOUGH: usize = 20;

/// Returns the ISO 639-1 code of a text's language; `None` if the text is too short, mixed or ambiguous.
pub fn detect(text: &str) -> Option<&'static str> {
    // URLs, numbers and codes have no language.
    let is_word = |word: &&str| !word.contains("://") && !word.chars().any(|c| c.is_ascii_digit());
    let words: Vec<&str> = text.split_whitespace().filter(is_word).collect();
    let letters: usize = words.iter().map(|word| word.chars().filter(|c| c.is_alphabetic()).count()).sum();
    // Scripts without spaces carry more information per letter.
    let dense =
        text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'));
    if letters < if dense { 4 } else { ENOUGH } {
        return None;
    }
    let whole = detect_language(&words.join(" "));
    // The first and the last two thirds must have the same language.
    let third = words.len() / 3;
    let parts = [&words[..words.len() - third], &words[third..]];
    parts.iter().all(|part| detect_language(&part.join(" ")) == whole).then(|| code(whole))
}

/// Returns the ISO 639-1 code of a language.
const fn code(language: Lang) -> &'static str {
    match language {
        Lang::Ara => "ar",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Hin => "hi",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_only_for_sure() {
        for (text, language) in [
            ("Buenos días, quisiera saber cuándo llega mi pedido, por favor", "es"),
            ("Good morning, your parcel will arrive on Thursday in the afternoon.", "en"),
            ("We are open Monday to Saturday, 9 to 18.", "en"),
            ("Olá, gostaria de saber o horário de funcionamento", "pt"),
            ("Ich hätte gerne eine Rechnung für meine letzte Bestellung", "de"),
            ("ありがとうございます", "ja"),
        ] {
            assert_eq!(detect(text), Some(language), "{text}");
        }
        for unsure in ["ok", "Hola", "👍👍", "", "12345678901234567890", "https://example.com/track/12345 ABC"] {
            assert_eq!(detect(unsure), None, "{unsure}");
        }
    }
}
