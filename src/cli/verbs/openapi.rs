//! `wadeck openapi`: explores the API descriptions that ship with the program, without network and engine.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::client::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::options::Common;
use crate::cli::print::layout;
use crate::domain::code::Code;
use crate::provider::api_index::{self, ApiIndex, ApiOperation, Hit};

/// Which descriptions are used.
#[derive(Debug, Clone, clap::Args)]
pub struct Only {
    /// Only this description; `wadeck openapi specs` lists them
    #[arg(long, value_name = "NAME")]
    spec: Option<String>,
}

/// Verbs of `wadeck openapi`.
#[derive(Debug, Subcommand)]
pub enum OpenApi {
    /// List the descriptions
    #[command(after_help = "Examples:\n  wadeck openapi specs")]
    Specs,
    /// Search operations, schemas and fields by words
    #[command(
        after_help = "Examples:\n  wadeck openapi search template\n  wadeck openapi search \"setup link\" --spec platform"
    )]
    Search {
        /// Words that the name, path or tag contains
        #[arg(required = true, value_name = "WORD")]
        words: Vec<String>,
        /// Maximum number of results
        #[arg(long, default_value_t = 30, value_name = "N")]
        limit: usize,
        #[command(flatten)]
        only: Only,
    },
    /// Show an operation: path, parameters, body and responses
    #[command(
        after_help = "Examples:\n  wadeck openapi op sendMessage\n  wadeck openapi op \"POST /{Phone-Number-ID}/messages\""
    )]
    Op {
        /// Id of the operation, or its method and path
        #[arg(value_name = "OPERATION")]
        id: String,
        #[command(flatten)]
        only: Only,
    },
    /// Show the fields of a schema
    #[command(after_help = "Examples:\n  wadeck openapi schema TemplateMessage")]
    Schema {
        /// Name of the schema
        name: String,
        #[command(flatten)]
        only: Only,
    },
    /// List what uses a schema
    #[command(after_help = "Examples:\n  wadeck openapi where GraphAPIError")]
    Where {
        /// Name of the schema
        name: String,
        #[command(flatten)]
        only: Only,
    },
    /// List operations
    #[command(
        after_help = "Examples:\n  wadeck openapi ops --tag Templates\n  wadeck openapi ops --tag \"WhatsApp Flows\" --spec platform"
    )]
    Ops {
        /// Only operations with this tag
        #[arg(long)]
        tag: Option<String>,
        #[command(flatten)]
        only: Only,
    },
}

/// Runs a verb and prints its result.
pub(in crate::cli) fn run(common: &Common, verb: &OpenApi) -> Exit {
    match explore(verb) {
        Ok((value, _)) if common.json => {
            println!("{}", layout::json(&value));
            Exit::Done
        }
        Ok((_, text)) => {
            print!("{text}");
            Exit::Done
        }
        Err(error) => error.report(common.json),
    }
}

/// Returns the result as JSON and as text.
fn explore(verb: &OpenApi) -> Result<(Value, String), CliError> {
    let spec = match verb {
        OpenApi::Specs => None,
        OpenApi::Search { only, .. }
        | OpenApi::Op { only, .. }
        | OpenApi::Schema { only, .. }
        | OpenApi::Where { only, .. }
        | OpenApi::Ops { only, .. } => only.spec.as_deref(),
    };
    let indexes = chosen(spec)?;
    Ok(match verb {
        OpenApi::Specs => {
            let row = |one: &&ApiIndex| {
                json!({ "spec": one.name, "title": one.title, "version": one.version, "base": one.base,
                    "operations": one.operations.len(), "schemas": one.schemas.len(), "tags": one.tags() })
            };
            let line = |one: &&ApiIndex| {
                format!(
                    "{:<10}{}, {} ({} operations, {} schemas)\n",
                    one.name,
                    one.title,
                    one.version,
                    one.operations.len(),
                    one.schemas.len()
                )
            };
            (indexes.iter().map(row).collect(), indexes.iter().map(line).collect())
        }
        OpenApi::Search { words, limit, .. } => {
            let all = api_index::search(&indexes, &words.join(" "));
            let mut text = lines(all.iter().take(*limit));
            match all.len() {
                0 => text.push_str("No operations, schemas or fields.\n"),
                known if known > *limit => text.push_str(&format!("{} more; raise --limit.\n", known - limit)),
                _ => {}
            }
            (json!(all.iter().take(*limit).collect::<Vec<_>>()), text)
        }
        OpenApi::Op { id, .. } => {
            let found = indexes.iter().find_map(|index| Some((*index, index.operation(id)?)));
            let Some((index, one)) = found else { return Err(unknown(&indexes, "operation", id)) };
            let mut value = json!(one);
            value["spec"] = index.name.as_str().into();
            (value, operation(index, one))
        }
        OpenApi::Schema { name, .. } => {
            let found = indexes.iter().find_map(|index| Some((*index, index.schema(name)?)));
            let Some((index, (known, schema))) = found else { return Err(unknown(&indexes, "schema", name)) };
            let fields = api_index::fields(schema);
            let mut text = format!("{known} ({})\n", index.name);
            text.extend(fields.iter().map(|field| {
                format!("  {:<40} {}{}\n", field.path, field.kind, if field.required { ", required" } else { "" })
            }));
            (json!({ "spec": index.name, "name": known, "schema": schema, "fields": fields }), text)
        }
        OpenApi::Where { name, .. } => {
            let found = indexes.iter().find_map(|index| Some((*index, index.schema(name)?.0)));
            let Some((index, known)) = found else { return Err(unknown(&indexes, "schema", name)) };
            let all = api_index::uses(index, known);
            let text = if all.is_empty() { format!("Nothing uses {known}.\n") } else { lines(all.iter()) };
            (json!(all), text)
        }
        OpenApi::Ops { tag, .. } => ops(&indexes, tag.as_deref())?,
    })
}

fn ops(indexes: &[&'static ApiIndex], tag: Option<&str>) -> Result<(Value, String), CliError> {
    let is_tagged =
        |one: &ApiOperation| tag.is_none_or(|tag| one.tags.iter().any(|known| known.eq_ignore_ascii_case(tag.trim())));
    let all: Vec<(&ApiIndex, &ApiOperation)> = indexes
        .iter()
        .flat_map(|index| index.operations.iter().filter(|one| is_tagged(one)).map(|one| (*index, one)))
        .collect();
    if let (true, Some(tag)) = (all.is_empty(), tag) {
        return Err(unknown(indexes, "tag", tag));
    }
    let row = |(index, one): &(&ApiIndex, &ApiOperation)| json!({ "spec": index.name, "id": one.id, "method": one.method, "path": one.path, "tags": one.tags });
    let line = |(index, one): &(&ApiIndex, &ApiOperation)| {
        format!("{:<10}{:<7}{:<60} {}\n", index.name, one.method, one.path, one.id)
    };
    Ok((all.iter().map(row).collect(), all.iter().map(line).collect()))
}

/// Returns the description named by `--spec`, or all of them.
fn chosen(spec: Option<&str>) -> Result<Vec<&'static ApiIndex>, CliError> {
    let all = api_index::all();
    let Some(spec) = spec else { return Ok(all.iter().collect()) };
    let found: Vec<_> = all.iter().filter(|one| one.name.eq_ignore_ascii_case(spec.trim())).collect();
    if found.is_empty() {
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        let reason = format!("Description `{}` not found.", crate::domain::text::clean_line(spec));
        return Err(CliError::new(Code::NotFound, reason, format!("Use one of: {}.", names.join(", "))));
    }
    Ok(found)
}

/// Builds the error for an unknown name, with similar ones.
fn unknown(indexes: &[&'static ApiIndex], what: &str, name: &str) -> CliError {
    let reason = format!("No {what} is named `{}`.", crate::domain::text::clean_line(name));
    let similar: Vec<String> = match what {
        "tag" => indexes.iter().flat_map(|index| index.tags()).take(12).map(ToOwned::to_owned).collect(),
        _ => {
            let hits = api_index::search(indexes, name);
            hits.into_iter().filter(|hit| hit.kind.name() == what).take(5).map(|hit| hit.name).collect()
        }
    };
    let remedy = match (what, similar.is_empty()) {
        ("tag", _) => format!("Tags: {}.", similar.join(", ")),
        (_, true) => "Search for it with `wadeck openapi search WORD`.".to_owned(),
        _ => format!("Similar names: {}.", similar.join(", ")),
    };
    CliError::new(Code::NotFound, reason, remedy)
}

fn lines<'a>(hits: impl Iterator<Item = &'a Hit>) -> String {
    let line = |hit: &Hit| format!("{:<10}{:<11}{:<44} {}\n", hit.spec, hit.kind.name(), hit.name, hit.detail);
    hits.map(line).collect::<Vec<_>>().concat()
}

/// Describes an operation in lines.
fn operation(index: &ApiIndex, one: &ApiOperation) -> String {
    let mut text = format!("{} {}\n", one.method, one.path);
    text.push_str(&format!("  {} ({}, {})\n  base {}\n", one.id, index.name, index.version, index.base));
    if !one.tags.is_empty() {
        text.push_str(&format!("  tags {}\n", one.tags.join(", ")));
    }
    if !one.params.is_empty() {
        text.push_str("Parameters\n");
    }
    for param in &one.params {
        let kind = param.kind.as_ref().map(|kind| kind.as_str().map_or_else(|| kind.to_string(), ToOwned::to_owned));
        let kind = kind.unwrap_or_else(|| "any".to_owned());
        let required = if param.required { ", required" } else { "" };
        text.push_str(&format!("  {:<28} {:<7} {kind}{required}\n", param.name, param.place));
    }
    if let Some(body) = &one.body {
        text.push_str(&format!("Body {}\n", body.media_type));
        text.push_str(&described(index, &body.schema));
    }
    if !one.responses.is_empty() {
        text.push_str("Responses\n");
    }
    for (status, schema) in &one.responses {
        text.push_str(&format!("  {status} {}\n", schema.as_str().unwrap_or_default()).replace(" \n", "\n"));
    }
    text
}

/// Lists the fields of a body; a named schema is followed once.
fn described(index: &ApiIndex, schema: &Value) -> String {
    let (name, schema) = match schema.as_str() {
        Some(name) => (format!("  {name}\n"), index.schemas.get(name).unwrap_or(schema)),
        None => (String::new(), schema),
    };
    let fields = api_index::fields(schema);
    let rows = fields.iter().map(|field| {
        format!("  {:<40} {}{}\n", field.path, field.kind, if field.required { ", required" } else { "" })
    });
    name + &rows.collect::<String>()
}
