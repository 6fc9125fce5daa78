//! The service: routes and handlers, for any store.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{Id, Session, SessionStore, fresh_id};
use crate::{Error, Result};

/// What went wrong, as a response.
struct Failed(StatusCode, String);

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.into().to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// The routes. Paths name a session by the digits that its creation returns.
pub fn routes<S: SessionStore>(store: S) -> Router {
    Router::new()
        .route("/sessions", get(list::<S>))
        .route("/sessions/{id}", get(show::<S>).delete(remove::<S>))
        .route("/sessions/{id}/extend/{seconds}", post(extend::<S>))
        .route("/users/{user}/sessions/{seconds}", post(create::<S>))
        .route("/expired", post(expire::<S>))
        .with_state(store)
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn id_of(digits: &str) -> Result<Id, Failed> {
    Id::from_str_radix(digits, 16).map_err(|error| Failed(StatusCode::BAD_REQUEST, error.to_string()))
}

fn absent() -> Failed {
    Failed(StatusCode::NOT_FOUND, "there is no such session".into())
}

async fn create<S: SessionStore>(
    State(store): State<S>,
    Path((user, seconds)): Path<(String, u64)>,
) -> Result<String, Failed> {
    let expires = now()?.saturating_add(seconds);
    Ok(format!("{:032x}", store.create(fresh_id()?, Session { user, expires }).await?))
}

async fn show<S: SessionStore>(State(store): State<S>, Path(digits): Path<String>) -> Result<String, Failed> {
    let session = store.load(id_of(&digits)?, now()?).await?;
    Ok(session.ok_or_else(absent)?.user)
}

async fn extend<S: SessionStore>(
    State(store): State<S>,
    Path((digits, seconds)): Path<(String, u64)>,
) -> Result<(), Failed> {
    let (id, now) = (id_of(&digits)?, now()?);
    let session = store.load(id, now).await?.ok_or_else(absent)?;
    Ok(store.save(id, Session { expires: now.saturating_add(seconds), ..session }).await?)
}

async fn remove<S: SessionStore>(State(store): State<S>, Path(digits): Path<String>) -> Result<(), Failed> {
    Ok(store.delete(id_of(&digits)?).await?)
}

async fn expire<S: SessionStore>(State(store): State<S>) -> Result<String, Failed> {
    Ok(store.delete_expired(now()?).await?.to_string())
}

async fn list<S: SessionStore>(State(store): State<S>) -> Result<Body, Failed> {
    Ok(Body::from_stream(store.lines()?))
}
