//! Opening files by name, and telling them apart.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::Outcome;
use crate::os::sys::{
    FileInfo, FileMode, create_new, give_owner_and_permissions, open_read_only, open_read_write, write_all_at,
};

fn mode(path: &Path) -> io::Result<u32> {
    fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o777)
}

#[test]
fn new_files_are_for_their_owner_alone() -> Outcome {
    let directory = tempfile::tempdir()?;
    let [new, shared] = ["new", "shared"].map(|name| directory.path().join(name));
    write_all_at(&create_new(&new, FileMode::OWNER_ALONE)?, b"x", 0)?;
    let absent = open_read_write(&shared, None).map_err(|error| error.kind());
    assert_eq!(absent.err(), Some(io::ErrorKind::NotFound));
    write_all_at(&open_read_write(&shared, Some(FileMode::OWNER_ALONE))?, b"x", 0)?;
    assert_eq!([mode(&new)? & 0o077, mode(&shared)? & 0o077], [0, 0]);
    assert_eq!(
        create_new(&new, FileMode::OWNER_ALONE).map_err(|error| error.kind()).err(),
        Some(io::ErrorKind::AlreadyExists)
    );
    // An existing file keeps its bytes.
    for create in [None, Some(FileMode::OWNER_ALONE)] {
        assert_eq!(FileInfo::of(&open_read_write(&new, create)?)?.len(), 1);
    }
    Ok(())
}

#[test]
fn a_new_file_gets_no_permission_that_was_not_asked_for() -> Outcome {
    let directory = tempfile::tempdir()?;
    for asked in [0o600, 0o640, 0o604, 0o660, 0o777] {
        let [new, opened] = ["new", "opened"].map(|name| directory.path().join(format!("{name} {asked}")));
        create_new(&new, FileMode(asked))?;
        open_read_write(&opened, Some(FileMode(asked)))?;
        for path in [new, opened] {
            // The umask of this process may clear bits of the others, and not of the owner.
            assert_eq!((mode(&path)? & !asked, mode(&path)? & 0o700), (0, asked & 0o700));
        }
    }
    for (file, directory) in [(0o600, 0o700), (0o640, 0o750), (0o604, 0o705), (0o666, 0o777), (0o620, 0o720)] {
        assert_eq!(FileMode(file).of_directory(), directory);
    }
    Ok(())
}

#[test]
fn a_link_is_not_followed() -> Outcome {
    let directory = tempfile::tempdir()?;
    let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
    drop(create_new(&file, FileMode::OWNER_ALONE)?);
    symlink(&file, &link)?;
    assert!(open_read_only(&file).is_ok() && open_read_write(&file, Some(FileMode::OWNER_ALONE)).is_ok());
    assert!(
        open_read_only(&link).is_err()
            && open_read_write(&link, Some(FileMode::OWNER_ALONE)).is_err()
            && create_new(&link, FileMode::OWNER_ALONE).is_err()
    );
    Ok(())
}

#[test]
fn opening_a_pipe_does_not_wait_for_a_writer() -> Outcome {
    let directory = tempfile::tempdir()?;
    let pipe = directory.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU)?;
    let (sender, opened) = mpsc::channel();
    thread::spawn(move || sender.send(open_read_only(&pipe).is_ok()));
    assert!(opened.recv_timeout(Duration::from_mins(1)).is_ok());
    Ok(())
}

#[test]
fn a_file_is_the_same_by_all_its_names_and_another_than_all_others() -> Outcome {
    let directory = tempfile::tempdir()?;
    let [file, second, link, other] = ["file", "second", "link", "other"].map(|name| directory.path().join(name));
    let opened = create_new(&file, FileMode::OWNER_ALONE)?;
    write_all_at(&opened, b"abc", 0)?;
    let of_other = FileInfo::of(&create_new(&other, FileMode::OWNER_ALONE)?)?;
    fs::hard_link(&file, &second)?;
    symlink(&file, &link)?;
    let info = FileInfo::of(&opened)?;
    assert!(info.is_file() && !info.is_link() && info.len() == 3 && info.links() == 2);
    let same = [FileInfo::at(&file)?, FileInfo::at(&second)?, FileInfo::at(&link)?, FileInfo::of_name(&second)?];
    assert!(same.iter().all(|found| found.id() == info.id()), "{same:?}");
    let of_link = FileInfo::of_name(&link)?;
    assert!(of_link.is_link() && !of_link.is_file() && of_link.id() != info.id() && of_other.id() != info.id());
    assert!(!FileInfo::at(directory.path())?.is_file());
    for name in [&file, &second] {
        fs::remove_file(name)?;
    }
    let info = FileInfo::of(&opened)?;
    assert!(info.links() == 0 && info.len() == 3, "without a name");
    Ok(())
}

#[test]
fn permissions_are_those_of_the_other_file() -> Outcome {
    let directory = tempfile::tempdir()?;
    let [like, file] = ["like", "file"].map(|name| directory.path().join(name));
    let (other, target) = (create_new(&like, FileMode::OWNER_ALONE)?, create_new(&file, FileMode::OWNER_ALONE)?);
    for wanted in [0o640, 0o604, 0o600] {
        other.set_permissions(fs::Permissions::from_mode(wanted))?;
        give_owner_and_permissions(&target, &FileInfo::of(&other)?)?;
        assert_eq!(mode(&file)?, wanted);
    }
    Ok(())
}
