//! Settings that take effect while a server runs: a thread watches them, and others read what it has seen.
//!
//! ```text
//! cargo run --release --example watch
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use mapleaf::store::{Records, RecordsOptions, Retain, Watch, WatchItem};
use mapleaf::{Env, ErrorKind, Result};

type Settings = Records<&'static str, u32>;

/// The settings as the server's threads read them, without touching the store.
#[derive(Default)]
struct Current {
    values: Mutex<BTreeMap<String, u32>>,
    changed: Condvar,
}

impl Current {
    fn set(&self, key: String, value: Option<u32>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => values.insert(key, value),
            None => values.remove(&key),
        };
        self.changed.notify_all();
    }

    /// Waits until a setting has a value.
    fn wait_for(&self, key: &str, value: Option<u32>) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        while values.get(key).copied() != value {
            values = self.changed.wait(values).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Follows the settings until the environment is closed.
fn follow(watch: Watch<&'static str, u32>, settings: &Settings, current: &Current) -> Result<()> {
    for item in watch {
        match item {
            Ok(WatchItem::Event(event)) => current.set(event.key, event.current.map(|entry| entry.value)),
            // It was too slow for what the change log keeps: it reads the settings anew. Here there is only one.
            Ok(_) => current.set("http.workers".into(), settings.get("http.workers")?),
            Err(error) if error.kind() == ErrorKind::Closed => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let settings: Settings = RecordsOptions::new().change_log(Retain::Count(100)).open(&env, "settings")?;
    let current = Arc::new(Current::default());

    // The watch begins before the settings are read, so that no change falls between.
    let watch = settings.watch("http.")?;
    let follower = {
        let (settings, current) = (settings.clone(), Arc::clone(&current));
        thread::spawn(move || follow(watch, &settings, &current))
    };

    settings.put("http.workers", 8)?;
    settings.put("smtp.retries", 3)?;
    current.wait_for("http.workers", Some(8));
    println!("8 workers");

    settings.update("http.workers", |workers| workers.map(|workers| workers * 2))?;
    current.wait_for("http.workers", Some(16));
    println!("16 workers");

    settings.delete("http.workers")?;
    current.wait_for("http.workers", None);
    println!("the default again");

    env.close()?;
    follower.join().expect("it does not panic")
}
