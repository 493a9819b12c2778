//! Macros that wrap plain Rust expressions into function bodies.
//!
//! The accessor names the argument's form (`as_i32`), the constructor the result's (`Int4`); a body
//! that can fail uses `?`. Strictness is the caller's business, so arguments are never NULL here.

/// One argument: `unary!(r, "int4um": as_i32 => Int4, |a| negate(a)?);`
macro_rules! unary {
    ($r:ident, $($name:literal: $a:ident => $out:ident, |$x:ident| $body:expr;)*) => {
        $( $r.scalar($name, |_cx, args| {
            let $x = args[0].$a();
            Ok(types::Datum::$out($body))
        }); )*
    };
}

/// Two arguments: `binary!(r, "int4pl": as_i32, as_i32 => Int4, |a, b| add(a, b)?);`
macro_rules! binary {
    ($r:ident, $($name:literal: $a:ident, $b:ident => $out:ident, |$x:ident, $y:ident| $body:expr;)*) => {
        $( $r.scalar($name, |_cx, args| {
            let ($x, $y) = (args[0].$a(), args[1].$b());
            Ok(types::Datum::$out($body))
        }); )*
    };
}

/// The six comparison operators over one ordering: names in the order eq ne lt le gt ge.
macro_rules! comparisons {
    ($r:ident, $($eq:literal $ne:literal $lt:literal $le:literal $gt:literal $ge:literal:
        $a:ident, $b:ident, |$x:ident, $y:ident| $cmp:expr;)*) => {
        $( binary! { $r,
            $eq: $a, $b => Bool, |$x, $y| $cmp.is_eq();
            $ne: $a, $b => Bool, |$x, $y| $cmp.is_ne();
            $lt: $a, $b => Bool, |$x, $y| $cmp.is_lt();
            $le: $a, $b => Bool, |$x, $y| $cmp.is_le();
            $gt: $a, $b => Bool, |$x, $y| $cmp.is_gt();
            $ge: $a, $b => Bool, |$x, $y| $cmp.is_ge();
        } )*
    };
}
