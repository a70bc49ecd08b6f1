-- What the agent of an assignment has used, in periods of five minutes by the time at which its runs were created, so that
-- a budget is looked up without reading all runs of a day. Periods without any use have no row.
CREATE TABLE agent_usage (
    assignment_id INTEGER NOT NULL REFERENCES assignments (id) ON DELETE CASCADE,
    period        INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    PRIMARY KEY (assignment_id, period)
) STRICT, WITHOUT ROWID;
INSERT INTO agent_usage (assignment_id, period, tokens, cost)
SELECT assignment_id, created_at - created_at % 300000, sum(tokens_in + tokens_out), sum(cost) FROM runs
WHERE tokens_in + tokens_out > 0 OR cost > 0 GROUP BY 1, 2;
CREATE TRIGGER runs_usage AFTER UPDATE OF tokens_in, tokens_out, cost ON runs
WHEN NEW.tokens_in + NEW.tokens_out <> OLD.tokens_in + OLD.tokens_out OR NEW.cost <> OLD.cost
BEGIN
    INSERT INTO agent_usage (assignment_id, period, tokens, cost)
    VALUES (NEW.assignment_id, NEW.created_at - NEW.created_at % 300000,
        NEW.tokens_in + NEW.tokens_out - OLD.tokens_in - OLD.tokens_out, NEW.cost - OLD.cost)
    ON CONFLICT (assignment_id, period) DO UPDATE SET tokens = tokens + excluded.tokens, cost = cost + excluded.cost;
END;
