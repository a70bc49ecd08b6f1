//! The catalogue of causes: each row plants one cause in a real system, and `why` names that cause first, in its
//! sentence, with its code and its remedy, and no other planted cause.

mod arrivals;
mod outgoing;
mod states;

use std::collections::BTreeSet;

use wadeck::domain::ids::{EntryId, MessageId, ThreadId};
use wadeck::domain::message::content::Content;
use wadeck::domain::query::{Answer, Query};
use wadeck::domain::request::Request;
use wadeck::domain::why::Why;
use wadeck::simulator::{Person, SendFault};

use crate::stage::{CONFIG, Stage};

/// What is expected of one planted cause.
struct Row {
    /// What was planted, unique in the catalogue.
    planted: String,
    cause: &'static str,
    /// Words of the answer that only this cause has.
    words: &'static str,
    /// What is wrong with the explanation.
    faults: Vec<String>,
}

/// A stage on which causes are planted, and the answers so far.
struct Catalogue {
    stage: Stage,
    rows: Vec<(Row, Why)>,
    people: u32,
}

impl Catalogue {
    async fn with(config: &str) -> Self {
        Self { stage: Stage::with_config(config).await, rows: vec![], people: 0 }
    }

    /// A stage on which no agent answers.
    async fn quiet() -> Self {
        Self::with(&CONFIG.replace("agent = \"helper\"\n", "")).await
    }

    /// Moves to another stage; the rows stay.
    async fn moves_to(&mut self, config: &str) {
        self.stage = Stage::with_config(config).await;
    }

    async fn why(&self, id: impl ToString) -> Why {
        match self.stage.ask(Query::Why { id: id.to_string() }).await {
            Answer::Why(why) => *why,
            other => panic!("{other:?}"),
        }
    }

    /// Compares the explanation of `id` with cause, words of the answer and words of the remedy; an empty remedy means
    /// that there is none.
    async fn row(&mut self, id: impl ToString, planted: &str, expected: (&'static str, &'static str, &'static str)) {
        let why = self.why(id).await;
        let (cause, words, remedy) = expected;
        let is_remedied = if remedy.is_empty() { why.remedy.is_empty() } else { why.remedy.contains(remedy) };
        let faults = [
            (why.cause != cause, format!("the cause is not {cause}")),
            (!why.answer.contains(words), format!("the answer lacks {words:?}")),
            (!is_remedied, format!("the remedy is not {remedy:?}")),
            (why.answer.contains("..") || why.answer.contains(": ."), "its punctuation is wrong".to_owned()),
            (why.chain.is_empty(), "it has no chain".to_owned()),
        ];
        let faults = faults.into_iter().filter(|(is_fault, _)| *is_fault).map(|(_, fault)| fault).collect();
        self.rows.push((Row { planted: planted.to_owned(), cause, words, faults }, why));
    }

    /// A person who did not write before.
    fn anybody(&mut self) -> Person {
        self.people += 1;
        Person::new(&format!("Person {}", self.people), &format!("1555020{:04}", self.people))
    }

    async fn thread(&self, person: &Person) -> ThreadId {
        self.stage.thread_of(&person.phone).await.id
    }

    /// The last message of a person.
    async fn last(&self, person: &Person) -> MessageId {
        let messages = self.stage.messages(self.thread(person).await).await;
        messages.iter().rev().find(|message| message.direction.name() == "inbound").expect("one that came").id
    }

    async fn last_entry(&self) -> EntryId {
        self.stage.outbox().await.iter().map(|row| row.id).max().expect("there")
    }

    async fn writes(&self, thread: ThreadId, words: &str) -> EntryId {
        let content = Box::new(Content::text(words));
        self.stage.act(Request::Send { thread, content, reply_to: None, at: None }).await.expect("queued");
        self.last_entry().await
    }

    /// A reply to a new person that is not sent yet.
    async fn replies(&mut self) -> (Person, EntryId) {
        let person = self.anybody();
        self.stage.says(&person, "hello").await;
        let thread = self.thread(&person).await;
        let entry = self.writes(thread, "answer").await;
        (person, entry)
    }

    /// A reply to a new person, whose sending meets this.
    async fn meets(&mut self, fault: SendFault) -> (Person, EntryId) {
        let (person, entry) = self.replies().await;
        self.stage.simulator.next_send(fault);
        self.stage.send().await;
        (person, entry)
    }
}

/// The kind of object that an explanation is about.
fn kind(why: &Why) -> String {
    why.id.chars().take_while(char::is_ascii_alphabetic).collect()
}

#[tokio::test]
async fn each_planted_cause_is_named_first_and_no_other() {
    let mut all = vec![];
    all.extend(Box::pin(outgoing::refused_by_code()).await);
    all.extend(Box::pin(outgoing::waiting_and_uncertain()).await);
    all.extend(Box::pin(outgoing::accepted()).await);
    all.extend(Box::pin(arrivals::not_routed()).await);
    all.extend(Box::pin(arrivals::runs()).await);
    all.extend(Box::pin(arrivals::threads()).await);
    all.extend(Box::pin(states::deliveries()).await);
    all.extend(Box::pin(states::templates_and_contacts()).await);
    all.extend(Box::pin(states::connections()).await);
    let wrong: Vec<_> = all.iter().filter(|(row, _)| !row.faults.is_empty()).collect();
    let wrong: Vec<String> = wrong
        .iter()
        .map(|(row, why)| {
            format!("{}: {:?}\n  {} {} {} / {}", row.planted, row.faults, why.id, why.cause, why.answer, why.remedy)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    let planted: BTreeSet<&str> = all.iter().map(|(row, _)| row.planted.as_str()).collect();
    assert_eq!(planted.len(), all.len(), "each is planted once");
    assert!(all.len() >= 80, "{} causes", all.len());
    let causes: BTreeSet<(String, &str)> = all.iter().map(|(row, why)| (kind(why), row.cause)).collect();
    assert!(causes.len() >= 65, "{}: {causes:?}", causes.len());
    for (row, why) in &all {
        for (other, _) in all.iter().filter(|(other, of)| other.cause != row.cause && kind(of) == kind(why)) {
            assert!(
                !why.answer.contains(other.words) || row.words.contains(other.words),
                "{} is explained as {} too: {why:#?}",
                row.planted,
                other.planted
            );
        }
    }
}
