//! LMDB's file, read only.
