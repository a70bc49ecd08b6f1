//! Thread references: an id, or the contact's phone number.

use crate::domain::code::Code;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::Refusal;
use crate::domain::text::clean_line;

/// A parsed thread reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadName {
    Id(ThreadId),
    /// The contact's phone number.
    Number(PhoneNumber),
}

impl ThreadName {
    /// Parses an id such as `t12`, or a phone number. Fails with `number` if it is neither.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        PhoneNumber::parse(text).map(Self::Number).map_err(|error| {
            let remedy = "Give an id such as t12, or the number with its country code, such as +15550100002.";
            Refusal::new(Code::Number, format!("`{}` is no thread: {error}.", clean_line(text)), remedy)
        })
    }
}

/// Returns the only thread with a number. `found` holds the threads with the names of their connections. Fails with
/// `not_found` or `ambiguous`.
pub fn only_thread(number: &PhoneNumber, found: &[(ThreadId, String)]) -> Result<ThreadId, Refusal> {
    match found {
        [(thread, _)] => Ok(*thread),
        [] => {
            let why = format!("No thread with {number}: it has not written to us.");
            Err(Refusal::new(Code::NotFound, why, "List threads; only an approved template can begin one."))
        }
        several => {
            let list: Vec<String> =
                several.iter().map(|(thread, name)| format!("{thread} ({})", clean_line(name))).collect();
            let why = format!("{number} has several threads: {}.", list.join(", "));
            Err(Refusal::new(Code::Ambiguous, why, "Name the thread by its id, or the connection as well."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_numbers_are_read_as_people_write_them() {
        assert_eq!(ThreadName::read(" t12 "), Ok(ThreadName::Id(ThreadId(12))));
        for text in ["+15550100002", "15550100002", "+1 (555) 010-0002"] {
            let Ok(ThreadName::Number(number)) = ThreadName::read(text) else { panic!("{text}") };
            assert_eq!(number.digits(), "15550100002");
        }
        assert_eq!(ThreadName::read("m12").expect_err("a message").code, Code::Number);
    }

    #[test]
    fn several_threads_of_a_number_are_named() {
        let number = PhoneNumber::parse("+15550100002").expect("a number");
        let two = [(ThreadId(1), "support".to_owned()), (ThreadId(2), "sales".to_owned())];
        assert_eq!(only_thread(&number, &two[..1]), Ok(ThreadId(1)));
        assert_eq!(only_thread(&number, &[]).expect_err("none").code, Code::NotFound);
        let refusal = only_thread(&number, &two).expect_err("two");
        assert!(refusal.code == Code::Ambiguous && refusal.reason.contains("t1 (support), t2 (sales)"), "{refusal}");
    }
}
