//! Agents of `kind = "scripted"`: rules that reply to words in the message. They need no network and are
//! deterministic; for out-of-hours notes, tests and the demo.

use serde_json::Value;

use super::{AgentAnswer, AgentError, AgentInput, ReplyPart, ToolCall};
use crate::domain::agents::script::Rule;
use crate::domain::inbound::event::Direction;

#[derive(Debug)]
pub struct Scripted<'a> {
    rules: &'a [Rule],
}

impl<'a> Scripted<'a> {
    pub const fn new(rules: &'a [Rule]) -> Self {
        Self { rules }
    }

    /// Replies by the first rule whose words occur in the new messages. `{name}` in a reply is the contact's name.
    pub fn answer(&self, input: &AgentInput) -> Result<AgentAnswer, AgentError> {
        let inbound = input.messages.iter().rev().filter(|message| message.direction == Direction::Inbound);
        let texts: Vec<String> =
            inbound.take(input.batch_size as usize).map(|message| message.text.as_received().to_lowercase()).collect();
        let matches = |rule: &&Rule| {
            rule.when.is_empty()
                || rule.when.iter().any(|word| texts.iter().any(|text| text.contains(&word.to_lowercase())))
        };
        let Some(rule) = self.rules.iter().find(matches) else { return Ok(AgentAnswer::default()) };
        if let Some(reason) = &rule.fail {
            return Err(AgentError(reason.clone()));
        }
        let name = input.contact.name.as_ref().map_or_else(|| "there".to_owned(), crate::domain::text::Untrusted::line);
        let messages =
            rule.reply.iter().map(|text| ReplyPart { text: text.replace("{name}", &name), reply_to: None }).collect();
        let tools = rule.tools.iter().map(|name| ToolCall { name: name.clone(), arguments: Value::Null }).collect();
        Ok(AgentAnswer { messages, tools, hand_off: rule.hand_off.clone(), ..AgentAnswer::default() })
    }
}
