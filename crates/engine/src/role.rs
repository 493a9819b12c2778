//! Who a session acts as: the role that logged in, SET SESSION AUTHORIZATION, SET ROLE.
use types::Oid;

/// Roles in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserContext {
    /// Who logged in.
    pub(crate) authenticated: Oid,
    /// session_user.
    pub(crate) session: Oid,
    /// SET ROLE, if any.
    pub(crate) role: Option<Oid>,
    /// SECURITY DEFINER functions and the like, innermost last.
    pub(crate) overrides: Vec<Oid>,
}

impl UserContext {
    /// current_user.
    pub(crate) fn current(&self) -> Oid {
        self.overrides.last().copied().or(self.role).unwrap_or(self.session)
    }
}
