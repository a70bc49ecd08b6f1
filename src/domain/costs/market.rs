//! Markets: which market of a rate card a phone number belongs to.

use crate::domain::contacts::phone::PhoneNumber;

/// The market of numbers whose calling code is in no row of the table.
pub const OTHER: &str = "Other";

/// Calling code, country, and the region whose rate counts where a country has none of its own (empty: it always has one).
/// The platform groups countries by the calling code of the recipient and revises the groups from time to time: a rate for
/// a calling code or a country outranks the region, and works for every code.
pub const PLACES: [(&str, &str, &str); 160] = [
    ("1", "United States and Canada", "North America"),
    ("1242", "Caribbean", "Other"),
    ("1246", "Caribbean", "Other"),
    ("1264", "Caribbean", "Other"),
    ("1268", "Caribbean", "Other"),
    ("1284", "Caribbean", "Other"),
    ("1345", "Caribbean", "Other"),
    ("1441", "Caribbean", "Other"),
    ("1473", "Caribbean", "Other"),
    ("1649", "Caribbean", "Other"),
    ("1658", "Jamaica", "Rest of Latin America"),
    ("1664", "Caribbean", "Other"),
    ("1721", "Caribbean", "Other"),
    ("1758", "Caribbean", "Other"),
    ("1767", "Caribbean", "Other"),
    ("1784", "Caribbean", "Other"),
    ("1787", "Puerto Rico", "Rest of Latin America"),
    ("1809", "Dominican Republic", "Rest of Latin America"),
    ("1829", "Dominican Republic", "Rest of Latin America"),
    ("1849", "Dominican Republic", "Rest of Latin America"),
    ("1868", "Caribbean", "Other"),
    ("1869", "Caribbean", "Other"),
    ("1876", "Jamaica", "Rest of Latin America"),
    ("1939", "Puerto Rico", "Rest of Latin America"),
    ("20", "Egypt", ""),
    ("211", "South Sudan", "Rest of Africa"),
    ("212", "Morocco", "Rest of Africa"),
    ("213", "Algeria", "Rest of Africa"),
    ("216", "Tunisia", "Rest of Africa"),
    ("218", "Libya", "Rest of Africa"),
    ("220", "Gambia", "Rest of Africa"),
    ("221", "Senegal", "Rest of Africa"),
    ("222", "Mauritania", "Rest of Africa"),
    ("223", "Mali", "Rest of Africa"),
    ("225", "Ivory Coast", "Rest of Africa"),
    ("226", "Burkina Faso", "Rest of Africa"),
    ("227", "Niger", "Rest of Africa"),
    ("228", "Togo", "Rest of Africa"),
    ("229", "Benin", "Rest of Africa"),
    ("231", "Liberia", "Rest of Africa"),
    ("232", "Sierra Leone", "Rest of Africa"),
    ("233", "Ghana", "Rest of Africa"),
    ("234", "Nigeria", ""),
    ("235", "Chad", "Rest of Africa"),
    ("237", "Cameroon", "Rest of Africa"),
    ("241", "Gabon", "Rest of Africa"),
    ("242", "Congo", "Rest of Africa"),
    ("244", "Angola", "Rest of Africa"),
    ("245", "Guinea-Bissau", "Rest of Africa"),
    ("249", "Sudan", "Rest of Africa"),
    ("250", "Rwanda", "Rest of Africa"),
    ("251", "Ethiopia", "Rest of Africa"),
    ("252", "Somalia", "Rest of Africa"),
    ("254", "Kenya", "Rest of Africa"),
    ("255", "Tanzania", "Rest of Africa"),
    ("256", "Uganda", "Rest of Africa"),
    ("257", "Burundi", "Rest of Africa"),
    ("258", "Mozambique", "Rest of Africa"),
    ("260", "Zambia", "Rest of Africa"),
    ("261", "Madagascar", "Rest of Africa"),
    ("264", "Namibia", "Rest of Africa"),
    ("265", "Malawi", "Rest of Africa"),
    ("266", "Lesotho", "Rest of Africa"),
    ("267", "Botswana", "Rest of Africa"),
    ("268", "Eswatini", "Rest of Africa"),
    ("27", "South Africa", ""),
    ("291", "Eritrea", "Rest of Africa"),
    ("30", "Greece", "Rest of Central & Eastern Europe"),
    ("31", "Netherlands", ""),
    ("32", "Belgium", "Rest of Western Europe"),
    ("33", "France", ""),
    ("34", "Spain", ""),
    ("351", "Portugal", "Rest of Western Europe"),
    ("353", "Ireland", "Rest of Western Europe"),
    ("355", "Albania", "Rest of Central & Eastern Europe"),
    ("358", "Finland", "Rest of Western Europe"),
    ("359", "Bulgaria", "Rest of Central & Eastern Europe"),
    ("36", "Hungary", "Rest of Central & Eastern Europe"),
    ("370", "Lithuania", "Rest of Central & Eastern Europe"),
    ("371", "Latvia", "Rest of Central & Eastern Europe"),
    ("373", "Moldova", "Rest of Central & Eastern Europe"),
    ("374", "Armenia", "Rest of Central & Eastern Europe"),
    ("375", "Belarus", "Rest of Central & Eastern Europe"),
    ("380", "Ukraine", "Rest of Central & Eastern Europe"),
    ("381", "Serbia", "Rest of Central & Eastern Europe"),
    ("385", "Croatia", "Rest of Central & Eastern Europe"),
    ("386", "Slovenia", "Rest of Central & Eastern Europe"),
    ("389", "North Macedonia", "Rest of Central & Eastern Europe"),
    ("39", "Italy", ""),
    ("40", "Romania", "Rest of Central & Eastern Europe"),
    ("41", "Switzerland", "Rest of Western Europe"),
    ("420", "Czech Republic", "Rest of Central & Eastern Europe"),
    ("421", "Slovakia", "Rest of Central & Eastern Europe"),
    ("43", "Austria", "Rest of Western Europe"),
    ("44", "United Kingdom", ""),
    ("45", "Denmark", "Rest of Western Europe"),
    ("46", "Sweden", "Rest of Western Europe"),
    ("47", "Norway", "Rest of Western Europe"),
    ("48", "Poland", "Rest of Central & Eastern Europe"),
    ("49", "Germany", ""),
    ("502", "Guatemala", "Rest of Latin America"),
    ("503", "El Salvador", "Rest of Latin America"),
    ("504", "Honduras", "Rest of Latin America"),
    ("505", "Nicaragua", "Rest of Latin America"),
    ("506", "Costa Rica", "Rest of Latin America"),
    ("507", "Panama", "Rest of Latin America"),
    ("509", "Haiti", "Rest of Latin America"),
    ("51", "Peru", ""),
    ("52", "Mexico", ""),
    ("54", "Argentina", ""),
    ("55", "Brazil", ""),
    ("56", "Chile", ""),
    ("57", "Colombia", ""),
    ("58", "Venezuela", "Rest of Latin America"),
    ("591", "Bolivia", "Rest of Latin America"),
    ("593", "Ecuador", "Rest of Latin America"),
    ("595", "Paraguay", "Rest of Latin America"),
    ("598", "Uruguay", "Rest of Latin America"),
    ("60", "Malaysia", ""),
    ("61", "Australia", "Rest of Asia Pacific"),
    ("62", "Indonesia", ""),
    ("63", "Philippines", "Rest of Asia Pacific"),
    ("64", "New Zealand", "Rest of Asia Pacific"),
    ("65", "Singapore", "Rest of Asia Pacific"),
    ("66", "Thailand", "Rest of Asia Pacific"),
    ("675", "Papua New Guinea", "Rest of Asia Pacific"),
    ("7", "Russia", ""),
    ("76", "Kazakhstan", "Other"),
    ("77", "Kazakhstan", "Other"),
    ("81", "Japan", "Rest of Asia Pacific"),
    ("84", "Vietnam", "Rest of Asia Pacific"),
    ("852", "Hong Kong", "Rest of Asia Pacific"),
    ("855", "Cambodia", "Rest of Asia Pacific"),
    ("856", "Laos", "Rest of Asia Pacific"),
    ("86", "China", "Rest of Asia Pacific"),
    ("880", "Bangladesh", "Rest of Asia Pacific"),
    ("886", "Taiwan", "Rest of Asia Pacific"),
    ("90", "Turkey", ""),
    ("91", "India", ""),
    ("92", "Pakistan", ""),
    ("93", "Afghanistan", "Rest of Asia Pacific"),
    ("94", "Sri Lanka", "Rest of Asia Pacific"),
    ("961", "Lebanon", "Rest of Middle East"),
    ("962", "Jordan", "Rest of Middle East"),
    ("964", "Iraq", "Rest of Middle East"),
    ("965", "Kuwait", "Rest of Middle East"),
    ("966", "Saudi Arabia", ""),
    ("967", "Yemen", "Rest of Middle East"),
    ("968", "Oman", "Rest of Middle East"),
    ("971", "United Arab Emirates", ""),
    ("972", "Israel", ""),
    ("973", "Bahrain", "Rest of Middle East"),
    ("974", "Qatar", "Rest of Middle East"),
    ("976", "Mongolia", "Rest of Asia Pacific"),
    ("977", "Nepal", "Rest of Asia Pacific"),
    ("992", "Tajikistan", "Rest of Asia Pacific"),
    ("993", "Turkmenistan", "Rest of Asia Pacific"),
    ("994", "Azerbaijan", "Rest of Central & Eastern Europe"),
    ("995", "Georgia", "Rest of Central & Eastern Europe"),
    ("998", "Uzbekistan", "Rest of Asia Pacific"),
];

/// Calling code, country and region.
pub type Place = (&'static str, &'static str, &'static str);

/// For whom a rate counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    /// Numbers that begin with these digits: a country calling code, perhaps with an area code.
    Code(String),
    /// A country or a region of the table, or `Other`.
    Name(&'static str),
}

impl Market {
    /// Reads `+49`, `49`, `Germany` or `Rest of Western Europe`, in any case. `None` for a name that the table lacks.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix('+').unwrap_or(text);
        if !digits.is_empty() && digits.len() <= 7 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return (!digits.starts_with('0')).then(|| Self::Code(digits.to_owned()));
        }
        names().find(|name| name.eq_ignore_ascii_case(text)).map(Self::Name)
    }

    /// How closely the market fits a number at its place, higher is closer; `None` where the number is not in it.
    pub fn fit(&self, number: &PhoneNumber, (_, country, region): Place) -> Option<usize> {
        match self {
            Self::Code(code) => number.digits().starts_with(code).then_some(2 + code.len()),
            Self::Name(name) if *name == country => Some(2),
            Self::Name(name) => (*name == region).then_some(1),
        }
    }
}

impl std::fmt::Display for Market {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "+{code}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Every country and region, some more than once.
pub fn names() -> impl Iterator<Item = &'static str> {
    let named = PLACES.iter().flat_map(|(_, country, region)| [*country, *region]);
    named.filter(|name| !name.is_empty()).chain([OTHER])
}

/// Code, country and region of a number, by the longest code that it begins with. A number whose code is not in the table
/// belongs to `Other`.
pub fn place(number: &PhoneNumber) -> Place {
    let fits = |(code, ..): &&(&str, &str, &str)| number.digits().starts_with(code);
    let found = PLACES.iter().filter(fits).max_by_key(|(code, ..)| code.len());
    found.copied().unwrap_or(("", OTHER, OTHER))
}

/// The country of a number, or its region, as people read it.
pub fn name_of(number: &PhoneNumber) -> &'static str {
    place(number).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).expect("a number")
    }

    #[test]
    fn the_longest_calling_code_decides() {
        for (text, country) in [
            ("+4915112345678", "Germany"),
            ("+15551600001", "United States and Canada"),
            ("+18095550001", "Dominican Republic"),
            ("+79161234567", "Russia"),
            ("+77011234567", "Kazakhstan"),
            ("+37251234567", OTHER),
        ] {
            assert_eq!(name_of(&number(text)), country, "{text}");
        }
    }

    #[test]
    fn a_code_fits_closer_than_a_country_and_that_closer_than_a_region() {
        let kuwait = number("+96550000001");
        let fit = |market: &str| Market::parse(market).expect("a market").fit(&kuwait, place(&kuwait));
        assert!(fit("+965") > fit("kuwait") && fit("Kuwait") > fit("Rest of Middle East"));
        assert_eq!((fit("+49"), fit("Germany"), fit("Other")), (None, None, None));
        assert_eq!(Market::parse("Rest of Nowhere"), None);
    }

    #[test]
    fn no_code_stands_twice_in_the_table() {
        let codes: std::collections::BTreeSet<&str> = PLACES.iter().map(|(code, ..)| *code).collect();
        assert_eq!(codes.len(), PLACES.len());
    }
}
