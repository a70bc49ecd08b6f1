//! Comma-separated values.

/// Returns lines of quoted cells, the head first. A cell that a spreadsheet would read as a formula begins with an
/// apostrophe.
pub(in crate::cli) fn csv(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let cell = |text: &String| {
        let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
        format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
    };
    let line = |row: &[String]| row.iter().map(cell).collect::<Vec<_>>().join(",");
    std::iter::once(line(head)).chain(rows.map(|row| line(&row))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn cells_are_quoted_and_formulas_are_escaped() {
        let hostile = ["=1+1", "+49 151", "-7", "@x", "a \"b\", c"].map(str::to_owned).to_vec();
        let line = csv(&["a".to_owned()], std::iter::once(hostile));
        assert_eq!(line, "\"a\"\n\"'=1+1\",\"'+49 151\",\"-7\",\"'@x\",\"a \"\"b\"\", c\"");
    }
}
