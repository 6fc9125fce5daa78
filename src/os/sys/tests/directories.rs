//! Directories are held by descriptor.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::Outcome;
use crate::os::sys::{
    DirectoryHandle, FileInfo, FileMode, ParentDirectory, create_directory, create_new, directory_above,
    flush_directory,
};

#[test]
fn a_held_directory_is_found_wherever_it_is_moved() -> Outcome {
    let root = tempfile::tempdir()?;
    let root = fs::canonicalize(root.path()).map(|path| (path, root))?;
    let [before, after] = ["before", "after"].map(|name| root.0.join(name));
    create_directory(&before, FileMode::OWNER_ALONE)?;
    let held = DirectoryHandle::open(&before)?;
    assert_eq!(held.path().as_ref(), Some(&before));
    fs::rename(&before, &after)?;
    let file = FileInfo::of(&create_new(&after.join("file"), FileMode::OWNER_ALONE)?)?;
    assert_eq!(held.path().as_ref(), Some(&after));
    assert_eq!(held.entry(OsStr::new("file"))?.id(), file.id());
    fs::remove_file(after.join("file"))?;
    assert_eq!(held.entry(OsStr::new("file")).map_err(|error| error.kind()).err(), Some(io::ErrorKind::NotFound));
    fs::remove_dir(&after)?;
    // Another directory gets the name that it had.
    create_directory(&after, FileMode::OWNER_ALONE)?;
    assert_eq!(held.path(), None);
    Ok(())
}

#[test]
fn an_entry_that_is_a_link_is_not_followed() -> Outcome {
    let root = tempfile::tempdir()?;
    let file = FileInfo::of(&create_new(&root.path().join("file"), FileMode::OWNER_ALONE)?)?;
    symlink("file", root.path().join("link"))?;
    let link = DirectoryHandle::open(root.path())?.entry(OsStr::new("link"))?;
    assert!(
        link.is_link() && link.id() != file.id() && link.id() == FileInfo::of_name(&root.path().join("link"))?.id()
    );
    Ok(())
}

#[test]
fn only_a_directory_is_held_as_one() -> Outcome {
    let root = tempfile::tempdir()?;
    drop(create_new(&root.path().join("file"), FileMode::OWNER_ALONE)?);
    assert!(DirectoryHandle::open(&root.path().join("file")).is_err());
    assert!(DirectoryHandle::open(&root.path().join("absent")).is_err());
    Ok(())
}

#[test]
fn a_new_directory_is_for_its_owner_alone() -> Outcome {
    let root = tempfile::tempdir()?;
    let path = root.path().join("new");
    create_directory(&path, FileMode::OWNER_ALONE)?;
    assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o700);
    assert_eq!(
        create_directory(&path, FileMode::OWNER_ALONE).map_err(|error| error.kind()),
        Err(io::ErrorKind::AlreadyExists)
    );
    let deep = create_directory(&path.join("absent/below"), FileMode::OWNER_ALONE).map_err(|error| error.kind());
    assert_eq!(deep, Err(io::ErrorKind::NotFound));
    Ok(())
}

#[test]
fn the_directory_above_is_the_one_that_has_the_name() -> Outcome {
    let root = tempfile::tempdir()?;
    let path = root.path().join("below");
    create_directory(&path, FileMode::OWNER_ALONE)?;
    let below = DirectoryHandle::open(&path)?.readable()?.ok_or("its owner may read it")?;
    assert_eq!(FileInfo::of(&below)?.id(), FileInfo::at(&path)?.id());
    flush_directory(&below)?;
    let ParentDirectory::Directory(above) = directory_above(&below)? else { return Err("it is above".into()) };
    assert_eq!(FileInfo::of(&above)?.id(), FileInfo::at(root.path())?.id());
    flush_directory(&above)?;
    let top = DirectoryHandle::open(Path::new("/"))?.readable()?.ok_or("everybody may read it")?;
    assert!(matches!(directory_above(&top)?, ParentDirectory::None), "nothing is above it");
    Ok(())
}
