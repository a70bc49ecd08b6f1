//! The product sections of a template: `Tea: GREEN-1, BLACK-2; Cups: CUP-7`. Source: Cloud API, part 5.4.

use crate::domain::code::Code;
use crate::domain::refusal::Refusal;

/// Maximum number of sections in one message (Meta: multi-product message templates).
const MAX_SECTIONS: usize = 10;
/// Maximum number of products in one message, in all sections.
const MAX_PRODUCTS: usize = 30;
/// Maximum length of a section title in characters (Meta: interactive messages, sections).
const MAX_TITLE: usize = 24;

/// A section: its title, and the seller's product ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSection {
    pub title: String,
    pub products: Vec<String>,
}

/// Parses sections, each a title, a colon and comma-separated products; semicolons separate sections. Refuses empty
/// sections and exceeded limits.
pub fn read_sections(label: &str, text: &str) -> Result<Vec<ProductSection>, Refusal> {
    let refused =
        |why: String| Refusal::new(Code::TemplateParameters, why, "Write it like: Tea: GREEN-1, BLACK-2; Cups: CUP-7.");
    let mut sections = vec![];
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((title, products)) = part.split_once(':') else {
            return Err(refused(format!("{label} has a section without a title.")));
        };
        let title = title.trim().to_owned();
        let products: Vec<String> =
            products.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        let length = title.chars().count();
        if length == 0 || length > MAX_TITLE {
            return Err(refused(format!(
                "{label} has a section title of {length} characters; 1 to {MAX_TITLE} are allowed."
            )));
        }
        if products.is_empty() {
            return Err(refused(format!("{label} has a section without products.")));
        }
        sections.push(ProductSection { title, products });
    }
    let products: usize = sections.iter().map(|section| section.products.len()).sum();
    if sections.is_empty() || sections.len() > MAX_SECTIONS || products > MAX_PRODUCTS {
        return Err(refused(format!(
            "{label} has {} sections with {products} products; 1 to {MAX_SECTIONS} sections with up to {MAX_PRODUCTS} products are allowed.",
            sections.len()
        )));
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_within_their_limits() {
        let read = read_sections("x", "Tea: GREEN-1, BLACK-2; Cups: CUP-7").expect("read");
        assert_eq!((read.len(), read[0].products.len(), read[1].title.as_str()), (2, 2, "Cups"));
        let many = (0..31).map(|index| format!("P{index}")).collect::<Vec<_>>().join(",");
        for (text, words) in [
            ("", "0 sections"),
            ("Tea", "without a title"),
            ("Tea:", "without products"),
            ("A title that is far too long: X", "24"),
            (&format!("Tea: {many}"), "30 products"),
        ] {
            assert!(read_sections("x", text).expect_err(text).reason.contains(words), "{text}");
        }
    }
}
