//! Scopes: limits what a caller can see and change to the caller's scope, restricted to the requested one. Every
//! query and request passes through here, so no operation has to check it.

use std::sync::Arc;

use crate::domain::access::actor::Actor;
use crate::domain::access::scope::Scope;
use crate::domain::access::scope_choice::ScopeChoice;
use crate::domain::access::token::TokenRequest;
use crate::domain::agents::requests::{AgentQuery, AgentRequest, StopScope};
use crate::domain::code::Code;
use crate::domain::flow::FlowList;
use crate::domain::numbers::connection::Environment;
use crate::domain::numbers::number::{NumberQuery, NumberRequest};
use crate::domain::query::Query;
use crate::domain::refusal::Refusal;
use crate::domain::request::Request;
use crate::domain::templates::template::TemplateList;
use crate::operations::{Result, System};
use crate::store::Store;

impl System {
    /// Returns the store without any restriction.
    pub(super) fn everything(&self) -> &Store {
        &self.parts.store
    }

    /// Returns the selected scope.
    pub(super) fn scope(&self) -> Scope {
        self.seen.as_ref().map_or(Scope::ALL, |seen| seen.0.clone())
    }

    /// Returns the system restricted to the actor's scope, for reads outside a query.
    pub async fn restricted_to(&self, actor: &Actor) -> Result<Self> {
        self.within(actor.scope()).await
    }

    /// Returns the system restricted to a scope.
    pub(super) async fn within(&self, scope: &Scope) -> Result<Self> {
        if scope.is_all() {
            return Ok(self.clone());
        }
        let store = self.parts.store.within(scope).await?;
        Ok(Self { seen: Some(Arc::new((scope.clone(), store))), ..self.clone() })
    }

    /// Returns the system for one caller, restricted to the scope that they choose.
    pub async fn confined(&self, actor: &Actor, choice: ScopeChoice) -> Result<Self> {
        let scope = self.settle(actor, choice).await?;
        self.within(&scope).await
    }

    /// Returns the chosen scope. Refuses one outside the actor's own scope.
    async fn settle(&self, actor: &Actor, choice: ScopeChoice) -> Result<Scope> {
        let identity = self.identity();
        let asked = choice.settle(&self.parts.store.scopes().await?, (&identity.organization, identity.environment));
        let narrowed = actor.scope().narrowed(&asked);
        narrowed.ok_or_else(|| {
            let why = format!("{actor} has access to {}, not to {}.", actor.scope().words(), asked.words());
            Refusal::new(Code::Scope, why, "Ask within that scope, or with a token for the other one.").into()
        })
    }

    /// Makes a choice explicit for something that outlives the request, so that organizations and environments
    /// declared later are not included.
    async fn made_for(&self, choice: ScopeChoice) -> Result<ScopeChoice> {
        let identity = self.identity();
        let own = (identity.organization.as_str(), identity.environment);
        Ok(choice.made_explicit(&self.parts.store.scopes().await?, own))
    }

    /// Returns the system as this query may see it, and the query itself.
    pub(super) async fn seen_by(&self, actor: &Actor, query: Query) -> Result<(Self, Query)> {
        let (scope, query) = match query {
            Query::Within { scope, query } => (self.settle(actor, scope).await?, *query),
            query => (actor.scope().clone(), query),
        };
        let over_all = matches!(
            query,
            Query::Log { .. } | Query::Agent(AgentQuery::VerifyAudit { .. }) | Query::Number(NumberQuery::List { .. })
        );
        let bound = if actor.scope().is_all() { self.scope() } else { actor.scope().clone() };
        if over_all && !bound.is_all() {
            return Err(beyond(actor, &bound).into());
        }
        Ok((self.within(&scope).await?, query))
    }

    /// Returns the system as this request may reach it, and the request itself.
    pub(super) async fn reached_by(&self, actor: &Actor, request: Request) -> Result<(Self, Request)> {
        let (scope, request) = match request {
            Request::Within { scope, request } => {
                let lasts = matches!(*request, Request::Token(TokenRequest::Create { .. }));
                let scope = if lasts { self.made_for(scope).await? } else { scope };
                (self.settle(actor, scope).await?, *request)
            }
            request => (actor.scope().clone(), request),
        };
        let identity = self.identity();
        // A caller confined to a scope is limited by it like a token.
        let bound = if actor.scope().is_all() { self.scope() } else { actor.scope().clone() };
        if !bound.is_all() && leaves(&request, &bound, (&identity.organization, identity.environment)) {
            return Err(beyond(actor, &bound).into());
        }
        Ok((self.within(&scope).await?, request))
    }

    /// Returns the last fetched templates of every visible number.
    pub(crate) async fn template_lists(&self) -> Result<Vec<TemplateList>> {
        let seen = self.store().connections().await?;
        let lists = self.templates();
        let of = |list: &&TemplateList| self.seen.is_none() || seen.iter().any(|one| one.id == list.connection);
        Ok(lists.values().filter(of).cloned().collect())
    }

    /// Returns the last fetched Flows of every visible account.
    pub(super) async fn flow_lists(&self) -> Result<Vec<FlowList>> {
        let seen = self.store().connections().await?;
        let lists = self.flows();
        let of = |list: &&FlowList| self.seen.is_none() || seen.iter().any(|one| one.id == list.connection);
        Ok(lists.iter().filter(of).cloned().collect())
    }
}

/// Returns `true` if a request affects something outside any scope, or creates something outside this one.
fn leaves(request: &Request, scope: &Scope, own: (&str, Environment)) -> bool {
    match request {
        Request::SendWithContext { request, .. } | Request::Within { request, .. } => leaves(request, scope, own),
        Request::Call { connection: None, .. } | Request::AcceptRestored { .. } => true,
        Request::Agents(AgentRequest::Stop { what, .. } | AgentRequest::Resume { what }) => {
            !matches!(what, StopScope::Thread(_))
        }
        Request::Number(
            NumberRequest::SetUp { organization, environment, .. }
            | NumberRequest::Adopt { organization, environment, .. },
        ) => !scope.holds(organization.as_deref().unwrap_or(own.0), environment.unwrap_or(own.1)),
        _ => false,
    }
}

fn beyond(actor: &Actor, bound: &Scope) -> Refusal {
    let why = format!("{actor} has access to {} only, and this concerns more.", bound.words());
    Refusal::new(Code::Scope, why, "Ask as a person, or with a token for all organizations.")
}
