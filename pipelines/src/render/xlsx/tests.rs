#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn names_of_sheets_are_what_excel_takes() {
    let mut taken = BTreeSet::new();
    let long = "x".repeat(40);
    let named = ["1.1-6", "a/b:c", "A/B:C", &long, &long, ""].map(|wanted| name(wanted, &mut taken));
    let expected = ["1.1-6", "a_b_c", "A_B_C 2", &"x".repeat(31), &("x".repeat(29) + " 2"), " 2"];
    assert_eq!(named, expected);
}
