//! One core per data file and process, by device and inode. LMDB's locks do not work between two environments of one
//! process, and a hard link or another spelling of the path is the same file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use crate::env::engine::Engine;
use crate::os::{EnvPaths, FileId, process_mark, resolve_links};
use crate::state::Core;

/// The environments that are open in this process, and those that are being opened, closed or replaced.
#[derive(Default)]
struct Registry {
    open: HashMap<FileId, Weak<Core>>,
    /// The engines, by the numbers of their cores.
    engines: HashMap<u64, Weak<Engine>>,
    changing: Vec<(PathBuf, Option<FileId>)>,
    /// The mark of the process that this registry belongs to.
    mark: u64,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Option<Registry>> {
    let mut guard = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    let registry = guard.get_or_insert_default();
    if registry.mark != process_mark() {
        // A forked child does not have the threads that were opening environments at the fork, and would wait forever
        // for their reservations. So it clears them.
        registry.changing.clear();
        registry.mark = process_mark();
    }
    guard
}

/// The one engine over `core`, made again if only snapshots were left. Two engines would be two pipelines of commits.
pub(crate) fn engine_over(core: Arc<Core>) -> Arc<Engine> {
    let mut registry = lock();
    let engines = &mut registry.get_or_insert_default().engines;
    if let Some(engine) = engines.get(&core.id()).and_then(Weak::upgrade) {
        return engine;
    }
    engines.retain(|_, engine| engine.strong_count() > 0);
    let (id, engine) = (core.id(), Engine::new(core));
    engines.insert(id, Arc::downgrade(&engine));
    engine
}

/// Who keeps `core` open, for errors: `2 handles and snapshots of 1 state keep it open`. A handle is a clone of the
/// `Env`, or what owns one: a transaction, a loader, a batch that waits to be committed.
pub(crate) fn holders(core: &Core) -> String {
    let handles = lock().as_ref().and_then(|registry| registry.engines.get(&core.id()).map(Weak::strong_count));
    let handles = match handles.unwrap_or(0) {
        0 => "no handle".to_owned(),
        1 => "1 handle".to_owned(),
        handles => format!("{handles} handles"),
    };
    let snapshots = match core.kept_views().len() {
        0 => "no snapshot".to_owned(),
        1 => "snapshots of 1 state".to_owned(),
        states => format!("snapshots of {states} states"),
    };
    format!("{handles} and {snapshots} keep it open")
}

/// The right to open, close or replace the environment at one path. While a value lives, no other thread has that
/// right. Threads that open environments at other paths do not wait for it, however long it lives. A caller that also
/// needs an open core's writer mutex takes the mutex first, because a transaction may open other environments.
pub(crate) struct Reserved {
    path: PathBuf,
    file: Option<FileId>,
}

/// Waits until no other thread has this location, by its path or by the file that is there now, if there is one.
pub(crate) fn reserve(paths: &EnvPaths, file: Option<FileId>) -> Reserved {
    let path = resolved(&paths.data());
    let mut registry = lock();
    let taken = |registry: &Registry| {
        registry.changing.iter().any(|(other, its)| *other == path || (file.is_some() && *its == file))
    };
    while taken(registry.get_or_insert_default()) {
        registry = CHANGED.wait(registry).unwrap_or_else(PoisonError::into_inner);
    }
    registry.get_or_insert_default().changing.push((path.clone(), file));
    Reserved { path, file }
}

/// Notes that `engine` has `file` open. The caller has reserved the location.
pub(crate) fn insert(_reserved: &Reserved, file: FileId, core: &Arc<Core>) {
    let mut registry = lock();
    let open = &mut registry.get_or_insert_default().open;
    open.retain(|_, core| core.strong_count() > 0);
    open.insert(file, Arc::downgrade(core));
}

/// Forgets the core that had `file` open. The caller has reserved the location.
pub(crate) fn remove(_reserved: &Reserved, file: FileId) {
    lock().get_or_insert_default().open.remove(&file);
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut registry = lock();
        let changing = &mut registry.get_or_insert_default().changing;
        if let Some(at) = changing.iter().position(|(path, file)| *path == self.path && *file == self.file) {
            changing.swap_remove(at);
        }
        drop(registry);
        CHANGED.notify_all();
    }
}

/// The core that has `file` open in this process, or had it open in the process that this one was forked from.
pub(crate) fn find(file: FileId) -> Option<Arc<Core>> {
    // The registry's lock is released before the core can be dropped here: dropping the last reference to a core closes
    // the core, which must not happen under that lock.
    let core = lock().as_ref()?.open.get(&file)?.upgrade()?;
    (!core.is_closed()).then_some(core)
}

/// The open core that was opened at the path of `paths`, whatever file is there now.
pub(crate) fn find_at(paths: &EnvPaths) -> Option<Arc<Core>> {
    let engines: Vec<_> = lock().as_ref()?.open.values().filter_map(Weak::upgrade).collect();
    engines.into_iter().find(|core| !core.is_closed() && core.paths == *paths)
}

/// The path with its existing part resolved, so that two spellings of one path give the same result even before it is
/// created.
fn resolved(path: &Path) -> PathBuf {
    let (mut there, mut rest) = (path, Vec::new());
    loop {
        if let Ok(there) = resolve_links(there) {
            return rest.iter().rev().fold(there, |path, name| path.join(name));
        }
        let (Some(above), Some(name)) = (there.parent(), there.file_name()) else { return path.to_path_buf() };
        rest.push(name);
        there = above;
    }
}
