//! docs/parity.md names tests that there are.

use std::fs;
use std::path::Path;

#[test]
fn each_test_that_the_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/parity.md")).expect("the table is there");
    let mut count = 0;
    for row in table.lines().filter(|line| line.starts_with("| W-") || line.starts_with("| N-")) {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().expect("four columns");
        for (file, names) in tests.split("; ").filter_map(|tests| tests.split_once(": ")) {
            let source = fs::read_to_string(root.join(format!("tests/store/{file}.rs"))).expect(file);
            for name in names.split('`').skip(1).step_by(2) {
                assert!(source.contains(&format!("fn {name}")), "{file} has no {name}");
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count} tests were named");
}
