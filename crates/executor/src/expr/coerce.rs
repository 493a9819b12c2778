//! Casts through the text form.
use super::CExpr;
use crate::{Cx, batch::Rows};
use error::PgResult;
use types::{Datum, Oid};

/// CoerceViaIO.
pub struct ViaIoNode {
    pub(crate) arg: CExpr,
    pub(crate) source: Oid,
    pub(crate) target: Oid,
}

impl ViaIoNode {
    pub(crate) fn eval(&self, rows: &Rows<'_>, cx: &mut Cx<'_>) -> PgResult<Datum> {
        let value = self.arg.eval(rows, cx)?;
        if value.is_null() {
            return Ok(Datum::Null);
        }
        let mut text = Vec::new();
        cx.session.type_output(self.source, &value, &mut text)?;
        match self.target {
            types::type_oid::TEXT => Ok(Datum::bytes(&text)),
            _ => cx.session.type_input(self.target, -1, &String::from_utf8_lossy(&text)),
        }
    }
}
