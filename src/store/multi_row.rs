//! Helpers for statements that write many rows.

/// Maximum number of rows in one statement.
const MAX_ROWS: usize = 128;

/// Splits rows into chunks whose sizes are powers of two, largest first, so that few statements are prepared.
pub(in crate::store) fn chunks<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = (1 << rest.len().checked_ilog2()?).min(MAX_ROWS);
        let (rows, after) = rest.split_at(size);
        rest = after;
        Some(rows)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_parts_are_of_few_sizes() {
        for count in [0, 1, 2, 3, 127, 128, 129, 700] {
            let rows: Vec<usize> = (0..count).collect();
            let parts: Vec<&[usize]> = chunks(&rows).collect();
            assert_eq!(parts.concat(), rows, "{count}");
            assert!(parts.iter().all(|part| part.len().is_power_of_two() && part.len() <= MAX_ROWS), "{count}");
        }
    }
}
