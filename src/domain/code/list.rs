//! The list of codes, by section. An entry has its meaning, variant, wire string, HTTP status (`none` if only the
//! command line uses it), exit code and typical remedy.

codes! {
    = "Requests"
    /// The request cannot be read.
    Request "request" 400 3 "Send the request as the API description says.";
    /// The body cannot be read, or has fields or values that the request does not take.
    Body "body" 422 3 "Send the body as the API description says.";
    /// A query parameter or header is missing, unknown or out of range.
    Parameter "parameter" 422 3 "Send the parameters as the API description says.";
    /// The id in the path is not an id of this kind.
    Id "id" 422 3 "List the objects and use an id from the list.";
    /// The route does not support this method.
    Method "method" 405 3 "Use one of the methods in the `Allow` header.";
    /// A query cannot be used in this place.
    Query "query" 409 3 "Name the scope once.";
    /// The tool's arguments are missing or have the wrong type.
    Arguments "arguments" 422 3 "Send the arguments as the tool's schema says.";
    /// No tool has this name.
    Tool "tool" 404 3 "Call a tool from the list of tools.";
    /// The idempotency key was used for a different request, or has an invalid form.
    IdempotencyKey "idempotency_key" 409 3 "Use a new key for each request, such as a UUID.";
    /// The request was started, and its outcome is not recorded.
    Uncertain "uncertain" 409 5 "Check whether it was done before you repeat it under a new key.";
    /// The request body is longer than the limit.
    TooLong "too_long" 413 3 "Send less at once.";
    /// The file is larger than the limit.
    TooLarge "too_large" 413 3 "Send a smaller file, or a link to it.";
    /// Too many requests of this kind are in progress.
    Busy "busy" 503 3 "Retry in a moment.";
    /// The engine or its database failed; the log has details under the error's id.
    Failed "failed" 500 1 "Retry; if it fails again, see the log.";
    /// This build does not include the feature.
    NotBuiltIn "not_built_in" 501 3 "Use a build with the feature.";
    /// A rule refuses the request; the reason names the rule.
    Refused "refused" 409 3 "Change what the reason names, then retry.";
    /// No object has this id or name, or it is outside the caller's scope.
    NotFound "not_found" 404 3 "List the objects and use an id or name from the list.";
    /// The name or number matches several objects.
    Ambiguous "ambiguous" 409 3 "Use the id of one of them.";
    /// The object already is in the requested state.
    NoChange "no_change" 409 3 "Nothing needs to be done.";
    /// As many of these exist as are allowed.
    LimitReached "limit_reached" 409 3 "Remove one first.";
    /// The time has an invalid form.
    Time "time" 409 3 "Write it like 2026-06-01T09:00:00Z.";
    /// The time is in the past.
    Past "past" 409 3 "Choose a future time, or none.";
    /// The filter has an unknown term or an invalid value.
    Filter "filter" 409 3 "Use the terms and values that the reason names.";
    /// The irreversible action was not confirmed with the object's name.
    Typed "typed" 409 3 "Repeat the name exactly.";

    = "Access"
    /// No valid bearer token was sent.
    Unauthorized "unauthorized" 401 3 "Send a valid token in the `Authorization` header.";
    /// Too many requests with invalid tokens came from this address.
    TooManyWrongTokens "too_many_wrong_tokens" 429 3 "Wait a minute, then send a valid token.";
    /// The token was revoked or expired while the request was in progress.
    TokenRevoked "token_revoked" 409 3 "Ask an admin for a new token.";
    /// The operating-system user is not in the configuration.
    UnknownUser "unknown_user" 403 3 "Ask an admin to add the user with `os_user`.";
    /// The caller's role does not allow the request.
    Role "role" 403 3 "Ask someone who has the role.";
    /// The request reaches outside the caller's organization or environment.
    Scope "scope" 409 3 "Ask within the scope, or with a token for the other one.";
    /// Only a person can do this, not a program.
    Person "person" 409 3 "Ask a person to do it.";
    /// `--read-only` forbids changes.
    ReadOnly "read_only" 409 3 "Run it again without --read-only.";
    /// The action is possible only on the engine's machine.
    OwnMachineOnly "own_machine_only" none 3 "Run it on the engine's machine.";
    /// The action is possible only in a console on the engine's own terminal.
    OwnTerminalOnly "own_terminal_only" 409 3 "Save the file and open it on your machine.";
    /// The name is empty, too long or has characters that are not allowed.
    Name "name" 409 3 "Choose another name.";
    /// The name is in use.
    NameTaken "name_taken" 409 3 "Choose another name.";

    = "Messages"
    /// The message's content is missing, incomplete or not allowed.
    Content "content" 409 3 "Change the content as the reason says.";
    /// The text is empty.
    EmptyText "empty_text" 409 3 "Write a text.";
    /// The text has control characters.
    ControlCharacters "control_characters" 409 3 "Remove the control characters.";
    /// The text is longer than one message holds.
    TextTooLong "text_too_long" 409 3 "Send it in parts.";
    /// Neither a thread, nor a number with a connection is named.
    Place "place" 409 3 "Name a thread, or a number and a connection.";
    /// The phone number is invalid or missing.
    Number "number" 409 3 "Write the number with its country code, such as +15550100002.";
    /// The recipient is one of our own numbers.
    OwnNumber "own_number" 409 3 "Use the contact's number.";
    /// The contact has neither a phone number nor a user id.
    NoAddress "no_address" 409 3 "Wait until the contact writes again.";
    /// The contact opted out of messages.
    OptedOut "opted_out" 409 3 "Wait until the contact opts in again.";
    /// The contact opted out of marketing messages at the provider.
    MarketingStopped "marketing_stopped" 409 3 "Send a utility template.";
    /// Meta does not deliver marketing templates to numbers of the United States.
    MarketingUnitedStates "marketing_united_states" 409 3 "Send a utility template.";
    /// The 24-hour service window is closed.
    WindowClosed "window_closed" 409 3 "Send an approved template.";
    /// The tester has not written to the number, so its service window is closed.
    Window "window" 409 3 "Write a message from the tester's phone first.";
    /// The connection has no tester to send a test message to.
    Tester "tester" 409 3 "Set `tester` of the connection in the configuration.";
    /// The message cannot be quoted or reacted to.
    CannotQuote "cannot_quote" 409 3 "Send it without the quote.";
    /// The connection is disconnected.
    NotConnected "not_connected" 409 3 "Reconnect the connection first.";

    = "Files"
    /// The provider does not take the file, or the file cannot be read.
    File "file" 409 3 "Choose another file.";
    /// The message's file is not available here.
    NoFile "no_file" 409 3 "Fetch the file from the provider again.";
    /// The file is already here or is being fetched.
    NothingToFetch "nothing_to_fetch" 409 3 "Nothing needs to be done.";
    /// The image padding has an unknown shape or color.
    Pad "pad" 409 3 "Use a shape and a color that the reason names.";
    /// The audio file cannot be converted to a voice note.
    Convert "convert" 409 3 "Send it as audio, or convert it to Ogg with Opus first.";
    /// The engine's disk has no room, or cannot be written.
    Disk "disk" 409 3 "Free space on the engine's disk.";
    /// The caller has too many unsent uploads.
    Uploads "uploads" 409 3 "Send them, or wait until they expire.";
    /// The upload is too slow.
    Slow "slow" 409 3 "Upload the file again over a faster connection.";
    /// The upload ended before the file was complete.
    BrokeOff "broke_off" 409 3 "Upload the file again.";
    /// The configured program cannot open the file.
    Open "open" 409 3 "Save the file and open it yourself.";

    = "Outbox"
    /// The outbox entry cannot be retried in its state.
    NotRetryable "not_retryable" 409 3 "Look at the entry: only failed, uncertain and discarded ones can be retried.";
    /// The outbox entry cannot be discarded in its state.
    NotDiscardable "not_discardable" 409 3 "Look at the entry: its state says what can be done now.";
    /// The outbox entry is not queued.
    NotQueued "not_queued" 409 3 "Look at the entry: its state says what can be done now.";
    /// The outbox entry is not uncertain.
    NotUncertain "not_uncertain" 409 3 "Look at the entry: its state says what can be done now.";
    /// No message of the caller can still be undone in the thread.
    NothingToUndo "nothing_to_undo" 409 3 "Nothing needs to be done.";
    /// The provider cannot say what became of the message.
    CannotAsk "cannot_ask" 409 3 "Look at the message in the provider's own console.";
    /// The provider gave the message no id, so its status cannot be queried.
    NoProviderId "no_provider_id" 409 3 "Reconcile the uncertain outbox entry instead.";
    /// The bulk action has no filter, so it would include everything.
    NoFilter "no_filter" 409 3 "Give a filter, such as status:failed since:2h.";
    /// The filter matches no message that the bulk action can change.
    NothingToDo "nothing_to_do" 409 3 "Change the filter.";
    /// Another bulk action is running.
    JobRuns "job_runs" 409 3 "Wait until it ends, or stop it.";
    /// The bulk action is not running.
    NoJob "no_job" 409 3 "List the bulk actions.";
    /// Nothing was stopped, so nothing can be resumed.
    NotStopped "not_stopped" 409 3 "Nothing needs to be done.";

    = "Threads and contacts"
    /// A colleague has the thread.
    Taken "taken" 409 3 "Ask the colleague or an admin to release it.";
    /// Nobody has the thread.
    NotTaken "not_taken" 409 3 "Nothing needs to be done.";
    /// A colleague has the thread, and the request does not say to send despite that.
    OwnedByColleague "owned_by_colleague" 409 3 "Let the colleague answer, or send it with `despite_owner`.";
    /// Another application at the provider has the thread.
    HeldElsewhere "held_elsewhere" 409 3 "Let it answer, or send it with `despite_owner`.";
    /// Someone answered after the message that the caller saw last.
    AnsweredMeanwhile "answered_meanwhile" 409 3 "Read the answer, then send again if yours is still needed.";
    /// The contact got the same message within the last minute, and the request does not say to send it again.
    DuplicateMessage "duplicate_message" 409 3 "Change it, or send it with `despite_duplicate`.";
    /// The program of a custom command failed, or a value for it is missing.
    CustomCommand "custom_command" 409 3 "Check the command in the configuration.";
    /// The colleague has no open console, or may not answer.
    NotHere "not_here" 409 3 "Choose a colleague whose console is open.";
    /// The draft is longer than the limit.
    DraftTooLong "draft_too_long" 409 3 "Shorten it.";
    /// The note is empty.
    EmptyNote "empty_note" 409 3 "Write a note.";
    /// The note is longer than the limit.
    NoteTooLong "note_too_long" 409 3 "Write two notes.";
    /// A contact with this address exists.
    ContactKnown "contact_known" 409 3 "Use the existing contact.";
    /// Both ids name the same contact.
    SameContact "same_contact" 409 3 "Choose another contact.";
    /// The contact was not merged, so it cannot be split.
    NotMerged "not_merged" 409 3 "Nothing needs to be done.";

    = "Agents"
    /// The agent failed to answer.
    AgentFailed "agent_failed" 409 3 "Check the agent's configuration and endpoint.";
    /// The agents are stopped already.
    AlreadyStopped "already_stopped" 409 3 "Nothing needs to be done.";
    /// Someone already decided the assignment or the suggested reply.
    Decided "decided" 409 3 "Look at its current state.";
    /// The assignment is not active.
    NotInForce "not_in_force" 409 3 "List the assignments.";
    /// The contract is invalid, or forbids what the agent does.
    Contract "contract" 409 3 "Change the contract as the reason says.";
    /// The agent has no active assignment for the thread.
    NoContract "no_contract" 409 3 "Ask an admin to assign the agent.";
    /// The contract's expiry is in the past or too far in the future.
    Expiry "expiry" 409 3 "Choose a time within a year, or none.";
    /// The rejection has no reason.
    NoReason "no_reason" 409 3 "Give a reason.";
    /// The approval would allow more than was proposed.
    Wider "wider" 409 3 "Restrict it, or propose it as a new assignment.";
    /// The agent was not rehearsed in its current version.
    NotRehearsed "not_rehearsed" 409 3 "Rehearse the assignment first.";
    /// The caller approved already, and two people must approve.
    SecondPerson "second_person" 409 3 "Ask another admin to approve.";
    /// A rehearsal of the assignment is running.
    RehearsalRuns "rehearsal_runs" 409 3 "Wait for its result.";
    /// No past exchanges exist to rehearse with.
    NoExchanges "no_exchanges" 409 3 "Rehearse after the first exchanges.";
    /// A message or an assignment that an agent is asked about was deleted.
    Gone "gone" 409 3 "Rehearse again.";

    = "Numbers and webhooks"
    /// The provider refused the request, cannot do it, or is unknown.
    Provider "provider" 409 3 "Name a provider of the configuration that supports it.";
    /// This build does not support the provider.
    NoProvider "no_provider" 409 3 "Name a provider of the configuration.";
    /// The path of the raw provider call is invalid.
    Path "path" 409 3 "Write the path from the slash on.";
    /// Someone is changing the same object at the provider.
    InProgress "in_progress" 409 3 "Look at it again in a moment.";
    /// The number is connected or being set up.
    NumberTaken "number_taken" 409 3 "Choose another number, or continue with the existing connection.";
    /// The setup's state does not allow the request.
    SetupState "setup_state" 409 3 "Look at the setup: its state says what can be done now.";
    /// The setup is at another step.
    SetupStep "setup_step" 409 3 "Look at the setup: its step says what can be done now.";
    /// Someone moved the setup on at the same time.
    SetupMoved "setup_moved" 409 3 "Look at the setup again.";
    /// An option of the setup link is invalid.
    SetupOptions "setup_options" 409 3 "Change the option as the reason says.";
    /// The connection belongs to no customer at the provider.
    NoCustomer "no_customer" 409 3 "Renew its credentials where it was connected.";
    /// The engine's public URL is not configured.
    PublicUrl "public_url" 409 3 "Set [http] public_url in the configuration.";
    /// A field of the business profile is invalid.
    Profile "profile" 409 3 "Change the field as the reason says.";
    /// The test webhook cannot be requested.
    Canary "canary" 409 3 "Look at the connection's checks.";
    /// The webhook's address is missing or is not a public https URL.
    WebhookUrl "webhook_url" 409 3 "Give a public https URL.";
    /// The webhook's payload version is unknown.
    WebhookVersion "webhook_version" 409 3 "Use version v2.";
    /// The event or option does not exist in the webhook's scope.
    WebhookScope "webhook_scope" 409 3 "Use the webhook of the other scope.";
    /// Raw forwarding takes neither events nor buffering.
    WebhookKind "webhook_kind" 409 3 "Leave both out, or use the kind events.";
    /// The webhook has no events.
    WebhookEvents "webhook_events" 409 3 "Name at least one event.";
    /// The event is unknown, or the webhook does not receive it.
    WebhookEvent "webhook_event" 409 3 "Use an event that the reason names.";
    /// The webhook does not receive the messages that it would buffer.
    WebhookBuffer "webhook_buffer" 409 3 "Add whatsapp.message.received, or do not buffer.";
    /// A number of the webhook's buffering is out of range.
    WebhookBounds "webhook_bounds" 409 3 "Choose a value in the range.";
    /// A header of the webhook has characters that cannot be sent.
    WebhookHeaders "webhook_headers" 409 3 "Write NAME=VALUE in plain ASCII.";
    /// The webhook is switched off at the provider.
    WebhookOff "webhook_off" 409 3 "Switch it on first.";
    /// Another webhook has the same address or kind.
    WebhookTwice "webhook_twice" 409 3 "Change the existing webhook.";
    /// The provider has one address for the number or account, and another one is on file.
    WebhookTaken "webhook_taken" 409 3 "Change the address that is on file.";
    /// The provider has one address for a number, without events or options.
    WebhookOptions "webhook_options" 409 3 "Give the address alone.";

    = "Templates and Flows"
    /// The template or the Flow has errors.
    Lint "lint" 409 3 "Fix the errors that the reason names.";
    /// The template's short form or JSON cannot be read.
    TemplateForm "template_form" 409 3 "Fix the line that the reason names.";
    /// The connection has no template with this name.
    TemplateUnknown "template_unknown" 409 3 "Choose a template from the list.";
    /// The template does not exist in this language, or the language is not named.
    TemplateLanguage "template_language" 409 3 "Name one of the template's languages.";
    /// The template is not approved.
    TemplateNotApproved "template_not_approved" 409 3 "Choose an approved template.";
    /// A value of the template's parameters is missing, unknown or too long.
    TemplateParameters "template_parameters" 409 3 "Give the parameters that the reason names.";
    /// A parameter of the template is empty.
    EmptyParameter "empty_parameter" 409 3 "Give every parameter a value.";
    /// The template has a component that cannot be filled here.
    TemplateComponent "template_component" 409 3 "Choose another template.";
    /// The header's file is of another kind than the template's header.
    TemplateHeader "template_header" 409 3 "Choose a file of the header's kind.";
    /// The template is disabled, and disabled templates cannot be deleted.
    TemplateDisabled "template_disabled" 409 3 "Keep it.";
    /// Queued messages use the template.
    TemplateScheduled "template_scheduled" 409 3 "Discard the queued messages first.";
    /// The connection's templates were never fetched.
    TemplatesNotFetched "templates_not_fetched" 409 3 "Refresh the templates, then send again.";
    /// The request about a Flow cannot be done in this place.
    Flow "flow" 409 3 "Use the request of its own.";
    /// The Flow's state does not allow the request.
    FlowState "flow_state" 409 3 "Look at the Flow: its state says what can be done now.";
    /// The provider found errors in the Flow.
    FlowInvalid "flow_invalid" 409 3 "Fix the Flow first.";
    /// The Flow's endpoint is not deployed.
    FlowEndpoint "flow_endpoint" 409 3 "Deploy the endpoint first.";
    /// The Flow has no version.
    NoVersion "no_version" 409 3 "Write a version first.";

    = "Deliveries, alerts and audit"
    /// The delivery cannot be replayed.
    NotReplayable "not_replayable" 409 3 "Look at the delivery: its state says why.";
    /// Someone acknowledged the alert.
    AlreadyAcknowledged "already_acknowledged" 409 3 "Nothing needs to be done.";
    /// The audit's hash chain is broken.
    AuditBroken "audit_broken" 409 3 "Restore a backup whose audit is intact.";
    /// The audit is complete, so no restored copy needs to be accepted.
    NothingToAccept "nothing_to_accept" 409 3 "Nothing needs to be done.";

    = "Command line"
    /// The command's arguments are wrong.
    Usage "usage" none 2 "Read the command's --help.";
    /// The command cannot run in this place.
    Verb "verb" none 3 "Run it as a command of its own.";
    /// Standard input is missing, too long or not UTF-8.
    Input "input" none 3 "Pipe UTF-8 text into the command.";
    /// The connection to send from is not named.
    Connection "connection" none 3 "Name it with --connection.";
    /// The recipient is not named.
    Recipient "recipient" none 3 "Give --to with a number, or --thread.";
    /// A template parameter has no value.
    Parameters "parameters" none 3 "Write KEY=VALUE.";
    /// The message has no content.
    NothingToSend "nothing_to_send" none 3 "Give one of --text, --template, --file and --content.";
    /// A file on the caller's machine cannot be read or written.
    LocalFile "local_file" none 1 "Name a file or directory that you may read or write.";
    /// The operating-system user may not use the engine's socket or data directory.
    Closed "closed" none 3 "Run it as the engine's user, or have an admin allow your group.";
    /// No engine is running.
    NoEngine "no_engine" none 1 "Start one with `wadeck serve`.";
    /// The running engine does not answer.
    NoAnswer "no_answer" none 1 "Retry in a moment.";
    /// Another engine uses the data directory.
    EngineRuns "engine_runs" none 1 "Use the running engine, or name another --data-dir.";
    /// The configuration has errors.
    Config "config" none 1 "Fix the configuration; `wadeck config check` lists every error.";
    /// The database cannot be opened, read or copied.
    Database "database" none 1 "Run `wadeck doctor`.";
    /// The data directory cannot be used.
    Directory "directory" none 1 "Check the data directory and who owns it.";
    /// The listening address is in use or not allowed.
    Port "port" none 1 "Set [http] listen to a free address.";
    /// The engine's socket cannot be created.
    Socket "socket" none 1 "Name a shorter --data-dir.";
    /// An agent of the configuration cannot be built.
    Agent "agent" none 1 "Fix the agent in the configuration.";
    /// A provider of the configuration cannot be built.
    ProviderSetup "provider_setup" none 1 "Fix the provider's credentials or addresses.";
    /// The other side does not speak the Model Context Protocol.
    Protocol "protocol" none 1 "Start it from a client of that protocol.";
}
