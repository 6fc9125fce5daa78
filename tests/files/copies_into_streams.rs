//! A copy into a stream has the bytes of a copy into a file, whatever happens beside it, and says why it ended early.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use mapleaf::{Compact, Dbi, Env, Error, ErrorKind, Result};

const BOTH: [Compact; 2] = [Compact::No, Compact::Yes];

/// An environment with small and large values, in which rows were deleted.
fn filled(rows: u32) -> Result<(Env, Dbi<u32, Vec<u8>>)> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, Vec<u8>> = env.dbi("d")?;
    for part in 0..4 {
        env.transact(|txn| {
            (0..rows).filter(|row| row % 4 == part).try_for_each(|row| {
                let length = if row % 50 == 0 { 20_000 } else { 90 };
                dbi.put(txn, row, &vec![row.to_le_bytes()[0]; length])
            })
        })?;
    }
    env.transact(|txn| dbi.retain(txn, .., |row, _| row % 7 > 2).map(drop))?;
    Ok((env, dbi))
}

#[test]
fn the_bytes_are_those_of_a_copy_into_a_file() -> Result<()> {
    for rows in [0, 1, 40, 3000] {
        let (env, dbi) = filled(rows)?;
        for compact in BOTH {
            let dir = tempfile::tempdir().map_err(Error::other)?;
            let path = dir.path().join("copy");
            env.copy_to(&path, compact)?;
            let mut streamed = Vec::new();
            assert_eq!(env.copy_to_writer(&mut streamed, compact)?, streamed.len() as u64);
            let copied = std::fs::read(path.join("data.mdb")).map_err(Error::other)?;
            assert!(copied == streamed, "{rows} rows, {compact:?}: {} and {} bytes", copied.len(), streamed.len());

            let file = dir.path().join("streamed.mdb");
            std::fs::write(&file, &streamed).map_err(Error::other)?;
            let copy = Env::options().single_file(true).open(&file)?;
            assert!(copy.verify()?.is_clean());
            let again: Dbi<u32, Vec<u8>> = copy.dbi("d")?;
            assert_eq!(again.len(&copy.snapshot()?)?, dbi.len(&env.snapshot()?)?);
        }
    }
    Ok(())
}

#[test]
fn a_socket_receives_one_state_while_others_are_committed() -> Result<()> {
    let (env, dbi) = filled(2000)?;
    let before: Vec<(u32, Vec<u8>)> = dbi.iter(&env.snapshot()?)?.collect::<Result<_>>()?;
    for compact in BOTH {
        let (mut reading, writing) = UnixStream::pair().map_err(Error::other)?;
        let mut received = vec![0; 1];
        thread::scope(|scope| {
            let env = &env;
            let copying = scope.spawn(move || env.copy_to_writer(writing, compact));
            // The copy has begun, and waits for the receiver; commits do not wait for it.
            reading.read_exact(&mut received).expect("the first byte");
            for n in 0..30_u32 {
                env.transact(|txn| dbi.put(txn, n, &vec![9; 500])).expect("it commits");
            }
            reading.read_to_end(&mut received).expect("the others");
            assert_eq!(copying.join().expect("no panic").expect("it is copied"), received.len() as u64);
        });
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let file = dir.path().join("received.mdb");
        std::fs::write(&file, &received).map_err(Error::other)?;
        let copy = Env::options().single_file(true).open(&file)?;
        let again: Dbi<u32, Vec<u8>> = copy.dbi("d")?;
        let snap = copy.snapshot()?;
        let rows = again.iter(&snap)?.collect::<Result<Vec<_>>>()?;
        assert!(
            rows.iter().map(|(row, value)| (*row, &**value)).eq(before.iter().map(|(row, value)| (*row, &**value)))
        );
        env.transact(|txn| {
            dbi.clear(txn)?;
            before.iter().try_for_each(|(row, value)| dbi.put(txn, *row, value))
        })?;
    }
    Ok(())
}

/// Takes some bytes, and then fails.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let taken = bytes.len().min(self.0).min(1000);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_stream_is_the_cause_and_nothing_stays_pinned() -> Result<()> {
    let (env, _dbi) = filled(800)?;
    let whole = env.copy_to_writer(io::sink(), Compact::No)?;
    for compact in BOTH {
        for room in [0, 1, 8192, 50_000] {
            assert!(room < whole);
            let room = usize::try_from(room).unwrap_or(0);
            let error = env.copy_to_writer(Full(room), compact).expect_err("the stream is full");
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.to_string().contains(&format!("byte {room}")), "{error}");
            let cause = error.downcast::<io::Error>().expect("the stream's error");
            assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
        }
    }
    env.transact(|_| Ok(()))?;
    assert!(env.readers()?.len() <= 1);
    env.transact(|txn| {
        assert_eq!(env.copy_to_writer(io::sink(), Compact::No).map_err(|error| error.kind()), Err(ErrorKind::Nested));
        txn.clear_dbi("d")
    })
}
