//! LISTEN and NOTIFY: who listens to what, and what waits to be delivered.
use crate::session_core::SessionCore;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Weak},
};

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Notification {
    pub(crate) pid: i32,
    pub(crate) database: u32,
    pub(crate) channel: String,
    pub(crate) payload: String,
}

/// All listeners.
#[derive(Default)]
pub(crate) struct NotifyHub {
    listeners: RwLock<HashMap<(u32, String), Vec<Weak<SessionCore>>>>,
}

/// What a transaction has asked for; done at its commit.
#[derive(Clone, Debug)]
pub(crate) enum NotifyAction {
    Listen(String),
    Unlisten(String),
    UnlistenAll,
    Notify(Notification),
}

/// A session's channels and undelivered notifications.
#[derive(Default)]
pub(crate) struct NotifyState {
    pub(crate) channels: HashSet<String>,
    pub(crate) inbox: VecDeque<Notification>,
    /// With the subtransaction that asked.
    pub(crate) pending: Vec<(u32, NotifyAction)>,
}

impl NotifyHub {
    /// Does what a committed transaction asked for.
    pub(crate) fn commit(&self, session: &Arc<SessionCore>, actions: Vec<(u32, NotifyAction)>) {
        let mut sent = HashSet::new();
        for (_, action) in actions {
            match action {
                NotifyAction::Listen(channel) => self.listen(session, channel),
                NotifyAction::Unlisten(channel) => self.unlisten(session, &channel),
                NotifyAction::UnlistenAll => self.unlisten_all(session),
                NotifyAction::Notify(notification) => {
                    // The same notification twice in one transaction is sent once.
                    if sent.insert(notification.clone()) {
                        self.send(notification);
                    }
                }
            }
        }
    }

    fn listen(&self, session: &Arc<SessionCore>, channel: String) {
        if session.notify.lock().channels.insert(channel.clone()) {
            let mut listeners = self.listeners.write();
            listeners
                .entry((session.database.0, channel))
                .or_default()
                .push(Arc::downgrade(session));
        }
    }

    fn unlisten(&self, session: &SessionCore, channel: &str) {
        session.notify.lock().channels.remove(channel);
        let mut listeners = self.listeners.write();
        let key = (session.database.0, channel.to_owned());
        if let Some(list) = listeners.get_mut(&key) {
            list.retain(|s| s.upgrade().is_some_and(|s| s.pid != session.pid));
            if list.is_empty() {
                listeners.remove(&key);
            }
        }
    }

    /// Forgets all channels of a session.
    pub(crate) fn unlisten_all(&self, session: &SessionCore) {
        let channels: Vec<String> = session.notify.lock().channels.iter().cloned().collect();
        for channel in channels {
            self.unlisten(session, &channel);
        }
    }

    fn send(&self, notification: Notification) {
        let key = (notification.database, notification.channel.clone());
        let targets: Vec<Arc<SessionCore>> = self
            .listeners
            .read()
            .get(&key)
            .map(|list| list.iter().filter_map(Weak::upgrade).collect())
            .unwrap_or_default();
        for target in targets {
            target.notify.lock().inbox.push_back(notification.clone());
            target.wake();
        }
    }
}

/// The session's part, behind a lock that is held for moments only.
pub(crate) type NotifyCell = Mutex<NotifyState>;
