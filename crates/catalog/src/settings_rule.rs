//! The rules that make pg_settings updatable, as trees: they refer to OLD and NEW, which the SQL text of
//! views cannot.
use nodes::*;
use types::{Datum, Oid, PhysType, type_oid as t};

const OLD: i32 = 1;
const NEW: i32 = 2;
const SET_CONFIG: Oid = Oid(2078);
const TEXT_EQ: (Oid, Oid) = (Oid(98), Oid(67));
const DEFAULT_COLLATION: Oid = Oid(100);

fn view_rte(view: Oid, name: &str) -> RangeTblEntry {
    let columns = [
        "name",
        "setting",
        "unit",
        "category",
        "short_desc",
        "extra_desc",
        "context",
        "vartype",
        "source",
        "min_val",
        "max_val",
        "enumvals",
        "boot_val",
        "reset_val",
        "sourcefile",
        "sourceline",
        "pending_restart",
    ];
    RangeTblEntry {
        kind: RteKind::Relation {
            relid: view,
            relkind: 'v',
            rellockmode: 1,
            perminfoindex: 0,
            tablesample: None,
        },
        alias: Some(Alias { aliasname: name.into(), colnames: Vec::new() }),
        eref: Alias {
            aliasname: name.into(),
            colnames: columns.iter().map(ToString::to_string).collect(),
        },
        lateral: false,
        inh: false,
        in_from_cl: false,
        security_quals: Vec::new(),
    }
}

fn var(varno: i32, attno: i16) -> Expr {
    Expr::Var(Var {
        varno,
        varattno: attno,
        vartype: t::TEXT,
        vartypmod: -1,
        varcollid: DEFAULT_COLLATION,
        varnullingrels: Vec::new(),
        varlevelsup: 0,
        varreturningtype: VarReturningType::Default,
        varnosyn: varno,
        varattnosyn: attno,
        location: -1,
    })
}

/// `ON UPDATE WHERE new.name = old.name DO SELECT set_config(old.name, new.setting, false)`: the
/// condition and the action.
pub(crate) fn set_config_on_update(view: Oid) -> (Expr, Query) {
    let (opno, opfuncid) = TEXT_EQ;
    let qual = Expr::OpExpr(Box::new(OpExpr {
        opno,
        opfuncid,
        opresulttype: t::BOOL,
        opretset: false,
        opcollid: Oid::INVALID,
        inputcollid: DEFAULT_COLLATION,
        args: vec![var(NEW, 1), var(OLD, 1)],
        location: -1,
    }));
    let local = Expr::Const(Const {
        consttype: t::BOOL,
        consttypmod: -1,
        constcollid: Oid::INVALID,
        value: Datum::Bool(false),
        phys: PhysType::Bool,
        location: -1,
    });
    let call = Expr::FuncExpr(Box::new(FuncExpr {
        funcid: SET_CONFIG,
        funcresulttype: t::TEXT,
        funcretset: false,
        funcvariadic: false,
        funcformat: CoercionForm::ExplicitCall,
        funccollid: DEFAULT_COLLATION,
        inputcollid: DEFAULT_COLLATION,
        args: vec![var(OLD, 1), var(NEW, 2), local],
        location: -1,
    }));
    let target = TargetEntry {
        expr: call,
        resno: 1,
        resname: Some("set_config".into()),
        ressortgroupref: 0,
        resorigtbl: Oid::INVALID,
        resorigcol: 0,
        resjunk: false,
    };
    let action = Query {
        command_type: CmdType::Select,
        can_set_tag: true,
        rtable: vec![view_rte(view, "old"), view_rte(view, "new")],
        jointree: FromExpr { fromlist: vec![JoinTreeNode::RangeTblRef(OLD)], quals: None },
        target_list: vec![target],
        stmt_location: -1,
        ..Query::default()
    };
    (qual, action)
}

/// `DO INSTEAD NOTHING`.
pub(crate) fn nothing(view: Oid) -> Query {
    Query {
        command_type: CmdType::Nothing,
        rtable: vec![view_rte(view, "old"), view_rte(view, "new")],
        stmt_location: -1,
        ..Query::default()
    }
}
