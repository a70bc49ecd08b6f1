-- An approval counts for the person behind it, and for the agent as it was then.
ALTER TABLE assignments ADD COLUMN approved_person TEXT;
ALTER TABLE assignments ADD COLUMN approved_digest TEXT;

-- What a program agreed to was agreed to by whoever made its token.
UPDATE assignments SET approved_person = coalesce(
    (SELECT made_by FROM tokens WHERE approved_by = 'token ' || name AND made_at <= approved_at ORDER BY id DESC LIMIT 1),
    approved_by)
WHERE approved_by IS NOT NULL;

-- What is in force was approved for the agent that is noted there. A first approval that still waits for the
-- second was given for an agent that nobody noted: it has to be given again.
UPDATE assignments SET approved_digest = agent_digest WHERE state = 'active' AND approved_by IS NOT NULL;
