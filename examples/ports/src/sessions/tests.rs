//! The store, and the service on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use tower::ServiceExt;

use super::service::routes;
use super::{Id, Session, SessionStore, line};
use crate::Result;
use crate::tests::{Random, for_both, run};

for_both! {
    an_id_that_is_taken_gets_another
    tasks_that_create_at_once_get_an_id_each
    sessions_expire_as_a_map_says
    the_service_creates_shows_extends_and_removes
    a_response_is_of_the_state_of_its_request
}

fn session(user: &str, expires: u64) -> Session {
    Session { user: user.into(), expires }
}

fn an_id_that_is_taken_gets_another<S: SessionStore>(path: &Path) -> Result<()> {
    let store = S::open(path)?;
    run(async {
        assert_eq!(store.create(7, session("ann", 10)).await?, 7);
        let other = store.create(7, session("bob", 10)).await?;
        assert_ne!(other, 7);
        assert_eq!(store.load(7, 9).await?, Some(session("ann", 10)));
        assert_eq!(store.load(other, 9).await?, Some(session("bob", 10)));
        Ok(())
    })
}

fn tasks_that_create_at_once_get_an_id_each<S: SessionStore>(path: &Path) -> Result<()> {
    let store = S::open(path)?;
    run(async {
        let tasks = (0..20).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.create(n / 10, session("ann", 10)).await })
        });
        let mut ids = BTreeSet::new();
        for task in tasks.collect::<Vec<_>>() {
            ids.insert(task.await??);
        }
        assert_eq!(ids.len(), 20);
        Ok(())
    })
}

/// The lines of the listing.
async fn lines<S: SessionStore>(store: &S) -> Result<Vec<String>> {
    let mut stream = pin!(store.lines()?);
    let mut lines = Vec::new();
    while let Some(line) = stream.next().await {
        lines.push(line?);
    }
    Ok(lines)
}

fn sessions_expire_as_a_map_says<S: SessionStore>(path: &Path) -> Result<()> {
    let (store, mut random) = (S::open(path)?, Random(3));
    let mut map: BTreeMap<Id, Session> = BTreeMap::new();
    run(async {
        for now in 0..80 {
            // Ids of all sizes, so that their order as bytes matters.
            let id = Id::from(random.below(6)) << (random.below(4) * 40);
            let new = session(&format!("user {now}"), now + random.below(12));
            match random.below(8) {
                0 => {
                    let before = map.len();
                    map.retain(|_, session| session.expires > now);
                    assert_eq!(store.delete_expired(now).await?, u64::try_from(before - map.len())?);
                }
                1 => {
                    store.delete(id).await?;
                    map.remove(&id);
                }
                _ => {
                    store.save(id, new.clone()).await?;
                    map.insert(id, new);
                }
            }
            assert_eq!(store.load(id, now).await?.as_ref(), map.get(&id).filter(|session| session.expires > now));
            assert_eq!(lines(&store).await?, map.iter().map(|(id, session)| line(*id, session)).collect::<Vec<_>>());
        }
        assert_eq!(store.delete_expired(u64::MAX).await?, u64::try_from(map.len())?);
        assert_eq!(lines(&store).await?.len(), 0);
        Ok(())
    })
}

/// The response to a request.
async fn send(app: &Router, method: &str, path: &str) -> Result<(StatusCode, Body)> {
    let request = Request::builder().method(method).uri(path).body(Body::empty())?;
    let response = app.clone().oneshot(request).await?;
    Ok((response.status(), response.into_body()))
}

async fn text(body: Body) -> Result<String> {
    Ok(String::from_utf8(to_bytes(body, usize::MAX).await?.to_vec())?)
}

/// The text of the response to a request that succeeds.
async fn ask(app: &Router, method: &str, path: &str) -> Result<String> {
    let (status, body) = send(app, method, path).await?;
    assert_eq!(status, StatusCode::OK, "{method} {path}");
    text(body).await
}

fn the_service_creates_shows_extends_and_removes<S: SessionStore>(path: &Path) -> Result<()> {
    let app = routes(S::open(path)?);
    run(async {
        let ann = ask(&app, "POST", "/users/ann/sessions/1000").await?;
        let bob = ask(&app, "POST", "/users/bob/sessions/1000").await?;
        let eve = ask(&app, "POST", "/users/eve/sessions/0").await?;
        assert_eq!(ask(&app, "GET", &format!("/sessions/{ann}")).await?, "ann");
        assert_eq!(ask(&app, "GET", "/sessions").await?.lines().count(), 3);
        assert_eq!(send(&app, "GET", &format!("/sessions/{eve}")).await?.0, StatusCode::NOT_FOUND);
        assert_eq!(send(&app, "GET", "/sessions/ann").await?.0, StatusCode::BAD_REQUEST);
        ask(&app, "DELETE", &format!("/sessions/{ann}")).await?;
        assert_eq!(send(&app, "GET", &format!("/sessions/{ann}")).await?.0, StatusCode::NOT_FOUND);
        ask(&app, "POST", &format!("/sessions/{bob}/extend/0")).await?;
        assert_eq!(ask(&app, "POST", "/expired").await?, "2");
        assert_eq!(ask(&app, "GET", "/sessions").await?, "");
        Ok(())
    })
}

fn a_response_is_of_the_state_of_its_request<S: SessionStore>(path: &Path) -> Result<()> {
    let store = S::open(path)?;
    let app = routes(store.clone());
    run(async {
        let mut expected = String::new();
        for id in 0..300 {
            store.save(id, session("ann", 5)).await?;
            expected += &line(id, &session("ann", 5));
        }
        let (_, body) = send(&app, "GET", "/sessions").await?;
        assert_eq!(store.delete_expired(5).await?, 300);
        store.save(150, session("eve", 9)).await?;
        assert_eq!(text(body).await?, expected);
        assert_eq!(ask(&app, "GET", "/sessions").await?, line(150, &session("eve", 9)));
        Ok(())
    })
}
