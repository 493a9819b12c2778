//! OVER, WINDOW and frames.
use super::Parser;
use super::expr::Parenthesized;
use crate::ast::frame_options as frame;
use crate::ast::*;
use crate::keyword::Kw;
use crate::token::Tok;
use error::{PgResult, err};

/// One end of a frame, described as if it were the start.
struct FrameBound {
    options: i32,
    offset: Option<Expr>,
    location: ParseLoc,
}

impl Parser<'_> {
    /// `OVER w` or `OVER (…)`.
    pub(super) fn over_clause(&mut self) -> PgResult<Option<Box<WindowDef>>> {
        if !self.eat(Kw::Over) {
            return Ok(None);
        }
        if self.at_char(b'(') {
            return Ok(Some(Box::new(self.window_specification()?)));
        }
        let location = self.loc();
        let name = self.col_id()?;
        Ok(Some(Box::new(WindowDef {
            name: Some(name),
            refname: None,
            partition_clause: Vec::new(),
            order_clause: Vec::new(),
            frame_options: frame::DEFAULTS,
            start_offset: None,
            end_offset: None,
            location,
        })))
    }

    /// `WINDOW w AS (…), …`
    pub(super) fn window_clause(&mut self) -> PgResult<Vec<WindowDef>> {
        if !self.eat(Kw::Window) {
            return Ok(Vec::new());
        }
        self.comma_list(|p| {
            let name = p.col_id()?;
            p.expect(Kw::As)?;
            let mut def = p.window_specification()?;
            def.name = Some(name);
            Ok(def)
        })
    }

    fn window_specification(&mut self) -> PgResult<WindowDef> {
        let location = self.expect_char(b'(')?;
        // These words begin a clause here; a window cannot be named so.
        let clause =
            matches!(self.tok(), Tok::Kw(Kw::Partition | Kw::Range | Kw::Rows | Kw::Groups));
        let refname = if self.tok().is_col_id() && !clause { Some(self.take_name()) } else { None };
        let partition_clause =
            if self.eat_all(&[Kw::Partition, Kw::By])? { self.expr_list()? } else { Vec::new() };
        let order_clause = self.opt_sort_clause()?;
        let mut def = WindowDef {
            name: None,
            refname,
            partition_clause,
            order_clause,
            frame_options: frame::DEFAULTS,
            start_offset: None,
            end_offset: None,
            location,
        };
        self.opt_frame_clause(&mut def)?;
        self.expect_char(b')')?;
        Ok(def)
    }

    fn opt_frame_clause(&mut self, def: &mut WindowDef) -> PgResult<()> {
        let unit = match self.tok() {
            Tok::Kw(Kw::Range) => frame::RANGE,
            Tok::Kw(Kw::Rows) => frame::ROWS,
            Tok::Kw(Kw::Groups) => frame::GROUPS,
            _ => return Ok(()),
        };
        self.advance();
        def.frame_options = frame::NONDEFAULT | unit;
        if self.eat(Kw::Between) {
            let start = self.frame_bound()?;
            self.expect(Kw::And)?;
            let end = self.frame_bound()?;
            check_frame(&start, &end)?;
            def.frame_options |= start.options | (end.options << 1) | frame::BETWEEN;
            def.start_offset = start.offset;
            def.end_offset = end.offset;
        } else {
            let start = self.frame_bound()?;
            reject_unbounded_following(&start)?;
            if start.options & frame::START_OFFSET_FOLLOWING != 0 {
                return Err(err!(
                    WINDOWING_ERROR,
                    "frame starting from following row cannot end with current row"
                )
                .at(start.location));
            }
            def.frame_options |= start.options | frame::END_CURRENT_ROW;
            def.start_offset = start.offset;
        }
        def.frame_options |= self.opt_window_exclusion()?;
        Ok(())
    }

    fn opt_window_exclusion(&mut self) -> PgResult<i32> {
        if !self.eat(Kw::Exclude) {
            return Ok(0);
        }
        if self.eat_all(&[Kw::Current, Kw::Row])? {
            Ok(frame::EXCLUDE_CURRENT_ROW)
        } else if self.eat(Kw::Group) {
            Ok(frame::EXCLUDE_GROUP)
        } else if self.eat(Kw::Ties) {
            Ok(frame::EXCLUDE_TIES)
        } else {
            self.expect_all(&[Kw::No, Kw::Others])?;
            Ok(0)
        }
    }

    fn frame_bound(&mut self) -> PgResult<FrameBound> {
        let location = self.loc();
        let bound = |options| Ok(FrameBound { options, offset: None, location });
        if self.at(Kw::Unbounded) && matches!(self.peek(1), Tok::Kw(Kw::Preceding | Kw::Following))
        {
            self.advance();
            let preceding = self.at(Kw::Preceding);
            self.advance();
            return bound(if preceding {
                frame::START_UNBOUNDED_PRECEDING
            } else {
                frame::START_UNBOUNDED_FOLLOWING
            });
        }
        if self.at(Kw::Current) && self.peek_is(1, Kw::Row) {
            self.advance();
            self.advance();
            return bound(frame::START_CURRENT_ROW);
        }
        let offset = Some(self.a_expr()?);
        let options = if self.eat(Kw::Preceding) {
            frame::START_OFFSET_PRECEDING
        } else {
            self.expect(Kw::Following)?;
            frame::START_OFFSET_FOLLOWING
        };
        Ok(FrameBound { options, offset, location })
    }

    /// `( SELECT … )`, the parentheses nested at will.
    pub(super) fn select_with_parens(&mut self) -> PgResult<Box<SelectStmt>> {
        if !self.at_char(b'(') {
            return Err(self.unexpected());
        }
        self.advance();
        match self.after_open_paren_select()? {
            Parenthesized::Select(select) => {
                self.expect_char(b')')?;
                Ok(select)
            }
            Parenthesized::Expr(_) => Err(self.unexpected()),
        }
    }

    /// After `(` where only a query may stand.
    fn after_open_paren_select(&mut self) -> PgResult<Parenthesized> {
        match self.tok() {
            Tok::Char(b'(')
            | Tok::Kw(Kw::Select | Kw::Values | Kw::With | Kw::Table)
            | Tok::WithLa => Ok(Parenthesized::Select(self.select_no_parens()?)),
            _ => Err(self.unexpected()),
        }
    }
}

fn reject_unbounded_following(start: &FrameBound) -> PgResult<()> {
    if start.options & frame::START_UNBOUNDED_FOLLOWING != 0 {
        return Err(
            err!(WINDOWING_ERROR, "frame start cannot be UNBOUNDED FOLLOWING").at(start.location)
        );
    }
    Ok(())
}

fn check_frame(start: &FrameBound, end: &FrameBound) -> PgResult<()> {
    reject_unbounded_following(start)?;
    let ends = |options| end.options & options != 0;
    let starts = |options| start.options & options != 0;
    let fault = if ends(frame::START_UNBOUNDED_PRECEDING) {
        "frame end cannot be UNBOUNDED PRECEDING"
    } else if starts(frame::START_CURRENT_ROW) && ends(frame::START_OFFSET_PRECEDING) {
        "frame starting from current row cannot have preceding rows"
    } else if starts(frame::START_OFFSET_FOLLOWING)
        && ends(frame::START_OFFSET_PRECEDING | frame::START_CURRENT_ROW)
    {
        "frame starting from following row cannot have preceding rows"
    } else {
        return Ok(());
    };
    Err(err!(WINDOWING_ERROR, "{fault}").at(end.location))
}
