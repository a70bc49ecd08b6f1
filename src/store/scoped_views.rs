//! The views that restrict a reader to one scope, one for each table that a query may name.

use crate::domain::access::scope::Scope;
use crate::domain::numbers::connection::Environment;

/// Tables whose rows belong to a connection or to a thread.
const BY_CONNECTION: [&str; 8] =
    ["threads", "messages", "outbox", "attempts", "assignments", "media", "proofs", "canaries"];
const ALSO_BY_CONNECTION: [&str; 4] = ["backfills", "connection_holds", "outages", "connection_history"];
const BY_THREAD: [&str; 4] = ["runs", "notes", "drafts", "thread_labels"];

/// Returns the statements that create a scope's views. A row that belongs to no scope is visible in all.
pub(super) fn views(scope: &Scope) -> String {
    let mut own = vec![];
    if let Some(organization) = &scope.organization {
        own.push(format!("organization = '{}'", organization.replace('\'', "''").replace('\0', "")));
    }
    if let Some(environment) = scope.environment {
        own.push(format!("environment = '{}'", environment.name()));
    }
    let own = own.join(" AND ");
    let ids = format!("(SELECT id FROM main.connections WHERE {own})");
    let thread = |column: &str| {
        format!("EXISTS (SELECT 1 FROM main.threads sc WHERE sc.id = {column} AND sc.connection_id IN {ids})")
    };
    let mut text = String::new();
    let mut view = |table: &str, keep: &str| {
        text.push_str(&format!("CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} x WHERE {keep};\n"));
    };
    for table in ["connections", "setups", "jobs"] {
        view(table, &own);
    }
    // The plus prevents an index on this column, so that query plans stay as they are without a scope.
    for table in BY_CONNECTION.iter().chain(&ALSO_BY_CONNECTION) {
        view(table, &format!("+x.connection_id IN {ids}"));
    }
    for table in BY_THREAD {
        view(table, &thread("x.thread_id"));
    }
    view(
        "rehearsals",
        &format!(
            "EXISTS (SELECT 1 FROM main.assignments sa WHERE sa.id = x.assignment_id AND sa.connection_id IN {ids})"
        ),
    );
    view(
        "contacts",
        &format!("EXISTS (SELECT 1 FROM main.threads sc WHERE sc.contact_id = x.id AND sc.connection_id IN {ids})"),
    );
    // A delivery without a thread belongs to the numbers in its body.
    let names = "sn.phone_number_id IS NOT NULL AND instr(x.body, CAST(sn.phone_number_id AS BLOB)) > 0";
    view(
        "deliveries",
        &format!(
            "CASE WHEN x.thread_id IS NOT NULL THEN {}
              WHEN EXISTS (SELECT 1 FROM main.connections sn WHERE sn.id IN {ids} AND {names}) THEN 1
              ELSE NOT EXISTS (SELECT 1 FROM main.connections sn WHERE {names}) END",
            thread("x.thread_id")
        ),
    );
    view("stops", &format!("x.scope <> 'thread' OR {}", about("x.subject", &ids, "")));
    let named = about("x.subject", &ids, "");
    view("alerts", &format!("CASE WHEN x.thread_id IS NOT NULL THEN {} ELSE {named} END", thread("x.thread_id")));
    let of_alert =
        "WHEN 'a' THEN EXISTS (SELECT 1 FROM temp.alerts s WHERE s.id = CAST(substr(x.subject, 2) AS INTEGER))";
    // A raw API call may name anything.
    view("audit", &format!("x.action <> 'call' AND {}", about("x.subject", &ids, of_alert)));
    let assignment = about("coalesce(json_extract(x.data, '$.assignment'), '')", &ids, "");
    view("events", &format!("CASE WHEN x.thread_id IS NOT NULL THEN {} ELSE {assignment} END", thread("x.thread_id")));
    let within = |column: &str, value: Option<&str>| {
        // A token without this restriction reaches this scope too.
        let held = |value: &str| format!("(x.{column} IS NULL OR x.{column} = '{}')", value.replace('\'', "''"));
        value.map_or_else(|| "1".to_owned(), held)
    };
    view(
        "tokens",
        &format!(
            "{} AND {}",
            within("organization", scope.organization.as_deref()),
            within("environment", scope.environment.map(Environment::name))
        ),
    );
    text.push_str("PRAGMA query_only = ON;");
    text
}

/// Returns the condition that a subject belongs to the scope, by the letter of its id or by the name of a number. Any
/// other subject is visible in all scopes.
fn about(subject: &str, ids: &str, more: &str) -> String {
    let first = format!(
        "substr({subject}, 1, CASE instr({subject}, ' ') WHEN 0 THEN length({subject}) ELSE instr({subject}, ' ') - 1 END)"
    );
    let number = format!("CAST(substr({subject}, 2) AS INTEGER)");
    let of =
        |table: &str, keep: &str| format!("EXISTS (SELECT 1 FROM main.{table} s WHERE s.id = {number} AND {keep})");
    let by_connection = format!("s.connection_id IN {ids}");
    let by_thread =
        format!("EXISTS (SELECT 1 FROM main.threads st WHERE st.id = s.thread_id AND st.connection_id IN {ids})");
    format!(
        "CASE WHEN {first} GLOB 'job' THEN EXISTS (SELECT 1 FROM temp.jobs s WHERE s.id = CAST(substr({subject}, 5) AS INTEGER))
              WHEN {first} NOT GLOB '[a-z][0-9]*' OR substr({first}, 2) GLOB '*[^0-9]*' THEN
                   NOT EXISTS (SELECT 1 FROM main.connections s WHERE s.id NOT IN {ids}
                               AND ({first} = s.name OR s.phone_number_id = {first} OR instr({subject}, s.business_account_id) > 0)
                               AND NOT (instr({subject}, s.business_account_id) > 0 AND EXISTS (
                                   SELECT 1 FROM main.connections o WHERE o.id IN {ids} AND o.business_account_id = s.business_account_id)))
              ELSE CASE substr({subject}, 1, 1)
                   WHEN 't' THEN {} WHEN 'm' THEN {} WHEN 'o' THEN {} WHEN 'g' THEN {} WHEN 'r' THEN {}
                   WHEN 'c' THEN {number} IN {ids}
                   WHEN 'p' THEN EXISTS (SELECT 1 FROM temp.contacts s WHERE s.id = {number})
                   WHEN 'd' THEN EXISTS (SELECT 1 FROM temp.deliveries s WHERE s.id = {number})
                   WHEN 's' THEN EXISTS (SELECT 1 FROM temp.setups s WHERE s.id = {number})
                   {more} ELSE 0 END END",
        of("threads", &by_connection),
        of("messages", &by_connection),
        of("outbox", &by_connection),
        of("assignments", &by_connection),
        of("runs", &by_thread),
    )
}
