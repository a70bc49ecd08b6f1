-- What providers report about the charge of a message, as JSON. With a status: the pricing object, the conversation that
-- it names, and the price. With a message: the merged report of all its statuses.
ALTER TABLE statuses ADD COLUMN statement TEXT;
ALTER TABLE statuses ADD COLUMN conversation TEXT;
ALTER TABLE statuses ADD COLUMN price TEXT;
ALTER TABLE messages ADD COLUMN pricing TEXT;
-- Costs of a period read outgoing messages by their time.
CREATE INDEX messages_outgoing ON messages (created_at, id) WHERE direction = 'outbound';
